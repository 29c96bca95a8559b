"""Language models with random weights, as checkpoints without training."""

import numpy as np
from conftest import random_weights

from charrnn.config import DataConfig, ModelConfig, RuntimeConfig, TrainConfig
from charrnn.data.corpus import CorpusFacts
from charrnn.data.vocab import UNKNOWN, Vocab
from charrnn.runs import task_names
from charrnn.runs.checkpoint import Checkpoint
from charrnn.runs.header import Position


def made(
    characters: str = "ab\n cdefghijklm",
    *,
    records: str = "none",
    is_bytes: bool = False,
    has_unknown: bool = False,
    **network: object,
) -> Checkpoint:
    """Return a language model with random weights that knows these characters."""
    codes = list(range(256)) if is_bytes else list(map(ord, characters))
    vocab = Vocab((*codes, UNKNOWN) if has_unknown else tuple(codes), is_bytes)
    config = ModelConfig(**{"hidden_size": 12, "embedding_size": 5, "ngrams": 3, **network})  # type: ignore[arg-type]
    weights, read = random_weights(config, len(vocab))
    arrays = {f"weights.{name}": array for name, array in weights.items()}
    arrays |= {f"ngrams.{n}": keys for n, keys in enumerate(read.ngram_keys, 2)}
    return Checkpoint(
        task=task_names.LANGUAGE_MODEL,
        model=config,
        data=DataConfig(records=records, is_bytes=is_bytes),
        train=TrainConfig(),
        runtime=RuntimeConfig(),
        vocabs={"text": vocab},
        corpora={"text": CorpusFacts(("gone.txt",), "0" * 64, 1234)},
        position=Position(),
        arrays=arrays,
        shapes={name: array.shape for name, array in arrays.items()},
    )


def some_ids(num: int, vocab_size: int, *, seed: int = 3) -> np.ndarray:
    """Return random ids: the same each time."""
    return np.random.default_rng(seed).integers(vocab_size, size=num)
