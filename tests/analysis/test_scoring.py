import gzip
import io
import json
import lzma
import math
import sys
from collections import Counter

import numpy as np
import pytest
from conftest import SMALL, peak_memory, small_text

from charrnn import load
from charrnn.analysis import scoring
from charrnn.cli import inputs
from charrnn.data import records
from charrnn.data.batches import Text
from charrnn.data.vocab import code_points
from charrnn.models import evaluation, ngrams
from charrnn.models.network import Network
from charrnn.runs import checkpoint
from charrnn.runs.run import Run

QUICK = (*SMALL, "--steps", 30)


@pytest.fixture
def trained(charrnn_once, corpus):
    charrnn_once("train", corpus.name, *QUICK, "--test-fraction", 0.2, "--run", "a")


def score(charrnn, *arguments):
    return json.loads(charrnn("score", *arguments, "--json").out)


def test_a_file_scores_as_the_library_scores_its_text(charrnn, trained, tmp_path):
    text = "a stone is a stream\n" * 40
    (tmp_path / "text.txt").write_text(text)
    measured = score(charrnn, "text.txt")
    assert measured["nats_per_char"] == pytest.approx(load("a").score(text).nats_per_char, abs=1e-4)
    assert measured["bits_per_char"] == pytest.approx(measured["nats_per_char"] * 1.442695)
    assert measured["perplexity"] == pytest.approx(2.718281828 ** measured["nats_per_char"])
    assert measured["num_chars"] == len(text)


FIGURES = {
    "num_chars", "nats_per_char", "nats_per_char_reset", "nats_per_char_alone",
    "nats_per_char_ppm", "nats_per_char_mixed", "num_unknown", "num_bytes", "model_bytes",
    "gzip_bytes", "xz_bytes", "chars_per_second", "bits_per_char", "perplexity", "adapted",
}  # fmt: skip


def in_small_chunks(monkeypatch):
    """Reading breaks characters and line ends; scoring goes from chunk to chunk."""
    monkeypatch.setattr(inputs, "CHUNK_BYTES", 331)
    monkeypatch.setattr(scoring, "CHUNK_CHARS", 1024)


def network_and_ids(tmp_path, text):
    """The torch network of run a, and the ids of a text, after a newline."""
    measured = checkpoint.read(Run(tmp_path / "checkpoints/a").best).without_training_state()
    network = Network(
        measured.model, len(measured.vocab), ngrams.keys_in(measured.arrays, longest=4)
    )
    network.load(measured.group("weights"))
    return network, measured.vocab.ids_of(code_points("\n" + text))


def test_a_file_in_chunks_scores_what_training_measures_on_the_whole(
    charrnn, trained, tmp_path, monkeypatch
):
    text = load("a").known(small_text(7000, seed=1))
    (tmp_path / "text.txt").write_bytes(("\ufeff" + text.replace("\n", "☃\r\n")).encode())
    adapted = score(charrnn, "text.txt", "--adapt")
    in_small_chunks(monkeypatch)
    measured = score(charrnn, "text.txt")
    network, ids = network_and_ids(tmp_path, text)
    whole = Text(ids, 1, len(ids))
    assert measured.keys() == FIGURES
    assert measured["num_chars"] == len(text)
    assert measured["num_unknown"] == text.count("\n")
    assert measured["nats_per_char"] == pytest.approx(
        evaluation.validation_loss(network, whole), abs=1e-4
    )
    reset = evaluation.validation_loss_reset(network, whole)
    assert measured["nats_per_char_reset"] == pytest.approx(reset, abs=1e-4)
    again = score(charrnn, "text.txt", "--adapt")
    assert again["nats_per_char"] == adapted["nats_per_char"] < measured["nats_per_char"]


MIXED = ("nats_per_char_alone", "nats_per_char_ppm", "nats_per_char_mixed")


