"""How the sizes are chosen of a network that learns independent examples: pairs, texts with labels,
captions. A subclass has the tables of a task; every choice can be overruled by its setting.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from charrnn.cells import cell_spec
from charrnn.config import (
    CaptionerConfig,
    ClassifierConfig,
    EncoderDecoderConfig,
    TaggerConfig,
    TrainConfig,
)
from charrnn.tasks.size_tables import reason, row
from charrnn.tasks.task import Plan

# What a step takes besides the passes of its examples, as multiply-adds of a forward pass: always,
# and for each G·I² of a matrix (G, I) with SOAP. Fits the time of steps of 128 to 256 units and
# batches of 16 to 64 pairs within 12 % (French pronunciation, one core).
_STEP_OVERHEAD, _SOAP_COST = 1.5e8, 1.2
_EVALUATION_SHARE = 1 / 30  # of the time
_EVALUATION_COST = 0.7  # of a validation pair, in training pairs
_LEAST_STEPS_BETWEEN = 50


@dataclass(frozen=True, kw_only=True)
class ExampleFacts:
    """What a plan is made for; each task adds what else decides."""

    num_train: int  # examples to train on
    num_val: int
    device: str
    num_ranks: int = 1  # processes that share each batch evenly


_Model = TypeVar("_Model", EncoderDecoderConfig, CaptionerConfig, ClassifierConfig, TaggerConfig)
_Facts = TypeVar("_Facts", bound=ExampleFacts)
EpochsOf = Callable[[_Model], float]


class ExampleSizes(ABC, Generic[_Model, _Facts]):
    """Chooses the sizes of a task. What is declared first are its tables."""

    examples: str  # what they are called: "pairs"
    model: type[_Model]
    rates: Mapping[str, float]  # of a cell's rate in a language model, for 128 units
    dropouts: Sequence[tuple[float, float]]  # (epochs, at least; dropout)
    narrowest: int  # width
    few_epochs = 3  # a network that is too wide to read the examples so often is made narrower
    epochs_in_trial: float  # assumed before a trial has told what there is time for

    @abstractmethod
    def width(self, facts: _Facts) -> int:
        """Return how wide a network the examples can teach."""

    @abstractmethod
    def batch_size(self, facts: _Facts) -> int:
        """Return how many examples are in a batch."""

    def by_epochs(self, facts: _Facts, epochs: float) -> dict[str, Any]:
        """Return settings that follow from how often the examples are read: the dropout."""
        return {"dropout": row(self.dropouts, epochs)[1]}

    @abstractmethod
    def num_layers(self, model: _Model) -> int:
        """Return how many recurrent layers are on top of each other."""

    @abstractmethod
    def shapes(self, model: _Model, facts: _Facts) -> Mapping[str, tuple[int, ...]]:
        """Return the shapes of the weights."""

    @abstractmethod
    def cost(self, model: _Model, facts: _Facts) -> float:
        """Return the multiply-adds of the forward pass for an example."""

    @abstractmethod
    def described(self, model: _Model, facts: _Facts) -> str:
        """Return the sizes of the network in one line."""

    def make(
        self,
        given: Mapping[str, Any],
        facts: _Facts,
        *,
        arithmetic: float | None = None,
        steps: int | None = None,
        epochs: float | None = None,
    ) -> Plan:
        """Fill in every number that is not in `given` (the fields of both configurations by name).

        The budget is in one of three units: `arithmetic` (multiply-adds as `step_cost` counts
        them), `steps` or `epochs`. The batch shrinks to the number of examples, also where it was
        given. The plan's `steps` are left at their default.
        """
        in_turn = -(-self.batch_size(facts) // facts.num_ranks) * facts.num_ranks
        intended = given.get("batch_size", in_turn)
        most = facts.num_train // facts.num_ranks * facts.num_ranks or facts.num_train
        batch_size = max(1, min(intended, most))
        optimizer = TrainConfig.among(given).optimizer

        def cost_of(model: _Model) -> float:
            return self.step_cost(model, facts, batch_size=batch_size, optimizer=optimizer)

        def epochs_of(model: _Model) -> float:
            assert arithmetic is not None
            return float(arithmetic / cost_of(model) * batch_size / facts.num_train)

        model = self.network(given, facts, None if arithmetic is None else epochs_of)
        if steps is not None:
            epochs = steps * batch_size / facts.num_train
        elif arithmetic is not None:
            epochs = epochs_of(model)
        values = {
            **self.by_epochs(facts, self.epochs_in_trial if epochs is None else epochs),
            "learning_rate": self.learning_rate(model, optimizer),
            "eval_every": _eval_every(facts, batch_size),
            **given,
            "batch_size": batch_size,
        }
        train, shrunk = TrainConfig.among(values), ""
        if "batch_size" in given and batch_size != intended:
            shrunk = f"there are too few {self.examples} for batch {intended}: now batch"
            shrunk = f"{shrunk} {batch_size}"
        dropout = f", dropout {train.dropout:g}" if train.dropout else ""
        sizes = f"{self.described(model, facts)}, batch {batch_size}{dropout}"
        what = f"{facts.num_train:,} {self.examples}"
        decided = reason(given, what, facts.device, arithmetic and epochs)
        return Plan(model, train, f"{sizes}: {decided}", cost_of(model), shrunk)

    def network(
        self, given: Mapping[str, Any], facts: _Facts, epochs_of: EpochsOf[_Model] | None
    ) -> _Model:
        """Return the network: as wide as the examples can teach, and as there is time for.

        `epochs_of` tells how many epochs there is time for with a network; None if that is not
        known.
        """
        width = self.width(facts)
        model: _Model = self.model.among({"hidden_size": width, **given})
        while epochs_of is not None and "hidden_size" not in given and width > self.narrowest:
            if epochs_of(model) >= self.few_epochs:
                break
            width = max(self.narrowest, width // 2)
            model = self.model.among({**given, "hidden_size": width})
        return model

    def learning_rate(self, model: _Model, optimizer: str) -> float:
        """Return the peak learning rate: lower for wide networks, and for more than two layers."""
        rate = cell_spec(model.cell).learning_rates[optimizer]
        rate *= self.rates[optimizer] * math.sqrt(2)
        rate *= math.sqrt(128 / max(64, model.hidden_size))
        return round(rate * min(1.0, 2 / self.num_layers(model)), 6)

    def step_cost(self, model: _Model, facts: _Facts, *, batch_size: int, optimizer: str) -> float:
        """Return what a step takes on each process, in multiply-adds of a forward pass."""
        overhead = _STEP_OVERHEAD
        if optimizer == "soap":
            overhead += _SOAP_COST * sum(
                shape[0] * shape[1] ** 2
                for name, shape in self.shapes(model, facts).items()
                if len(shape) == 2 and not name.endswith("embedding") and name != "head.weight"
            )
        return batch_size / facts.num_ranks * self.cost(model, facts) + overhead


def _eval_every(facts: ExampleFacts, batch_size: int) -> int:
    """Return the steps between validations. One of the ranks validates, the others wait."""
    num_steps = _EVALUATION_COST * facts.num_val * facts.num_ranks / batch_size
    return max(_LEAST_STEPS_BETWEEN, round(num_steps / _EVALUATION_SHARE))
