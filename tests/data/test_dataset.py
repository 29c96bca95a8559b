"""Records from a corpus on disk to a text that is learned from, resumed and scored."""

import json
from pathlib import Path

import numpy as np
import pytest
from conftest import SMALL, run_of, same_files, signal_at

from charrnn._text import Reporter
from charrnn.config import DataConfig
from charrnn.data.dataset import Dataset
from charrnn.data.reload import reload_text
from charrnn.runs import checkpoint

NAMES = "".join(f"{a}{b}{c}\n" for a in "BDKL" for b in "aeiou" for c in ("n", "ra", "lo", "mmi"))
TUNES = "".join(f"X:{k}\nK:{'ABCDEFG'[k % 7]}\n{'ab' * (k % 9)}|\n\n" for k in range(60))
QUICK = (*SMALL, "--steps", 40, "--eval-every", 15, "--run", "a")


def part_of(dataset, split):
    first, end = dataset.part(split)
    return dataset.vocab.decode(dataset.ids[first:end])


def test_reading_a_dataset_prints_nothing(tmp_path, capfd):
    (tmp_path / "a.txt").write_bytes(b"\xef\xbb\xbfone\r\n" * 300)
    dataset = Dataset.from_files(Path("a.txt"), DataConfig(test_fraction=0.25))
    whole = "".join(part_of(dataset, split) for split in ("train", "val", "test"))
    assert whole == "one\n" + "\ufeffone\n" * 299
    assert dataset.size("test") == pytest.approx(0.25 * dataset.size("train") / 0.65, abs=1)
    assert capfd.readouterr() == ("", "")


def test_a_dataset_equals_that_of_a_run(charrnn, kind, tmp_path):
    charrnn("train", "corpus.txt", *QUICK, "--records", kind, "--seed", 5)
    dataset = Dataset.from_files("corpus.txt", DataConfig(records=kind), seed=5)
    found, text = text_of(tmp_path)
    assert np.array_equal(dataset.ids, text.ids)
    assert np.array_equal(dataset.starts, text.starts)
    assert (dataset.vocab, dataset.corpus.facts) == (found.vocab, found.corpus)


def test_a_dataset_may_have_a_validation_text_of_its_own(tmp_path):
    (tmp_path / "a").write_text("learned from\n" * 20)
    (tmp_path / "b").write_text("measured on\n")
    messages = Messages()
    dataset = Dataset.from_files(
        ["a", "a"], val_names="b", cache=tmp_path / "elsewhere", reporter=messages
    )
    assert part_of(dataset, "train") == "learned from\n" * 40
    assert part_of(dataset, "val") == "measured on\n"
    assert messages.warnings == ["named twice, and so counted twice: a"]
    assert not Path("checkpoints").exists()


class Messages(Reporter):
    def __init__(self):
        self.warnings = []

    def warn(self, sentence):
        self.warnings.append(sentence)


@pytest.fixture(params=[("lines", NAMES), ("blank", TUNES)], ids=["lines", "blank"])
def kind(request, tmp_path):
    kind, text = request.param
    (tmp_path / "corpus.txt").write_text(text)
    return kind


def text_of(tmp_path, name="a"):
    found = checkpoint.read(run_of(tmp_path, name).last)
    text = reload_text(found.corpus_reference, keep_corpus=False, reporter=Reporter())
    return found, text


def test_records_are_shuffled_whole_and_split_apart(charrnn, kind, tmp_path):
    made = charrnn("train", "corpus.txt", *QUICK, "--records", kind, "--val-fraction", 0.2)
    assert made.code == 0
    found, text = text_of(tmp_path)
    end = {"lines": "\n", "blank": "\n\n"}[kind]
    source = (NAMES if kind == "lines" else TUNES).removesuffix(end).split(end)
    arranged = found.vocab.decode(text.ids).removesuffix(end).split(end)
    assert sorted(arranged) == sorted(source)
    assert arranged != source
    assert f"corpus: {len(source)} records, " in made.err
    val = found.vocab.decode(text.ids[slice(*text.part("val"))])
    assert val.removesuffix(end).split(end) == arranged[-val.count(end) :]
    again = text_of(tmp_path)[1]
    assert np.array_equal(again.ids, text.ids)


def test_a_run_of_records_resumes_to_the_bit(charrnn, kind, tmp_path, monkeypatch):
    arguments = ("--records", kind, "--dropout", 0.2)
    charrnn("train", "corpus.txt", *QUICK, *arguments)
    for step in (7, 29):
        with pytest.MonkeyPatch.context() as patch:
            signal_at(patch, step, 15)
            command = ("resume", "b") if step > 7 else ("train", "corpus.txt", *QUICK, *arguments)
            assert charrnn(*command, *(() if step > 7 else ("--run", "b"))).code == 143
    assert charrnn("resume", "b").code == 0
    same_files(run_of(tmp_path), run_of(tmp_path, "b"))


def test_a_changed_corpus_of_records_is_seen(charrnn, kind, tmp_path):
    charrnn("train", "corpus.txt", *QUICK, "--records", kind)
    Path("corpus.txt").write_text("another\n\ntext\n\n")
    assert charrnn("resume", "a", "--steps", 50).code == 3
    assert charrnn("resume", "a", "--steps", 50, "--keep-corpus").code == 0


def test_the_score_of_records_is_that_of_each_alone(charrnn, kind, tmp_path):
    charrnn("train", "corpus.txt", *QUICK, "--records", kind)
    found, text = text_of(tmp_path)
    facts = json.loads(charrnn("info", "a", "--json").out)
    by_split = json.loads(charrnn("score", "--json").out)
    best = checkpoint.read(run_of(tmp_path).best)
    assert by_split["nats_per_char"] == pytest.approx(best.metrics["val_loss"], abs=1e-6)
    assert facts["val_loss_reset"] == pytest.approx(facts["val_loss"], abs=1e-6)
    val = found.vocab.decode(text.ids[slice(*text.part("val"))])
    (tmp_path / "val.txt").write_text(val)
    by_file = json.loads(charrnn("score", "val.txt", "--json").out)
    assert by_file["num_chars"] == by_split["num_chars"]
    assert by_file["nats_per_char"] == pytest.approx(by_split["nats_per_char"], abs=1e-6)
    refused = charrnn("score", "--adapt")
    assert refused.code == 2
    assert "a model of records" in refused.err
    assert "each record from a new start" in charrnn("score").out


@pytest.mark.parametrize(("text", "kind"), [("one line\n", "lines"), ("a\nb\nc\n", "blank")])
def test_fewer_than_two_records_are_refused(charrnn, tmp_path, text, kind):
    (tmp_path / "corpus.txt").write_text(text)
    refused = charrnn("train", "corpus.txt", *QUICK, "--records", kind)
    assert refused.code == 3
    assert "fewer than two records" in refused.err
    assert not Path("checkpoints/a").exists()


def test_lines_are_one_word_for_records(charrnn, tmp_path):
    (tmp_path / "corpus.txt").write_text(NAMES)
    charrnn("train", "corpus.txt", *QUICK, "--lines")
    assert json.loads(charrnn("info", "--json").out)["records"] == "lines"
    assert DataConfig().records == "none"
    refused = charrnn("train", "corpus.txt", *SMALL, "--lines", "--records", "blank")
    assert refused.code == 2
    assert "--lines and --records blank were both given; choose one" in refused.err
    refused = charrnn("train", "corpus.txt", *SMALL, "--records", "words")
    assert refused.code == 2
    assert "--records 'words' is not known; choose one of none, lines, blank" in refused.err
