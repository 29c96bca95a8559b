"""What people are told about the pairs that a new run learns from."""

import pytest
from conftest import small_pairs

from charrnn._text import Reporter
from charrnn.config import PairsConfig
from charrnn.errors import CorpusError, SettingError
from charrnn.tasks.pairs import learned_pairs
from charrnn.tasks.task import SourceNames


class Notes(Reporter):
    def __init__(self):
        self.lines = []

    def show(self, sentence):
        self.lines.append(sentence)

    warn = show


@pytest.fixture
def read(tmp_path):
    def read(text, config=None, *, val=None, known=None, **names):
        (tmp_path / "pairs.tsv").write_text(text)
        if val is not None:
            (tmp_path / "val.tsv").write_text(val)
            names["val_names"] = ("val.tsv",)
        sources = SourceNames(("pairs.tsv",), **names)
        return learned_pairs.read(
            sources, config or PairsConfig(), known=known, root=tmp_path, reporter=Reporter()
        )

    return read


def notes(dataset):
    told = Notes()
    learned_pairs.show_validation_split(dataset, told)
    return told.lines


def test_pairs_are_counted_and_validated_by_word_error_rate(read):
    learned = read(small_pairs(300))
    assert learned_pairs.summary(learned) == "pairs: 300 pairs"
    dataset = learned.split(PairsConfig(), seed=1)
    sizes = [dataset.size(split) for split in ("train", "val", "test")]
    assert sum(sizes) == 300 and 20 < sizes[1] < 40 and sizes[2] == 0
    assert notes(dataset) == [
        f"validation split: {sizes[1]} pairs; the best checkpoint is the one with the lowest word"
        " error rate on them"
    ]
    assert dataset.beginning("val", 7).size("val") == 7


def test_validation_files_are_counted_apart(read):
    learned = read(small_pairs(300), val=small_pairs(40, seed=1))
    assert learned_pairs.summary(learned) == "pairs: 300 pairs"
    assert learned.split(PairsConfig(val_fraction=0.0), seed=1).size("val") == 40
    shared = read(small_pairs(300) + "xyz\ta\n", val="xyz\tb\n")
    assert notes(shared.split(PairsConfig(), seed=1))[0] == (
        "left out 1 pair of training: the same sources are in the validation files"
    )


def test_a_run_without_validation_is_warned_of(read):
    dataset = read(small_pairs(300)).split(PairsConfig(val_fraction=0.0), seed=1)
    (line,) = notes(dataset)
    assert line == "there are no validation pairs: memorising (overfitting) cannot be noticed"


def test_pairs_of_one_source_are_told_why_there_is_no_validation(read):
    text = "".join(f"one\tx{n}\n" for n in range(30))
    (line,) = notes(read(text).split(PairsConfig(), seed=1))
    assert line == (
        "there are no validation pairs (too many pairs have the same source, and no source is in"
        " two splits): memorising (overfitting) cannot be noticed"
    )
    told = Notes()
    dataset = read(text).split(PairsConfig(), seed=1)
    learned_pairs.show_validation_split(dataset, told, unit="text")
    assert "no validation texts (too many texts are the same, and no text is in" in told.lines[0]
    alone = read("a\tb\n", allows_short=True).split(PairsConfig(), seed=1)
    assert notes(alone) == [line.replace(line[line.index(" (") : line.index("):") + 1], "")]


def test_a_pair_is_read_back_as_text(read):
    config = PairsConfig(source_normalise="nfd", target_symbols="spaces")
    dataset = read("é\tk l\n" * 30, config).split(config, seed=1)
    assert dataset.examples(1) == [("é", "k l")]
    assert dataset.source.size == 3


def test_short_pairs_are_shown_first(read):
    text = "".join(f"{n}\ty\n" for n in range(20, 24))
    long = "".join(f"{'a' * (90 + n)}\t{'b' * 90}\n" for n in range(30))
    every = read(long + text).split(PairsConfig(val_fraction=0.0), seed=1).examples(6)
    assert [source for source, _ in every[:4]] == ["20", "21", "22", "23"]
    assert [len(source) for source, _ in every[4:]] == [90, 91]


def test_a_few_pairs_are_refused_unless_they_are_wanted(read):
    with pytest.raises(CorpusError, match="19 pairs: too few to learn from; give 1,000"):
        read(small_pairs(19)).split(PairsConfig(), seed=1)
    assert read(small_pairs(19), allows_short=True).split(PairsConfig(), seed=1).size("train")


def test_a_known_vocabulary_keeps_its_ids(read):
    known = read("b\tx\n" * 30).vocabs
    vocabs = read("ab\txy\n" * 30, known=known).vocabs
    assert [vocab.code_points for vocab in vocabs.values()] == [(98, 97), (120, 121)]
    with pytest.raises(SettingError, match="init_from names a model with sources of characters"):
        read("a b\tx\n" * 30, PairsConfig(source_symbols="spaces"), known=known)


def test_an_unknown_symbol_of_a_source_keeps_its_place(read):
    config = PairsConfig(max_vocab=3)
    learned = read("abc\tk\nab\tk\nabd\tkk\naae\tk\nab\tkk\n" * 6, config)
    dataset = learned.split(config, seed=1)
    texts = {dataset.texts(number) for number in range(30)}
    assert {source for source, _ in texts} == {"abc", "ab", "ab\ufffd", "aa\ufffd"}
    assert dataset.source.encode("ab\ufffd").tolist()[-1] == 0
