"""Models to compare with, each started in the folder benchmarks/: of pairs (`python -m rivals`, see
`__main__.py`), of labels and of texts in step (`python -m rivals.NAME`), of a server.
"""

from pathlib import Path

MARKS = (0.1, 0.2, 0.4, 0.6, 0.8, 1.0)  # where curves are measured, shares of the time


def tab_separated(path: Path) -> list[tuple[str, str]]:
    """Return the lines of a file, each what stands before and after its tab."""
    lines = path.read_text("utf-8").rstrip("\n").split("\n")
    return [(first, second) for first, second in (line.split("\t") for line in lines)]
