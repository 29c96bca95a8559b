import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from charrnn.config import DataConfig
from charrnn.data.batches import Text
from charrnn.data.splits import FileStarts, Splits, grouped

fractions = st.sampled_from([0.0, 0.05, 0.1, 0.4])


def split(sizes, config, *, num_val=0, text=None):
    """The splits of files of these sizes; without a text there is no line to end."""
    num_chars = sum(sizes)
    begins = tuple(np.append(0, np.cumsum(sizes))[:-1].tolist())
    ids = np.arange(num_chars) if text is None else np.frombuffer(text.encode(), np.uint8)
    files = FileStarts(begins, num_val)
    return files, Splits.of(files, config, ids, -1 if text is None else ord("\n"))


def size(stretches):
    return sum(end - begin for begin, end in stretches)


@example([4, 1], 0.05, 0.4)
@given(st.lists(st.integers(1, 900), min_size=1, max_size=30), fractions, fractions)
def test_the_splits_cover_every_file_once_and_are_as_large_as_those_of_one_text(sizes, val, test):
    config = DataConfig(val_fraction=val, test_fraction=test)
    files, splits = split(sizes, config)
    all_of_them = sorted([*splits.train, *splits.val, *splits.test])
    covered = [k for begin, end in all_of_them for k in range(begin, end)]
    assert covered == list(range(sum(sizes)))
    text = Text.of(np.arange(sum(sizes)), config)
    for name in ("train", "val", "test"):
        first, end = text.part(name)
        assert size(getattr(splits, name)) == end - first
    _, cut_at_lines = split(sizes, config, text=("ab\n" * sum(sizes))[: sum(sizes)])
    stretches = sorted([*cut_at_lines.train, *cut_at_lines.val, *cut_at_lines.test])
    assert [k for begin, end in stretches for k in range(begin, end)] == covered
    for begin, end in grouped(files, config, sum(sizes)):
        its = [size([(max(a, begin), min(b, end)) for a, b in part if a < end and b > begin])
               for part in (splits.train, splits.val, splits.test)]  # fmt: skip
        assert its[1] == pytest.approx((end - begin) * size(splits.val) / sum(sizes), abs=2)
        assert its[2] == pytest.approx((end - begin) * size(splits.test) / sum(sizes), abs=2)


@given(st.integers(2, 5000), fractions, fractions)
def test_a_single_file_is_split_like_a_text(num_chars, val, test):
    config = DataConfig(val_fraction=val, test_fraction=test)
    text = "a line\n" * num_chars
    _, splits = split([len(text)], config, text=text)
    whole = Text.of(np.arange(len(text)), config)
    for name in ("train", "val", "test"):
        first, end = whole.part(name)
        assert getattr(splits, name) == (((first, end),) if first < end else ())


def test_parts_begin_with_a_line_where_one_begins_nearby():
    text = "a line of text\n" * 400
    _, splits = split([3000, 1500, 1500], DataConfig(test_fraction=0.1), text=text)
    assert len(splits.val) == len(splits.test) == 3
    assert {begin % 15 for begin, _ in (*splits.val, *splits.test)} == {0}
    assert size(splits.val) == pytest.approx(600, abs=60)


def test_small_files_are_grouped_so_that_no_part_is_tiny():
    _, splits = split([100] * 10_000, DataConfig())
    assert size(splits.val) == 100_000
    assert min(end - begin for begin, end in splits.val[:-1]) >= 256
    _, splits = split([1000] * 40, DataConfig())
    assert len(splits.val) == 40


def test_files_for_validation_are_not_learned_from():
    config = DataConfig(val_fraction=0.0, test_fraction=0.1, max_val_chars=250)
    _, splits = split([1000, 1000, 200, 100], config, num_val=2)
    assert splits.val == ((2000, 2250),)
    assert splits.test == ((900, 1000), (1900, 2000))
    assert splits.train == ((0, 900), (1000, 1900))


def test_file_starts_survive_json_and_have_a_digest():
    files = FileStarts((0, 5, 2**40), 1)
    assert FileStarts.from_json(files.to_json()) == files
    assert (
        len(
            {
                each.sha256
                for each in (files, FileStarts((0, 5, 2**40)), FileStarts(), FileStarts((0, 5)))
            }
        )
        == 4
    )
