import bisect
import itertools
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from charrnn.config import DataConfig
from charrnn.data.batches import NOT_SCORED, Lanes, RecordLanes, Text, num_records
from charrnn.data.records import Records


@given(st.integers(2, 300), st.integers(1, 9), st.integers(1, 20))
def test_lanes_cover_the_text_exactly_once(num_chars, batch_size, seq_length):
    """In its first pass lane b covers the pairs from its start to the next lane's start."""
    ids = np.arange(num_chars)
    lanes = Lanes(ids, batch_size=batch_size, seq_length=seq_length)
    num_steps = -(-num_chars // seq_length)
    windows = [lanes.window(step) for step in range(num_steps)]
    inputs = np.concatenate([window.inputs_TB for window in windows])
    targets = np.concatenate([window.targets_TB for window in windows])
    assert (targets == inputs + 1).all()
    bounds = np.arange(batch_size + 1) * (num_chars - 1) // batch_size
    read = [inputs[: bounds[b + 1] - bounds[b], b] for b in range(batch_size)]
    assert np.concatenate(read).tolist() == list(range(num_chars - 1))


def test_windows_of_a_lane_follow_each_other_round_the_ring():
    lanes = Lanes(np.arange(11), batch_size=1, seq_length=4)
    read = np.concatenate([lanes.window(step).inputs_TB[:, 0] for step in range(5)])
    assert read.tolist() == [*range(10), *range(10)]


def test_reading_on_gives_mapped_pages_back(tmp_path):
    """Lanes give mapped pages back, so memory does not grow with what was read."""
    path = tmp_path / "ids.npy"
    np.save(path, np.zeros(64 << 20, np.uint8))
    ids = np.load(path, mmap_mode="r")
    assert ids.sum() == 0
    before = resident(path)
    assert before > 60 << 20
    Lanes(ids[: 32 << 20], batch_size=2, seq_length=8).window(1024)
    assert resident(path) < 4 << 20


def resident(path) -> int:
    """Bytes of a mapped file in this process's memory, by /proc/self/smaps."""
    if not Path("/proc/self/smaps").exists():
        pytest.skip("needs /proc")
    inside = False
    for line in Path("/proc/self/smaps").read_text().splitlines():
        if "-" in line.split()[0]:
            inside = line.endswith(str(path))
        elif inside and line.startswith("Rss:"):
            return int(line.split()[1]) * 1024
    return 0


lengths_of_records = st.lists(st.integers(2, 30), min_size=2, max_size=40)


def record_text(lengths, *, before=0):
    """Ids that rise within a record and end with 0; where each begins, and where the last ends."""
    ids = np.concatenate([np.zeros(before, int), *(np.append(np.arange(1, n), 0) for n in lengths)])
    return ids, np.append(0, np.cumsum(lengths)) + before


def epoch_of(lanes, epoch):
    steps = int(lanes.steps_per_epoch)
    return [lanes.window(step) for step in range(epoch * steps, (epoch + 1) * steps)]


@given(lengths_of_records, st.integers(1, 5), st.integers(1, 12), st.integers(0, 3))
def test_an_epoch_predicts_every_record_once_from_its_beginning(lengths, lanes, window, before):
    """Each lane's windows hold records, from the newline before them on, in pieces in order."""
    ids, starts = record_text(lengths, before=before)
    walk = RecordLanes(ids, starts, batch_size=lanes, seq_length=window, seed=3)
    for epoch in (0, 2):
        windows = epoch_of(walk, epoch)
        predicted = []
        for lane in range(lanes):
            text: list[int] = []
            for k, (inputs_TB, targets_TB, begins_B, _) in enumerate(windows):
                scored = targets_TB[:, lane] != NOT_SCORED
                inputs, targets = inputs_TB[scored, lane], targets_TB[scored, lane]
                assert not scored[len(targets) :].any()
                assert inputs[1:].tolist() == targets[:-1].tolist()
                if begins_B[lane]:
                    assert k == 0 or not text or text[-1] == 0
                else:
                    assert inputs[0] == text[-1]
                text += targets.tolist()
            predicted += text
        assert sorted(predicted) == sorted(ids[before:].tolist())
        assert predicted.count(0) == len(lengths)


@given(lengths_of_records, st.integers(1, 4), st.integers(1, 3), st.integers(1, 12))
def test_shares_of_the_lanes_are_parts_of_the_same_windows(lengths, num_shares, size, window):
    ids, starts = record_text(lengths)
    sizes = {"batch_size": num_shares * size, "seq_length": window}
    for kind, more in ((Lanes, {}), (RecordLanes, {"starts": starts, "seed": 5})):
        shares = [slice(k * size, (k + 1) * size) for k in range(num_shares)]
        parts = [kind(ids, **more, **sizes, share=share) for share in shares]
        whole = kind(ids, **more, **sizes)
        for step in (0, 1, 7):
            expected = whole.window(step)
            found = [part.window(step) for part in parts]
            for k in range(3):
                joined = np.concatenate([each[k] for each in found], axis=-1)
                np.testing.assert_array_equal(joined, expected[k])
            num_scored = int((expected.targets_TB != NOT_SCORED).sum())
            assert {each.num_scored for each in (*found, expected)} == {num_scored}
            assert parts[0].chars_per_step == whole.chars_per_step


def test_the_records_order_differs_by_epoch_and_follows_from_the_seed():
    ids, starts = record_text([3, 5, 2, 9, 4, 7, 8, 2, 6] * 5)
    sizes = {"batch_size": 3, "seq_length": 10}

    def order(seed, epoch):
        walk = RecordLanes(ids, starts, **sizes, seed=seed)
        return [window.targets_TB.tolist() for window in epoch_of(walk, epoch)]

    assert order(1, 0) == order(1, 0)
    assert order(1, 4) == order(1, 4)
    assert order(1, 0) != order(1, 1)
    assert order(1, 0) != order(2, 0)


def test_a_step_counts_the_characters_it_predicts():
    ids, starts = record_text([3, 3, 3, 3])
    lanes = RecordLanes(ids, starts, batch_size=2, seq_length=8, seed=1)
    assert lanes.steps_per_epoch == 2
    assert lanes.chars_per_step == 6
    plain = Lanes(np.arange(101), batch_size=5, seq_length=4)
    assert (plain.chars_per_step, plain.steps_per_epoch) == (20, 5)


@example([12, 2, 2], 0.1, 0.2)
@given(lengths_of_records, st.sampled_from([0.0, 0.1, 0.5]), st.sampled_from([0.0, 0.2]))
def test_no_record_is_cut_by_the_split(lengths, val, test):
    ids, starts = record_text(lengths)
    config = DataConfig(val_fraction=val, test_fraction=test)
    num_train, num_before_test = starts[num_records(config, starts)].tolist()
    text = Text(ids, num_train, num_before_test, starts)
    bounds = [text.part(split) for split in ("train", "val", "test")]
    assert [first for first, _ in bounds[1:]] == [end for _, end in bounds[:-1]]
    assert {end for _, end in bounds} <= set(starts.tolist())
    assert bounds[0][1] > 0
    assert bounds[2][1] == len(ids)
    if len(lengths) > 2:
        assert (bounds[1][1] > bounds[1][0]) == (val > 0)
        assert (bounds[2][1] > bounds[2][0]) == (test > 0)
    for split, (first, end) in zip(("train", "val", "test"), bounds, strict=True):
        its = text.starts_of(split)
        assert (its[0], its[-1]) == (first, end)


def test_the_beginning_of_a_split():
    text = Text(np.arange(100), 60, 90)
    assert text.beginning("val", 20).part("val") == (60, 80)
    assert text.beginning("val", 50).part("val") == (60, 90)
    ids, starts = record_text([10] * 10)
    records = Text(ids, 60, 90, starts)
    assert records.beginning("val", 15).part("val") == (60, 80)
    assert records.beginning("val", 15).starts_of("val").tolist() == [60, 70, 80]


NUM_IDS = 5_000_000_000  # more than 32 bits count


@pytest.fixture
def sparse(tmp_path):
    """Ids that take no room on the disk: zeros, but for a 1 at a few places."""
    path = tmp_path / "ids.npy"
    ids = np.lib.format.open_memmap(path, "w+", np.uint8, (NUM_IDS,))
    places = np.array([2**31 - 1, 2**31, 2**32 - 1, 2**32, 2**32 + 1, NUM_IDS - 1])
    ids[places] = 1
    ids.flush()
    return np.load(path, mmap_mode="r"), places


def test_lanes_and_splits_reach_beyond_32_bits(sparse):
    ids, places = sparse
    config = DataConfig(max_val_chars=0, test_fraction=0.1)
    text = Text.of(ids, config)
    assert text.part("train") == (0, 4_000_000_000)
    assert text.part("val") == (4_000_000_000, 4_500_000_000)
    assert text.part("test") == (4_500_000_000, NUM_IDS)
    assert text.beginning("val", 10).part("val") == (4_000_000_000, 4_000_000_010)
    lanes = Lanes(ids, batch_size=5, seq_length=4)
    starts = [lane * (NUM_IDS - 1) // 5 for lane in range(5)]
    for place in places.tolist():
        lane = bisect.bisect_right(starts, place - 1) - 1
        step, row = divmod(place - 1 - starts[lane], 4)
        window = lanes.window(step)
        assert window.targets_TB[row, lane] == 1
        assert window.inputs_TB[row, lane] == (place - 1 in places)


def test_records_beyond_32_bits_are_read_like_those_before(sparse):
    """The same records at the start of a text and behind 2³² characters give the same windows."""
    ids, _ = sparse
    near = np.random.default_rng(0).integers(2, 9, 90).astype(np.uint8)
    far = np.lib.format.open_memmap(ids.filename, "r+")
    base = 2**32 + 100
    far[base : base + 90] = near
    starts = np.array([1, 8, 9, 30, 47, 90])
    sizes = {"batch_size": 3, "seq_length": 5, "seed": 1}
    here, there = RecordLanes(near, starts, **sizes), RecordLanes(far, base + starts, **sizes)
    for step in range(20):
        for one, other in zip(here.window(step), there.window(step), strict=True):
            assert np.array_equal(one, other)
    found = Records(base + starts[:-1], np.diff(starts), (7,))
    (arranged,) = found.arrange(far)
    parts = [[*near[a:b], 7] for a, b in itertools.pairwise(starts)]
    assert arranged.tolist() == [k for part in parts for k in part]
    long = Records(starts[:3], np.array([2**31, 2**32, 5]), (7, 7))
    assert long.arranged_starts.tolist() == [0, 2**31 + 2, 2**31 + 2**32 + 4, 2**31 + 2**32 + 11]
