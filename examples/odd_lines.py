"""Which lines of a file surprise a model most? For log lines, names, passwords, typing errors.

    charrnn train access.log
    python examples/odd_lines.py today.log

Lines are ranked by bits per character, not by their probability as a whole: that would only find
the longest lines.
"""

import sys
from pathlib import Path

import charrnn

model = charrnn.load()
lines = [line for line in Path(sys.argv[1]).read_text().splitlines() if line]
scores = {line: model.score(line).bits_per_char for line in lines}
for line in sorted(scores, key=scores.__getitem__, reverse=True)[:10]:
    print(f"{scores[line]:6.2f}  {line}")
