"""A small corpus of each task whose examples are independent, and networks that learn it."""

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from drawn import COLOURS, PLACES, drawn

from charrnn.config import (
    CPU,
    CaptionerConfig,
    CaptionsConfig,
    ClassifierConfig,
    EncoderDecoderConfig,
    InStepConfig,
    LabelsConfig,
    PairsConfig,
    TaggerConfig,
    TrainConfig,
)
from charrnn.data.pairs.buckets import Texts
from charrnn.data.pairs.pair_dataset import PairDataset
from charrnn.data.pairs.pair_facts import PairFacts
from charrnn.data.pairs.pictures.encoded_pictures import Pictures
from charrnn.data.pairs.symbols import PATHS, SymbolVocab, sides
from charrnn.data.vocab import Vocab
from charrnn.runs.checkpoint import Checkpoint
from charrnn.runs.header import CheckpointHeader, Position
from charrnn.tasks.captions.captions import CAPTIONS as CAPTIONS_TASK
from charrnn.tasks.in_step.tagging import TAG
from charrnn.tasks.labels.labels import CLASSIFY
from charrnn.tasks.pairs.learned_pairs import PairTexts
from charrnn.tasks.pairs.seq2seq import SEQ2SEQ
from charrnn.training.loop import TrainingState

CONFIG = TrainConfig(
    steps=11, batch_size=4, dropout=0.3, weight_dropout=0.2, ngram_min_count=2, seed=5
)


@dataclass(frozen=True)
class Small:
    """A task, and a corpus of it."""

    task: Any
    data: Any
    vocabs: dict[str, Any]
    model: type
    sizes: dict[str, int]
    others: tuple[dict[str, Any], ...]  # sizes of other networks
    examples: Callable[..., PairTexts]

    def constants(self, model: Any, config: TrainConfig = CONFIG) -> Any:
        return self.task.constants(self.examples(), model.to_json() | config.to_json())

    def state_of(self, cell="lstm", config=CONFIG, runtime=CPU, **sizes):
        model = self.model(cell=cell, **self.sizes | sizes)
        constants = self.constants(model, config)
        module = self.task.build(model, self.vocabs, constants, seed=config.seed)
        return TrainingState.new(self.task, module, config, runtime=runtime)

    def batches_of(self, config=CONFIG, share=slice(None), device="cpu"):
        return self.task.batches(self.examples(), config, share, device=device)

    def checkpoint_of(self, state):
        header = CheckpointHeader(
            task=self.task.name, model=state.module.config, data=self.data, train=CONFIG,
            runtime=CPU, vocabs=self.vocabs, position=Position(),
            corpora={"pairs": PairFacts(("a.tsv",), "0" * 64, 60, longest_target=10)},
        )  # fmt: skip
        return Checkpoint.of(header, self.task.arrays(state.module))


def encoded(every):
    return Texts(np.concatenate(every), np.append(0, np.cumsum(list(map(len, every)))))


def numbers_of(num, num_val):
    order = np.arange(num)
    return {"train": order[num_val:], "val": order[:num_val], "test": order[:0]}


def words(data, vocabs, letters, target_of, longest):
    """Make examples of invented words and what becomes of them: always the same ones."""

    def examples(num=60, *, longest=longest, num_val=12):
        random = np.random.default_rng(0)
        texts = [
            "".join(random.choice(list(letters), random.integers(1, longest + 1)))
            for _ in range(num)
        ]
        source, target = sides(data, vocabs)
        both = (
            encoded([source.encode(text) for text in texts]),
            encoded([target.encode(target_of(text)) for text in texts]),
        )
        return PairTexts(PairDataset(*both, numbers_of(num, num_val)), source, target)

    return examples


def letters(text):
    return Vocab(tuple(map(ord, text)))


def spoken(source):
    """The target of a source: other letters, backwards."""
    return " ".join("vwxyz"["abcde".index(letter)] for letter in reversed(source))


_DATA = PairsConfig(target_symbols="spaces")
_VOCABS = {"source": letters("abcde"), "target": SymbolVocab(tuple("vwxyz"))}
PAIRS = Small(
    SEQ2SEQ, _DATA, _VOCABS,
    EncoderDecoderConfig, {"hidden_size": 6, "embedding_size": 4}, ({"attention": "none"},),
    words(_DATA, _VOCABS, "abcde", spoken, 5),
)  # fmt: skip

IN_ORDER = ("first in the alphabet", "later")


def label_of(text):
    """What is to be learned: a text with two letters in their order has one label."""
    return IN_ORDER[not any(a < b for a, b in itertools.pairwise(text))]


_DATA = LabelsConfig()
_VOCABS = {"source": letters("abcde"), "target": SymbolVocab(IN_ORDER, are_whole=True)}
_WITH_NGRAMS = {"hidden_size": 6, "embedding_size": 4, "ngrams": 3}
_PLAIN = {"ngrams": 1, "skip": False, "encoder_layers": 2}
LABELS = Small(
    CLASSIFY, _DATA, _VOCABS, ClassifierConfig, _WITH_NGRAMS, (_PLAIN,),
    words(_DATA, _VOCABS, "abcde", label_of, 5),
)  # fmt: skip


def with_capitals(text):
    """What is to be learned: the last letter of a word is a capital."""
    return " ".join(word[:-1] + word[-1:].upper() for word in text.split(" "))


_DATA = InStepConfig()
_VOCABS = {"source": letters(" abc"), "target": letters(" abcABC")}
IN_STEP = Small(
    TAG, _DATA, _VOCABS, TaggerConfig, _WITH_NGRAMS, (_PLAIN | {"is_causal": True},),
    words(_DATA, _VOCABS, "abc ", with_capitals, 7),
)  # fmt: skip

_DATA = CaptionsConfig(images="pictures", image_size=8)
_KINDS = [(colour, place) for colour in COLOURS for place in PLACES]
_VOCABS = {"source": PATHS, "target": letters(sorted({*" ".join(map(" ".join, _KINDS))}))}


def pictures(num=60, *, num_val=12, data=_DATA, vocabs=_VOCABS):
    """Pictures of a spot, and where it is."""
    kinds = [_KINDS[k % len(_KINDS)] for k in range(num)]
    source, target = sides(data, vocabs)
    pixels = np.stack([drawn(*kind, k) for k, kind in enumerate(kinds)])
    paths = encoded([source.encode(f"{k}.png") for k in range(num)])
    both = Pictures(paths, pixels, np.arange(num)), [target.encode(" ".join(k)) for k in kinds]
    pairs = PairDataset(both[0], encoded(both[1]), numbers_of(num, num_val))
    return PairTexts(pairs, source, target)


CAPTIONS = Small(
    CAPTIONS_TASK, _DATA, _VOCABS, CaptionerConfig,
    {"hidden_size": 6, "embedding_size": 4, "encoder_layers": 2},
    ({"encoder_layers": 1, "decoder_layers": 1},),
    pictures,
)  # fmt: skip

SMALL_TASKS = {"pairs": PAIRS, "labels": LABELS, "in step": IN_STEP, "captions": CAPTIONS}
