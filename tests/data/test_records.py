import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from charrnn.data import records
from charrnn.data.records import Records
from charrnn.data.vocab import code_points
from charrnn.sources.lines import RECORD_END


def arranged(found, ids):
    pieces = list(found.arrange(ids))
    return bytes(np.concatenate(pieces)).decode() if pieces else ""


@given(st.text("ab\n", max_size=60), st.sampled_from(["lines", "blank"]), st.integers(0, 5))
def test_the_records_of_a_text_arranged(text, kind, seed):
    """Against Python's own splitting: the same records, in another order, each with its end."""
    blocks = text.split("\n") if kind == "lines" else text.split("\n\n")
    expected = [block.strip("\n") for block in blocks if block.strip("\n")]
    ids = code_points(text)
    found = Records.find(ids, kind, ord("\n"))
    assert arranged(found, ids) == "".join(block + RECORD_END[kind] for block in expected)
    shuffled = found.shuffled(seed)
    whole = arranged(shuffled, ids)
    pieces = [
        whole[a:b]
        for a, b in zip(shuffled.arranged_starts, shuffled.arranged_starts[1:], strict=False)
    ]
    assert sorted(pieces) == sorted(block + RECORD_END[kind] for block in expected)
    assert shuffled.arranged_starts[-1] == len(whole)
    again = Records.find(ids, kind, ord("\n")).shuffled(seed)
    assert again.starts_R.tolist() == shuffled.starts_R.tolist()


def test_the_size_of_a_chunk_changes_nothing(monkeypatch):
    text = "".join(f"{'ab' * (k % 5)}\n{chr(10) * (k % 3)}" for k in range(100))
    ids = code_points(text)
    for kind in ("lines", "blank"):
        found = Records.find(ids, kind, ord("\n")).shuffled(1)
        whole = arranged(found, ids)
        monkeypatch.setattr(records, "CHUNK_CHARS", 7)
        monkeypatch.setattr(records, "CHUNK_RECORDS", 3)
        again = Records.find(ids, kind, ord("\n")).shuffled(1)
        assert arranged(again, ids) == whole
        monkeypatch.undo()


def test_another_seed_is_another_order():
    ids = code_points("\n".join("abcdefghij"))
    found = Records.find(ids, "lines", ord("\n"))
    assert arranged(found.shuffled(1), ids) != arranged(found.shuffled(2), ids)
