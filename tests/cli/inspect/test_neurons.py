import json

import pytest
from conftest import SMALL


@pytest.fixture
def trained(charrnn_once, corpus):
    charrnn_once("train", corpus.name, *SMALL, "--steps", 5, "--run", "a")


def test_the_command_ranks_units_and_shows_one(charrnn, trained, tmp_path):
    shown = charrnn("neurons", "a", "--length", 300)
    assert shown.code == 0
    assert "24 units over 300 characters" in shown.out and "line-position" in shown.out
    assert "(hardly ever or nearly always on in this text): double-quotes" in shown.err
    best = json.loads(charrnn("neurons", "--feature", "vowel", "--json").out)["best"]["vowel"]
    assert len(best) == 10 and best[0]["score"] == abs(best[0]["correlation"])
    coloured = charrnn("neurons", "--unit", best[0]["unit"])
    assert f"activity of {best[0]['unit']}" in coloured.out
    assert "\x1b" not in shown.out + coloured.out
    (tmp_path / "text.txt").write_text("a ☃ stone")
    shown = charrnn("neurons", "--unit", 3, "--text", "text.txt", "--json", "--export", "a.html")
    assert json.loads(shown.out)["text"] == "a  stone"
    assert len(json.loads(shown.out)["values"]) == 8
    assert "1 character that the model does not know: left out" in shown.err
    assert "h0.3" in (tmp_path / "a.html").read_text()
    (tmp_path / "text.txt").write_text("☃")
    empty = charrnn("neurons", "--text", "text.txt")
    assert empty.code == 3 and "there is no character to read" in empty.err


@pytest.mark.parametrize(
    ("arguments", "code", "phrase"),
    [
        (("--feature", "rhyme"), 2, "--feature 'rhyme' is not known; choose one of double-quotes"),
        (
            ("--unit", "h9.9"),
            2,
            "--unit 'h9.9' is not a unit of this model; choose one from h0.0 to",
        ),
        (("--unit", "1", "--feature", "vowel"), 2, "choose one"),
        (("--export", "a.svg"), 2, "name it: --unit"),
        (("--unit", "1", "--export", "a.txt"), 2, "neither .html nor .svg"),
        (("--text", "missing.txt"), 2, "missing.txt cannot be read"),
    ],
)
def test_wrong_settings_cost_one_line(charrnn, trained, arguments, code, phrase):
    refused = charrnn("neurons", *arguments)
    assert (refused.code, refused.err.count("\n")) == (code, 1)
    assert phrase in refused.err
