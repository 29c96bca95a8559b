from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from charrnn.data.vocab import NUM_CODE_POINTS, UNKNOWN, Vocab, code_points, count_code_points

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1)


def counts_of(text: str) -> np.ndarray:
    return np.bincount(code_points(text), minlength=NUM_CODE_POINTS)


def vocab_of(text: str, max_size: int = 10**6) -> Vocab:
    return Vocab.from_counts(counts_of(text), is_bytes=False, max_size=max_size)


@given(TEXTS)
def test_any_text_survives_encoding_and_decoding(text):
    vocab = vocab_of(text)
    assert vocab.decode(vocab.ids_of(code_points(text))) == text
    assert list(vocab.code_points) == sorted(set(map(ord, text)))


@given(st.binary(min_size=1))
def test_any_bytes_survive_encoding_and_decoding(data):
    vocab = Vocab.from_counts(np.bincount(code_points(data)), is_bytes=True, max_size=256)
    assert vocab.decode(vocab.ids_of(code_points(data))).encode("latin-1") == data


@given(TEXTS)
def test_vocab_survives_json(text):
    vocab = vocab_of(text)
    assert Vocab.from_json(vocab.to_json()) == vocab


def test_the_rarest_characters_fold_into_one_unknown_symbol():
    vocab = vocab_of("aaaabbbccd", max_size=3)
    assert vocab.code_points == (ord("a"), ord("b"), UNKNOWN)
    assert vocab.unknown_id == 2
    assert vocab.ids_of(code_points("abcdz")).tolist() == [0, 1, 2, 2, 2]
    assert vocab.decode([0, 2]) == "a\N{REPLACEMENT CHARACTER}"


def test_without_folding_a_character_never_seen_has_no_id():
    assert vocab_of("ab").unknown_id is None
    assert vocab_of("ab").ids_of(code_points("axb")).tolist() == [0, -1, 1]


def test_a_vocab_grows_without_moving_an_id():
    old = vocab_of("mno")
    new = old.extended(counts_of("zoa"), max_size=9)
    assert new.decode(range(5)) == "mnoaz"
    assert new.code_points[: len(old)] == old.code_points


def test_a_vocab_grows_by_the_most_frequent_characters_and_no_further():
    old = vocab_of("mno")
    new = old.extended(counts_of("zzzbbaaaaooo"), max_size=5)
    assert new.decode(range(5)) == "mnoa\N{REPLACEMENT CHARACTER}"
    assert new.extended(counts_of("zzq"), max_size=5) == new
    assert new.extended(counts_of("qqr"), max_size=6).decode([5]) == "q"
    assert old.extended(counts_of("mmm"), max_size=2) == old
    assert len(old.extended(counts_of("x"), max_size=2)) == 4


def test_white_space_and_the_newline_of_a_vocab():
    assert vocab_of("a\t \n\u3000z").white_V.tolist() == [True, True, True, False, False, True]
    assert vocab_of("a\nb").newline == 0
    assert vocab_of("ab").newline == -1
    every_byte = Vocab(tuple(range(256)), is_bytes=True)
    assert np.flatnonzero(every_byte.white_V).tolist() == [9, 10, 11, 12, 13, 32]


@pytest.mark.parametrize(("size", "dtype"), [(2, "u1"), (256, "u1"), (257, "u2"), (65_537, "u4")])
def test_ids_take_the_smallest_type_that_holds_them(size, dtype):
    assert Vocab(tuple(range(size))).dtype == np.dtype(dtype)


@pytest.mark.parametrize("points", [[], [1, 1], [-2], [NUM_CODE_POINTS], ["a"], [True]])
def test_an_invalid_list_of_characters_is_refused(points):
    with pytest.raises(ValueError, match="not a list of distinct characters"):
        Vocab.from_json({"code_points": points, "bytes": False})


@pytest.mark.parametrize("num_bytes", [0, 1, 1 << 16, (1 << 17) + 1])
def test_bytes_are_counted_whether_few_or_many(num_bytes):
    data = np.random.default_rng(0).bytes(num_bytes)
    counts = count_code_points(code_points(data))
    assert {k: int(counts[k]) for k in np.flatnonzero(counts)} == Counter(data)


@pytest.mark.parametrize("text", ["plain", "naïve", "龍", "🐉 and more"])
def test_ids_are_packed_in_the_vocabs_own_type(text):
    for size in (1, 300, 70_000):
        codes = [code for code in range(32, 32 + size) if not 0xD800 <= code < 0xE000]
        vocab = vocab_of(text + "".join(map(chr, codes)))
        packed = np.frombuffer(vocab.packed(code_points(text)), vocab.dtype)
        assert vocab.decode(packed) == text
