import math
from collections import Counter, defaultdict

import numpy as np
import pytest
from conftest import small_text

from charrnn.data.vocab import code_points
from charrnn.models import ngrams
from charrnn.tasks import ngram_embeddings

IDS = np.unique(code_points(small_text()), return_inverse=True)[1]
NUM_SYMBOLS = int(IDS.max()) + 1


def embeddings_of(ids, *, longest=3, min_count=2, size=48, std=0.3, seed=1):
    keys = ngrams.learn(ids, longest=longest, min_count=min_count)
    made = ngram_embeddings.from_counts(ids, keys, int(ids.max()) + 1, size, std=std, seed=seed)
    return keys, made


def log_ratios(ids, *, longest, min_count):
    """By dictionaries: for each frequent n-gram, what it tells beyond the one without its first
    character.
    """
    symbols = range(int(ids.max()) + 1)
    lower = Counter(ids[1:].tolist())
    total = len(ids) - 1 + len(symbols)
    probability = {(): {c: (lower[c] + 1) / total for c in symbols}}
    ratios = {}
    for length in range(1, longest + 1):
        followers, occurrences = defaultdict(Counter), Counter()
        for t in range(length - 1, len(ids)):
            ngram = tuple(ids[t - length + 1 : t + 1].tolist())
            occurrences[ngram] += 1
            if t + 1 < len(ids):
                followers[ngram][int(ids[t + 1])] += 1
        for ngram, count in occurrences.items():
            if (length > 1 and count < min_count) or ngram[1:] not in probability:
                continue
            counted, shorter = followers[ngram], probability[ngram[1:]]
            num = sum(counted.values())
            p = probability[ngram] = {
                c: (max(counted[c] - 0.75, 0) + 0.75 * len(counted) * shorter[c]) / num
                if num
                else shorter[c]
                for c in symbols
            }
            ratios[ngram] = np.array([math.log(p[c] / shorter[c]) for c in symbols])
    return ratios


@pytest.mark.parametrize("min_count", [2, 5])
def test_products_of_embeddings_are_those_of_counted_log_ratios(min_count):
    """With room for every character, nothing is lost: a dictionary of counts is the oracle."""
    keys, embedding_RD = embeddings_of(IDS, min_count=min_count, size=NUM_SYMBOLS)
    ratios = log_ratios(IDS, longest=3, min_count=min_count)
    row_of = ngrams.Rows(keys)
    for length in (1, 2, 3):
        of_length = [ngram for ngram in ratios if len(ngram) == length]
        padded = [(ngrams.NOTHING,) * (3 - length) + ngram for ngram in of_length]
        rows = [row_of(ngram)[length - 1] for ngram in padded]
        assert len(set(rows)) == len(of_length) > 10
        expected = np.array([ratios[ngram] for ngram in of_length])
        made = embedding_RD[rows].astype(float)
        scale = np.sqrt(np.square(made).sum() / np.square(expected).sum())
        np.testing.assert_allclose(made @ made.T, scale**2 * (expected @ expected.T), atol=2e-4)


def test_ngrams_that_the_same_characters_follow_have_like_embeddings():
    text = "axbx" * 200 + "cycy" * 200
    ids = np.unique(list(text), return_inverse=True)[1]  # a b c x y
    _, embedding_RD = embeddings_of(ids, longest=1, size=8)
    a, b, c, *_ = embedding_RD / np.linalg.norm(embedding_RD, axis=1, keepdims=True)
    assert a @ b > a @ c + 0.2


def test_their_size_is_what_was_asked_for_over_the_text():
    keys, embedding_RD = embeddings_of(IDS, size=16, std=0.3)
    before = np.full((2, 1), ngrams.NOTHING)
    rows_TN = ngrams.rows(keys, IDS[:-1, None], before)[:, 0]
    for k in range(3):
        read_TD = embedding_RD[rows_TN[:, k]]
        assert np.sqrt(np.square(read_TD).mean()) == pytest.approx(0.3, rel=1e-3)


def test_the_seed_decides_them():
    embeddings = [embeddings_of(IDS, seed=seed)[1] for seed in (1, 1, 2)]
    np.testing.assert_array_equal(embeddings[0], embeddings[1])
    assert not np.array_equal(embeddings[0], embeddings[2])


@pytest.mark.parametrize("text", ["aaaaaaaa", "ab", "abcabcabc"])
def test_a_text_that_tells_little_has_finite_embeddings(text):
    ids = np.unique(list(text), return_inverse=True)[1]
    keys, embedding_RD = embeddings_of(ids, size=4)
    assert embedding_RD.shape == (ngrams.num_rows(keys) + int(ids.max()) + 1, 4)
    assert np.isfinite(embedding_RD).all()


def test_rare_characters_of_a_large_alphabet_share_a_column():
    ids = np.random.default_rng(1).zipf(1.2, 20_000) % 5000
    keys = ngrams.learn(ids, longest=2, min_count=2)
    made = ngram_embeddings.from_counts(ids, keys, 5000, 8, std=0.3, seed=1)
    assert np.isfinite(made).all() and made.any()
