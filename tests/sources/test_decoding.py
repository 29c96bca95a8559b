import pytest

from charrnn.config import DataConfig
from charrnn.errors import CorpusError, UsageError
from charrnn.sources.changes import Changes
from charrnn.sources.decoding import NotTextError, Origin, decode, require_known


def decoded(*chunks, **settings):
    changes = Changes()
    made = list(decode(chunks, DataConfig(**settings), changes, Origin("a")))
    return b"".join(chunk.data for chunk in made).decode(), changes


@pytest.mark.parametrize("is_ascii", [True, False])
def test_a_chunk_of_ascii_is_bytes_alone(is_ascii):
    text = "plain" if is_ascii else "naïve"
    (chunk,) = decode([text.encode()], DataConfig(), Changes(), Origin("a"))
    assert chunk == (text.encode(), None if is_ascii else text)
    assert chunk.lacks_newline


def test_dropped_and_changed_characters_are_counted():
    text, changes = decoded(b"\xef\xbb", b"\xbfone\r", b"\ntwo\r", b"three")
    assert text == "one\ntwo\nthree"
    assert (changes.marks, changes.line_ends) == (1, True)
    assert not changes.none_in_text(DataConfig())


def test_a_cut_character_at_the_end_is_an_error_too():
    with pytest.raises(NotTextError, match="a is not utf-8: byte 7"):
        decoded(b"na\xc3", b"\xafvet\xc3")


def test_the_line_of_a_bad_byte_is_asked_for_by_its_place_in_the_file():
    origin = Origin("a", begin=100, line_at=lambda offset: offset - 90)
    with pytest.raises(NotTextError, match="a is not utf-8: line 12, byte 102"):
        list(decode([b"ab\xff"], DataConfig(), Changes(), origin))


def test_a_file_that_begins_as_no_text_does_is_refused():
    with pytest.raises(CorpusError, match="a is a PDF, not a text"):
        decoded(b"%PDF-1.7 and so on")


@pytest.mark.parametrize("encoding", ["klingon", "hex", "a\0b"])
def test_an_unknown_encoding_is_refused(encoding):
    with pytest.raises(UsageError, match="is not known"):
        decoded(b"x", encoding=encoding)
    with pytest.raises(UsageError, match="is not known"):
        require_known(encoding)
