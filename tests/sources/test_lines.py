import pytest
from hypothesis import given
from hypothesis import strategies as st

from charrnn.sources import lines

TEXTS = st.lists(st.text(st.sampled_from("a \n" + lines.UNDECODABLE), max_size=9))


@given(TEXTS, st.sampled_from(["none", "lines", "blank"]))
def test_chunks_of_whole_units_are_the_text(texts, records):
    chunks = list(lines.regroup(texts, records))
    assert "".join(chunks) == "".join(texts)
    end = "\n\n" if records == "blank" else "\n"
    assert all(chunk.endswith(end) for chunk in chunks[:-1])


@pytest.mark.parametrize(
    ("records", "text", "kept"),
    [
        ("lines", "one\ntw\udcffo\nthree", "one\nthree"),
        ("none", "\udcff", ""),
        ("blank", "a\nb\n\nc\nd\udcff\n\n\ne", "a\nb\n\ne"),
        ("blank", "a\n \t\nb\udcff\n  \n", "a\n \t\n"),
    ],
)
def test_a_unit_with_something_bad_goes_with_its_end(records, text, kept):
    assert lines.without_damaged(text, records) == (kept, 1)
