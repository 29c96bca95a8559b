"""How a process is brought into a run: by a checkpoint that is handed to it."""

import dataclasses
from pathlib import Path

import pytest
from test_checkpoint import small

from charrnn.cli import exit_codes
from charrnn.errors import FirstProcessError, PeerError, UsageError
from charrnn.runs.run import Run
from charrnn.training import handover
from charrnn.training.distributed import ALONE, Group
from charrnn.training.handover import Handover


@dataclasses.dataclass(frozen=True)
class Wire(Group):
    """What the first process says is kept, for another one to hear it later."""

    sent: list[bytes] = dataclasses.field(default_factory=list)

    def broadcast_bytes(self, data: bytes) -> bytes:
        if self.rank == 0:
            self.sent.append(data)
            return data
        return self.sent.pop(0)


@pytest.mark.parametrize("is_new", [True, False])
def test_the_others_are_told_the_run_and_all_that_is_in_its_checkpoint(is_new):
    first = Wire(0, 2)
    run = Run(Path("checkpoints/a"), "a")
    handover.announce(first, Handover(run, small(), is_new=is_new))
    received = handover.receive(Wire(1, 2, sent=first.sent))
    found = received.checkpoint
    assert received.is_new is is_new
    assert (received.run.folder, received.run.name) == (Path("checkpoints/a"), "a")
    assert found.header == small().header
    assert {name: array.tobytes() for name, array in found.arrays.items()} == {
        name: array.tobytes() for name, array in small().arrays.items()
    }


def test_as_many_teachers_are_received_as_were_sent():
    """Those of a finished run are not sent, although its configuration names them."""
    taught = small()
    config = dataclasses.replace(taught.train, teachers=("a", "b"))
    taught = dataclasses.replace(taught, train=config)
    for teachers in ([], [small(), small()]):
        first = Wire(0, 2)
        handover.announce(first, Handover(Run(Path("s")), taught, teachers))
        received = handover.receive(Wire(1, 2, sent=first.sent))
        assert len(received.teachers) == len(teachers)
        assert first.sent == []


def test_a_run_that_another_process_keeps_is_not_written_to(tmp_path):
    run = handover.RemoteRun(tmp_path / "a")
    run.clean_up(3)
    run.save(small())
    run.save_best(small())
    run.append_metrics({"step": 1})
    run.drop_metrics_after(0)
    assert not run.has_best()
    assert list(tmp_path.iterdir()) == []


def test_an_error_before_the_invitation_ends_the_others_without_a_word():
    first = Wire(0, 2)
    with pytest.raises(UsageError), handover.errors_announced(first):
        raise UsageError("no", "yes")
    with pytest.raises(FirstProcessError) as ended:
        handover.receive(Wire(1, 2, sent=first.sent))
    assert ended.value.kind == "UsageError"
    assert exit_codes.code_of(ended.value) == 2


def test_where_nobody_hears_nothing_is_said():
    first = Wire(0, 2)
    with pytest.raises(PeerError), handover.errors_announced(first):
        raise PeerError("gone", "wait")
    assert first.sent == []


def test_a_process_alone_keeps_what_it_has():
    made = small()
    assert handover.broadcast(ALONE, made) is made
    handover.announce(ALONE, Handover(Run(Path("a")), made))
