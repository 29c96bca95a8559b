"""Which characters a model has, and how short a text may be."""

import json
from pathlib import Path

import pytest
from conftest import QUICK, small_text
from stumbles import stumble

from charrnn.runs import checkpoint

MANY = "".join(chr(0x4E00 + 7 * k % 900) for k in range(6000))


def vocab_of(name):
    return checkpoint.read_header(Path("checkpoints", name, "last.safetensors")).vocab


@stumble(17)
def test_fine_tuning_keeps_to_max_vocab(charrnn, trained):
    Path("other.txt").write_text(small_text(4000, seed=3) + MANY[:1500])
    flags = ("--init-from", "a", "--max-vocab", 60, *QUICK[4:], "--run", "b")
    made = charrnn("train", "other.txt", *flags)
    assert made.code == 0, made.err
    assert len(vocab_of("b")) == 60
    assert vocab_of("b").code_points[: len(vocab_of("a"))] == vocab_of("a").code_points
    assert (
        "of the text) became one unknown symbol, never generated: the vocabulary is limited to 60\n"
        in made.err
    )
    again = charrnn("train", "other.txt", "--init-from", "b", *flags[2:-1], "c")
    assert (again.code, vocab_of("c")) == (0, vocab_of("b"))


@stumble(18)
@pytest.mark.parametrize("flags", [(), ("--init-from", "a")], ids=["new", "init-from"])
def test_a_text_that_would_become_one_unknown_symbol_is_refused(charrnn, trained, flags):
    Path("zh.txt").write_text(MANY)
    refused = charrnn("train", "zh.txt", "--max-vocab", 40, *flags, "--run", "b")
    assert refused.code == 3
    assert refused.err.startswith("charrnn: 9")
    assert (
        " % of the text would become one unknown symbol: the vocabulary has 40 characters, the"
        in (refused.err)
    )
    assert refused.err.endswith("; raise --max-vocab, or use --bytes\n")
    assert not Path("checkpoints/b").exists()


@stumble(35)
@pytest.mark.parametrize("text", ["ab", "hello world\n", "a line of text\n" * 10])
def test_a_text_of_a_few_characters_is_refused_unless_allow_short_is_given(charrnn, text):
    Path("short.txt").write_text(text)
    refused = charrnn("train", "short.txt", *QUICK)
    assert refused.code == 3
    assert refused.err == (
        f"charrnn: the corpus holds {len(text)} characters, too few to learn from; give it 10,000"
        " or more, or learn them all the same with --allow-short\n"
    )
    assert not list(Path("checkpoints").glob("[!.]*"))
    assert charrnn("train", "short.txt", "--allow-short", *QUICK).code == 0


@stumble(35)
def test_a_short_text_gets_a_warning(charrnn):
    for size, is_told in ((9_999, True), (10_000, False)):
        Path(f"{size}.txt").write_text(small_text(size))
        made = charrnn("train", f"{size}.txt", *QUICK)
        assert ("a very small text, soon memorised" in made.err) == is_told


@stumble(60)
def test_a_text_too_short_for_a_validation_split_says_so(charrnn):
    Path("short.txt").write_text("ab")
    made = charrnn("train", "short.txt", "--allow-short", *QUICK)
    assert "the text is too short for a validation split" in made.err
    refused = charrnn("score")
    assert refused.err == (
        "charrnn: the run has no val split: its text was too short; give it a file instead, or"
        " train with --val-fraction\n"
    )
    Path("whole.txt").write_text(small_text())
    made = charrnn("train", "whole.txt", "--val-fraction", 0, *QUICK, "--run", "b")
    assert "too short" not in made.err
    refused = charrnn("neurons", "b")
    assert refused.err.startswith("charrnn: the run has no val split; give it a file instead")
    assert json.loads(charrnn("info", "b", "--json").out)["val_loss"] is None
