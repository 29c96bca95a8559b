"""`charrnn score` of a run of pairs: agreement with given targets."""

import io
import json
import re
import shutil
import sys
from pathlib import Path

import pytest
from conftest import SMALL_PAIRS

from charrnn.analysis import pair_scores
from charrnn.analysis.pair_scores import Pair, PairScore, scored_pairs
from charrnn.generation.translation.translator import Translator
from charrnn.runs.root import Root

TEST = ["aex\tx e a", "bfy\ty f b", "dhz\tz h"]


@pytest.fixture
def pairs(pair_runs):
    """Make the run p, and a file of pairs."""
    shutil.rmtree("checkpoints/plain")
    Path("test.tsv").write_text("".join(f"{line}\n" for line in TEST))


@pytest.fixture
def stdin(monkeypatch):
    """Put bytes into standard input."""

    def put(data):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))

    return put


def expected(lines=TEST, **settings):
    translator = Translator.of([Root(Path("checkpoints")).best_checkpoint("p")[0]])
    rows = [Pair(k, *line.split("\t")) for k, line in enumerate(lines, 1)]
    return list(scored_pairs(translator, rows, **settings))


@pytest.mark.usefixtures("pairs")
class TestFiles:
    def test_a_file_has_loss_and_error_rates(self, charrnn):
        total = PairScore.of(expected())
        done = charrnn("score", "test.tsv", "--json")
        assert done.code == 0
        assert json.loads(done.out) == {**total.figures(), "beam": 1}
        shown = charrnn("score", "test.tsv")
        for line in (
            "pairs               3",
            "translated          greedily",
            f"loss                {total.nats_per_symbol:.4f} nats per symbol",
            f"exact match         {100 * total.exact_match:.2f} %",
            f"word error rate     {100 * total.word_error_rate:.2f} %",
            f"symbol error rate   {100 * total.symbol_error_rate:.2f} %",
        ):
            assert line in shown.out

    def test_a_beam_may_be_wider(self, charrnn):
        total = PairScore.of(expected(beam=3))
        facts = json.loads(charrnn("score", "test.tsv", "--beam", 3, "--json").out)
        assert facts == {**total.figures(), "beam": 3}
        assert "with a beam of 3" in charrnn("score", "test.tsv", "--beam", 3).out

    def test_standard_input_and_parallel_files_are_read_as_well(self, charrnn, stdin):
        asked = json.loads(charrnn("score", "test.tsv", "--json").out)
        sides = zip(*(line.split("\t") for line in TEST), strict=True)
        for name, lines in zip(("sources", "targets"), sides, strict=True):
            Path(name).write_text("\n".join(lines) + "\n")
        parallel = ("--source", "sources", "--target", "targets")
        assert json.loads(charrnn("score", *parallel, "--json").out) == asked
        stdin(Path("test.tsv").read_bytes())
        assert json.loads(charrnn("score", "-", "--json").out) == asked

    def test_the_worst_pairs_come_first(self, charrnn):
        every = pair_scores.worst_first(expected())
        facts = [
            json.loads(line)
            for line in charrnn("score", "test.tsv", "--per-line", "--json").out.splitlines()
        ]
        assert facts == [each.figures() for each in every]
        shown = charrnn("score", "test.tsv", "--per-line")
        assert [line.split()[1] for line in shown.out.splitlines()[3:-1]] == [
            each.pair.source for each in every
        ]
        assert shown.err == ""

    def test_only_some_of_many_pairs_are_shown(self, charrnn, on_a_terminal):
        shown = charrnn("score", "pairs.tsv", "--per-line")
        assert len(shown.out.splitlines()) == 20 + 4
        assert "20 of 48 pairs shown; --json prints all of them" in shown.err
        narrow = on_a_terminal("score", "pairs.tsv", "--per-line", columns=40)
        assert max(map(len, narrow.split("\r\n")[2:-2])) <= 40

    def test_sentences_stand_one_below_the_other(self, charrnn, on_a_terminal, monkeypatch):
        monkeypatch.setattr(pair_scores, "are_sentences", lambda pairs: True)
        worst = pair_scores.worst_first(expected())[0]
        first = charrnn("score", "test.tsv", "--per-line").out.split("number ")[1]
        assert first.splitlines()[1:] == [
            f"  | {worst.pair.source}",
            f"  | → {worst.translation}".rstrip(),
            f"  | ({worst.pair.reference})",
        ]
        narrow = on_a_terminal("score", "test.tsv", "--per-line", columns=40)
        lines = re.sub(r"\x1b\[[\d;]*m|.*\r(?!\n)", "", narrow).split("\r\n")
        assert f"({worst.pair.reference})" in narrow
        assert max(map(len, lines)) <= 40

    def test_several_runs_are_averaged(self, charrnn, charrnn_once):
        alone = json.loads(charrnn("score", "test.tsv", "--json").out)
        twice = json.loads(charrnn("score", "test.tsv", "--run", "p", "--run", "p", "--json").out)
        assert twice["nats_per_symbol"] == pytest.approx(alone["nats_per_symbol"])

    def test_bad_lines_are_named(self, charrnn):
        Path("bad.tsv").write_text("aex\tx e a\nno tab\n")
        done = charrnn("score", "bad.tsv")
        assert (done.code, done.out) == (3, "")
        assert "bad.tsv, line 2: no tab between a source and a target" in done.err
        Path("empty.tsv").touch()
        assert "there is no pair to score; give a file with pairs" in (
            charrnn("score", "empty.tsv").err
        )

    def test_unknown_symbols_of_targets_are_counted(self, charrnn):
        Path("odd.tsv").write_text("aex\tx e ? !\naex\tx e ?\n")
        told = charrnn("score", "odd.tsv").err
        assert "3 symbols of the targets that the model never saw: left out of the loss" in told
        assert "left out of the loss" not in charrnn("score", "test.tsv").err

    def test_sources_with_unknown_symbols_are_counted(self, charrnn):
        Path("odd.tsv").write_text("aeß\tx e a\nßß\tx\naex\tx e a\n")
        assert (
            "2 sources with symbols that the model never saw: read as unknown"
            in charrnn("score", "odd.tsv").err
        )


