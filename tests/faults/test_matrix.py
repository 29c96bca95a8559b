"""The table is whole: each row has tests that name it."""

import re
from pathlib import Path

from matrix import ROWS


def test_every_row_has_a_test():
    files = Path(__file__).parent.glob("test_*.py")
    named = {
        int(number)
        for path in files
        for number in re.findall(r"^@row\((\d+)\)", path.read_text(), re.M)
    }
    assert named == set(ROWS) == set(range(1, 36))
