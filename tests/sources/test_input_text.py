import pytest
from hypothesis import given
from hypothesis import strategies as st

from charrnn.config import DataConfig
from charrnn.errors import UsageError
from charrnn.sources.input_text import InputText


@given(st.text(alphabet="aé中𝄞\n\r☃", max_size=40), st.integers(1, 7))
def test_a_file_in_chunks_of_any_size_is_the_text_with_newlines(text, size):
    data = "\ufeff".encode() + text.encode()
    chunks = [data[t : t + size] for t in range(0, len(data), size)]
    seen = []
    found = list(InputText("a", chunks, DataConfig()).decoded(tee=seen.append))
    expected = text.replace("\r\n", "\n").replace("\r", "\n")
    assert "".join(found) == expected
    assert b"".join(seen) == expected.encode()


@pytest.mark.parametrize("size", [1, 2, 3, 8])
def test_an_invalid_byte_is_named_by_its_position(size):
    data = "né☃".encode() + b"\xff!"
    chunks = [data[t : t + size] for t in range(0, len(data), size)]
    with pytest.raises(UsageError, match=r"a is not utf-8: byte 6; it may be .*: try encoding"):
        list(InputText("a", chunks, DataConfig()).decoded())
    of_bytes = InputText("a", chunks, DataConfig(is_bytes=True))
    assert "".join(of_bytes.decoded()) == data.decode("latin-1")


def test_a_column_is_taken_of_tables_only():
    config = DataConfig(records="lines", column="text")
    data = [b"id,text\n1,one\n"]
    assert "".join(InputText("a.csv", data, config).decoded()) == "one\n"
    assert "".join(InputText("a.txt", data, config).decoded()) == "id,text\n1,one\n"
