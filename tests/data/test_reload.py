import numpy as np
import pytest

from charrnn._text import Reporter
from charrnn.config import DataConfig
from charrnn.data.corpus import CACHE, CorpusReference
from charrnn.data.dataset import Dataset
from charrnn.data.reload import beginning_of_split, reload_text, split_bounds
from charrnn.errors import CorpusError

TEXT = "".join(f"line {k} of a text\n" for k in range(60))


@pytest.fixture(params=["none", "lines"])
def learned(request, tmp_path):
    """A dataset, and the reference that a run in this folder would keep of it."""
    (tmp_path / "text").write_text(TEXT)
    config = DataConfig(records=request.param)
    dataset = Dataset.from_files("text", config, seed=3)
    path = tmp_path / "checkpoints/a/last.safetensors"
    path.parent.mkdir()
    return dataset, CorpusReference(dataset.corpus.facts, dataset.vocab, config, 3, path)


def again(reference, *, keep_corpus=False):
    return reload_text(reference, keep_corpus=keep_corpus, reporter=Reporter())


@pytest.mark.parametrize("lost", ["nothing", "cache", "corpus"])
def test_a_run_reads_the_text_that_it_began_with(learned, tmp_path, lost):
    dataset, reference = learned
    expected = dataset.ids.copy()
    if lost == "corpus":
        (tmp_path / "text").unlink()
    elif lost == "cache":
        for file in (tmp_path / "checkpoints" / CACHE).iterdir():
            file.unlink()
    text = again(reference)
    assert np.array_equal(text.ids, expected)
    assert text.part("val") == dataset.part("val")


def test_a_changed_corpus_needs_permission_to_use_the_old_copy(learned, tmp_path):
    dataset, reference = learned
    (tmp_path / "text").write_text(TEXT.replace("7", "8"))
    with pytest.raises(CorpusError, match="has changed since the run began; keep_corpus"):
        again(reference)
    assert np.array_equal(again(reference, keep_corpus=True).ids, dataset.ids)


def test_a_corpus_that_is_gone_with_its_copy_is_an_error(learned, tmp_path):
    _, reference = learned
    (tmp_path / "text").unlink()
    for file in (tmp_path / "checkpoints" / CACHE).iterdir():
        file.unlink()
    with pytest.raises(CorpusError, match="the run's corpus is gone: .*; put it back"):
        again(reference)


def test_the_beginning_of_a_split_is_read_as_text(learned):
    dataset, reference = learned
    first, end = split_bounds(dataset, "val", reference.config)
    expected = dataset.vocab.decode(dataset.ids[first:end])
    assert beginning_of_split(reference, "val", num_chars=30) == expected[:30]
    with pytest.raises(CorpusError, match="the run has no test split"):
        beginning_of_split(reference, "test", num_chars=30)
