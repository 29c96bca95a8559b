"""Targets of sources that are neither texts nor pictures: a subclass says all that it takes."""

from dataclasses import dataclass

import numpy as np
import pytest
from test_translator import PHONES, translator

from charrnn.errors import SettingError
from charrnn.generation.translation.members import start
from charrnn.generation.translation.target_writer import Source, TargetWriter


@dataclass(frozen=True, repr=False)
class OfNumbers(TargetWriter[tuple[str, int]]):
    """Sources are lists of ids, and what is returned is a text with its source's number."""

    def read(self, given, number=0):
        return Source(number, given, np.array(given), len(given))

    def start(self, sources, *, num_targets=1):
        longest = max(source.length for source in sources)
        ids_SB = np.array([[*source.given, *[0] * (longest - source.length)] for source in sources])
        lengths_B = np.array([source.length for source in sources])
        return start(self.members, ids_SB.T, lengths_B, num_targets=num_targets)

    def limit(self, source):
        return 9

    def made(self, source, target, alignment_TS=None):
        return self.target.decode(target.ids), source.number


WRITER = OfNumbers(translator().members, PHONES)
SOURCES = [[1, 2, 3], [4], [], [2, 2, 1, 5]]


def written(**settings):
    return list(WRITER.write_many(SOURCES, settings, with_alignment=False, first_number=7))


def test_targets_come_in_order_with_the_numbers_of_their_sources():
    texts = [translator().translate("abc")[0].text, "", ""]
    made = written(max_length=20)
    assert [number for [(_, number)] in made] == [7, 8, 9, 10]
    assert made[2] == [("", 9)]
    assert made[0][0][0] == texts[0]


@pytest.mark.parametrize("settings", [{}, {"temp": 1.0, "seed": 3}], ids=str)
def test_one_at_a_time_is_as_many_at_once(settings):
    for number, (given, expected) in enumerate(zip(SOURCES, written(**settings), strict=True), 7):
        stream = WRITER.write_one(given, settings, number=number)
        assert "".join(stream) == expected[0][0]
        assert stream.result == expected[0]


@pytest.mark.parametrize("settings", [{}, {"beam": 3}, {"num": 2, "temp": 1.0, "seed": 3}], ids=str)
def test_it_tells_how_many_steps_it_has_made_of_how_many_at_most(settings):
    told = []
    made = WRITER.write_many(
        SOURCES[:2],
        {**settings, "max_length": 6},
        with_alignment=False,
        first_number=0,
        progress=lambda done, most: told.append((done, most)),
    )
    next(made)
    assert 1 <= len(told) <= 7  # the end is a symbol, too
    list(made)
    assert [done for done, _ in told] == [*range(1, len(told) + 1)]
    assert told[0][1] == 7 and told[-1][1] == 14


def test_a_beam_is_not_streamed():
    with pytest.raises(SettingError, match="a beam cannot be streamed"):
        WRITER.write_one([1], {"beam": 3}, number=0)


def test_losses_are_those_of_the_translator():
    given = translator().losses(["abc", "d"], ["x", ""])
    assert list(WRITER.losses([[1, 2, 3], [4]], ["x", ""])) == pytest.approx(list(given))
