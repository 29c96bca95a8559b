"""Each stumble has tests, here or in the fault matrix."""

import re
from pathlib import Path

from stumbles import STUMBLES


def test_every_stumble_has_a_test():
    here = Path(__file__).parent
    files = [*here.glob("test_*.py"), *here.parent.glob("faults/test_*.py")]
    named = {
        int(number)
        for path in files
        for number in re.findall(r"^@stumble\((\d+)\)", path.read_text(), re.M)
    }
    assert named == set(STUMBLES) == set(range(1, len(STUMBLES) + 1))
