"""How the sizes are chosen of a network that learns independent examples: pairs, texts with labels,
captions. A subclass has the tables of a task; every choice can be overruled by its setting.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any, Generic, Protocol, TypeVar

from charrnn.cells import cell_spec
from charrnn.config import TrainConfig
from charrnn.tasks.size_tables import (
    reason,
    shared_batch,
    step_overhead,
    steps_between_validations,
)
from charrnn.tasks.task import Plan


class Model(Protocol):
    """The configuration of a network."""

    @property
    def cell(self) -> str:
        """Its kind of cell."""

    @property
    def hidden_size(self) -> int:
        """Its width, the first of its sizes to be chosen."""

    @classmethod
    def among(cls, values: Mapping[str, Any]) -> Any:
        """Take those values that are settings of it."""


class Facts(Protocol):
    """What a plan is made for."""

    @property
    def num_train(self) -> int:
        """Examples to train on."""

    @property
    def num_val(self) -> int:
        """Examples to validate on."""

    @property
    def device(self) -> str:
        """Where it is computed."""

    @property
    def num_ranks(self) -> int:
        """Processes that share each batch evenly."""


_Model = TypeVar("_Model", bound=Model)
_Facts = TypeVar("_Facts", bound=Facts)
EpochsOf = Callable[[_Model], float]


class ExampleSizes(ABC, Generic[_Model, _Facts]):
    """Chooses the sizes of a task. What is declared first are its tables."""

    examples: str  # what they are called: "pairs"
    model: type[_Model]
    rates: Mapping[str, float]  # of a cell's rate in a language model, for 128 units
    narrowest: int  # width
    few_epochs = 3  # a network that is too wide to read the examples so often is made narrower
    epochs_in_trial: float  # assumed before a trial has told what there is time for

    @abstractmethod
    def width(self, facts: _Facts) -> int:
        """Return how wide a network the examples can teach."""

    @abstractmethod
    def batch_size(self, facts: _Facts) -> int:
        """Return how many examples are in a batch."""

    @abstractmethod
    def by_epochs(self, facts: _Facts, epochs: float) -> dict[str, Any]:
        """Return settings that follow from how often the examples are read, such as dropout."""

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
    def described(self, model: _Model, train: TrainConfig, facts: _Facts) -> str:
        """Return the sizes in one line."""

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
        batch_size = shared_batch(intended, num_train=facts.num_train, num_ranks=facts.num_ranks)
        optimizer = TrainConfig.among(given).optimizer

        def cost_of(model: _Model) -> float:
            return self.step_cost(model, facts, batch_size=batch_size, optimizer=optimizer)

        def epochs_of(model: _Model) -> float:
            assert arithmetic is not None
            return arithmetic / cost_of(model) * batch_size / facts.num_train

        model = self.network(given, facts, None if arithmetic is None else epochs_of)
        if steps is not None:
            epochs = steps * batch_size / facts.num_train
        elif arithmetic is not None:
            epochs = epochs_of(model)
        values = {
            **self.by_epochs(facts, self.epochs_in_trial if epochs is None else epochs),
            "learning_rate": self.learning_rate(model, optimizer),
            "eval_every": steps_between_validations(
                facts.num_val, batch_size=batch_size, num_ranks=facts.num_ranks
            ),
            **given,
            "batch_size": batch_size,
        }
        train, shrunk = TrainConfig.among(values), ""
        if "batch_size" in given and batch_size != intended:
            shrunk = f"there are too few {self.examples} for batch {intended}: now batch"
            shrunk = f"{shrunk} {batch_size}"
        what = f"{facts.num_train:,} {self.examples}"
        decided = reason(given, what, facts.device, arithmetic and epochs)
        why = f"{self.described(model, train, facts)}: {decided}"
        return Plan(model, train, why, cost_of(model), shrunk)

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
        overhead = step_overhead(self.shapes(model, facts), optimizer)
        return batch_size / facts.num_ranks * self.cost(model, facts) + overhead
