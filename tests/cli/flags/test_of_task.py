"""Flags that mean nothing to what is learned are refused in one line, before anything is read."""

import pytest
from conftest import SMALL_PAIRS, run_of, small_labels, small_pairs

from charrnn.runs import checkpoint


@pytest.fixture(autouse=True)
def _files(tmp_path):
    (tmp_path / "pairs.tsv").write_text(small_pairs())


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        ("pairs.tsv --pairs --ngrams 2", "--ngrams does not work with --pairs; leave it out"),
        ("pairs.tsv --pairs --ngrams 4", "--ngrams does not work with --pairs; leave it out"),
        ("pairs.tsv --pairs --skip", "--skip does not work with --pairs; leave it out"),
        ("pairs.tsv --pairs --no-skip", "--skip does not work with --pairs; leave it out"),
        ("pairs.tsv --pairs --lines", "--lines does not work with --pairs; leave it out"),
        (
            "pairs.tsv --pairs --seq-length 9",
            "--seq-length does not work with --pairs; leave it out",
        ),
        (
            "pairs.tsv --pairs --max-val-chars 9",
            "--max-val-chars does not work with --pairs; leave",
        ),
        ("pairs.tsv --pairs --column a", "--column does not work with --pairs; leave it out"),
        (
            "pairs.tsv --max-length 9",
            "--max-length works only with --pairs, --labels, --given, --in-step or --images; leave",
        ),
        ("pairs.tsv --reverse", "--reverse works only with --pairs or --in-step; leave it out"),
        ("pairs.tsv --causal", "--causal works only with --in-step; leave it out"),
        ("pairs.tsv --pairs --causal", "--causal does not work with --pairs; leave it out"),
        ("pairs.tsv --in-step --lines", "--lines does not work with --in-step; leave it out"),
        (
            "pairs.tsv --in-step --attention none",
            "--attention does not work with --in-step; leave it out",
        ),
        ("pairs.tsv --in-step --pairs", "--pairs and --in-step were both given; choose one"),
        ("--in-step", "--in-step was given without a file; name a file with a source, a tab and"),
        (
            "pairs.tsv --in-step --target-symbols whole",
            "--target-symbols 'whole' is not known; choose one of characters, spaces",
        ),
        ("pairs.tsv --image-size 9", "--image-size works only with --images; leave it out"),
        (
            "pairs.tsv --images . --source-symbols spaces",
            "--source-symbols does not work with --images; leave it out",
        ),
        ("pairs.tsv --images . --bytes", "--bytes does not work with --images; leave it out"),
        ("pairs.tsv --images . --lines", "--lines does not work with --images; leave it out"),
        ("pairs.tsv --images . --labels", "--labels and --images were both given; choose one"),
        ("pairs.tsv --images none", "there is no folder of pictures 'none'; name it with --imag"),
        ("--images .", "--images was given without a file; name a file with the path of a picture"),
        ("pairs.tsv --labels --reverse", "--reverse does not work with --labels; leave it out"),
        ("pairs.tsv --labels --lines", "--lines does not work with --labels; leave it out"),
        (
            "pairs.tsv --labels --target-symbols spaces",
            "--target-symbols does not work with --labels; leave it out",
        ),
        (
            "pairs.tsv --labels --attention dot",
            "--attention does not work with --labels; leave it out",
        ),
        ("pairs.tsv --labels --pairs", "--pairs and --labels were both given; choose one"),
        ("--labels", "--labels was given without a file; name a file with a text, a tab and a lab"),
        (
            "pairs.tsv --attention none",
            "--attention works only with --pairs or --given; leave it out",
        ),
        ("pairs.tsv --given label --ngrams 2", "--ngrams does not work with --given; leave it out"),
        ("pairs.tsv --given label --lines", "--lines does not work with --given; leave it out"),
        ("pairs.tsv --given label --pairs", "--pairs and --given were both given; choose one"),
        (
            "--given label",
            "--given was given without a file; name a file with a text, a tab and a labe",
        ),
        (
            "pairs.tsv --pairs --normalise x",
            "--normalise 'x' is not known; choose one of none, nfc, nfd",
        ),
        (
            "pairs.tsv --normalise nfd",
            "--normalise works only with --pairs, --labels or --in-step; le",
        ),
        ("--pairs", "--pairs was given without a file; name a file with a source, a tab and"),
        ("--source pairs.tsv", "--source was given without --target; give both"),
        ("--target pairs.tsv", "--target was given without --source; give both"),
        (
            "x.tsv --source a --target b",
            "x.tsv was given, and --source and --target too; choose one",
        ),
        (
            "pairs.tsv --pairs --normalise nfd --source-normalise nfc",
            "--normalise and a form of one side were both given; give a form for each side",
        ),
        ("--source pairs.tsv --target none", "there is no corpus 'none', neither here"),
        ("none.tsv --pairs", "there is no corpus 'none.tsv', neither here"),
    ],
)
def test_flags_that_contradict_the_task_cost_one_line(charrnn, arguments, line):
    refused = charrnn("train", *arguments.split(), "--steps", 1)  # where it is not refused
    assert refused.code in (2, 3)
    assert refused.err.startswith(f"charrnn: {line}")
    assert refused.err.count("\n") == 1


def test_a_form_of_unicode_is_for_both_sides(charrnn, tmp_path):
    flags = ("--normalise", "nfd", "--steps", 1, "--run", "a")
    assert charrnn("train", "pairs.tsv", "--pairs", *SMALL_PAIRS, *flags).code == 0
    data = checkpoint.read_header(run_of(tmp_path).last).data
    assert (data.source_normalise, data.target_normalise) == ("nfd", "nfd")
    assert charrnn("resume", "--normalise", "nfd", "--steps", 2).code == 0


def test_two_files_side_by_side_are_pairs(charrnn, tmp_path):
    sides = zip(*(line.split("\t") for line in small_pairs().splitlines()), strict=True)
    for name, texts in zip(("en", "fr"), sides, strict=True):
        (tmp_path / name).write_text("\n".join(texts) + "\n")
    files = ("--source", "en", "--target", "fr")
    done = charrnn("train", *files, *SMALL_PAIRS, "--steps", 20, "--run", "a")
    assert done.code == 0, done.err
    assert charrnn("resume", "a", *files, "--steps", 21).code == 0
    weights = checkpoint.read(run_of(tmp_path).best).weights_sha256()
    charrnn("train", "pairs.tsv", "--pairs", *SMALL_PAIRS, "--steps", 20, "--run", "b")
    assert charrnn("resume", "b", "--steps", 21).code == 0
    assert checkpoint.read(run_of(tmp_path, "b").best).weights_sha256() == weights


def test_a_longest_length_that_is_not_typed_is_that_of_the_task(charrnn, tmp_path):
    (tmp_path / "labels.tsv").write_text(small_labels())
    for name, *flags in (("p", "pairs.tsv", "--pairs"), ("l", "labels.tsv", "--labels")):
        assert charrnn("train", *flags, *SMALL_PAIRS, "--steps", 1, "--run", name).code == 0
    lengths = {
        name: checkpoint.read_header(run_of(tmp_path, name).last).data.max_length for name in "pl"
    }
    assert lengths == {"p": 1000, "l": 10_000}
