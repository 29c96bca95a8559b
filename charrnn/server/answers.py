"""The objects that an answer is made of, as clients of the completions interface expect them."""

import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from charrnn.server.completion_request import CompletionRequest
from charrnn.server.log_probabilities import Token
from charrnn.server.served import Piece


@dataclass
class Choice:
    """One completion on its way out: its pieces become an object, all at once or some at a time."""

    index: int
    with_log_probabilities: bool
    _num_chars: int = 0  # of the tokens so far

    def part(self, pieces: Sequence[Piece]) -> dict[str, Any]:
        """Return what some pieces add."""
        tokens = [piece.token for piece in pieces if piece.token is not None]
        return {
            "index": self.index,
            "text": "".join(piece.text for piece in pieces),
            "logprobs": self._log_probabilities(tokens) if self.with_log_probabilities else None,
            "finish_reason": pieces[-1].finish_reason if pieces else None,
        }

    def _log_probabilities(self, tokens: Sequence[Token]) -> dict[str, Any]:
        offsets = []
        for token in tokens:
            offsets.append(self._num_chars)
            self._num_chars += len(token.text)
        return {
            "tokens": [token.name for token in tokens],
            "token_logprobs": [token.log_probability for token in tokens],
            "top_logprobs": [token.likeliest for token in tokens],
            "text_offset": offsets,
        }


@dataclass
class Answer:
    """What is the same in all parts of an answer, and what it counts."""

    asked: CompletionRequest
    model: str
    num_drawn: int = 0  # characters
    id: str = field(default_factory=lambda: f"cmpl-{secrets.token_hex(12)}")
    created: int = field(default_factory=lambda: int(time.time()))

    def object(self, choices: Sequence[dict[str, Any]], **more: Any) -> dict[str, Any]:
        """Return an answer, or a part of one, with these choices."""
        return {
            "id": self.id,
            "object": "text_completion",
            "created": self.created,
            "model": self.model,
            "seed": self.asked.seed,  # not of the interface: it repeats the answer
            "choices": list(choices),
            **more,
        }

    @property
    def usage(self) -> dict[str, int]:
        """What was read and written, in characters."""
        num_read = self.asked.num_prompt_chars
        return {
            "prompt_tokens": num_read,
            "completion_tokens": self.num_drawn,
            "total_tokens": num_read + self.num_drawn,
        }


def model_object(name: str, created: int) -> dict[str, Any]:
    """Return what is told of a model that is served."""
    return {"id": name, "object": "model", "created": created, "owned_by": "charrnn"}


def model_list(names: Sequence[str], created: int) -> dict[str, Any]:
    """Return the models that are served."""
    return {"object": "list", "data": [model_object(name, created) for name in names]}
