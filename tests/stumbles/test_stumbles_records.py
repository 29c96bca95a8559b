"""Records and validation splits."""

import dataclasses
import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from conftest import QUICK, SMALL, metrics, run_of, signal_at, small_text
from stumbles import stumble

from charrnn._text import Reporter
from charrnn.data.reload import reload_text
from charrnn.runs import checkpoint
from charrnn.runs.migrations import FORMAT

DATA = Path(__file__).parents[1] / "golden"


def text_of(tmp_path, name="a"):
    found = checkpoint.read(run_of(tmp_path, name).last)
    return found.vocab, reload_text(found.corpus_reference, keep_corpus=False, reporter=Reporter())


def records_of(tmp_path, name="a"):
    """Return the records of a run in the order of training."""
    vocab, text = text_of(tmp_path, name)
    return [vocab.decode(text.ids[a:b]) for a, b in zip(text.starts, text.starts[1:], strict=False)]


def split_of(tmp_path, split, name="a"):
    vocab, text = text_of(tmp_path, name)
    return vocab.decode(text.ids[slice(*text.part(split))])


def folder_of(texts, name="folder"):
    folder = Path(name)
    folder.mkdir()
    for k, text in enumerate(texts):
        (folder / f"{k:03}.txt").write_bytes(text.encode())
    return folder


def tune(k):
    return f"X:{k}\nK:C\n{'abc' * (k % 5)} {k}|"


@stumble(4)
@pytest.mark.parametrize("end", ["", "\n", "\n\n\n"])
@pytest.mark.parametrize("flags", [(), ("--bytes",)], ids=["text", "bytes"])
def test_a_folder_with_a_record_in_each_file_is_a_list_of_records(charrnn, tmp_path, end, flags):
    folder_of([tune(k) + end for k in range(40)])
    made = charrnn("train", "folder", "--records", "blank", *flags, *QUICK, "--run", "a")
    assert (made.code, "40 records" in made.err) == (0, True), made.err
    assert sorted(records_of(tmp_path)) == sorted(f"{tune(k)}\n\n" for k in range(40))


@stumble(5)
@pytest.mark.parametrize("kind", ["blank", "lines"])
@pytest.mark.parametrize("flags", [(), ("--bytes",)], ids=["text", "bytes"])
def test_records_of_neighbouring_files_do_not_merge(charrnn, tmp_path, kind, flags):
    between = "\n\n" if kind == "blank" else "\n"
    pairs = [f"name {2 * k}{between}name {2 * k + 1}" for k in range(40)]
    folder_of(pairs)
    made = charrnn("train", "folder", "--records", kind, *flags, *QUICK, "--run", "a")
    assert "80 records" in made.err
    assert sorted(records_of(tmp_path)) == sorted(f"name {k}{between}" for k in range(80))
    assert json.loads(charrnn("score", "--json").out)["num_chars"] > 0
    by_file = json.loads(charrnn("score", *sorted(Path("folder").iterdir()), "--json").out)
    assert by_file["num_chars"] == len(between.join(pairs) + between)


@stumble(6)
def test_a_line_of_white_space_is_a_blank_line(charrnn, tmp_path):
    tunes = [tune(k) for k in range(40)]
    Path("tunes").write_text("".join(f"{t}\n{white}\n" for t, white in zip(tunes, [" ", "\t  ", "", "\u3000"] * 10)))  # noqa: B905, E501  # fmt: skip
    made = charrnn("train", "tunes", "--records", "blank", *QUICK, "--run", "a")
    assert "40 records" in made.err
    assert sorted(records_of(tmp_path)) == sorted(f"{t}\n\n" for t in tunes)
    by_file = json.loads(charrnn("score", "tunes", "--json").out)
    assert by_file["num_chars"] == sum(len(t) + 2 for t in tunes)


@stumble(7)
def test_a_line_of_white_space_is_no_record_and_a_record_keeps_its_own(charrnn, tmp_path):
    names = [f"{' ' * (k % 3)}name {k}{' ' * (k % 2)}" for k in range(60)]
    Path("names").write_text("".join(f"{name}\n   \n\t\n" for name in names))
    made = charrnn("train", "names", "--lines", *QUICK, "--run", "a")
    assert "60 records" in made.err
    assert sorted(records_of(tmp_path)) == sorted(f"{name}\n" for name in names)


