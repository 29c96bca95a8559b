"""From files of pairs to a dataset, and what a person is told on the way."""

import gzip
import hashlib
import unicodedata
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matrix import row
from told import Told

from charrnn.config import InStepConfig, PairsConfig, TrainConfig
from charrnn.data.pairs import encoded
from charrnn.data.pairs.read_pairs import read_pairs
from charrnn.data.pairs.symbols import SymbolVocab, sides
from charrnn.data.vocab import Vocab
from charrnn.errors import CharRNNError, CorpusError, SettingError, UsageError

CACHE = Path("cache")
NUMBERS = "".join(f"{k}\t{k * k}\n" for k in range(100))


def write(text, name="pairs.tsv"):
    Path(name).write_text(text, encoding="utf-8", newline="")
    return name


def read(*names, told=None, targets=(), val=(), known=None, **settings):
    return read_pairs(
        names,
        PairsConfig(**settings),
        target_names=targets,
        val_names=val,
        known=known,
        cache=CACHE,
        reporter=told or Told(),
    )


def texts(corpus, split="train", *, seed=1):
    """The pairs of a split as text, sorted."""
    dataset = corpus.split(corpus.config, seed=seed)
    numbers = dataset.numbers[split]
    decoded = []
    for side, ragged in zip(
        sides(corpus.config, corpus.vocabs), (dataset.sources, dataset.targets), strict=True
    ):
        padded, lengths = ragged.padded(numbers)
        decoded.append([side.decode(padded[:n, k]) for k, n in enumerate(lengths)])
    return sorted(zip(*decoded, strict=True))


def test_pairs_are_encoded_and_split():
    corpus = read(write(NUMBERS))
    assert corpus.facts.num_pairs == 100
    assert (corpus.facts.longest_source, corpus.facts.longest_target) == (2, 4)
    digest = hashlib.sha256(NUMBERS.replace("\t", "\n").encode()).hexdigest()
    assert corpus.facts.sha256 == digest
    assert corpus.vocabs == {name: Vocab(tuple(b"0123456789")) for name in ("source", "target")}
    everything = texts(corpus) + texts(corpus, "val")
    assert sorted(everything) == sorted((str(k), str(k * k)) for k in range(100))
    assert len(texts(corpus, "val")) == 10
    assert texts(corpus, "val") == texts(read("pairs.tsv"), "val")
    assert texts(corpus, "val") != texts(corpus, "val", seed=2)


def test_the_batches_of_a_dataset_on_disk_hold_its_pairs():
    corpus = read(write(NUMBERS), val_fraction=0.0)
    batches = corpus.split(corpus.config, seed=1).batches(TrainConfig(batch_size=30))
    side, _ = sides(corpus.config, corpus.vocabs)
    read_sources = []
    for step in range(batches.steps_per_epoch):
        batch = batches.batch(step)
        is_scored_B = (batch.targets_TB >= 0).any(0)
        read_sources += [side.decode(ids) for ids in batch.sources.T[is_scored_B]]
    assert sorted(read_sources) == sorted(map(str, range(100)))


def test_the_same_pairs_in_another_form_are_the_same():
    facts = read(write(NUMBERS)).facts
    write("\ufeff" + NUMBERS.replace("\n", "\r\n"), "other")
    Path("other.gz").write_bytes(gzip.compress(NUMBERS.encode()))
    write("n,square\n" + NUMBERS.replace("\t", ","), "other.csv")
    write(NUMBERS.replace("\t", "\n"), "lines")
    lines = NUMBERS.split()
    write("\n".join(lines[::2]), "a"), write("\n".join(lines[1::2]), "b")
    others = [
        read("other"),
        read("other.gz"),
        read("other.csv", source_column="n", target_column="square"),
        read("a", targets=("b",)),
        read("b", targets=("a",), is_reversed=True),
    ]
    assert {other.facts.sha256 for other in others} == {facts.sha256}
    assert read(write(NUMBERS + "1\t1\n")).facts.sha256 != facts.sha256


