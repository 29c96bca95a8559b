"""The command `copy`: a checkpoint to hand over."""

from charrnn._text import in_a_shell
from charrnn.cli.console.streams import note
from charrnn.cli.flags import runs as flags


def copy(old: flags.Copied, new: flags.CopiedTo) -> None:
    """Copy a model to hand it over: weights and vocabulary, nothing about its text or training.

    The copy is the best checkpoint. It is used like a run (charrnn sample FILE.safetensors), but
    cannot be resumed.
    """
    from charrnn.cli import inputs
    from charrnn.cli.console.figures import size
    from charrnn.runs.speaking_part import hand_over

    checkpoint = inputs.checkpoint_of(old, tasks=())
    path = hand_over(checkpoint, new, inputs.root())
    note(f"wrote {path}, {size(path.stat().st_size)}: weights and vocabulary alone")
    note(f"try it: {checkpoint.schema.command} {in_a_shell(new)}")
