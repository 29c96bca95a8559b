"""The fault matrix is complete, and the list of mistakes fits the code."""

import re
from pathlib import Path

import mutations
import pytest
from matrix import ROWS
from mutations import MISTAKES, Mistake, mutated


def test_every_row_has_a_test():
    files = Path(__file__).parents[1].rglob("test_*.py")
    named = {
        int(number)
        for path in files
        for number in re.findall(r"^@row\((\d+)\)", path.read_text(), re.M)
    }
    assert named == set(ROWS) == set(range(1, 47))


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.what)
def test_every_mistake_still_fits_the_code(mistake):
    assert mutated(mistake)
    file, _, name = mistake.test.partition("::")
    name = name.partition("[")[0]
    assert f"def {name}" in (Path(__file__).parent / file).read_text()


MODULE = """
class Box:
    def grow(self, by):
        self.size += by  # a comment
        self.size += by
        return (self.size
                + 1)
"""


@pytest.fixture
def in_module(tmp_path, monkeypatch):
    """Return a function that makes a mistake in `MODULE`."""
    (tmp_path / "charrnn").mkdir()
    (tmp_path / "charrnn/box.py").write_text(MODULE)
    monkeypatch.setattr(mutations, "ROOT", tmp_path)
    return lambda *edit: mutated(Mistake("what", *edit, "a test"))


def test_a_mistake_is_made_whatever_the_layout_and_changes_nothing_else(in_module):
    assert "return self.size - 1" in in_module("box:Box.grow", "self.size+1", "self.size - 1")
    dropped = in_module("box:Box.grow", "return self.size + 1", "")
    assert dropped.count("self.size += by") == 2
    assert "return" not in dropped


@pytest.mark.parametrize(
    ("edit", "line"),
    [
        (("box:Box.shrink", "self.size + 1", "0"), "what: box has no Box.shrink"),
        (("box:Box.grow", "self.size + 2", "0"), "holds this nowhere: self.size [+] 2"),
        (("box:Box.grow", "self.size += by", ""), "holds this twice or more: self.size"),
    ],
)
def test_a_mistake_that_does_not_fit_once_says_so(in_module, edit, line):
    with pytest.raises(SystemExit, match=line):
        in_module(*edit)
