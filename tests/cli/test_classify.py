"""`charrnn classify`: lines in, labels out, in order."""

import io
import json
import subprocess
import sys
from types import SimpleNamespace

import pytest
from test_classification import checkpoint_of

from charrnn.cli import inputs
from charrnn.config import LabelsConfig
from charrnn.generation.classification import Classifier


@pytest.fixture
def made(monkeypatch):
    """The classifier of the run that every command uses."""
    classifier = Classifier.of([checkpoint_of()[0]])
    checkpoint = SimpleNamespace(data=LabelsConfig())
    monkeypatch.setattr(inputs, "checkpoints_of", lambda runs, tasks: [checkpoint])
    monkeypatch.setattr(Classifier, "of", lambda checkpoints, name="": classifier)
    return classifier


@pytest.fixture
def pipe(monkeypatch):
    """Put bytes into standard input."""

    def put(data):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))

    return put


def answer(made, text, top=1):
    every = list(made.classify(text).items())
    return [f"{label}\t{probability:.4f}" for label, probability in every[:top]]


def test_each_text_is_answered_by_label_and_probability(charrnn, made):
    done = charrnn("classify", "ab", "fed", "")
    assert (done.code, done.err) == (0, "")
    assert done.out.splitlines() == [
        line for text in ("ab", "fed", "") for line in answer(made, text)
    ]


def test_lines_of_a_pipe_are_answered_in_order(charrnn, made, pipe):
    lines = ["abc", "", "de", "a", "f" * 30] * 30
    pipe("\r\n".join(lines).encode())
    assert charrnn("classify", "-").out.splitlines() == [
        line for text in lines for line in answer(made, text)
    ]
    pipe(b"")
    done = charrnn("classify", "-")
    assert (done.code, done.out, done.err) == (0, "", "")


def test_the_likeliest_few_are_lists_with_a_line_between(charrnn, made):
    out = charrnn("classify", "ab", "fed", "--top", 2).out
    assert out.splitlines() == [*answer(made, "ab", 2), "", *answer(made, "fed", 2)]


def test_json_has_all_probabilities_or_the_likeliest_few(charrnn, made):
    (line,) = charrnn("classify", "abé", "--json").out.splitlines()
    facts, expected = json.loads(line), made.classify("abé")
    label = next(iter(expected))
    assert (facts["text"], facts["label"]) == ("abé", label)
    assert facts["probability"] == pytest.approx(expected[label], abs=1e-5)
    assert facts["probabilities"] == pytest.approx(expected, abs=1e-5)
    facts = json.loads(charrnn("classify", "ab", "--json", "--top", 1).out)
    assert len(facts["probabilities"]) == 1


def test_unknown_symbols_are_named_once(charrnn, made, pipe):
    pipe("aß\nß\nx\n".encode())
    done = charrnn("classify", "-")
    assert done.err == (
        "charrnn: the model never saw 'ß' (U+00DF), 'x' (U+0078): read as an unknown symbol\n"
    )


def test_steps_colour_the_text_and_tell_where_the_label_changes(charrnn, made, tmp_path):
    done = charrnn("classify", "--steps", "abcdef", "--export", tmp_path / "a.svg")
    assert done.code == 0
    title, _, text, blocks, *rest = done.out.splitlines()
    label, probability = next(iter(made.classify("abcdef").items()))
    assert title == f"{label} ({100 * probability:.1f} %)"
    assert text == "abcdef" and len(blocks) <= 6
    assert f"probability of {label}" in done.out
    likeliest = [next(iter(each.probabilities)) for each in made.beliefs("abcdef")]
    num_changes = sum(a != b for a, b in zip(["", *likeliest], likeliest, strict=False))
    rows = [line.split()[0] for line in done.out.splitlines() if " %" in line][1:]
    assert len(rows) in (num_changes, num_changes + 1)
    assert rows[-1] == "abcdef"
    assert "abcdef"[0] in (tmp_path / "a.svg").read_text()
    assert f"wrote {tmp_path}/a.svg" in done.err


def test_an_export_alone_draws_nothing_on_the_terminal(charrnn, made):
    done = charrnn("classify", "abc", "--export", "a.html")
    assert (done.code, done.out) == (0, "")


def test_steps_as_json_have_every_symbol(charrnn, made):
    every = json.loads(charrnn("classify", "--steps", "--json", "abc").out)
    assert [each["symbol"] for each in every] == [*"abc"]
    assert every[-1]["probabilities"] == pytest.approx(made.classify("abc"), abs=1e-5)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([], "there is no text to classify; type it, or - to read lines from standard input"),
        (["a\nb", "--steps"], "--steps looks at one text; give it one TEXT"),
        (["-", "--steps"], "--steps looks at one text; give it one TEXT"),
        (["a", "b", "--export", "x.svg"], "--export looks at one text; give it one TEXT"),
        ([" ", "--steps"], "--steps has no character to look at; give it a TEXT"),
        (["a", "--export", "x.doc"], "x.doc is neither .html nor .svg"),
        (["-xy"], "a text that begins with - comes after --: charrnn classify -- -xy"),
    ],
    ids=str,
)
def test_what_cannot_be_answered_is_one_line(charrnn, made, arguments, told):
    done = charrnn("classify", *arguments)
    assert (done.code, done.out) == (2, "")
    assert told in done.err


def test_a_line_that_is_too_long_is_named_and_those_before_it_are_answered(
    charrnn, made, pipe, monkeypatch
):
    monkeypatch.setattr("charrnn.generation.classification.MAX_TEXT", 4)
    pipe(b"ab\nabcdef\nb\n")
    done = charrnn("classify", "-")
    assert (done.code, done.out.splitlines()) == (2, answer(made, "ab"))
    assert "line 2: a text of 6 symbols is too long to classify" in done.err


def test_a_run_of_labels_answers_and_others_are_named(charrnn, label_run, charrnn_once):
    done = charrnn("classify", "aeo", "rst")
    assert done.code == 0
    assert [line.split("\t")[0] for line in done.out.splitlines()] == ["mostly vowels", "other"]
    assert "l is also a run" in charrnn("classify", "l").err
    refused = charrnn("translate", "--run", "l", "x")
    assert (refused.code, refused.out) == (2, "")
    assert "run l is a model of labels; use: charrnn classify --run l" in refused.err
    assert "use: charrnn classify --run l" in charrnn("sample", "l").err
    assert "memory measures no models of labels" in charrnn("memory", "l").err
    assert "no run of pairs" in charrnn("translate", "x").err


@pytest.mark.parametrize(
    "command",
    [["classify", "aeo"], ["score", "--json"], ["info"], ["score", "labels.tsv"]],
    ids=str,
)
def test_it_never_imports_torch(label_run, command):
    code = (
        f"import sys; sys.argv[1:] = {command}; from charrnn.__main__ import main\n"
        "try: main()\nfinally: print('torch' in sys.modules, file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout
    assert done.stderr.endswith("False\n")