@pytest.mark.parametrize("what", [("text.txt",), ("--split", "test")])
def test_a_mixture_stands_beside_who_predicts_alone(charrnn, trained, tmp_path, what):
    (tmp_path / "text.txt").write_text(load("a").known(small_text(3000, seed=1)))
    alone, adapted = score(charrnn, *what), score(charrnn, *what, "--adapt")
    assert [alone[name] for name in MIXED] == [adapted[name] for name in MIXED] == [None] * 3
    mixed = score(charrnn, *what, "--mix", "ppm")
    both = score(charrnn, *what, "--mix", "ppm", "--adapt")
    assert mixed.keys() == both.keys() == FIGURES
    for each in (mixed, both):
        assert each["num_chars"] == alone["num_chars"]
        assert each["nats_per_char_alone"] == pytest.approx(alone["nats_per_char"], abs=1e-6)
        assert each["nats_per_char_mixed"] < each["nats_per_char"]
        assert each["nats_per_char_mixed"] < each["nats_per_char_ppm"] + 0.1  # so short a text
        num_bits = each["nats_per_char_mixed"] * each["num_chars"] / math.log(2)
        assert each["model_bytes"] == math.ceil(num_bits / 8)
    assert mixed["nats_per_char"] == pytest.approx(mixed["nats_per_char_alone"])
    assert both["nats_per_char"] == pytest.approx(adapted["nats_per_char"])
    assert mixed["nats_per_char_ppm"] == pytest.approx(both["nats_per_char_ppm"])


def test_a_mixture_is_told_line_by_line(charrnn, trained):
    figures = score(charrnn, "--mix", "ppm", "--adapt")
    shown = charrnn("score", "--mix", "ppm", "--adapt").out.splitlines()
    told = [
        ("nats_per_char_alone", f" per character over {figures['num_chars']:,} characters,"
         " the model alone"),
        ("nats_per_char", ", the model, learning while it reads"),
        ("nats_per_char_ppm", ", PPM-D alone"),
        ("nats_per_char_mixed", ", the model and PPM-D mixed"),
    ]  # fmt: skip
    assert shown[:4] == [
        f"{figures[name]:.4f} nats ({figures[name] / math.log(2):.3f} bits){what}"
        for name, what in told
    ]
    assert shown[4].startswith(f"compressed with the mixture: {figures['model_bytes']:,} bytes (")
    without = charrnn("score", "--mix", "ppm").out.splitlines()
    assert [line.split("), ")[-1] for line in without[1:3]] == [
        "PPM-D alone",
        "the model and PPM-D mixed",
    ]


def test_ppm_has_counted_the_training_text_where_it_is_there(charrnn, trained, corpus):
    """The end of the training split is what PPM knows by heart, and only if it could read it."""
    corpus.with_name("seen.txt").write_text(corpus.read_text()[1000:4000])
    with_counts = score(charrnn, "seen.txt", "--mix", "ppm")
    charrnn("copy", "a", "voice.safetensors")
    without = charrnn("score", "seen.txt", "--run", "voice.safetensors", "--mix", "ppm", "--json")
    assert without.code == 0
    assert without.err.count("\n") == 1
    assert without.err.endswith(": PPM begins without counts\n")
    measured = json.loads(without.out)
    assert with_counts["nats_per_char_ppm"] < measured["nats_per_char_ppm"] - 0.1
    assert with_counts["nats_per_char"] == measured["nats_per_char"]


@pytest.mark.parametrize("kind", ["lines", "blank"])
def test_records_in_chunks_score_what_training_measures_on_the_whole(
    charrnn, corpus, tmp_path, monkeypatch, kind
):
    end = records.RECORD_END[kind]
    text = small_text(6000).replace("\n", end)
    corpus.write_text(text)
    charrnn("train", corpus, *QUICK, "--records", kind, "--run", "a")
    one_each = [each for each in text.split(end) if each]
    network, ids = network_and_ids(tmp_path, end.join(one_each) + end)
    starts = np.cumsum([1, *(len(each) + len(end) for each in one_each)])
    expected = evaluation.evaluate_records(network, ids, starts)
    in_small_chunks(monkeypatch)
    measured = score(charrnn, corpus)
    assert measured["num_chars"] == len(ids) - 1
    assert measured["nats_per_char"] == pytest.approx(expected, abs=1e-4)
    assert load("a").score(text.strip() + end).nats_per_char == pytest.approx(expected, abs=1e-4)


