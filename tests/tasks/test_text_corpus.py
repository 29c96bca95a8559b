"""What people are told about the text that a new run learns from."""

import pytest
from conftest import small_text

from charrnn._text import Reporter
from charrnn.config import DataConfig
from charrnn.data.vocab import Vocab
from charrnn.errors import CorpusError, SettingError
from charrnn.tasks import text_corpus
from charrnn.tasks.task import SourceNames


class Sentences(Reporter):
    def __init__(self):
        self.shown, self.warnings = [], []

    def show(self, sentence):
        self.shown.append(sentence)

    def warn(self, sentence):
        self.warnings.append(sentence)


@pytest.fixture
def read(tmp_path):
    """Read files of these texts, a.txt, b.txt, …"""

    def read(*texts, known=None, allows_short=False, num_val=0, **settings):
        names = [str(tmp_path / f"{letter}.txt") for letter, _ in zip("abc", texts, strict=False)]
        for name, text in zip(names, texts, strict=True):
            with open(name, "w", encoding="utf-8") as file:
                file.write(text)
        learned = len(names) - num_val
        sources = SourceNames(tuple(names[:learned]), tuple(names[learned:]), allows_short)
        config = DataConfig(**settings)
        return text_corpus.read(sources, config, known=known, root=tmp_path, reporter=Reporter())

    return read


def sentences(corpus):
    reporter, text = Sentences(), corpus.split(corpus.corpus.config, seed=1)
    text_corpus.show_validation_split(corpus, text, reporter)
    text_corpus.show_unknown(corpus, reporter)
    return text_corpus.summary(corpus, text), reporter.shown, reporter.warnings


def test_one_text_is_described_by_its_length(read):
    expected = "a: 6,000 characters, a very small text, soon memorised", [], []
    assert sentences(read(small_text(6000))) == expected
    summary, *_ = sentences(read(small_text(20_000)))
    assert summary == "a: 20,000 characters, a small text"


def test_records_are_counted(read):
    summary, *_ = sentences(read("Anna\nOtto\nEve\n" * 30, records="lines"))
    assert summary == "a: 90 records, 420 characters, a very small text, soon memorised"


def test_a_validation_text_of_its_own_is_named_and_not_counted(read, tmp_path):
    summary, shown, _ = sentences(
        read(small_text(6000), small_text(900), num_val=1, val_fraction=0.0)
    )
    assert summary.startswith("a: 6,001 characters")
    assert shown == [f"validation split: 900 characters of {tmp_path / 'b.txt'}"]


def test_of_several_files_each_has_a_part_in_validation(read):
    _, shown, _ = sentences(read(small_text(6000), small_text(6000, seed=2)))
    (sentence,) = shown
    assert sentence.endswith(" characters, a part of each of the 2 files")


def test_a_text_without_room_for_validation_is_a_warning(read):
    _, _, warnings = sentences(read("ab", allows_short=True))
    assert warnings == [
        "the text is too short for a validation split: memorising (overfitting) cannot be noticed"
    ]


def test_rare_characters_are_told(read):
    _, shown, _ = sentences(read(small_text(6000) + "äöü", max_vocab=20))
    assert shown[-1].endswith("never generated: the vocabulary is limited to 20")


def test_a_few_characters_are_refused_unless_they_are_allowed(read):
    with pytest.raises(CorpusError, match="holds 50 characters, too few to learn from"):
        sentences(read("abcde" * 10))
    assert sentences(read("abcde" * 10, allows_short=True))


def test_the_ids_of_a_known_vocabulary_stay(read):
    known = Vocab(tuple(map(ord, "zyx")))
    corpus = read("xyza" * 100, known=known)
    assert corpus.vocabs["text"].code_points == tuple(map(ord, "zyxa"))


def test_bytes_and_characters_do_not_mix(read):
    with pytest.raises(SettingError, match="a model of characters") as refused:
        read("abc" * 100, known=Vocab((97, 98)), is_bytes=True)
    assert refused.value.fields == ("init_from", "is_bytes")
