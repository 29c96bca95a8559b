"""The table is whole: each row has tests that name it."""

import re
from pathlib import Path

import pytest
from matrix import ROWS
from mutations import MISTAKES, mutated


def test_every_row_has_a_test():
    here = Path(__file__).parent
    files = [*here.glob("test_*.py"), *here.parent.glob("stumbles/test_*.py")]
    named = {
        int(number)
        for path in files
        for number in re.findall(r"^@row\((\d+)\)", path.read_text(), re.M)
    }
    assert named == set(ROWS) == set(range(1, 42))


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.what)
def test_every_mistake_still_fits_the_code(mistake):
    assert mutated(mistake)
    file, _, name = mistake.test.partition("::")
    name = name.partition("[")[0]
    assert f"def {name}" in (Path(__file__).parent / file).read_text()
