import pytest

from charrnn.data.journal import Journal


@pytest.fixture
def path(tmp_path):
    for number in range(5):
        Journal(tmp_path / "journal").add(number, {"of": number})
    return tmp_path / "journal"


def numbers(path):
    journal = Journal(path)
    found = [number for number in range(9) if number in journal]
    assert all(journal[number] == {"of": number} for number in found)
    return found


def test_what_was_finished_is_known_to_the_next_process(path):
    assert numbers(path) == [0, 1, 2, 3, 4]
    assert Journal(path).get(7) is None


def test_no_damage_passes_for_a_result(path):
    """Any byte changed, and the file cut at any place: one entry is lost, and those after a cut."""
    data = path.read_bytes()
    for place in range(len(data)):
        path.write_bytes(data[:place] + bytes([data[place] ^ 4]) + data[place + 1 :])
        assert len(numbers(path)) >= 3
        path.write_bytes(data[:place])
        assert numbers(path) == list(range(data[:place].count(b"}]")))


def test_an_entry_cut_short_spoils_none_that_follows(path):
    path.write_bytes(path.read_bytes()[:-3])
    Journal(path).add(6, {"of": 6})
    assert numbers(path) == [0, 1, 2, 3, 6]
