"""The command `export`: a run as one file, for a browser or for another program."""

from contextlib import closing

from charrnn.cli.console.progress import PassingBar
from charrnn.cli.console.streams import note
from charrnn.cli.flags import share as flags
from charrnn.errors import UsageError


def export(
    file: flags.File,
    runs: flags.Runs = None,
    weights: flags.Weights = None,
) -> None:
    """Write a run as one file that speaks without charrnn; the ending of the file says how.

    voice.html is a page for any browser: it needs no network, and nothing that is typed leaves the
    browser.

    voice.onnx is one step of the network, for programs that run ONNX.
    """
    if runs and len(runs) > 1:
        raise UsageError("export takes one run", "export each to a file of its own")
    from charrnn.cli import inputs
    from charrnn.cli.console.figures import size
    from charrnn.export import formats

    formats.require_format(file)
    checkpoint = inputs.checkpoint_of(runs[0] if runs else None, tasks=())
    with closing(PassingBar("measuring the loss")) as bar:
        exported = formats.export(checkpoint, file, weights=weights, progress=bar.so_far)
    note(f"wrote {exported.path} ({size(exported.num_bytes)})")
    for sentence in exported.sentences:
        note(sentence)
