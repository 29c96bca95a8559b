"""Texts as ids, and texts that no model reads."""

import pytest

from charrnn.data.pairs.symbols import Side
from charrnn.data.vocab import Vocab
from charrnn.errors import UsageError
from charrnn.generation.translation.source_ids import source_ids

CHARACTERS, BYTES = Side(Vocab((97, 98))), Side(Vocab(tuple(range(256)), is_bytes=True))
LIMIT = {"at_most": 4, "purpose": "read", "hint": "read a part"}


def test_a_text_is_numbered_up_to_its_longest_length():
    assert source_ids(CHARACTERS, "abxa", **LIMIT).tolist() == [1, 2, 0, 1]
    assert source_ids(CHARACTERS, "", **LIMIT).tolist() == []
    message = "a text of 5 symbols is too long to read; at most 4 are possible; read a part"
    for side, text in ((CHARACTERS, "aaaaa"), (BYTES, "éèx")):
        with pytest.raises(UsageError) as caught:
            source_ids(side, text, **LIMIT)
        assert str(caught.value) == message


def test_half_of_a_character_is_no_text():
    with pytest.raises(UsageError, match="the text is not UTF-8: character 2"):
        source_ids(BYTES, "a\ud800", **LIMIT)