def test_gzip_and_xz_are_measured_on_the_same_text(charrnn, trained, tmp_path):
    text = load("a").known(small_text(4000, seed=1))[:3000]
    (tmp_path / "text.txt").write_text(text)
    measured = score(charrnn, "text.txt")
    assert measured["num_bytes"] == 3000
    assert measured["model_bytes"] == math.ceil(measured["bits_per_char"] * 3000 / 8)
    assert measured["gzip_bytes"] == pytest.approx(len(gzip.compress(text.encode())), abs=20)
    assert measured["xz_bytes"] == pytest.approx(len(lzma.compress(text.encode())), abs=8)
    shown = charrnn("score", "text.txt").out
    assert f"compressed: {measured['model_bytes']:,} bytes (gzip " in shown
    assert f"{measured['gzip_bytes']:,}, xz {measured['xz_bytes']:,}; original 3,000)\n" in shown
    assert "characters per second" in shown


def lines_of(result):
    return [json.loads(line) for line in result.out.splitlines()]


@pytest.mark.parametrize("flags", [(), ("--lines",), ("--bytes",)])
def test_each_line_scores_as_it_would_alone(charrnn, corpus, tmp_path, monkeypatch, flags):
    corpus.write_text(small_text().replace("a", "ä"))
    charrnn("train", corpus, *QUICK, *flags, "--run", "a")
    lines = ["Ärst nät", "", "a☃b", *small_text(3000, seed=2).split("\n"), "m" * 700, "end"]
    (tmp_path / "text.txt").write_text("\n".join(lines))
    in_small_chunks(monkeypatch)
    measured = lines_of(charrnn("score", "--per-line", "text.txt"))
    assert [each["line"] for each in measured] == list(range(1, len(lines) + 1))
    assert [each["text"] for each in measured] == lines
    model = load("a")
    for each, line in zip(measured, lines, strict=True):
        nats = model.surprise(line + "\n")
        assert each["num_chars"] == len(nats)
        assert each["nats"] == pytest.approx(nats.sum(), abs=1e-3)
        assert each["bits_per_char"] == pytest.approx(nats.mean() / math.log(2), abs=1e-4)
        assert each["num_unknown"] == len(model.spelled(line)) + 1 - len(nats)


def test_lines_for_a_model_without_a_newline(charrnn, corpus, tmp_path):
    corpus.write_text(small_text().replace("\n", ""))
    charrnn("train", corpus, *QUICK, "--run", "a")
    (tmp_path / "text.txt").write_text("a nose\n\n☃\na nose\n")
    measured = lines_of(charrnn("score", "--per-line", "text.txt"))
    assert [each["num_chars"] for each in measured] == [6, 0, 0, 6]
    assert [each["bits_per_char"] is None for each in measured] == [False, True, True, False]
    assert measured[0]["nats"] == pytest.approx(load("a").surprise("a nose").sum(), abs=1e-4)
    assert measured[0]["nats"] == pytest.approx(measured[3]["nats"], abs=1e-6)


@pytest.fixture
def two_networks(charrnn_once, corpus):
    small = ("--steps", 30, "--threads", 1, "--test-fraction", 0.2)
    charrnn_once("train", corpus.name, *SMALL, *small, "--cell", "gru", "--run", "a")
    charrnn_once("train", corpus.name, *SMALL, *small, "--ngrams", 2, "--seed", 5, "--run", "b")


