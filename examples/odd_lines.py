"""Which lines of a file surprise a model most? For log lines, names, passwords, typing errors.

    charrnn train access.log
    python examples/odd_lines.py today.log

Lines are ranked by nats per character, not by their probability as a whole: that would only find
the longest lines.
"""

import sys
from pathlib import Path

from charrnn import load

model = load()
lines = [line for line in Path(sys.argv[1]).read_text().splitlines() if line]
for line in sorted(lines, key=model.score, reverse=True)[:10]:
    print(f"{model.score(line):6.2f}  {line}")
