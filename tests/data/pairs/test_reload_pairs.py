"""The pairs of a run, read again."""

import os
from pathlib import Path

import numpy as np
import pytest
from told import Told

from charrnn.config import PairsConfig
from charrnn.data.corpus import CACHE
from charrnn.data.pairs.read_pairs import read_pairs
from charrnn.data.pairs.reload_pairs import PairReference, reload_pairs
from charrnn.errors import CorpusError

TEXT = "".join(f"{k}\t{k * k}\n" for k in range(60))
FOLDER = Path("checkpoints", CACHE)


def learned(*names, val=(), targets=(), **settings):
    """A dataset, and what a run in this folder would keep of it."""
    config = PairsConfig(test_fraction=0.1, **settings)
    corpus = read_pairs(
        names, config, val_names=val, target_names=targets, cache=FOLDER, reporter=Told()
    )
    path = Path("checkpoints/a/last.safetensors").resolve()
    path.parent.mkdir(exist_ok=True)
    reference = PairReference(corpus.facts, corpus.vocabs, config, 3, path)
    return corpus.split(config, seed=3), reference


def write(text, name="pairs"):
    Path(name).write_text(text)
    return name


def again(reference, *, keep_corpus=False, told=None):
    return reload_pairs(reference, keep_corpus=keep_corpus, reporter=told or Told())


def content(dataset):
    """All that a dataset holds, as lists."""
    texts = [
        array.tolist()
        for side in (dataset.sources, dataset.targets)
        for array in vars(side).values()
    ]
    return texts, {split: numbers.tolist() for split, numbers in dataset.numbers.items()}


def empty_the_cache():
    for file in FOLDER.iterdir():
        file.unlink()


@pytest.mark.parametrize("lost", ["nothing", "cache", "corpus"])
@pytest.mark.parametrize("form", ["table", "parallel", "validation"])
def test_a_run_reads_the_pairs_that_it_began_with(lost, form):
    write(TEXT), write("1\t2\n77\t3\n", "val"), write(TEXT.replace("\t", "x"), "targets")
    if form == "parallel":
        dataset, reference = learned("pairs", targets=("targets",))
    else:
        dataset, reference = learned("pairs", val=("val",) * (form == "validation"))
    expected = content(dataset)
    told = Told()
    if lost == "corpus":
        Path("pairs").unlink()
    elif lost == "cache":
        empty_the_cache()
    assert content(again(reference, told=told)) == expected
    assert len(told.shown) == (lost == "corpus")


def test_a_run_is_read_from_another_folder(tmp_path, monkeypatch):
    dataset, reference = learned(write(TEXT))
    empty_the_cache()
    (tmp_path / "other").mkdir()
    monkeypatch.chdir(tmp_path / "other")
    assert content(again(reference)) == content(dataset)


@pytest.mark.parametrize(
    "change",
    [TEXT.replace("7", "8"), TEXT + "a\tb\n", TEXT + "bad\n", TEXT.replace("\n", "\t\n", 1)],
)
def test_changed_pairs_need_permission_to_use_the_old_copy(change):
    dataset, reference = learned(write(TEXT))
    write(change)
    with pytest.raises(CorpusError, match="pairs has changed since the run began; keep_corpus"):
        again(reference)
    assert content(again(reference, keep_corpus=True)) == content(dataset)
    empty_the_cache()
    with pytest.raises(CorpusError, match="has changed since the run began; put the old text"):
        again(reference, keep_corpus=True)


def test_what_is_skipped_may_change():
    dataset, reference = learned(write("bad\n" + TEXT), errors="skip")
    write(TEXT + "worse\nworst\n")
    assert content(again(reference)) == content(dataset)


def test_pairs_that_are_gone_with_their_copy_are_an_error():
    _, reference = learned(write(TEXT))
    Path("pairs").unlink()
    empty_the_cache()
    with pytest.raises(CorpusError, match="the run's corpus is gone: .*; put it back"):
        again(reference)


def test_the_copy_serves_for_standard_input(monkeypatch):
    read, write_end = os.pipe()
    os.write(write_end, TEXT.encode())
    os.close(write_end)
    with open(read) as stdin:
        monkeypatch.setattr("sys.stdin", stdin)
        dataset, reference = learned("-")
    assert content(again(reference)) == content(dataset)


def test_symbols_that_were_rare_stay_unknown():
    text = TEXT + "12\t3x\nyy\t5\n"
    dataset, reference = learned(write(text), max_vocab=10)
    assert {0} < set(dataset.sources.ids.tolist())
    empty_the_cache()
    assert content(again(reference)) == content(dataset)
    numbers = np.concatenate(list(dataset.numbers.values()))
    assert sorted(numbers.tolist()) == [k for k in range(62) if k != 60]