def test_several_runs_score_as_their_mean_probability(charrnn, two_networks, tmp_path):
    lines = small_text(1500, seed=1)
    (tmp_path / "text.txt").write_text(lines)
    both, alone = ("--run", "a", "--run", "b"), [load(name) for name in "ab"]
    probabilities = np.mean([np.exp(-model.surprise(lines)) for model in alone], 0)
    expected = -np.log(probabilities).mean()
    measured = score(charrnn, *both, "text.txt")
    assert measured["nats_per_char"] == pytest.approx(expected, abs=1e-4)
    figures = [score(charrnn, "--run", name, "text.txt") for name in "ab"]
    for loss in ("nats_per_char", "nats_per_char_reset"):
        assert measured[loss] < np.mean([each[loss] for each in figures])
    each_line = lines_of(charrnn("score", *both, "--per-line", "text.txt"))
    model = load(["a", "b"])
    assert each_line[3]["nats"] == pytest.approx(
        model.surprise(each_line[3]["text"] + "\n").sum(), abs=1e-3
    )
    shown = charrnn("score", *both, "text.txt", "--heatmap").out.splitlines()[0]
    assert shown == f"{expected / math.log(2):.3f} bits per character"
    twice = score(charrnn, "--run", "a", "--run", "a", "text.txt")
    assert twice["nats_per_char"] == pytest.approx(figures[0]["nats_per_char"], abs=1e-6)


def test_several_runs_are_mixed_as_one(charrnn, two_networks):
    both = ("--run", "a", "--run", "b")
    mixed, plain = score(charrnn, *both, "--mix", "ppm"), score(charrnn, *both)
    assert mixed["nats_per_char_alone"] == pytest.approx(plain["nats_per_char"], abs=1e-6)
    assert mixed["nats_per_char_mixed"] < plain["nats_per_char"]


def test_several_runs_learn_from_a_text_each_by_itself(charrnn, two_networks):
    both = ("--run", "a", "--run", "b")
    adapted, plain = score(charrnn, *both, "--adapt", "--mix", "ppm"), score(charrnn, *both)
    alone = [score(charrnn, "--run", name, "--adapt")["nats_per_char"] for name in "ab"]
    assert adapted["nats_per_char_alone"] == pytest.approx(plain["nats_per_char"], abs=1e-6)
    assert adapted["nats_per_char"] < np.mean(alone)
    assert adapted["nats_per_char"] != pytest.approx(plain["nats_per_char"], abs=1e-4)
    assert score(charrnn, *both, "--adapt")["nats_per_char"] == adapted["nats_per_char"]


def test_several_runs_share_their_validation_split_or_need_a_file(charrnn, two_networks, corpus):
    both = ("--run", "a", "--run", "b")
    measured = score(charrnn, *both)
    assert measured["nats_per_char"] < np.mean(
        [score(charrnn, "--run", name)["nats_per_char"] for name in "ab"]
    )
    text = corpus.read_text()
    corpus.write_text(text[:3000] + text)
    charrnn("train", corpus, *QUICK, "--run", "c")
    result = charrnn("score", *both, "--run", "c")
    assert (result.code, result.out) == (2, "")
    assert "runs a and c do not have the same validation text; give a file to score\n" in result.err
    assert score(charrnn, *both, "--run", "c", corpus)["num_chars"] == 9000


def test_a_limit_that_leaves_out_nothing_is_no_other_split(charrnn, corpus):
    limits = {"a": 0, "b": 999_999, "c": 100}
    for name, limit in limits.items():
        charrnn("train", corpus, *QUICK, "--run", name, "--max-val-chars", limit)
    assert charrnn("score", "--run", "a", "--run", "b").code == 0
    assert "same validation text" in charrnn("score", "--run", "a", "--run", "c").err


