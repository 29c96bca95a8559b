"""`charrnn sample --given LABEL`, and other commands with a run of given labels."""

import json

import pytest
from conftest import small_labels

WORDS = {line.split("\t")[0] for line in small_labels().splitlines()}
LABEL = "mostly vowels"

pytestmark = pytest.mark.usefixtures("given_run")


def test_texts_of_a_label_are_written_a_line_each(charrnn):
    done = charrnn("sample", "g", "--given", LABEL, "--num", 30, "--seed", 3, "--temp", 0.5)
    assert (done.code, done.err) == (0, "")
    lines = done.out.splitlines()
    assert len(lines) == 30
    other = charrnn("sample", "--given", "other", "--num", 30, "--seed", 3, "--temp", 0.5)

    def share(lines):
        text = "".join(lines)
        return sum(map(text.count, "aeiou")) / len(text)

    assert share(lines) > share(other.out.splitlines())
    assert len(charrnn("sample", "--given", "other").out.splitlines()) == 10


def test_a_text_depends_on_the_seed_and_its_number_alone(charrnn):
    few, many = (
        charrnn("sample", "--given", "other", "--num", num, "--seed", 1).out.splitlines()
        for num in (5, 100)
    )
    assert many[:5] == few
    assert many != charrnn("sample", "--given", "other", "--num", 100, "--seed", 2).out.splitlines()
    assert "seed " in charrnn("sample", "--given", "other", "--num", 1).err


def test_texts_can_be_distinct_new_and_match(charrnn):
    done = charrnn(
        "sample", "--given", LABEL, "--num", 9, "--unique", "--novel", "--match", "^[aeiou]",
        "--seed", 1,
    )  # fmt: skip
    lines = done.out.splitlines()
    assert len(set(lines)) == 9
    assert all(line[0] in "aeiou" and line not in WORDS for line in lines)
    assert "9 written; rejected: " in done.err


def test_json_has_label_text_and_probability(charrnn):
    lines = charrnn("sample", "--given", "other", "--num", 3, "--seed", 1, "--json").out
    plain = charrnn("sample", "--given", "other", "--num", 3, "--seed", 1).out.splitlines()
    facts = [json.loads(line) for line in lines.splitlines()]
    assert [each["text"] for each in facts] == plain
    assert all(each["label"] == "other" and each["log_probability"] < 0 for each in facts)


def test_a_length_cuts_nothing_off_but_rejects(charrnn):
    done = charrnn("sample", "--given", "other", "--num", 5, "--length", 4, "--seed", 1)
    assert all(len(line) <= 4 for line in done.out.splitlines())
    assert "longer than the length limit" in done.err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--given", "othr"), "the model knows no label 'othr'; did you mean other?"),
        (("--given", " "), "the model knows no label ' '; there are mostly vowels, other"),
        (("--given", ""), "the model knows no label ''; there are mostly vowels, other"),
        (("--given", "zzz"), "knows no label 'zzz'; there are mostly vowels, other"),
        (("--given", "other", "--top-k", 3), "--top-k does nothing with --given; leave it out"),
        (("--given", "other", "--temp", "1:2"), "a temperature ramp does nothing with --given"),
        (("--given", "other", "-p", "a"), "--prompt does nothing with --given; leave it out"),
        (("--given", "other", "--report"), "--report does nothing with --given; leave it out"),
        (("--given", "other", "--novel", "3"), "--novel-chars does nothing with --given"),
        (("g",), "run g is a model of given labels; use: charrnn sample --given LABEL --run g"),
    ],
    ids=str,
)
def test_what_cannot_be_written_is_one_line(charrnn, arguments, told):
    done = charrnn("sample", *arguments)
    assert (done.code, done.out) == (2, "")
    assert told in done.err


def test_what_was_found_is_written_before_a_long_search_goes_on(late):
    written = late(("sample", "g", "--given", "other", "--num", 9, "--seed", 1, "--unique"))
    assert len(written.splitlines()) == 2


def test_a_search_without_hope_ends(charrnn, monkeypatch):
    monkeypatch.setattr("charrnn.generation.sample_filter.PATIENCE", 100)
    done = charrnn("sample", "--given", "other", "--match", "[0-9]", "--seed", 1)
    assert done.code == 8
    assert "found none of 10" in done.err


def test_score_gives_the_loss_alone(charrnn):
    facts = json.loads(charrnn("score", "--json").out)
    assert facts.keys() == {"num_pairs", "num_symbols", "nats_per_symbol"}
    shown = charrnn("score").out
    assert f"loss    {facts['nats_per_symbol']:.4f} nats" in shown
    file = json.loads(charrnn("score", "labels.tsv", "--json").out)
    assert file["num_pairs"] == 300
    refused = charrnn("score", "--per-line")
    assert "--per-line does nothing with a model of given labels" in refused.err


def test_info_runs_plot_and_verify_know_such_a_run(charrnn):
    shown = charrnn("info", "g").out
    assert " → " in shown.rstrip().splitlines()[-1]
    assert "number of labels" in shown and "source symbols" not in shown
    assert "lstm 2+2×12" in charrnn("runs").out
    assert "nats per symbol" in charrnn("plot", "g").out
    assert charrnn("verify", "g").code == 0
    assert "memory measures no models of given labels" in charrnn("memory", "g").err
    assert (
        "use: charrnn sample --given LABEL --run g" in charrnn("translate", "--run", "g", "x").err
    )