@stumble(28)
def test_blank_lines_of_crlf_files_are_blank_as_bytes_too(charrnn, tmp_path):
    text = "".join(f"X:{k}\r\nabc {k}|\r\n\r\n" for k in range(40))
    Path("tunes").write_bytes(text.encode())
    made = charrnn("train", "tunes", "--records", "blank", "--bytes", *QUICK, "--run", "a")
    assert "40 records" in made.err
    assert sorted(records_of(tmp_path)) == sorted(f"X:{k}\r\nabc {k}|\r\n\n" for k in range(40))


@stumble(19)
@pytest.mark.parametrize("order", ["long first", "short first"])
def test_validation_holds_a_part_of_every_file(charrnn, tmp_path, order):
    letters, digits = small_text(), "".join(f"{k * 7919 % 10000:04} " for k in range(300))
    folder_of([letters, digits] if order == "long first" else [digits, letters])
    made = charrnn("train", "folder", *QUICK, "--run", "a", "--test-fraction", 0.1)
    assert re.search("validation split: 7.. characters, a part of each of the 2 files\n", made.err)
    for split in ("val", "test"):
        part = split_of(tmp_path, split)
        share = sum(c.isdigit() for c in part) / sum(c.isdigit() for c in digits)
        assert share == pytest.approx(0.1, abs=0.02)
    best = checkpoint.read(run_of(tmp_path).best)
    scored = json.loads(charrnn("score", "--json").out)
    assert scored["nats_per_char"] == pytest.approx(best.metrics["val_loss"], abs=1e-6)
    assert json.loads(charrnn("score", "--split", "test", "--json").out)["num_chars"] == len(part)


@stumble(19)
def test_a_run_of_several_files_resumes_to_the_bit_from_its_encoded_copy(charrnn, tmp_path):
    folder_of([small_text(3000), small_text(2000, seed=1)])
    assert charrnn("train", "folder", *QUICK, "--run", "a").code == 0
    with pytest.MonkeyPatch.context() as patch:
        signal_at(patch, 7, 15)
        assert charrnn("train", "folder", *QUICK, "--run", "b").code == 143
    shutil.rmtree("folder")
    assert charrnn("resume", "b", "--sample-every", 0).code == 0
    assert metrics(run_of(tmp_path)) == metrics(run_of(tmp_path, "b"))


@stumble(19)
def test_files_with_other_borders_are_another_corpus(charrnn):
    """The text is the same, but a file ends elsewhere."""
    folder_of([small_text(3000), small_text(2000, seed=1)])
    charrnn("train", "folder", *QUICK, "--run", "a")
    texts = [path.read_text() for path in sorted(Path("folder").iterdir())]
    cut = texts[1].index("\n") + 1
    Path("folder/000.txt").write_text(texts[0] + "\n" * (texts[0][-1] != "\n") + texts[1][:cut])
    Path("folder/001.txt").write_text(texts[1][cut:])
    refused = charrnn("resume", "a", "--steps", 30)
    assert refused.code == 3
    assert "has changed since the run began" in refused.err


@stumble(19)
def test_a_run_of_an_older_format_keeps_its_split_to_the_bit(charrnn, tmp_path):
    """In older formats two files were one text, and so they stay for a run of that format."""
    folder_of([small_text(3000)[:-1] + "\n", small_text(2000, seed=1)])
    whole = "".join(path.read_text() for path in sorted(Path("folder").iterdir()))
    Path("one.txt").write_text(whole)
    charrnn("train", "one.txt", *QUICK, "--run", "a")
    with pytest.MonkeyPatch.context() as patch:
        signal_at(patch, 7, 15)
        charrnn("train", "one.txt", *QUICK, "--run", "b")
    last = run_of(tmp_path, "b").last
    found = checkpoint.read(last)
    facts = dataclasses.replace(found.corpus, names=("folder",), files_sha256="")
    checkpoint.write(last, dataclasses.replace(found, corpora={"text": facts}))
    Path("one.txt").unlink()
    assert charrnn("resume", "b", "--sample-every", 0).code == 0
    assert metrics(run_of(tmp_path)) == metrics(run_of(tmp_path, "b"))
    assert split_of(tmp_path, "val", "b") == whole[-500:]