def test_symbols_between_spaces_and_bytes():
    corpus = read(write("né\ta̯  b\nb\ta̯\n"), target_symbols="spaces", is_bytes=True)
    assert corpus.vocabs == {
        "source": Vocab((98, 110, 0xA9, 0xC3), is_bytes=True),
        "target": SymbolVocab(("a̯", "b")),
    }
    assert texts(corpus, "train") + texts(corpus, "val") in (
        [("b", "a̯"), ("né", "a̯ b")], [("né", "a̯ b"), ("b", "a̯")],
    )  # fmt: skip


def test_labels_are_whole_texts():
    corpus = read(write("née\tOld  French\nnee\tDutch\n" * 2), target_symbols="whole")
    assert corpus.vocabs["target"] == SymbolVocab(("Dutch", "Old French"), are_whole=True)
    assert corpus.facts.longest_target == 1
    both = {("nee", "Dutch"), ("née", "Old French")}
    assert {*texts(corpus), *texts(corpus, "val")} == both
    known = {"source": corpus.vocabs["source"], "target": SymbolVocab(("Dutch",))}
    with pytest.raises(SettingError, match="targets of symbols between spaces, not of whole texts"):
        read("pairs.tsv", target_symbols="whole", known=known)


def test_where_a_source_is_a_label_no_text_is_in_two_splits():
    lines = [f"{k % 40}\t{'even' if k % 2 == 0 else 'odd'}\n" for k in range(200)]
    corpus = read(write("".join(lines)), source_symbols="whole", is_reversed=True)
    both = {split: {text for _, text in texts(corpus, split)} for split in ("train", "val")}
    assert both["train"] and both["val"]
    assert not both["train"] & both["val"]
    for split in both:
        assert {label for label, _ in texts(corpus, split)} == {"even", "odd"}


def test_a_folder_without_tables_is_told_why_it_has_no_pairs():
    Path("folder").mkdir()
    write("a\tb\n", "folder/pairs.txt")
    with pytest.raises(CorpusError, match="there are no pairs in folder; skipped 1 file without"):
        read("folder")


def test_normalisation_is_told_and_undone():
    told = Told()
    corpus = read(
        write("한국\tㅎ ㅏ ㄴ\n"), source_normalise="nfd", target_normalise="nfc", told=told
    )
    assert told.shown == [
        "sources in NFD: 2 distinct characters became 6", "targets are in NFC already",
    ]  # fmt: skip
    assert len(corpus.encoded.sources.ids) == 6
    assert unicodedata.is_normalized("NFC", texts(corpus)[0][0])
    assert texts(corpus) == [("한국", "ㅎ ㅏ ㄴ")]


def test_a_validation_file_is_the_whole_split_and_its_sources_are_not_learned():
    write("3\tx\n200\ty\n3\tz\n", "val.tsv")
    corpus = read(write(NUMBERS), val=("val.tsv",))
    assert (corpus.facts.num_pairs, corpus.facts.num_val) == (103, 3)
    assert texts(corpus, "val") == [("200", "y"), ("3", "x"), ("3", "z")]
    assert texts(corpus) == sorted((str(k), str(k * k)) for k in range(100) if k != 3)
    assert corpus.split(corpus.config, seed=1).num_shared == 1
    with pytest.raises(CorpusError, match="no pair is left to learn from: pairs with the sources"):
        corpus = read("pairs.tsv", val=("pairs.tsv",))
        corpus.split(corpus.config, seed=1)


def test_parallel_validation_files_come_in_turn():
    for name, text in {"a": "1\n2\n", "b": "3\n4\n", "c": "5\n", "d": "6\n"}.items():
        write(text, name)
    corpus = read("a", targets=("b",), val=("c", "d"))
    assert texts(corpus, "val") == [("5", "6")]
    assert texts(corpus) == [("1", "3"), ("2", "4")]
    with pytest.raises(
        UsageError, match="1 file to validate on is not an even number; name a file of sou"
    ):
        read("a", targets=("b",), val=("c",))


@row(42)
def test_too_long_pairs_are_bad_lines():
    with pytest.raises(CorpusError) as error:
        read(write("a\tb\nabcd\te\n"), max_length=3)
    assert str(error.value) == (
        "pairs.tsv, line 2: more than 3 symbols in a source or target; raise max_length, or leave"
        " such lines out with errors skip"
    )
    told = Told()
    assert read("pairs.tsv", max_length=3, errors="skip", told=told).facts.num_skipped == 1
    assert told.warned == [
        "skipped 1 line (more than 3 symbols in a source or target): pairs.tsv line 2"
    ]


