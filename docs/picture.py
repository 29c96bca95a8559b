"""Draw a terminal as an SVG, for the README: text with ANSI colours in, picture out.

tmux capture-pane -e -p -S - | python docs/picture.py docs/training.svg "charrnn train"

Of training.svg the panels between the first and the last ones are left out.
"""

import io
import re
import sys
from pathlib import Path

from rich.console import Console
from rich.text import Text

path, title = sys.argv[1:]
lines = sys.stdin.read().rstrip().splitlines()
width = max(Text.from_ansi(line).cell_len for line in lines)
console = Console(record=True, width=width, file=io.StringIO(), force_terminal=True)
for line in lines:
    console.print(Text.from_ansi(line), soft_wrap=True)
drawing = console.export_svg(title=title)
drawing = re.sub(r"@font-face \{.*?\}", "", drawing, flags=re.S)  # no fonts from elsewhere
drawing = drawing.replace("<text ", '<text xml:space="preserve" ')  # leading spaces stay
Path(path).write_text(drawing.replace("Fira Code", "ui-monospace"), encoding="utf-8")
