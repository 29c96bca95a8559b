"""Processes that train one run together: the rank of this one, and the messages between them.

torchrun starts the processes and gives each its rank, by environment variables. Each has its share
of the lanes; at every step the gradients are summed over all of them, so that all make the same
update and hold the same weights to the bit. Small messages (a signal arrived, the clock corrects)
go between the processors, so that no GPU is waited for.

A process alone is a group of one, and sends nothing.

Shapes: B lanes, U rows of a table that a step looked up, E columns of a table.
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

_TIMEOUT = timedelta(hours=2)  # while another process reads a huge corpus, or validates


@dataclass(frozen=True)
class Group:
    """This process among those that train together; here, one process alone.

    Every method but `share` is called by all processes, in the same order.
    """

    rank: int = 0  # the process with rank 0 saves, samples and validates
    num_ranks: int = 1
    local_rank: int = 0  # among those on this machine
    num_local: int = 1

    def share(self, num_lanes: int) -> slice:
        """Return which lanes are this process's; `num_lanes` is a multiple of `num_ranks`."""
        size = num_lanes // self.num_ranks
        return slice(self.rank * size, (self.rank + 1) * size)

    def sum_gradients(self, weights: Sequence[Tensor], loss: Tensor) -> Tensor:
        """Replace the gradients by their sums over all processes; return the sum of the losses.

        The loss of a process is its part of the mean over the whole batch, so it is summed, too.
        """
        return loss

    def gather(self, part: Tensor, *, axis: int = 0) -> Tensor:
        """Return all lanes of a tensor of which each process has its share along the axis."""
        return part

    def maximum(self, *numbers: int) -> tuple[int, ...]:
        """Return the greatest value of each number in any process: so all decide alike."""
        return numbers

    def broadcast_number(self, number: float) -> float:
        """Return the number that the first process passes."""
        return number

    def broadcast_bytes(self, data: bytes) -> bytes:
        """Return the bytes that the first process passes."""
        return data

    @contextmanager
    def one_per_machine_first(self) -> Iterator[None]:
        """Let one process of each machine run the block first, then the others on it."""
        yield

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Do nothing: there is no process group to leave."""


ALONE = Group()


def form_group() -> Group:
    """Meet the processes that torchrun started with this one; without torchrun return `ALONE`.

    Raises `PeerError` where the others cannot be reached.
    """
    if int(os.environ.get("WORLD_SIZE", "1")) < 2 or "RANK" not in os.environ:
        return ALONE
    local_rank = int(os.environ.get("LOCAL_RANK", "0"))
    num_local = int(os.environ.get("LOCAL_WORLD_SIZE", "1"))
    with _peer_errors():
        store, rank, num_ranks = next(rendezvous("env://", timeout=_TIMEOUT))
        if num_local == num_ranks:
            # torchrun on a single machine keeps the addresses of an attempt that has failed
            attempt = os.environ.get("TORCHELASTIC_RESTART_COUNT", "0")
            store = distributed.PrefixStore(f"attempt {attempt}", store)  # type: ignore[attr-defined]
        distributed.init_process_group(
            "cpu:gloo,cuda:nccl" if torch.cuda.is_available() else "gloo",
            store=store,
            rank=rank,
            world_size=num_ranks,
            timeout=_TIMEOUT,
        )
    return ProcessGroup(rank, num_ranks, local_rank, num_local)


class ProcessGroup(Group):
    """Two processes or more. The methods raise `PeerError` where one of them has ended."""

    def sum_gradients(self, weights: Sequence[Tensor], loss: Tensor) -> Tensor:
        """Send all gradients in one message; of a table, only the rows that any process looked up.

        For that the processes first exchange the numbers of these rows.
        """
        gradients = [_gradient_of(weight) for weight in weights]
        rows_of = [self._looked_up(each) if each.is_sparse else None for each in gradients]
        parts = [
            each if rows is None else _dense_rows(each, rows)
            for each, rows in zip(gradients, rows_of, strict=True)
        ]
        flat = torch.cat([*(part.flatten() for part in parts), loss.reshape(1)])
        with _peer_errors():
            distributed.all_reduce(flat)
        *sums, loss_sum = torch.split(flat, [*(part.numel() for part in parts), 1])
        for weight, part, rows, flat_sum in zip(weights, parts, rows_of, sums, strict=True):
            summed = flat_sum.view_as(part)
            if rows is not None:
                summed = torch.sparse_coo_tensor(
                    rows[None], summed, weight.shape, is_coalesced=True, check_invariants=False
                )
            weight.grad = summed
        return loss_sum.squeeze(0).clone()  # not a view that keeps all gradients

    def _looked_up(self, gradient: Tensor) -> Tensor:
        """Return the rows, ascending, that any process looked up; each looks up equally many."""
        own = gradient._indices()[0]
        of_all = [torch.empty_like(own) for _ in range(self.num_ranks)]
        with _peer_errors():
            distributed.all_gather(of_all, own)
        rows: Tensor = torch.unique(torch.cat(of_all))
        return rows

    def gather(self, part: Tensor, *, axis: int = 0) -> Tensor:
        """Concatenate the shares in the order of the ranks."""
        part = part.contiguous()
        parts = [torch.empty_like(part) for _ in range(self.num_ranks)]
        with _peer_errors():
            distributed.all_gather(parts, part)
        return torch.cat(parts, axis)

    def maximum(self, *numbers: int) -> tuple[int, ...]:
        """Compare the numbers of all processes, one by one."""
        greatest = torch.tensor(numbers, dtype=torch.int64)
        with _peer_errors():
            distributed.all_reduce(greatest, distributed.ReduceOp.MAX)
        return tuple(greatest.tolist())

    def broadcast_number(self, number: float) -> float:
        """Send a number from the first process to the others."""
        return float(self._broadcast(torch.tensor([number], dtype=torch.float64)))

    def broadcast_bytes(self, data: bytes) -> bytes:
        """Send the length, then the bytes."""
        size = int(self._broadcast(torch.tensor([len(data)])))
        if size == 0:
            return b""
        buffer = bytearray(data if self.rank == 0 else size)
        return self._broadcast(torch.frombuffer(buffer, dtype=torch.uint8)).numpy().tobytes()

    def _broadcast(self, values: Tensor) -> Tensor:
        with _peer_errors():
            distributed.broadcast(values, 0)
        return values

    @contextmanager
    def one_per_machine_first(self) -> Iterator[None]:
        """Wait for the first process of this machine, unless this is it."""
        if self.local_rank > 0:
            self.maximum(0)
        yield
        if self.local_rank == 0:
            self.maximum(0)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Leave the process group; if one of its processes has ended, that would wait for ever."""
        if kind is None or not issubclass(kind, PeerError):
            distributed.destroy_process_group()


def _gradient_of(weight: Tensor) -> Tensor:
    assert weight.grad is not None
    return weight.grad


def _dense_rows(gradient: Tensor, rows_U: Tensor) -> Tensor:
    """Return rows of a sparse gradient, duplicates summed, (U, E); zero for rows not in it."""
    values = gradient._values()
    rows_UE = values.new_zeros(len(rows_U), values.shape[1])
    return rows_UE.index_add_(0, torch.searchsorted(rows_U, gradient._indices()[0]), values)


@contextmanager
def _peer_errors() -> Iterator[None]:
    """Turn the errors of torch.distributed into a `PeerError`."""
    try:
        yield
    except RuntimeError as error:
        raise PeerError(
            "a process that trains together with this one has ended, or cannot be reached",
            "torchrun --max-restarts 3 … continues from the last checkpoint by itself",
        ) from error
