"""`charrnn caption`: pictures in, captions out, in order."""

import io
import json
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from drawn import save_pictures
from test_captioner import WORDS, captioner

from charrnn.cli import inputs
from charrnn.generation.translation.captioner import Captioner
from charrnn.runs import checkpoint


@pytest.fixture
def made(monkeypatch):
    """The captioner of the run that every command uses."""
    return use(monkeypatch, captioner())


def use(monkeypatch, made):
    checkpoint = SimpleNamespace(task="caption")
    monkeypatch.setattr(inputs, "checkpoints_of", lambda runs, tasks: [checkpoint])
    monkeypatch.setattr(Captioner, "of", lambda checkpoints, name="": made)
    return made


@pytest.fixture
def pipe(monkeypatch):
    """Put text into standard input."""

    def put(text):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))

    return put


@pytest.fixture(autouse=True)
def paths():
    """Three pictures."""
    return [f"pictures/{name}" for name, _ in save_pictures(3)]


def texts(made, paths, **settings):
    return [made.caption(path, **settings)[0].text for path in paths]


def test_of_one_picture_the_caption_is_written(charrnn, made, paths):
    done = charrnn("caption", paths[0])
    assert (done.code, done.out) == (0, texts(made, paths)[0] + "\n")


def test_of_several_each_line_begins_with_the_path(charrnn, made, paths, pipe):
    expected = [f"{path}\t{text}" for path, text in zip(paths, texts(made, paths), strict=True)]
    assert charrnn("caption", *paths).out.splitlines() == expected
    pipe("\n".join(paths) + "\n\n")
    assert charrnn("caption", "-").out.splitlines() == expected
    pipe(paths[1] + "\n")
    assert charrnn("caption", paths[0], "-", paths[2]).out.splitlines() == expected


def test_a_beam_several_captions_and_draws(charrnn, made, paths):
    best = made.caption(paths[0], beam=4, num=2)
    done = charrnn("caption", paths[0], "--beam", 4, "--num", 2)
    assert done.out.splitlines() == [f"{one.score:.4f}\t{one.text}" for one in best]
    done = charrnn("caption", *paths[:2], "--num", 2, "--temp", 1, "--seed", 3)
    first, second = done.out.split("\n\n")
    assert [line.split("\t")[0] for line in first.splitlines()] == paths[:1] * 2
    assert second.startswith(paths[1])
    assert done.err == ""
    assert "repeat with --seed" in charrnn("caption", paths[0], "--temp", 1).err


def test_json_has_the_attention_of_each_word(charrnn, made, paths):
    lines = charrnn("caption", *paths, "--json").out.splitlines()
    for path, line in zip(paths, map(json.loads, lines), strict=True):
        (caption,) = made.caption(path, with_attention=True)
        assert (line["picture"], line["text"]) == (path, caption.text)
        assert line["complete"] == caption.is_complete
        for word, expected in zip(line["words"], caption.words(), strict=True):
            assert word["text"] == expected.text
            np.testing.assert_allclose(word["attention"], expected.attention_YX, atol=1e-4)


def test_attention_is_drawn_below_the_caption_and_to_a_file(charrnn, monkeypatch, paths):
    made = use(monkeypatch, captioner(vocab=WORDS))
    done = charrnn("caption", paths[0], "--attention", "--export", "where.svg", "--max-length", 3)
    assert done.code == 0
    (caption,) = made.caption(paths[0], max_length=3)
    words = caption.text.split()
    lines = done.out.splitlines()
    assert lines[0] == caption.text
    assert lines[1].split() == words
    assert "·" in lines[2]
    assert "wrote where.svg" in done.err
    svg = Path("where.svg").read_text()
    assert svg.count("<image") == 1 + len(words)
    assert f"0.png → {caption.text}" in svg


def test_on_a_terminal_each_character_is_written_as_it_comes(on_a_terminal, made, paths):
    shown = on_a_terminal("caption", paths[0], columns=200)
    assert shown.startswith(texts(made, paths)[0])
    shown = on_a_terminal("caption", *paths)
    assert all(path in shown for path in paths)


def test_a_caption_that_is_cut_off_is_told(charrnn, made, paths):
    done = charrnn("caption", paths[0], "--max-length", 1)
    assert len(done.out) == 2
    assert done.err == "charrnn: 1 caption without an end: cut off at the longest length\n"


@pytest.mark.parametrize(
    ("arguments", "code", "line"),
    [
        ((), 2, "there is no picture to describe; name one, or - to read paths from standard"),
        (("a.png", "--json", "--attention"), 2, "--json and --attention were both given; choose"),
        (("a.png", "b.png", "--export", "a.svg"), 2, "--export draws one caption; give it one"),
        (("a.png", "--num", 2, "--export", "a.svg"), 2, "--export draws one caption; give it one"),
        (("a.png", "--export", "a.gif"), 2, "a.gif cannot hold a picture; its name must end in"),
        (("a.png", "--beam", 2, "--temp", 1), 2, "--beam and --temp were both given; choose one"),
        (("none.png",), 3, "none.png: there is no such picture; put it there"),
        (("text",), 3, "text: not a picture in the format PNG, JPEG, GIF, WEBP, BMP, TIFF or PPM"),
        ((".",), 3, ".: not a file; name a picture"),
    ],
)
def test_a_mistake_costs_one_line(charrnn, made, arguments, code, line):
    Path("text").write_text("hello")
    done = charrnn("caption", *arguments)
    assert (done.code, done.out) == (code, "")
    assert done.err.startswith(f"charrnn: {line}")
    assert done.err.count("\n") == 1


def test_pictures_before_a_bad_one_are_answered(charrnn, made, paths, pipe):
    pipe(f"{paths[0]}\nnone.png\n{paths[1]}\n")
    done = charrnn("caption", "-")
    assert done.code == 3
    assert done.out == f"{paths[0]}\t{texts(made, paths)[0]}\n"
    assert done.err == "charrnn: none.png: there is no such picture; put it there\n"


def test_without_pillow_one_line_says_what_to_install(charrnn, made, paths, monkeypatch):
    monkeypatch.setitem(sys.modules, "PIL", None)
    done = charrnn("caption", paths[0])
    assert (done.code, done.out) == (2, "")
    assert done.err == "charrnn: pictures need Pillow; install it: pip install 'charrnn[images]'\n"


def test_captions_come_from_a_table_or_a_pipe_and_a_run_starts_from_another(charrnn, pipe):
    pairs, later = save_pictures(40), save_pictures(8, first=100)
    for name, of in (("train.csv", pairs), ("val.csv", later)):
        Path(name).write_text("file,words\n" + "".join(f"{p},{caption}\n" for p, caption in of))
    small = ("--images", "pictures", "--image-size", 8, "--batch-size", 4, "--steps", 2)
    columns = ("--source-column", "file", "--target-column", "words")
    table = ("train.csv", *columns, "--val", "val.csv", "--hidden-size", 8, "--run", "a")
    done = charrnn("train", *table, *small)
    assert done.code == 0, done.err
    header = checkpoint.read_header(Path("checkpoints/a/last.safetensors"))
    assert header.corpora["pairs"].num_val == 8
    pipe("".join(f"{path}\t{caption}\n" for path, caption in pairs))
    done = charrnn("train", "-", *small, "--run", "b", "--init-from", "a")
    assert done.code == 0, done.err
    assert charrnn("caption", f"pictures/{later[0][0]}", "--run", "b").code == 0
