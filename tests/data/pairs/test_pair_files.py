"""Files of pairs are read once: the second time the cache serves."""

import os
from pathlib import Path

import pytest
from told import Told

from charrnn.config import PairsConfig
from charrnn.data.pairs.pair_files import PairFiles
from charrnn.data.pairs.reading.bad_lines import NotPairsError
from charrnn.data.pairs.reading.table import TableReader
from charrnn.data.pairs.symbols import SymbolVocab
from charrnn.errors import CorpusError

CACHE = Path("cache")
TEXT = "a b\tc\nno tab\nd\te é\n"


def vocabs_for(scan, known=None):
    counts = {"source": scan.sources, "target": scan.targets}
    return {side: each.vocab(known, max_size=9) for side, each in counts.items()}


def encode(*names, choose=vocabs_for, **settings):
    config = PairsConfig(errors="skip", **settings)
    return PairFiles(names).encode(config, choose, cache=CACHE, progress=Told().show_reading)


@pytest.fixture
def _no_more_reading(monkeypatch):
    encode("pairs")
    monkeypatch.setattr(TableReader, "rows", lambda *args, **named: pytest.fail("it was read"))


@pytest.fixture(autouse=True)
def _pairs():
    Path("pairs").write_text(TEXT)


def content(encoding):
    scan, vocabs, pairs = encoding
    return scan, vocabs, pairs.sources.ids.tolist(), pairs.targets.starts.tolist()


@pytest.mark.parametrize("symbols", ["characters", "spaces", "whole"])
def test_a_second_start_reads_nothing(monkeypatch, symbols):
    first = content(encode("pairs", source_symbols=symbols))
    monkeypatch.setattr(TableReader, "rows", lambda *args, **named: pytest.fail("it was read"))
    assert content(encode("pairs", source_symbols=symbols, val_fraction=0.5)) == first
    scan = first[0]
    assert scan.warnings == ("skipped 1 line (no tab between a source and a target): pairs line 2",)
    assert (scan.num_pairs, scan.num_skipped, scan.longest_target) == (2, 1, 3)
    assert scan.longest_source == {"characters": 3, "spaces": 2, "whole": 1}[symbols]


@pytest.mark.usefixtures("_no_more_reading")
@pytest.mark.parametrize(
    "settings", [{"is_bytes": True}, {"max_length": 2}, {"is_reversed": True}, {"encoding": "utf8"}]
)
def test_a_setting_that_decides_what_is_read_makes_it_be_read(settings):
    with pytest.raises(pytest.fail.Exception):
        encode("pairs", **settings)


@pytest.mark.usefixtures("_no_more_reading")
def test_a_file_that_was_written_again_is_read():
    os.utime("pairs", ns=(1, 1))
    with pytest.raises(pytest.fail.Exception):
        encode("pairs")


@pytest.mark.usefixtures("_no_more_reading")
def test_nothing_is_read_for_a_caller_that_wants_no_vocabulary():
    assert encode("pairs", choose=lambda scan: None) is None


def test_nothing_is_encoded_for_a_caller_that_wants_no_vocabulary():
    assert encode("pairs", choose=lambda scan: None) is None
    assert not list(CACHE.glob("*.npy"))


@pytest.mark.parametrize("damage", ["", "{}", "[1]", '{"sources": {"kind": 1}}'])
def test_a_damaged_scan_is_made_again(damage):
    first = content(encode("pairs"))
    (path,) = CACHE.glob("survey-*.json")
    path.write_text(damage)
    assert content(encode("pairs")) == first
    assert path.read_text() == first[0].to_json()


def test_other_vocabularies_make_it_be_read_again():
    spaces = {"source_symbols": "spaces", "target_symbols": "spaces"}
    encode("pairs", **spaces)
    known = SymbolVocab(("q",))
    encoding = encode("pairs", **spaces, choose=lambda scan: vocabs_for(scan, known))
    assert encoding.pairs.sources.ids.tolist() == [2, 3, 4]


def test_a_file_that_changes_while_it_is_read_is_noticed(monkeypatch):
    read = TableReader.rows

    def rows(self, files, **named):
        yield from read(self, files, **named)
        Path("pairs").write_text(TEXT + "f\tg\n")

    monkeypatch.setattr(TableReader, "rows", rows)
    with pytest.raises(CorpusError, match="the corpus changed while it was being read"):
        encode("pairs")
    assert not list(CACHE.glob("survey-*.json"))


def test_files_that_are_not_pairs_are_told_from_those_that_are_gone():
    Path("other").write_text("no tab\n")
    with pytest.raises(NotPairsError, match="no pairs in other; the first bad line is other, line"):
        encode("other")
    with pytest.raises(CorpusError) as error:
        encode("gone")
    assert not isinstance(error.value, NotPairsError)