def test_rare_symbols_of_sources_are_unknown_and_pairs_with_rare_targets_are_left_out():
    told = Told()
    corpus = read(
        write("aab\tc\nbba\tcd\nxab\tdc\nab\tdy\nab\tcd\n"),
        max_vocab=2, val_fraction=0.0, told=told,
    )  # fmt: skip
    assert texts(corpus) == [("aab", "c"), ("ab", "cd"), ("ab", "dc"), ("bba", "cd")]
    assert told.shown == [
        "1 rare symbol of the sources (7.7 % of their text) became one unknown symbol: the"
        " vocabulary is limited to 2"
    ]
    assert told.warned == [
        "left out 1 pair of 5: their targets have rare symbols (1 in all), and the vocabulary is"
        " limited to 2"
    ]


def test_a_vocabulary_that_covers_next_to_nothing_is_an_error():
    letters = "".join(map(chr, range(97, 123)))
    with pytest.raises(CorpusError) as error:
        read(write(f"{letters}\tb\n"), max_vocab=2)
    assert str(error.value) == (
        "92 % of the sources would be unknown symbols: the vocabulary has 2 symbols, the sources"
        " 26; raise max_vocab"
    )
    rare = "".join(f"b\t{letter * 2}\n" for letter in letters[3:])
    with pytest.raises(CorpusError, match="88 % of the pairs would be left out for rare symbols"):
        read(write(f"a\taa\nb\tb\nb\tbbb\n{rare}"), max_vocab=2)


def test_known_vocabularies_keep_their_ids():
    known = {"source": Vocab((122, 97)), "target": SymbolVocab(("q", "b"))}
    corpus = read(write("ab\tb c\n"), known=known, target_symbols="spaces")
    assert corpus.vocabs == {"source": Vocab((122, 97, 98)), "target": SymbolVocab(("q", "b", "c"))}
    assert corpus.encoded.sources.ids.tolist() == [2, 3]
    assert corpus.encoded.targets.ids.tolist() == [2, 3]


@pytest.mark.parametrize(
    ("settings", "phrase"),
    [
        ({}, "with targets of symbols between spaces, not of characters"),
        ({"target_symbols": "spaces", "source_symbols": "spaces"}, "with sources of characters, "),
        (
            {"target_symbols": "spaces", "is_bytes": True},
            "with sources of characters, not of bytes",
        ),
    ],
)
def test_a_model_of_other_symbols_is_not_one_to_start_from(settings, phrase):
    known = {"source": Vocab((97,)), "target": SymbolVocab(("b",))}
    with pytest.raises(SettingError, match=f"init_from names a model {phrase}"):
        read(write("a\tb\n"), known=known, **settings)


def test_files_without_pairs_are_an_error():
    with pytest.raises(CorpusError, match="no pairs in pairs.tsv; name a file with pairs"):
        read(write(""))
    with pytest.raises(CorpusError, match="the first bad line is pairs.tsv, line 1: no tab"):
        read(write("no tab"), errors="skip")
    write("", "val")
    with pytest.raises(CorpusError, match="val: there are no pairs to validate on"):
        read(write("a\tb\n"), val=("val",))
    with pytest.raises(CorpusError, match="there is no corpus 'gone'"):
        read("gone")


def test_one_pair_is_for_training():
    corpus = read(write("a\tb"))
    assert (texts(corpus), texts(corpus, "val")) == ([("a", "b")], [])


def test_pairs_of_one_source_stay_together():
    corpus = read(write("".join(f"a\t{k}\n" for k in range(20))))
    assert len(texts(corpus)) == 20


def test_a_file_that_is_named_twice_is_told():
    told = Told()
    assert read(write(NUMBERS), "./pairs.tsv", told=told).facts.num_pairs == 200
    assert told.warned == ["named twice, and so counted twice: ./pairs.tsv"]
    told = Told()
    read("pairs.tsv", targets=("pairs.tsv",), told=told)  # to learn to copy
    assert told.warned == []


