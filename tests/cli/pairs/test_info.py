"""What `info`, `runs`, `plot`, `history` and others say of a run of pairs."""

from pathlib import Path

import pytest

from charrnn.runs.root import Root


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


@pytest.mark.parametrize(
    ("command", "hint"),
    [
        ("sample", "use: charrnn translate --run p"),
        ("neurons", "neurons looks into runs of a text: name one"),
    ],
)
def test_commands_of_text_say_what_to_do_with_pairs(charrnn, pair_runs, command, hint):
    done = charrnn(command, "p")
    assert (done.code, done.out) == (2, "")
    assert done.err == f"charrnn: run p is a model of pairs; {hint}\n"


def test_verify_finds_all_in_order(charrnn, pair_runs):
    assert charrnn("verify", "p").code == 0