@stumble(19)
def test_records_of_an_older_format_stay_the_same(charrnn, tmp_path):
    """In older formats a line of white space was a record."""
    Path("names").write_text("".join(f"name {k}\n \n" for k in range(30)))
    charrnn("train", "names", "--lines", *QUICK, "--run", "a")
    assert len(records_of(tmp_path)) == 30
    last = run_of(tmp_path).last
    found = checkpoint.read(last)
    facts = dataclasses.replace(found.corpus, files_sha256="")
    checkpoint.write(last, dataclasses.replace(found, corpora={"text": facts}))
    assert sorted(records_of(tmp_path)) == sorted([f"name {k}\n" for k in range(30)] + [" \n"] * 30)


@stumble(19)
@pytest.mark.parametrize("number", range(1, FORMAT + 1))
def test_a_run_of_each_format_scores_its_own_split(charrnn, tmp_path, number):
    run = run_of(tmp_path)
    run.folder.mkdir(parents=True)
    shutil.copy(DATA / f"golden-format-{number}.safetensors", run.best)
    Path("wheel.txt").write_text("the wheel turns and the wheel returns; " * 40)
    scored = json.loads(charrnn("score", "--json").out)
    assert scored["num_chars"] == 156
    assert scored["nats_per_char"] == pytest.approx(
        checkpoint.read(run.best).metrics["val_loss"], abs=1e-6
    )


@stumble(19)
@pytest.mark.parametrize("kind", ["none", "lines"])
def test_a_validation_text_can_be_a_file_of_its_own(charrnn, tmp_path, kind):
    Path("own.txt").write_text(small_text(3000))
    own = small_text(900, seed=5)
    Path("val.txt").write_text(own)
    flags = ("--records", kind, "--val", "val.txt", "--test-fraction", 0.1, *QUICK)
    made = charrnn("train", "own.txt", *flags, "--run", "a")
    assert made.code == 0, made.err
    val = split_of(tmp_path, "val")
    assert re.match(r"own: (\d+ records, )?3,0\d\d characters, ", made.err)
    assert f"validation split: {len(val):,} characters of val.txt\n" in made.err
    assert sorted(val.split("\n")) == sorted((own + "\n" * (kind == "lines")).split("\n"))
    rest = split_of(tmp_path, "train") + split_of(tmp_path, "test")
    assert (
        sorted(filter(None, rest.split("\n")))
        == pytest.approx(sorted(filter(None, small_text(3000).split("\n"))))
        or kind == "none"
    )
    with pytest.MonkeyPatch.context() as patch:
        signal_at(patch, 7, 15)
        charrnn("train", "own.txt", *flags, "--run", "b")
    assert charrnn("resume", "b", "--sample-every", 0).code == 0
    assert metrics(run_of(tmp_path)) == metrics(run_of(tmp_path, "b"))
    short = charrnn("train", "own.txt", *flags, "--max-val-chars", 300, "--run", "c")
    assert short.code == 0
    assert 0 < len(split_of(tmp_path, "val", "c")) <= 300
    both = charrnn("train", "own.txt", "--val", "val.txt", "--val-fraction", 0.2, *SMALL)
    assert both.err == "charrnn: --val and --val-fraction were both given; choose one\n"
    twice = charrnn("train", "-", "--val", "-", *SMALL)
    assert twice.err == "charrnn: standard input (-) was named twice; name it once\n"


@stumble(57)
def test_a_file_that_is_named_twice_is_noted(charrnn, corpus):
    folder_of([small_text(3000)])
    made = charrnn("train", corpus, "folder", "folder/000.txt", *QUICK, "--quiet")
    assert "named twice, and so counted twice: folder/000.txt\n" in made.err
    made = charrnn("train", corpus, "--val", "corpus.txt", *QUICK, "--quiet")
    assert made.err.endswith(
        "used for both training and validation: corpus.txt; the validation loss will be that of a"
        " text that the model knows\n"
    )
    assert "named twice" not in charrnn("train", corpus, *QUICK).err


def test_the_shape_of_an_arranged_text_on_disk(charrnn, tmp_path):
    """A single file is not copied; borders of files are not stored for an older run."""
    Path("one.txt").write_text(small_text())
    charrnn("train", "one.txt", *QUICK, "--run", "a")
    assert len(list(Path("checkpoints/.corpora").glob("*.npy"))) == 1
    assert not list(Path("checkpoints/.corpora").glob("files-*"))
    vocab, text = text_of(tmp_path)
    assert vocab.decode(text.ids) == small_text()
    assert np.diff([text.num_train, len(text.ids)]).tolist() == [600]
