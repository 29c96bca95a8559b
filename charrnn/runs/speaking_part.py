"""A checkpoint to hand over: what it takes to speak, and nothing about the text or the training.

Kept are the weights, the constants of the task, the vocabularies, what the network is, and how a
text is read and written. Left out are the state of the training, its settings and metrics, the
machine, and the names and the digest of the corpus. docs/checkpoint-format.md says what stands in
their place.
"""

import dataclasses
import os
from pathlib import Path

from charrnn import _exported
from charrnn.config import RuntimeConfig, TrainConfig
from charrnn.data.corpus import NAMES_IN_A_RUN
from charrnn.errors import CheckpointError, UsageError
from charrnn.runs import checkpoint
from charrnn.runs.checkpoint import SUFFIX, Checkpoint
from charrnn.runs.header import Position
from charrnn.runs.root import Root
from charrnn.runs.run import Run
from charrnn.runs.run_facts import OF_SPLITS

_OF_FILES = {"column", "source_column", "target_column", "images"}


def speaking_part(whole: Checkpoint) -> Checkpoint:
    """Return the part of a checkpoint that speaks. It cannot be trained on, nor compared with its
    corpus.
    """
    left_out = _OF_FILES.union(OF_SPLITS)
    settings = whole.data.to_json().items()
    header = dataclasses.replace(
        whole.header,
        data=type(whole.data).among({k: value for k, value in settings if k not in left_out}),
        train=TrainConfig(),
        runtime=RuntimeConfig(),
        corpora={name: facts.left_out() for name, facts in whole.corpora.items()},
        position=Position(),
        metrics={},
        path=None,
    )
    return Checkpoint.of(header, whole.without_training_state().arrays)


def hand_over(whole: Checkpoint, to: str, root: Root) -> Path:
    """Write the part of a checkpoint that speaks, whole or not at all; return the path of the file.

    `to` is a FILE.safetensors, which replaces such a part of any checkpoint, or the name of a new
    run. Raises `UsageError` for a name that is in use or not valid, `StorageError` where the disk
    refuses.
    """
    part = speaking_part(whole)
    if not to.endswith(SUFFIX):
        return root.create_with(part, to).best
    path = Path(to)
    is_of_a_run = os.path.exists(path) or Run(path.parent).checkpoints
    if path.name in NAMES_IN_A_RUN and is_of_a_run:
        raise UsageError(f"{to} is a checkpoint of a run", "name another file")
    _exported.require_replaceable(path, _is_handed_over)
    _exported.replace(path, checkpoint.to_bytes(part))
    return path


def _is_handed_over(path: Path) -> bool:
    try:
        return checkpoint.read_header(path).speaks_only
    except CheckpointError:
        return False