def test_records_that_were_split_by_another_seed_are_not_shared(charrnn, corpus):
    lines = ("train", corpus, *QUICK, "--lines", "--run")
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        charrnn(*lines, name, "--seed", seed)
    assert charrnn("score", "--run", "a", "--run", "b").code == 0
    assert (
        "do not have the same validation text" in charrnn("score", "--run", "a", "--run", "c").err
    )


def test_a_text_can_come_through_a_pipe(charrnn, trained, tmp_path, monkeypatch):
    text = "a stone is a stream\n" * 9
    (tmp_path / "text.txt").write_text(text)

    def piped(*more):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
        return charrnn("score", "-", *more)

    expected = score(charrnn, "text.txt")["nats_per_char"]
    assert json.loads(piped("--json").out)["nats_per_char"] == expected
    assert len(lines_of(piped("--per-line"))) == 9
    assert "\na stone is a stream↵\n" in piped("--heatmap").out


def test_a_heatmap_shows_the_text_and_its_mean(charrnn, trained, tmp_path):
    (tmp_path / "text.txt").write_text("a [stone] is\x1b\n")
    drawn = charrnn("score", "text.txt", "--heatmap", "--export", "map.svg")
    lines = drawn.out.splitlines()
    bits = load("a").score("a stone is\n").nats_per_char / math.log(2)
    assert lines[0] == f"{bits:.3f} bits per character"
    assert lines[2] == "a stone is↵"
    assert "\x1b" not in drawn.out
    assert "3 characters that the model does not know: left out" in drawn.err
    assert "wrote map.svg" in drawn.err
    assert (tmp_path / "map.svg").read_text().startswith("<svg")
    only = charrnn("score", "text.txt", "--export", "map.html")
    assert (only.code, only.out) == (0, "")


def test_a_model_of_bytes_counts_bytes_and_its_heatmap_shows_characters(charrnn, corpus, tmp_path):
    corpus.write_text(small_text().replace("a", "ä"))
    charrnn("train", corpus, *QUICK, "--bytes", "--run", "a")
    (tmp_path / "text.txt").write_bytes("är".encode() + b"\xa4")
    shown = charrnn("score", "text.txt").out
    assert " per byte over 4 bytes," in shown
    assert "characters" not in shown
    assert (
        charrnn("score", "text.txt", "--heatmap").out.splitlines()[2]
        == "är\N{REPLACEMENT CHARACTER}"
    )


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_memory_does_not_grow_with_the_file(charrnn, trained, tmp_path):
    """32 MB more of text take less than 20 MB more of memory, which differs by some 10 MB from call
    to call. (With less than 13 MB of text xz has not filled its dictionary and its window.)
    """
    text, peaks = small_text(1_000_000).encode(), []
    for num_megabytes in (16, 48):
        with (tmp_path / "large.txt").open("wb") as file:
            for _ in range(num_megabytes):
                file.write(text)
        peaks.append(peak_memory("score", "large.txt"))
    assert peaks[1] < peaks[0] + 20_000_000


def test_without_a_file_the_runs_validation_split_is_scored(charrnn, trained):
    facts = json.loads(charrnn("info", "a", "--json").out)
    measured = score(charrnn)
    assert measured["nats_per_char"] == pytest.approx(facts["val_loss"], abs=1e-6)
    assert measured["nats_per_char_reset"] == pytest.approx(facts["val_loss_reset"], abs=1e-6)


def test_the_test_split_differs_from_the_validation_split(charrnn, trained, corpus):
    test, val = score(charrnn, "--split", "test"), score(charrnn)
    assert test["num_chars"] == pytest.approx(2 * val["num_chars"], abs=2)
    assert test["nats_per_char"] != val["nats_per_char"]


def test_adapting_is_shown_and_measured(charrnn, trained):
    assert "state carried" in charrnn("score", "--run", "a").out
    adapted = charrnn("score", "--adapt")
    assert "learning while it reads" in adapted.out
    assert "reset" not in adapted.out
    assert score(charrnn, "--adapt")["adapted"] is True


