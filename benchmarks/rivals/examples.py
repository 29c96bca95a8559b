"""Pairs as the rivals read them: ids of both sides, batches, and the scoring of translations."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from charrnn.config import PairsConfig
from charrnn.data.pairs.buckets import Texts, as_batch
from charrnn.data.pairs.error_rates import total_edits
from charrnn.data.pairs.symbols import Side, SymbolVocab, normalised
from charrnn.data.vocab import Vocab

from . import tab_separated

BATCHES_IN_POOL = 50
NUM_AT_ONCE = 128  # sources that are translated side by side


@dataclass(frozen=True)
class Batch:
    sources_SB: Tensor
    lengths_B: Tensor
    inputs_TB: Tensor  # the boundary, then the target
    targets_TB: Tensor  # the target, then the boundary; -100 after it


@dataclass(frozen=True)
class Examples:
    """Pairs to learn from, and pairs to be measured on."""

    source: Side
    target: Side
    sources: Texts
    targets: Texts
    dev: list[tuple[str, str]]

    def batches(self, size: int, seed: int) -> Iterator[Batch]:
        """Yield batches of pairs of like length in a random order, without end."""
        random = np.random.default_rng(seed)
        while True:
            order = random.permutation(len(self.sources))
            batches = []
            for k in range(0, len(order), size * BATCHES_IN_POOL):
                pool = order[k : k + size * BATCHES_IN_POOL]
                lengths = self.targets.lengths(pool), self.sources.lengths(pool)
                pool = pool[np.lexsort(lengths[::-1])]
                batches += [pool[j : j + size] for j in range(0, len(pool), size)]
            for k in random.permutation(len(batches)):
                yield self._batch(batches[k])

    def _batch(self, numbers: np.ndarray) -> Batch:
        sources_SB, lengths_B = self.sources.padded(numbers)
        batch = as_batch(sources_SB, lengths_B, *self.targets.padded(numbers))
        arrays = batch.sources, batch.lengths_B, batch.inputs_TB, batch.targets_TB
        return Batch(*map(torch.from_numpy, arrays))

    @property
    def longest(self) -> int:
        """The most symbols of a translation."""
        return int(self.targets.lengths(np.arange(len(self.targets))).max()) + 10

    def score(self, model) -> dict[str, float]:
        """Translate the sources of dev greedily; return error rates in per cent, BLEU and chrF."""
        sources = _texts([self.source.encode(source) for source, _ in self.dev])
        numbers = np.argsort(sources.lengths(np.arange(len(sources))), kind="stable")
        translations = [""] * len(numbers)
        for k in range(0, len(numbers), NUM_AT_ONCE):
            batch = numbers[k : k + NUM_AT_ONCE]
            ids_SB, lengths_B = map(torch.from_numpy, sources.padded(batch))
            ids_TB = greedy(model, ids_SB, lengths_B, self.longest).numpy()
            for number, ids_T in zip(batch, ids_TB.T, strict=True):
                ends = np.flatnonzero(ids_T == 0)
                translations[number] = self.target.decode(ids_T[: ends[0] if len(ends) else None])
        return scores(translations, [target for _, target in self.dev], self.target)


def scores(translations: list[str], references: list[str], side: Side) -> dict[str, float]:
    edits = total_edits(zip(translations, references, strict=True), side)
    rates = {
        "word_error_rate": 100 * edits.word_error_rate,
        "symbol_error_rate": 100 * edits.symbol_error_rate,
        "exact_match": 100 * edits.exact_match,
    }
    if edits.num_words < 2 * edits.num_targets:
        return rates
    from sacrebleu.metrics.bleu import BLEU
    from sacrebleu.metrics.chrf import CHRF

    metrics = {"bleu": BLEU(force=True), "chrf": CHRF()}
    return rates | {
        name: metric.corpus_score(translations, [references]).score
        for name, metric in metrics.items()
    }


@torch.no_grad()
def greedy(model, sources_SB: Tensor, lengths_B: Tensor, longest: int) -> Tensor:
    """Return the likeliest symbol after each, (T, B), until every target has ended."""
    model.eval()
    ids_B = torch.zeros(len(lengths_B), dtype=torch.int64)
    state = model.first_state(sources_SB, lengths_B)
    chosen, have_ended_B = [], ids_B > 0
    while len(chosen) < longest and not have_ended_B.all():
        logits_BV, state = model.step(ids_B, state)
        ids_B = logits_BV.argmax(-1)
        chosen.append(ids_B)
        have_ended_B |= ids_B == 0
    model.train()
    return torch.stack(chosen)


def read(train: Path, dev: Path, config: PairsConfig) -> Examples:
    """Read files of lines: source TAB target."""
    pairs = tab_separated(train)
    source = _side([s for s, _ in pairs], config.source_symbols, config.source_normalise)
    target = _side([t for _, t in pairs], config.target_symbols, config.target_normalise)
    sources = _texts([source.encode(s) for s, _ in pairs])
    targets = _texts([target.encode(t) for _, t in pairs])
    return Examples(source, target, sources, targets, tab_separated(dev))


def _side(texts: list[str], symbols: str, form: str) -> Side:
    texts = [normalised(text, form) for text in texts]
    if symbols == "spaces":
        seen = {symbol for text in texts for symbol in text.split()}
        return Side(SymbolVocab(tuple(sorted(seen))), form)
    return Side(Vocab(tuple(sorted({ord(c) for text in texts for c in text}))), form)


def _texts(ids: list[np.ndarray]) -> Texts:
    lengths = [len(text) for text in ids]
    return Texts(np.concatenate(ids), np.cumsum([0, *lengths]))
