"""Several processes that learn one thing together: which of them this is, and what they tell each
other.

torchrun starts the processes and tells each its rank, by environment variables. Each has its share
of the lanes; the gradients are added up over all of them at every step, so that all make the same
update and hold the same weights to the bit. The small talk (who was asked to stop, what the clock
says) goes between the processors, so that no GPU has to be waited for.

A process alone is a group of one and tells nobody anything. It knows nothing of networks, runs or
files.

Shapes: B lanes, U rows of a table that a step touched, E columns of a table.
"""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from types import TracebackType
from typing import Self

import torch
from torch import Tensor, distributed
from torch.distributed.rendezvous import rendezvous

from charrnn.errors import PeerError

_PATIENCE = timedelta(hours=2)  # with one who reads a huge corpus, or validates


@dataclass(frozen=True)
class Group:
    """This process among those that learn together; as it stands, alone."""

    rank: int = 0  # the first one writes, draws and validates
    num_ranks: int = 1
    local_rank: int = 0  # among those on this machine
    num_local: int = 1

    def share(self, num_lanes: int) -> slice:
        """The lanes that are this process's; `num_lanes` is a multiple of `num_ranks`."""
        size = num_lanes // self.num_ranks
        return slice(self.rank * size, (self.rank + 1) * size)

    def add_up(self, weights: Sequence[Tensor], loss: Tensor) -> Tensor:
        """Replace the weights' gradients by their sums over all processes; the sum of the losses.

        A process's loss is its part of the mean over the whole window, so sums are what is wanted.
        """
        return loss

    def whole(self, part: Tensor, *, axis: int = 0) -> Tensor:
        """All lanes of something of which each process has its share."""
        return part

    def agreed(self, *wishes: int) -> tuple[int, ...]:
        """The greatest of all processes' numbers, one by one: so all decide alike."""
        return wishes

    def number_of_first(self, number: float) -> float:
        """What the first process has here."""
        return number

    def bytes_of_first(self, data: bytes) -> bytes:
        """What the first process has here."""
        return data

    @contextmanager
    def first_of_each_machine_first(self) -> Iterator[None]:
        """One process of each machine goes ahead, the others on it follow. All have to enter."""
        yield

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Nothing more will be told."""


ALONE = Group()


def formed() -> Group:
    """The group that torchrun made this process a part of, all of it met; else `ALONE`.

    Raises `PeerError` where the others cannot be reached.
    """
    if int(os.environ.get("WORLD_SIZE", "1")) < 2 or "RANK" not in os.environ:
        return ALONE
    local_rank = int(os.environ.get("LOCAL_RANK", "0"))
    num_local = int(os.environ.get("LOCAL_WORLD_SIZE", "1"))
    with _heard():
        store, rank, num_ranks = next(rendezvous("env://", timeout=_PATIENCE))
        if num_local == num_ranks:
            # the agent of a single machine keeps the addresses of an attempt that has failed
            attempt = os.environ.get("TORCHELASTIC_RESTART_COUNT", "0")
            store = distributed.PrefixStore(f"attempt {attempt}", store)  # type: ignore[attr-defined]
        distributed.init_process_group(
            "cpu:gloo,cuda:nccl" if torch.cuda.is_available() else "gloo",
            store=store,
            rank=rank,
            world_size=num_ranks,
            timeout=_PATIENCE,
        )
    return Ranks(rank, num_ranks, local_rank, num_local)


class Ranks(Group):
    """Two processes or more. Every method but `share` is called by all of them, in the same order;
    each raises `PeerError` where one of them is gone.
    """

    def add_up(self, weights: Sequence[Tensor], loss: Tensor) -> Tensor:
        """See `Group.add_up`. One message holds it all.

        Of a table only the rows that some process touched are exchanged; first all learn which
        rows these are.
        """
        gradients = [_gradient_of(weight) for weight in weights]
        touched = [self._touched(each) if each.is_sparse else None for each in gradients]
        parts = [
            each if rows is None else _laid_out(each, rows)
            for each, rows in zip(gradients, touched, strict=True)
        ]
        flat = torch.cat([*(part.flatten() for part in parts), loss.reshape(1)])
        with _heard():
            distributed.all_reduce(flat)
        *sums, loss_sum = torch.split(flat, [*(part.numel() for part in parts), 1])
        for weight, part, rows, its_sum in zip(weights, parts, touched, sums, strict=True):
            summed = its_sum.view_as(part)
            if rows is not None:
                summed = torch.sparse_coo_tensor(
                    rows[None], summed, weight.shape, is_coalesced=True, check_invariants=False
                )
            weight.grad = summed
        return loss_sum.squeeze(0).clone()  # not a view that keeps all gradients

    def _touched(self, gradient: Tensor) -> Tensor:
        """The rows, rising, that any process looked up: each as often as the others."""
        own = gradient._indices()[0]
        found = [torch.empty_like(own) for _ in range(self.num_ranks)]
        with _heard():
            distributed.all_gather(found, own)
        rows: Tensor = torch.unique(torch.cat(found))
        return rows

    def whole(self, part: Tensor, *, axis: int = 0) -> Tensor:
        """See `Group.whole`."""
        part = part.contiguous()
        parts = [torch.empty_like(part) for _ in range(self.num_ranks)]
        with _heard():
            distributed.all_gather(parts, part)
        return torch.cat(parts, axis)

    def agreed(self, *wishes: int) -> tuple[int, ...]:
        """See `Group.agreed`."""
        greatest = torch.tensor(wishes, dtype=torch.int64)
        with _heard():
            distributed.all_reduce(greatest, distributed.ReduceOp.MAX)
        return tuple(greatest.tolist())

    def number_of_first(self, number: float) -> float:
        """See `Group.number_of_first`."""
        return float(self._of_first(torch.tensor([number], dtype=torch.float64)))

    def bytes_of_first(self, data: bytes) -> bytes:
        """See `Group.bytes_of_first`."""
        size = int(self._of_first(torch.tensor([len(data)])))
        if size == 0:
            return b""
        text = bytearray(data if self.rank == 0 else size)
        return self._of_first(torch.frombuffer(text, dtype=torch.uint8)).numpy().tobytes()

    def _of_first(self, values: Tensor) -> Tensor:
        with _heard():
            distributed.broadcast(values, 0)
        return values

    @contextmanager
    def first_of_each_machine_first(self) -> Iterator[None]:
        """See `Group.first_of_each_machine_first`."""
        if self.local_rank > 0:
            self.agreed(0)
        yield
        if self.local_rank == 0:
            self.agreed(0)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Leave the process group, unless one of its processes is lost."""
        if kind is None or not issubclass(kind, PeerError):
            distributed.destroy_process_group()


def _gradient_of(weight: Tensor) -> Tensor:
    assert weight.grad is not None
    return weight.grad


def _laid_out(gradient: Tensor, rows_U: Tensor) -> Tensor:
    """The rows of a sparse gradient, added up, shape (U, E); zero where it has none."""
    values = gradient._values()
    rows_UE = values.new_zeros(len(rows_U), values.shape[1])
    return rows_UE.index_add_(0, torch.searchsorted(rows_U, gradient._indices()[0]), values)


@contextmanager
def _heard() -> Iterator[None]:
    """Whatever keeps a message from arriving becomes a `PeerError`."""
    try:
        yield
    except RuntimeError as error:  # of torch.distributed, all of them
        raise PeerError(
            "a process that learns together with this one has ended, or cannot be reached",
            "torchrun --max-restarts 3 … goes on from the last checkpoint by itself",
        ) from error