def test_progress_is_in_bytes_of_the_files():
    class Watching(Told):
        def show_reading(self, done, total):
            self.shown.append((done, total))

    told = Watching()
    read(write(NUMBERS), told=told)
    assert told.shown[-1] == (len(NUMBERS), len(NUMBERS))


def test_no_temporary_file_is_left():
    corpus = read(write(NUMBERS))
    corpus.split(corpus.config, seed=1)
    corpus.claim.release()
    files = {path.name.rpartition("-")[2] for path in CACHE.iterdir()}
    assert not any("tmp" in name for name in files)
    with pytest.raises(CorpusError):
        read(write("bad\n" + NUMBERS))
    assert {path.name.rpartition("-")[2] for path in CACHE.iterdir()} == files


def test_splits_of_many_chunks_are_kept_and_loaded_again():
    corpus = read(write(NUMBERS))
    first = corpus.split(corpus.config, seed=1).numbers["train"]
    again = corpus.split(corpus.config, seed=1).numbers["train"]
    assert np.array_equal(first, again)
    assert len(list(CACHE.glob("*-train-*"))) == 1
    corpus.split(PairsConfig(val_fraction=0.5), seed=1)
    corpus.split(corpus.config, seed=2)
    assert len(list(CACHE.glob("*-train-*"))) == 3


def test_pairs_that_were_read_before_are_read_again_to_be_in_step():
    """What is kept of the first reading does not know that some are of unequal length."""
    read(write("ab\tcd\nabc\tde\n" * 30))
    config = InStepConfig(errors="skip")
    told = Told()
    corpus = read_pairs(["pairs.tsv"], config, cache=CACHE, reporter=told)
    assert corpus.facts.num_pairs == corpus.facts.num_skipped == 30
    for in_cache in (read_pairs(["pairs.tsv"], config, cache=CACHE, reporter=told), corpus):
        assert in_cache.facts == corpus.facts
    assert read("pairs.tsv", errors="skip").facts.num_pairs == 60


_GOOD = st.sampled_from([b"ab\tx\n", b"b\tyz\n", b"a b\tx y\n", "é가\tß\n".encode()])
_ODD = st.sampled_from(
    [
        "\t",
        "\n",
        "\r",
        "\0",
        "\x1c",
        "\x85",
        "\u2028",
        "\ufeff",
        "e\u0301",
        "\u202e",
        '"',
        ",",
        "\\",
    ]
).map(str.encode)
_BROKEN = st.sampled_from([b"\xff", b"\xe2\x82", b"\xed\xa0\x80", b"\xf4\x90\x80\x80"])
_CONFIGS = st.fixed_dictionaries(
    {
        "errors": st.sampled_from(["strict", "skip", "replace"]),
        "encoding": st.sampled_from(["utf-8", "utf-16", "latin-1", "utf-7"]),
        "source_normalise": st.sampled_from(["none", "nfd", "nfkc"]),
        "target_symbols": st.sampled_from(["characters", "spaces", "whole"]),
        "source_column": st.sampled_from([None, None, "a", "2"]),
        "max_vocab": st.sampled_from([2, 8192]),
        "is_bytes": st.booleans(),
    }
)


@row(42)
@settings(max_examples=150, deadline=None)
@given(st.lists(st.one_of(_GOOD, _GOOD, _ODD, _BROKEN), max_size=40).map(b"".join), _CONFIGS)
def test_any_bytes_are_pairs_that_can_be_read_back_or_one_line(tmp_path_factory, data, values):
    folder = tmp_path_factory.mktemp("odd")
    (folder / "pairs.tsv").write_bytes(data)
    values["target_column"] = values["source_column"] and "1"
    config = PairsConfig(**values)
    corpus, line = None, ""
    try:
        corpus = read_pairs(
            [str(folder / "pairs.tsv")], config, cache=folder / "cache", reporter=Told()
        )
    except CharRNNError as error:
        line = str(error)
    assert "\n" not in line
    if corpus is not None and not encoded.has_unknown(corpus.encoded):
        found = encoded.sha256_of(corpus.encoded, corpus.vocabs, num_val=0)
        assert found == corpus.facts.sha256
