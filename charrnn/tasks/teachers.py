"""Runs that teach a new one: whether they can, what is kept of them, and how the same ones are
found again when it goes on.

A run keeps the names of its teachers, and the digests of their weights, by which it knows whether
they have changed. Their best checkpoints teach, as they speak. Imports no torch.
"""

import os
from collections.abc import Sequence
from itertools import zip_longest
from pathlib import Path
from typing import Any

from charrnn.config import TrainConfig
from charrnn.errors import CheckpointError, SettingError, TeacherError
from charrnn.generation.ensemble import Voice, difference
from charrnn.runs import task_names
from charrnn.runs.checkpoint import Checkpoint
from charrnn.runs.header import CheckpointHeader
from charrnn.runs.root import Root
from charrnn.runs.run import Run
from charrnn.tasks.task import Vocabs


def require_alike(
    names: Sequence[str], teachers: Sequence[Checkpoint], vocabs: Vocabs, data: Any
) -> None:
    """Raise `SettingError` unless the teachers read and write as a new run does, which has these
    vocabularies and this configuration of its data.
    """
    own = Voice("the text", task_names.LANGUAGE_MODEL, vocabs, data)
    for name, teacher in zip(names, teachers, strict=True):
        if differs := difference(Voice.of(teacher, name), own):
            raise SettingError(
                f"teachers {name} cannot teach this text: {differs}",
                "name runs of the same corpus",
                "teachers",
            )


def who_knows_validation(
    names: Sequence[str], teachers: Sequence[Checkpoint], student: CheckpointHeader
) -> list[str]:
    """Return the teachers that learned from text which the student validates on, as far as that is
    known: of the same corpus, split in another way.
    """
    pairs = zip(names, teachers, strict=True)
    return [name for name, teacher in pairs if _knows_validation(teacher, student)]


def _knows_validation(teacher: CheckpointHeader, student: CheckpointHeader) -> bool:
    one, other = teacher.corpus, student.corpus
    if one.sha256 != other.sha256:
        return False
    if one.val_names or other.val_names:
        return len(one.val_names) != len(other.val_names)
    has_other_order = teacher.train.seed != student.train.seed and student.data.records != "none"
    num_learned, num_own = (each.data.num_train(one.num_chars) for each in (teacher, student))
    has_more: bool = num_learned > num_own
    return num_own < one.num_chars and (has_other_order or has_more)


def settings_of(names: Sequence[str], teachers: Sequence[Checkpoint], root: Root) -> dict[str, Any]:
    """Return what a new run keeps of its teachers, as settings of training."""
    if not teachers:
        return {}
    return {
        "teachers": tuple(_lasting_name(name, root) for name in names),
        "teacher_sha256": tuple(teacher.weights_sha256() for teacher in teachers),
    }


def _lasting_name(name: str, root: Root) -> str:
    """Return the name of a run that will be beside the new one, of any other the whole path."""
    path = os.path.abspath(root.find(name).folder if root.has(name) else name)
    parent, base = os.path.split(path)
    is_beside = parent == os.path.abspath(root.for_new_runs) and os.path.isdir(path)
    return base if is_beside else path


def found_again(run: Run, config: TrainConfig) -> list[Checkpoint]:
    """Return the teachers of a run that goes on.

    Raises `TeacherError` for one that is missing or damaged, or has other weights now.
    """
    root = Root(Path(os.path.abspath(run.folder)).parent)
    recorded = zip_longest(config.teachers, config.teacher_sha256, fillvalue="")
    return [_found(name, sha256, run, root) for name, sha256 in recorded]


def _found(name: str, sha256: str, run: Run, root: Root) -> Checkpoint:
    try:
        teacher, _ = root.best_checkpoint(name)
    except CheckpointError as error:
        raise _lost(run, f"its teacher {name}: {error.message}") from error
    if teacher.weights_sha256() != sha256:
        raise _lost(run, f"its teacher {name} as it was, which has other weights now")
    return teacher


def _lost(run: Run, what: str) -> TeacherError:
    return TeacherError(
        f"to go on, the run {run.name!r} needs {what}",
        "put it back; or init_from starts a new run with the weights so far",
        "init_from",
    )
