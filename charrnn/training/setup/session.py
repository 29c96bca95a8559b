"""What a process contributes to the training of a run, whether the run is new or not."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from charrnn._text import Reporter
from charrnn.training.callbacks.callback import Callback
from charrnn.training.distributed import ALONE, Group


@dataclass(frozen=True)
class Session:
    """One process's time with a run, from its start to its end."""

    reporter: Reporter = field(default_factory=Reporter)  # for the sentences before training starts
    callbacks: Sequence[Callback] = ()
    save_every: float = 30.0  # seconds between checkpoints
    began: float = field(default_factory=time.monotonic)  # a budget of minutes counts from here
    group: Group = ALONE
