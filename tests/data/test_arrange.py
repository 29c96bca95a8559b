import numpy as np
import pytest

from charrnn.config import DataConfig
from charrnn.data.arrange import EncodedCorpus, arrange
from charrnn.data.splits import FileStarts
from charrnn.data.vocab import Vocab
from charrnn.errors import CorpusError

VOCAB = Vocab(tuple(sorted(map(ord, "\nabcdefghijklmnopqrstuvwxyz"))))


def encoded(*texts, num_val=0):
    """A corpus of some files, the last of them for validation alone."""
    begins = np.cumsum([0, *map(len, texts)])[:-1]
    codes = np.frombuffer("".join(texts).encode(), np.uint8)
    ids = VOCAB.ids_of(codes).astype(VOCAB.dtype)
    return EncodedCorpus(ids, VOCAB, "0" * 64, FileStarts(tuple(begins.tolist()), num_val))


def split(text, name):
    first, end = text.part(name)
    return VOCAB.decode(text.ids[first:end])


def test_one_file_stays_as_it_is_and_takes_no_copy(tmp_path):
    corpus = encoded("abcdefghij")
    text = arrange(corpus, DataConfig(val_fraction=0.2), seed=1, cache=tmp_path)
    assert text.ids is corpus.ids
    assert (split(text, "train"), split(text, "val")) == ("abcdefgh", "ij")
    assert not list(tmp_path.iterdir())


def test_of_several_files_the_ends_come_last(tmp_path):
    corpus = encoded("a" * 9000 + "b" * 1000, "c" * 4500 + "d" * 500)
    text = arrange(corpus, DataConfig(val_fraction=0.1), seed=1, cache=tmp_path)
    assert split(text, "train") == "a" * 9000 + "c" * 4500
    assert split(text, "val") == "b" * 1000 + "d" * 500


@pytest.mark.parametrize("records", ["none", "lines"])
def test_a_text_for_validation_is_the_whole_validation_split(tmp_path, records):
    corpus = encoded("a\nb\nc\nd\n", "x\ny\n", num_val=1)
    config = DataConfig(records=records, val_fraction=0)
    text = arrange(corpus, config, seed=1, cache=tmp_path)
    assert sorted(split(text, "train").split()) == ["a", "b", "c", "d"]
    assert sorted(split(text, "val").split()) == ["x", "y"]


def test_records_come_in_an_order_that_the_seed_decides(tmp_path):
    corpus = encoded("".join(f"{a}{b}\n" for a in "abcdef" for b in "xyz"))
    texts = [
        VOCAB.decode(arrange(corpus, DataConfig(records="lines"), seed=seed, cache=tmp_path).ids)
        for seed in (1, 1, 2)
    ]
    assert texts[0] == texts[1] != texts[2]
    assert sorted(texts[0].split()) == sorted(texts[2].split()) == VOCAB.decode(corpus.ids).split()
    assert len(list(tmp_path.iterdir())) == 2  # one file for each order


def test_a_corpus_of_one_record_is_refused(tmp_path):
    with pytest.raises(CorpusError, match="fewer than two records, one in each line"):
        arrange(encoded("alone\n"), DataConfig(records="lines"), seed=1, cache=tmp_path)
