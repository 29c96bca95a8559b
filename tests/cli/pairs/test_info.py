"""What `info`, `runs`, `plot`, `history` and others say of a run of pairs."""

import json
from pathlib import Path

import pytest

from charrnn.runs.root import Root


def test_info_has_both_vocabularies_the_error_rates_and_examples(charrnn, pair_runs):
    facts = json.loads(charrnn("info", "p", "--json").out)
    assert facts["corpus"] == "pairs.tsv"
    assert (facts["num_pairs"], facts["num_skipped"]) == (48, 0)
    assert (facts["source_vocab_size"], facts["source_vocab"]) == (11, "abcdefghxyz")
    assert (facts["target_vocab_size"], facts["target_vocab"]) == (11, "a b c d e f g h x y z")
    assert (facts["attention"], facts["target_symbols"]) == ("dot", "spaces")
    best = Root(Path("checkpoints")).find("p").best_metrics()
    for name in ("val_word_error_rate", "val_symbol_error_rate", "val_loss"):
        assert facts[name] == best[name]
    assert facts["step"] == facts["steps"] == 40
    assert not {"seq_length", "source_column", "val_loss_reset"} & facts.keys()


def test_info_shows_examples_of_what_the_best_checkpoint_makes(charrnn, pair_runs):
    shown = charrnn("info", "p").out
    assert "target vocab            a b c d e f g h x y z" in shown
    examples = [line for line in shown.splitlines() if " → " in line]
    assert len(examples) == 3
    for line in examples:
        source, _, rest = line.partition(" → ")
        text = charrnn("translate", "--run", "p", source).out.rstrip("\n")
        assert rest in (text, f"{text}  ({' '.join(reversed(source))})")


def test_without_its_pairs_info_shows_no_example(charrnn, pair_runs):
    Path("pairs.tsv").unlink()
    for copy in Path("checkpoints/.corpora").glob("*"):
        copy.unlink()
    shown = charrnn("info", "p")
    assert shown.code == 0
    assert " → " not in shown.out
    assert "charrnn: no example: " in shown.err


def test_runs_lists_pairs_with_their_word_error_rate(charrnn, pair_runs):
    best = Root(Path("checkpoints")).find("p").best_metrics()["val_word_error_rate"]
    shown = charrnn("runs").out
    assert f"{100 * best:.2f} % WER" in shown
    assert "pairs.tsv" in shown


def test_plot_draws_loss_and_errors(charrnn, pair_runs):
    shown = charrnn("plot", "p").out
    assert "loss of p\nnats per symbol\n" in shown
    assert "validation errors of p\n% of the targets' words or symbols\n" in shown
    done = charrnn("plot", "p", "plain", "--export", "a.svg")
    assert done.err == "charrnn: wrote a-loss.svg\ncharrnn: wrote a-errors.svg\n"
    (data,) = json.loads(charrnn("plot", "p", "--json").out)
    assert data["error_rates"]["word_error_rate"]["steps"] == [20, 40]


def test_history_shows_translations(charrnn, pair_runs):
    shown = charrnn("history", "p").out
    assert " → " in shown
    every = json.loads(charrnn("history", "p", "--json").out)
    rates = {one["step"]: one["val_word_error_rate"] for one in every}
    assert [step for step, rate in rates.items() if rate is not None] == [20, 40]
    assert f"word errors {100 * rates[40]:.1f} %\n" in shown


@pytest.mark.parametrize("command", [("sample", "p"), ("neurons", "p")])
def test_commands_of_text_name_the_command_of_pairs(charrnn, pair_runs, command):
    done = charrnn(*command)
    assert (done.code, done.out) == (2, "")
    assert done.err == ("charrnn: run p is a model of pairs; use: charrnn translate --run p\n")


def test_verify_finds_all_in_order(charrnn, pair_runs):
    assert charrnn("verify", "p").code == 0
