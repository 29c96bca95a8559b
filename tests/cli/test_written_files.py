"""Commands that write a file which a person names: what was written before is written again, and
what somebody else wrote stays.
"""

import sys
from pathlib import Path

import pytest

OF_TEXT = [
    *(("plot", "a", "--export", f"chart{ending}") for ending in (".svg", ".png", ".pdf")),
    *(("score", "corpus.txt", "--export", f"heat{ending}") for ending in (".svg", ".html")),
    ("export", "voice.html", "--run", "a"),
    ("export", "voice.onnx", "--run", "a"),
    ("copy", "a", "voice.safetensors"),
]
OF_PAIRS = [
    ("translate", "aln", "--run", "p", "--export", f"where{ending}")
    for ending in (".svg", ".html", ".png", ".pdf")
]


@pytest.mark.parametrize("command", [*OF_TEXT, *OF_PAIRS], ids=lambda c: f"{c[0]} {c[-1]}")
def test_a_file_is_written_again_and_no_other_file_is_lost(charrnn, request, command):
    request.getfixturevalue("pair_runs" if command in OF_PAIRS else "trained")
    for package in ("matplotlib", "onnx"):
        pytest.importorskip(package)
    (path,) = (Path(word) for word in command if "." in word and word != "corpus.txt")
    assert charrnn(*command).code == 0
    written = path.read_bytes()
    assert charrnn(*command).code == 0
    assert path.read_bytes() == written
    path.write_bytes(b"mine")
    refused = charrnn(*command)
    assert refused.code == 2
    assert f"{path} is there, and was not written by charrnn" in refused.err
    assert path.read_bytes() == b"mine"


@pytest.mark.parametrize(
    ("name", "code", "told"),
    [
        ("none/far.svg", 6, "cannot write none/far-reach.svg: No such file or directory; name"),
        ("far.svg", 2, "charts as files need matplotlib; type: pip install"),
    ],
)
def test_what_cannot_be_written_is_told_before_a_long_wait(
    charrnn, trained, monkeypatch, name, code, told
):
    monkeypatch.setattr("charrnn.analysis.context.look_back", lambda *_, **__: pytest.fail("waits"))
    if code == 2:
        monkeypatch.setitem(sys.modules, "matplotlib", None)
    refused = charrnn("memory", "a", "--export", name)
    assert (refused.code, refused.out, refused.err.count("\n")) == (code, "", 1)
    assert told in refused.err


def test_of_several_pictures_none_is_written_where_one_cannot_be(charrnn, trained):
    pytest.importorskip("matplotlib")
    Path("far-context.svg").write_text("mine")
    refused = charrnn("memory", "a", "--export", "far.svg")
    assert (refused.code, refused.err.count("\n")) == (2, 1)  # before anything is measured
    assert not Path("far-reach.svg").exists()
    assert Path("far-context.svg").read_text() == "mine"
