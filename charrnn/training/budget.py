"""How long a run is: steps, epochs or minutes."""

import dataclasses
from dataclasses import dataclass

from charrnn.errors import SettingError

DEFAULT_MINUTES = 3.0


@dataclass(frozen=True)
class Budget:
    """How long to train: at most one of the three."""

    steps: int | None = None
    epochs: float | None = None
    minutes: float | None = None

    def __post_init__(self) -> None:
        given = {
            name: value for name, value in dataclasses.asdict(self).items() if value is not None
        }
        if len(given) > 1:
            lengths = " and ".join(f"{name} {value}" for name, value in given.items())
            raise SettingError(f"{lengths} were both given", "choose one", *given)
        for name, value in given.items():
            if not 0 < value < 1e15:
                hint = "it must be greater than 0"
                raise SettingError(f"{name} {value} is out of range", hint, name)

    @property
    def seconds(self) -> float:
        """The time limit, for a budget that is not counted in steps or epochs."""
        return 60 * (DEFAULT_MINUTES if self.minutes is None else self.minutes)

    @property
    def is_counted(self) -> bool:
        """Whether it is a number of steps or epochs rather than a time."""
        return self.steps is not None or self.epochs is not None

    def counted_steps(self, steps_per_epoch: float) -> int | None:
        """Return the number of steps from the start of the run; None for a budget of time."""
        if self.steps is not None:
            return self.steps
        if self.epochs is not None:
            return max(1, round(self.epochs * steps_per_epoch))
        return None
