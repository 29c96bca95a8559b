"""`score` and `info` of a run of captions."""

import json
from pathlib import Path

import pytest
from conftest import SMALL_PAIRS
from drawn import save_captions, save_pictures

import charrnn as library
from charrnn.data.pairs.error_rates import total_edits

TRAIN = (
    "train", "captions.tsv", "--images", "pictures", "--image-size", 8, *SMALL_PAIRS,
    "--steps", 60, "--eval-every", 30, "--threads", 1, "--lr", 0.02, "--test-fraction", 0.1,
    "--run", "p",
)  # fmt: skip


@pytest.fixture(autouse=True)
def pairs(charrnn_once):
    made = save_pictures(80)
    save_captions(made)
    charrnn_once(*TRAIN)
    return made


def test_a_file_is_scored_as_the_captioner_describes_its_pictures(charrnn, pairs):
    pytest.importorskip("sacrebleu")  # its lock needs fcntl, unless this is Windows indeed
    save_captions(pairs[:20], "some.tsv")
    figures = json.loads(charrnn("score", "some.tsv", "--json").out)
    captioner = library.load("p", task="caption")
    paths = [f"pictures/{name}" for name, _ in pairs[:20]]
    made = [best.text for (best,) in captioner.caption_many(paths)]
    edits = total_edits(
        zip(made, [caption for _, caption in pairs[:20]], strict=True), captioner.target
    )
    assert (figures["num_pairs"], figures["beam"]) == (20, 1)
    assert figures["word_error_rate"] == edits.word_error_rate
    assert figures["exact_match"] == edits.exact_match
    losses = list(captioner.losses(paths, [caption for _, caption in pairs[:20]]))
    nats = sum(loss.nats for loss in losses) / sum(loss.num_symbols for loss in losses)
    assert figures["nats_per_symbol"] == pytest.approx(nats, rel=1e-5)


@pytest.mark.parametrize("split", ["val", "test"])
def test_a_split_is_scored_whether_the_pictures_are_there_or_not(charrnn, split):
    pytest.importorskip("sacrebleu")  # its lock needs fcntl, unless this is Windows indeed
    there = charrnn("score", "--split", split)
    assert there.code == 0, there.err
    assert "captions" in there.out and "described" in there.out
    Path("pictures").rename("elsewhere")
    assert charrnn("score", "--split", split).out == there.out


def test_pictures_may_be_in_another_folder(charrnn):
    expected = charrnn("score", "captions.tsv", "--json").out
    Path("pictures").rename("elsewhere")
    assert charrnn("score", "captions.tsv", "--images", "elsewhere", "--json").out == expected
    done = charrnn("score", "captions.tsv")
    assert (done.code, done.out) == (3, "")
    assert done.err == "charrnn: there is no folder of pictures 'pictures'; name it with --images\n"


def test_the_worst_captions_are_shown_with_their_pictures(charrnn):
    done = charrnn("score", "captions.tsv", "--per-line")
    assert done.code == 0
    assert ".png" in done.out and "→" in done.out
    rows = charrnn("score", "captions.tsv", "--per-line", "--json").out.splitlines()
    rates = [json.loads(row)["symbol_error_rate"] for row in rows]
    assert rates == sorted(rates, reverse=True) and len(rates) == 80


@pytest.mark.parametrize(
    ("arguments", "code", "line"),
    [
        (("bad.tsv",), 3, "bad.tsv, line 2: there is no such picture (none.png); mend it: a file"),
        (("empty.tsv",), 3, "there is no caption to score; give a file with captions"),
        (("--adapt",), 2, "--adapt does nothing with a model of captions; leave it out"),
        (("--confusion",), 2, "--confusion does nothing with a model of captions; leave it out"),
    ],
)
def test_a_mistake_costs_one_line(charrnn, pairs, arguments, code, line):
    save_captions([pairs[0], ("none.png", "a spot")], "bad.tsv")
    Path("empty.tsv").touch()
    done = charrnn("score", *arguments)
    assert (done.code, done.out) == (code, "")
    assert done.err.startswith(f"charrnn: {line}")


def test_a_full_disk_for_what_is_put_aside_costs_one_line(charrnn, monkeypatch):
    def refused(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("charrnn.data.pairs.reading.spool.np.save", refused)
    done = charrnn("score", "captions.tsv")
    assert (done.code, done.out, done.err.count("\n")) == (6, "", 1)
    assert done.err.startswith("charrnn: cannot write in /")
    assert done.err.endswith(": No space left on device; make room there, or set TMPDIR\n")


def test_info_shows_captions_pictures_and_examples(charrnn):
    done = charrnn("info", "p")
    assert done.code == 0
    assert "captions" in done.out and "image size" in done.out and "images" in done.out
    assert "source vocab" not in done.out
    assert ".png → " in done.out


def test_plot_history_and_runs_show_it(charrnn):
    for command in (("plot", "p"), ("history", "p"), ("runs",)):
        done = charrnn(*command)
        assert done.code == 0 and done.out


@pytest.mark.parametrize("command", ["translate x", "classify x", "sample -p x", "predict x"])
def test_another_command_names_the_one_for_captions(charrnn, command):
    done = charrnn(*command.split(), "--run", "p")
    assert (done.code, done.out) == (2, "")
    assert "run p is a model of captions; use: charrnn caption --run p" in done.err


def test_the_library_trains_and_describes(pairs):
    run = library.train(
        "captions.tsv", images="pictures", image_size=8, name="q", steps=20, hidden_size=12,
        embedding_size=8, batch_size=4, threads=1, eval_every=10,
    )  # fmt: skip
    (caption,) = run.model().caption("pictures/0.png", with_attention=True)
    assert isinstance(run.model(), library.Captioner)
    assert caption.text and caption.picture().words == [word.text for word in caption.words()]
