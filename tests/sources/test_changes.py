from charrnn.config import DataConfig
from charrnn.sources.changes import Changes


def test_changes_add_up():
    one = Changes(marks=1, skipped=["a"], encodings={"b": "latin-1"})
    one.add(Changes(marks=2, line_ends=True, skipped=["c"], encodings={"d": "utf-16"}, num_plain=3))
    assert one == Changes(
        marks=3,
        line_ends=True,
        skipped=["a", "c"],
        encodings={"b": "latin-1", "d": "utf-16"},
        num_plain=3,
    )


def test_text_is_unchanged_only_if_it_is_what_the_file_holds():
    assert Changes(num_plain=2, skipped=["a"]).none_in_text(DataConfig())
    assert not Changes().none_in_text(DataConfig(encoding="latin-1"))
    assert not Changes().none_in_text(DataConfig(column="text"))
    for change in ("marks", "line_ends", "num_replaced", "num_left_out"):
        assert not Changes(**{change: 1}).none_in_text(DataConfig())


def test_each_kind_of_change_is_a_sentence():
    changes = Changes(
        marks=1,
        num_left_out=2,
        num_malformed=1,
        skipped=["a", "b", "c"],
        likely={"a": "utf-8", "b": "cp1252"},
    )
    assert changes.sentences(DataConfig(errors="skip")) == [
        "dropped the byte order mark at the start of the text",
        "left out 2 lines with bytes that are not utf-8",
        "left out 1 row that cannot be read",
        "skipped 1 file with bytes that are not utf-8: a; --errors skip leaves out only the lines"
        " with such bytes",
        "skipped 1 file that is not utf-8: b (perhaps cp1252)",
        "skipped 1 file that is not text: c",
    ]
    assert Changes().sentences(DataConfig()) == []
