"""The first embeddings of n-grams, made of what follows each of them in the training text.

N-grams that the same characters follow should have like embeddings. A network that starts from
random ones takes thousands of steps to find that out; counting tells it at once. With the counts

    p(c | n-gram) = (max(count of c - ¾, 0) + ¾ · number of distinct c · p(c | shorter)) / count
    M = ln p(c | n-gram) - ln p(c | shorter)     shorter: the n-gram without its first character

the embeddings are M projected on its leading right singular vectors, as Levy & Goldberg (2014,
"Neural word embedding as implicit matrix factorization") factorise the co-occurrences of words; p
has absolute discounting (Ney, Essen & Kneser, 1994). What an n-gram tells beyond the shorter one is
thereby in a row of its own. A random rotation spreads it over all numbers of the row.

Shapes: T time, R rows of the table, D embedding size, C columns: a frequent character each.
"""

import numpy as np
import numpy.typing as npt

from charrnn.data.vocab import IntArray
from charrnn.models import ngrams

Floats = npt.NDArray[np.float64]
_DISCOUNT = 0.75
_MAX_COUNTS = 1 << 22  # for all lengths: a larger table has fewer columns, down to:
_MIN_COLUMNS = 32


def from_counts(
    ids: IntArray, keys: ngrams.Keys, num_symbols: int, size: int, *, std: float, seed: int
) -> npt.NDArray[np.float32]:
    """Return embedding_RD for the table of `ngrams.rows`, with the root mean square `std` over the
    text. N-grams that tell no more than the shorter one have zeros.

    `ids` are the training text; of a long one, the excerpts that `ngrams.learn` counts.
    """
    counts = _counts(ids, keys, num_symbols)
    *of_ngrams, of_chars = _log_ratios(counts, keys)
    rotation_DD = np.linalg.qr(np.random.default_rng(seed).normal(size=(size, size)))[0]
    embeddings = [
        _projected(ratios_RC, counts_RC.sum(1), rotation_DD, std=std)
        for ratios_RC, counts_RC in zip([*of_ngrams, of_chars], counts, strict=True)
    ]
    return np.concatenate(embeddings).astype(np.float32)


def _counts(ids: IntArray, keys: ngrams.Keys, num_symbols: int) -> list[npt.NDArray[np.int64]]:
    """Return counts_RC of what follows, for each part of the table. The last column is of all
    characters that have none of their own.
    """
    sizes = [*map(len, keys), num_symbols]
    starts = np.cumsum([0, *sizes[:-1]])
    most = max(_MIN_COLUMNS, _MAX_COUNTS // sum(sizes))
    excerpts = list(ngrams.excerpts(ids))
    column_of = _columns(excerpts, num_symbols, most=most)
    num_columns = int(column_of.max()) + 1
    cells: list[list[npt.NDArray[np.int64]]] = [[] for _ in sizes]
    for excerpt in excerpts:
        before_K1 = np.full((len(keys), 1), ngrams.NOTHING)
        rows_TN = ngrams.rows(keys, excerpt[:-1, None], before_K1)[:, 0]
        follower_T = column_of[excerpt[1:]]
        for k, start in enumerate(starts):
            own_T = rows_TN[:, (k + 1) % len(sizes)] - start  # the character itself comes first
            cells[k].append(own_T * num_columns + follower_T)
    return [
        np.bincount(np.concatenate(of_part), minlength=size * num_columns).reshape(size, -1)
        for of_part, size in zip(cells, sizes, strict=True)
    ]


def _columns(
    excerpts: list[npt.NDArray[np.int64]], num_symbols: int, *, most: int
) -> npt.NDArray[np.int64]:
    """Return the column of each symbol: the most frequent have their own, the others the last."""
    frequencies = np.bincount(np.concatenate(excerpts), minlength=num_symbols)
    column_of = np.empty(num_symbols, np.int64)
    column_of[np.argsort(-frequencies, kind="stable")] = np.arange(num_symbols)
    return np.minimum(column_of, most - 1)


def _log_ratios(counts: list[npt.NDArray[np.int64]], keys: ngrams.Keys) -> list[Floats]:
    """Return for each part of the table what its n-grams tell beyond the shorter ones, M."""
    *of_ngrams, of_chars = counts
    occurring_C = of_chars.sum(0) + 1.0
    shorter_RC = _probabilities(of_chars, occurring_C / occurring_C.sum())
    ratios = [np.log(shorter_RC / (occurring_C / occurring_C.sum()))]
    for keys_k, counts_RC in zip(keys, of_ngrams, strict=True):
        own_rows, _ = ngrams.parts(keys_k[:-1])
        lower_RC = np.concatenate([np.ones_like(shorter_RC[:1]), shorter_RC[own_rows]])
        shorter_RC = _probabilities(counts_RC, lower_RC)
        ratios.append(np.log(shorter_RC / lower_RC))
        ratios[-1][0] = 0  # the row that rare n-grams share
    return [*ratios[1:], ratios[0]]


def _probabilities(counts_RC: npt.NDArray[np.int64], lower_RC: Floats) -> Floats:
    """Return p(c | n-gram), which is p(c | shorter) where nothing was counted."""
    total_R1 = counts_RC.sum(1, keepdims=True)
    held_back_R1 = _DISCOUNT * (counts_RC > 0).sum(1, keepdims=True)
    of_lower_R1 = np.divide(
        held_back_R1, total_R1, out=np.ones_like(held_back_R1), where=total_R1 > 0
    )
    kept_RC = np.maximum(counts_RC - _DISCOUNT, 0) / np.maximum(total_R1, 1)
    probabilities: Floats = kept_RC + of_lower_R1 * lower_RC
    return probabilities


def _projected(
    ratios_RC: Floats, total_R: npt.NDArray[np.int64], rotation_DD: Floats, *, std: float
) -> Floats:
    """Return rows of D numbers whose products are those of the ratios, as nearly as they can be."""
    size = len(rotation_DD)
    products_CC = ratios_RC.T @ (ratios_RC * total_R[:, None])
    leading_CD = np.linalg.eigh(products_CC)[1][:, ::-1][:, :size]
    embedding_RD: Floats = ratios_RC @ leading_CD @ rotation_DD[: leading_CD.shape[1]]
    mean_square = (np.square(embedding_RD).mean(1) @ total_R) / max(1, total_R.sum())
    return embedding_RD * (std / np.sqrt(mean_square)) if mean_square else embedding_RD
