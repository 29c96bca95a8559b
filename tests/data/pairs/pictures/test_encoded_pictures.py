"""Captions are encoded once: pictures as pixels on the disk, read again as they were."""

from pathlib import Path

import numpy as np
import pytest
from drawn import save_captions, save_pictures
from told import Told

from charrnn.config import CaptionsConfig
from charrnn.data.corpus import CACHE
from charrnn.data.pairs import encoded, pair_files
from charrnn.data.pairs.pictures import caption_spool
from charrnn.data.pairs.read_pairs import read_pairs
from charrnn.data.pairs.reload_pairs import PairReference, reload_pairs
from charrnn.data.pairs.symbols import PATHS, sides
from charrnn.errors import CorpusError
from charrnn.sources.pictures import read_picture

FOLDER = Path("checkpoints", CACHE)
NUM = 30


@pytest.fixture(autouse=True)
def pairs():
    made = save_pictures(NUM)
    save_captions(made)
    return made


def learned(**settings):
    """A corpus, and what a run in this folder would keep of it."""
    config = CaptionsConfig(images="pictures", image_size=8, test_fraction=0.1, **settings)
    corpus = read_pairs(["captions.tsv"], config, cache=FOLDER, reporter=Told())
    path = Path("checkpoints/a/last.safetensors").resolve()
    path.parent.mkdir(exist_ok=True)
    return corpus, PairReference(corpus.facts, corpus.vocabs, config, 3, path)


def content(dataset):
    pixels = dataset.sources.padded(np.arange(len(dataset.sources)))[0]
    numbers = {split: numbers.tolist() for split, numbers in dataset.numbers.items()}
    return pixels.tobytes(), dataset.targets.ids.tolist(), numbers


def test_a_source_is_its_picture_and_is_called_by_its_path(pairs):
    corpus, reference = learned()
    dataset = corpus.split(reference.config, seed=3)
    source, target = sides(reference.config, corpus.vocabs)
    assert corpus.vocabs["source"] == PATHS
    for number, (name, caption) in enumerate(pairs):
        pixels, lengths = dataset.sources.padded(np.array([number, 0]))
        np.testing.assert_array_equal(pixels[0], read_picture(Path("pictures", name), 8))
        assert (pixels.shape, lengths.tolist()) == ((2, 8, 8, 3), [64, 64])
        assert source.decode(dataset.sources.ids_of(number)) == name
        assert target.decode(dataset.targets.ids_of(number)) == caption
    assert len(dataset.sources) == NUM


def test_a_second_start_decodes_no_picture(monkeypatch):
    corpus, reference = learned()
    expected = content(corpus.split(reference.config, seed=3))
    monkeypatch.setattr(
        caption_spool, "read_picture", lambda *arguments: pytest.fail("it was read")
    )
    again, _ = learned()
    assert content(again.split(reference.config, seed=3)) == expected


def test_another_size_is_another_corpus():
    one, _ = learned()
    config = CaptionsConfig(images="pictures", image_size=4)
    other = read_pairs(["captions.tsv"], config, cache=FOLDER, reporter=Told())
    assert one.facts.sha256 != other.facts.sha256
    assert other.encoded.pictures.pixels_NYXC.shape == (NUM, 4, 4, 3)


@pytest.mark.parametrize("lost", ["nothing", "cache", "table", "folder"])
def test_a_run_reads_the_pictures_that_it_began_with(lost):
    corpus, reference = learned()
    expected, told = content(corpus.split(reference.config, seed=3)), Told()
    if lost == "cache":
        for file in FOLDER.iterdir():
            file.unlink()
    elif lost == "table":
        Path("captions.tsv").unlink()
    elif lost == "folder":
        Path("pictures").rename("elsewhere")
    again = reload_pairs(reference, keep_corpus=False, reporter=told)
    assert content(again) == expected
    assert len(told.shown) == (lost in ("table", "folder"))


@pytest.mark.parametrize("change", ["pixels", "damaged", "missing", "caption"])
def test_a_changed_picture_needs_permission_to_use_the_old_copy(change):
    corpus, reference = learned()
    expected = content(corpus.split(reference.config, seed=3))
    if change == "pixels":
        save_pictures(1, first=NUM)
        Path(f"pictures/{NUM}.png").replace("pictures/3.png")
    elif change == "damaged":
        Path("pictures/3.png").write_bytes(b"?")
    elif change == "missing":
        Path("pictures/3.png").unlink()
    else:
        Path("captions.tsv").write_text(Path("captions.tsv").read_text().replace("red", "pink"))
    with pytest.raises(CorpusError, match="has changed since the run began; keep_corpus goes on"):
        reload_pairs(reference, keep_corpus=False, reporter=Told())
    assert content(reload_pairs(reference, keep_corpus=True, reporter=Told())) == expected


def test_a_picture_that_changes_while_it_is_read_is_noticed(monkeypatch):
    def read(path, side):
        pixels = read_picture(path, side)
        path.write_bytes(path.read_bytes() + b"\0")
        return pixels

    monkeypatch.setattr(caption_spool, "read_picture", read)
    with pytest.raises(CorpusError, match="changed while"):
        learned()


def test_the_digest_of_the_copy_is_that_of_the_pictures():
    corpus, _ = learned()
    pairs, vocabs = corpus.encoded, corpus.vocabs
    assert encoded.sha256_of(pairs, vocabs, num_val=0) == corpus.facts.sha256
    path = next(FOLDER.glob("*-pixels.npy"))
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    damaged = encoded.load(
        encoded.stem_of(corpus.facts.sha256, vocabs, FOLDER), vocabs, NUM, picture_side=8
    )
    assert encoded.sha256_of(damaged, vocabs, num_val=0) != corpus.facts.sha256


@pytest.mark.parametrize("damage", ["cut", "missing", "numbers"])
def test_a_damaged_copy_is_made_again(damage):
    corpus, reference = learned()
    expected = content(corpus.split(reference.config, seed=3))
    path = next(FOLDER.glob("*-picture-of.npy" if damage == "numbers" else "*-pixels.npy"))
    if damage == "missing":
        path.unlink()
    else:
        path.write_bytes(path.read_bytes()[:-8])
    again, _ = learned()
    assert content(again.split(reference.config, seed=3)) == expected


def test_captions_of_one_picture_are_in_one_split(pairs):
    for name, _ in pairs[:10]:
        Path("pictures", f"copy-{name}").write_bytes(Path("pictures", name).read_bytes())
    copies = [(f"copy-{name}", "a copy") for name, _ in pairs[:10]]
    save_captions([*pairs, *copies])
    corpus, reference = learned(val_fraction=0.4)
    numbers = corpus.split(reference.config, seed=3).numbers
    split_of = {n: split for split, each in numbers.items() for n in each.tolist()}
    assert all(split_of[n] == split_of[NUM + n] for n in range(10))
    assert len({split_of[n] for n in range(10)}) > 1


def test_pillow_is_asked_for_where_pictures_are_to_be_read(monkeypatch):
    asked = []
    monkeypatch.setattr(pair_files, "require_pillow", lambda: asked.append(True))
    learned()
    learned()
    assert len(asked) == 1  # of the second start, all is in the cache


def test_progress_counts_the_bytes_of_pictures():
    told, progress = Told(), []
    told.show_reading = lambda *both: progress.append(both)
    config = CaptionsConfig(images="pictures", image_size=8)
    read_pairs(["captions.tsv"], config, cache=FOLDER, reporter=told)
    total = sum(path.stat().st_size for path in Path("pictures").iterdir())
    assert progress[-1] == (total, total)
    assert len(progress) == NUM
