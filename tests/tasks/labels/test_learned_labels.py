"""What people are told about texts with labels, and which texts are refused."""

import pytest
from test_learned_pairs import Notes

from charrnn._text import Reporter
from charrnn.config import GivenConfig, LabelsConfig
from charrnn.errors import CorpusError
from charrnn.tasks.labels import learned_labels
from charrnn.tasks.pairs import learned_pairs
from charrnn.tasks.task import SourceNames

CONFIG = LabelsConfig(val_fraction=0.0)


@pytest.fixture
def read(tmp_path):
    def read(counts, **names):
        lines = [f"{label} {k}\t{label}\n" for label, num in counts.items() for k in range(num)]
        (tmp_path / "texts.tsv").write_text("".join(lines))
        sources = SourceNames(("texts.tsv",), **names)
        return learned_pairs.read(sources, CONFIG, known=None, root=tmp_path, reporter=Reporter())

    return read


def notes(learned):
    told = Notes()
    learned_labels.show_counts(learned.split(CONFIG, seed=1), told)
    return told.lines


def test_texts_and_labels_are_counted(read):
    learned = read({"ham": 20, "spam": 60})
    assert learned_labels.summary(learned) == "texts: 80 texts with 2 labels"
    assert notes(learned) == ["spam 60; ham 20; to guess 'spam' always would be right for 75.0 %"]
    dataset = learned.split(CONFIG, seed=1)
    assert learned_labels.counts_of(dataset).tolist() == [20, 60]


def test_of_many_labels_the_most_frequent_and_the_rarest_are_named(read):
    counts = {letter: 30 - k for k, letter in enumerate("abcdefghij")}
    (line,) = notes(read(counts))
    assert line.startswith("a 30; b 29; c 28; d 27; e 26; …; j 21; to guess 'a' always")


def test_labels_of_a_single_text_are_warned_of(read):
    assert notes(read({"ham": 20, "eggs": 1, "toast": 1}))[1:] == [
        "2 labels with a single text to learn: eggs, toast"
    ]


def test_labels_that_only_the_validation_split_has_are_warned_of(tmp_path):
    (tmp_path / "a.tsv").write_text("".join(f"{k}\t{k % 2}\n" for k in range(40)))
    (tmp_path / "b.tsv").write_text("x\tnew\n")
    sources = SourceNames(("a.tsv",), ("b.tsv",))
    learned = learned_pairs.read(sources, CONFIG, known=None, root=tmp_path, reporter=Reporter())
    assert notes(learned)[1:] == ["1 label without a text to learn: new"]


def test_labels_that_are_sources_are_counted_as_well(tmp_path):
    (tmp_path / "a.tsv").write_text("".join(f"{k}\t{'ab'[k % 3 == 0]}\n" for k in range(30)))
    config = GivenConfig(val_fraction=0.0)
    learned = learned_pairs.read(
        SourceNames(("a.tsv",)), config, known=None, root=tmp_path, reporter=Reporter()
    )
    dataset, told = learned.split(config, seed=1), Notes()
    assert learned_labels.counts_of(dataset, side="source").tolist() == [20, 10]
    assert learned_labels.summary(learned, side="source") == "a: 30 texts with 2 labels"
    learned_labels.show_counts(dataset, told, side="source")
    assert told.lines == ["a 20; b 10"]


def test_one_label_is_refused(read):
    learned = read({"ham": 30}, allows_short=True)
    with pytest.raises(CorpusError, match="all texts to learn from have the label 'ham'"):
        learned_labels.require_labels(learned.split(CONFIG, seed=1), allows_few=True)


def test_a_label_for_each_text_is_refused_unless_it_is_allowed(read):
    dataset = read({f"label {k}": 1 for k in range(30)}).split(CONFIG, seed=1)
    with pytest.raises(CorpusError, match="there are 30 labels for 30 texts: a label should have"):
        learned_labels.require_labels(dataset, allows_few=False)
    learned_labels.require_labels(dataset, allows_few=True)