@pytest.mark.usefixtures("pairs")
def test_a_source_that_is_too_long_is_named_by_its_line(charrnn, monkeypatch):
    monkeypatch.setattr("charrnn.generation.translation.translator.MAX_SOURCE", 9)
    Path("more.tsv").write_text("ab\ta\n\n" + "c" * 10 + "\tc\n")
    done = charrnn("score", "test.tsv", "more.tsv")
    assert (done.code, done.out) == (2, "")
    told = "charrnn: more.tsv, line 3: a text of 10 symbols is too long to translate; at most 9 are"
    assert told in done.err
    monkeypatch.setattr("charrnn.generation.translation.translator.MAX_SOURCE", 2)
    assert re.search(r"pair \d+: a text of \d symbols is too long", charrnn("score").err)


def test_a_run_of_one_source_says_why_it_has_no_split_to_score(charrnn, tmp_path):
    (tmp_path / "one.tsv").write_text("".join(f"one\tx{n}\n" for n in range(30)))
    assert charrnn("train", "one.tsv", "--pairs", *SMALL_PAIRS, "--steps", 1).code == 0
    done = charrnn("score")
    assert (done.code, done.err) == (
        3,
        "charrnn: the run has no val split: too many of its pairs have the same source; give it a"
        " file instead, or train with --val-fraction\n",
    )


@pytest.mark.usefixtures("pairs")
@pytest.mark.parametrize("split", ["val", "test"])
def test_a_split_of_the_runs_own_pairs_is_scored(charrnn, split):
    facts = json.loads(charrnn("score", "--split", split, "--json").out)
    assert 4 <= facts["num_pairs"] <= 16
    if split == "val":
        best = Root(Path("checkpoints")).find("p").best_metrics()
        assert facts["word_error_rate"] == pytest.approx(best["val_word_error_rate"])
        assert facts["nats_per_symbol"] == pytest.approx(best["val_loss"], abs=1e-4)


@pytest.mark.usefixtures("pairs")
@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["test.tsv", "--adapt"], "--adapt does nothing with a model of pairs; leave it out"),
        (["test.tsv", "--heatmap"], "--heatmap does nothing with a model of pairs; leave it out"),
        (["--source", "test.tsv"], "--source and --target belong together"),
        (["test.tsv", "--split", "val"], "--split and FILE were both given; choose one"),
        (["test.tsv", "--source", "a", "--target", "b"], "FILE and --source were both given"),
    ],
    ids=str,
)
def test_what_says_nothing_of_pairs_is_refused(charrnn, arguments, told):
    done = charrnn("score", *arguments)
    assert (done.code, done.out) == (2, "")
    assert told in done.err


@pytest.mark.usefixtures("pairs")
def test_without_sacrebleu_there_is_a_line_how_to_get_it(charrnn, monkeypatch):
    """Only where targets are sentences: here each is one word."""
    monkeypatch.setattr(pair_scores, "has_sacrebleu", lambda: False)
    assert charrnn("score", "test.tsv").err == ""
    monkeypatch.setattr(pair_scores, "are_sentences", lambda pairs: True)
    assert "install sacrebleu: pip install 'charrnn[translate]'" in charrnn("score", "test.tsv").err
    monkeypatch.undo()


def test_an_ensemble_scores_a_split_that_none_of_its_members_learned(charrnn, pair_runs):
    both = ("--run", "p", "--run", "plain")
    assert charrnn("score", *both).code == 0
    alike = ("--target-symbols", "spaces", *SMALL_PAIRS, "--steps", 2, "--quiet")
    charrnn("train", "pairs.tsv", "--pairs", *alike, "--seed", 2, "--run", "other")
    refused = charrnn("score", "--run", "p", "--run", "other")
    assert (refused.code, refused.out) == (2, "")
    assert "runs p and other do not have the same val split; give a file to score" in refused.err
    assert charrnn("score", "pairs.tsv", "--run", "p", "--run", "other").code == 0