def test_unknown_characters_are_left_out_and_counted(charrnn, trained, tmp_path):
    (tmp_path / "text.txt").write_text("a ☃ stone ☃")
    measured = score(charrnn, "text.txt")
    assert (measured["num_unknown"], measured["num_chars"]) == (2, 9)
    assert (measured["model_bytes"], measured["gzip_bytes"]) == (None, None)  # of which text?
    shown = charrnn("score", "text.txt")
    assert "2 characters that the model does not know: left out" in shown.err
    assert "compressed:" not in shown.out


def test_what_is_read_as_the_unknown_symbol_is_counted(charrnn, corpus, tmp_path):
    text = small_text()
    kept = {character for character, _ in Counter(text).most_common(9)}
    rare = sum(character not in kept for character in text)
    charrnn("train", corpus, *QUICK, "--max-vocab", 10, "--run", "a")
    (tmp_path / "text.txt").write_text(text)
    measured = score(charrnn, "text.txt")
    assert (measured["num_unknown"], measured["num_chars"]) == (rare, len(text))
    assert measured["model_bytes"] is None
    lines = charrnn("score", "text.txt", "--per-line").out.splitlines()
    in_lines = sum(character not in kept for character in text.replace("\n", ""))
    assert sum(json.loads(line)["num_unknown"] for line in lines) == in_lines
    shown = charrnn("score", "text.txt")
    assert f"{rare:,} characters that the model does not know: read as its unknown" in shown.err
    split = score(charrnn)
    assert split["num_unknown"] > 0
    assert split["num_bytes"] is split["xz_bytes"] is None


@pytest.mark.parametrize(
    ("arguments", "code", "phrase"),
    [
        (("--split", "train"), 2, "--split 'train' is not known; choose val or test"),
        (("missing.txt",), 2, "missing.txt cannot be read"),
        (("missing.txt", "--per-line"), 2, "missing.txt cannot be read"),
        (
            ("latin.txt",),
            2,
            "latin.txt is not utf-8: byte 1; it may be cp1252: try --encoding cp1252",
        ),
        (("latin.txt", "--per-line"), 2, "latin.txt is not utf-8: byte 1"),
        (("latin.txt", "--heatmap"), 2, "not utf-8: byte 1"),
        (("snow.txt", "--heatmap"), 3, "there is no character to read"),
        (("latin.txt", "--export", "a.png"), 2, "a.png is neither .html nor .svg"),
        (("latin.txt", "--adapt", "--per-line"), 2, "--adapt and --per-line were both given"),
        (("latin.txt", "--mix", "ppm", "--heatmap"), 2, "--mix and --heatmap were both given"),
        (("--mix", "lstm"), 2, "--mix 'lstm' is not known; choose ppm"),
        (("latin.txt", "--heatmap", "--json"), 2, "--json and --heatmap were both given"),
        (("latin.txt", "--split", "val"), 2, "--split and FILE were both given"),
        (("--per-line",), 2, "there is no text to look at; name a FILE, or - for standard input"),
        (("large.txt", "--heatmap"), 2, "more than the 100,000 characters that a heatmap can show"),
        (("snow.txt",), 3, "there is no character to score"),
    ],
)
def test_what_cannot_be_scored_is_one_line(charrnn, trained, tmp_path, arguments, code, phrase):
    (tmp_path / "snow.txt").write_text("☃")
    (tmp_path / "latin.txt").write_bytes(b"a\xe4b")
    (tmp_path / "large.txt").write_bytes(b"a" * 100_001)
    refused = charrnn("score", *arguments)
    assert refused.code == code
    assert phrase in refused.err


def test_a_run_without_a_test_split_says_so(charrnn, corpus):
    charrnn("train", corpus, *QUICK, "--run", "a")
    refused = charrnn("score", "--split", "test")
    assert refused.code == 3
    assert "train with --test-fraction" in refused.err
