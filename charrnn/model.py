"""A trained model as a library: `load` one, let it speak, let it score a text. Numpy only.

from charrnn import load
model = load("shakespeare")
print(model.generate("ROMEO:", length=200, temperature=0.8))
print(model.score("To be, or not to be"))   # nats per character
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from charrnn import runs
from charrnn.checkpoint import Checkpoint
from charrnn.config import ModelConfig, SampleConfig
from charrnn.errors import UsageError
from charrnn.recurrence import Weights, initial_state, step
from charrnn.sampling import generate, read, until_stop
from charrnn.vocab import Vocab, code_points


def load(run: str | Path | None = None) -> "Model":
    """The model of a run: by its name, its folder or a checkpoint file; the newest run if None.

    A run speaks with its best checkpoint. Raises `CheckpointError` where there is none that is
    whole.
    """
    return Model.of(runs.find_to_speak(None if run is None else str(run))[0])


@dataclass(frozen=True)
class Model:
    """A character model that speaks and scores."""

    config: ModelConfig
    vocab: Vocab
    weights: Weights

    @classmethod
    def of(cls, found: Checkpoint) -> "Model":
        """The model in a checkpoint."""
        weights = Weights.from_arrays(found.model, found.group("weights"), found.ngram_keys())
        return cls(found.model, found.vocab, weights)

    def generate(self, prompt: str = "", **settings: Any) -> str:
        """Text that goes on after the prompt; the settings are the fields of `SampleConfig`."""
        spoken = self.stream(self.spelled(prompt.encode()), SampleConfig(**settings))
        return self.text("".join(spoken))

    def stream(self, prompt: str, sample: SampleConfig, *, stream: int = 0) -> Iterator[str]:
        """One character after another, following a `spelled` prompt.

        `stream` numbers independent samples: each depends on (seed, stream) alone. Characters of
        the prompt that the model never saw are left out.
        """
        ids = self.vocab.ids_of(code_points(prompt))
        ids = ids[ids >= 0]
        state = initial_state(self.config, batch_size=1)
        logits_V, state = read(
            self.config, self.weights, ids if len(ids) else [self.start_id], state
        )
        spoken = generate(
            self.config,
            self.weights,
            logits_V,
            state,
            sample=sample,
            stream=stream,
            never=self.vocab.unknown_id,
        )
        stops = [self.spelled(stop.encode("utf-8", "surrogateescape")) for stop in sample.stop]
        return until_stop((self.vocab.char(i) for i in spoken), stops)

    def spelled(self, text: bytes) -> str:
        """A text in the model's characters: UTF-8 decoded, or each byte as the character of that
        code.

        Raises `UsageError` for what is not UTF-8, unless the model is one of bytes.
        """
        try:
            return text.decode("latin-1" if self.vocab.is_bytes else "utf-8")
        except UnicodeDecodeError as error:
            raise UsageError(
                f"the prompt is not UTF-8: byte {error.start}", "convert it first"
            ) from error

    def text(self, spelled: str) -> str:
        """The inverse of `spelled`; what is not UTF-8 in a model of bytes becomes U+FFFD."""
        return (
            spelled.encode("latin-1").decode("utf-8", "replace") if self.vocab.is_bytes else spelled
        )

    def unknown(self, spelled: str) -> list[str]:
        """The characters of a text that the model never saw, each once."""
        codes = code_points(spelled)
        missing = dict.fromkeys(codes[self.vocab.ids_of(codes) < 0].tolist())
        return [chr(code) for code in missing]

    def score(self, text: str) -> float:
        """The mean nats per character the model needs for a text, read from a new start.

        Raises ValueError where the text has no character that the model knows.
        """
        ids = self.vocab.ids_of(code_points(self.spelled(text.encode())))
        ids = ids[ids >= 0]
        if not len(ids):
            raise ValueError("there is no character to score")
        state = initial_state(self.config, batch_size=1)
        nats = 0.0
        before = self.start_id
        for i in ids.tolist():
            logits_BV, state = step(self.config, self.weights, np.array([before]), state)
            logits = logits_BV[0].astype(np.float64)
            nats += float(np.logaddexp.reduce(logits) - logits[i])
            before = i
        return nats / len(ids)

    @property
    def start_id(self) -> int:
        """What is read before a text that has nothing before it: a newline, else a space, else id
        0.
        """
        known = self.vocab.code_points
        return next((known.index(ord(start)) for start in "\n " if ord(start) in known), 0)
