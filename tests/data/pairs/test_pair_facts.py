"""What a checkpoint keeps of pairs."""

import json

import pytest

from charrnn.data.pairs.pair_facts import PairFacts

FACTS = PairFacts(("en", "more"), 64 * "a", 7, 1, target_names=("fr",), val_names=("val",))


def test_facts_survive_json():
    assert PairFacts.from_json(json.loads(json.dumps(FACTS.to_json()))) == FACTS


@pytest.mark.parametrize(
    "change",
    [
        {"names": []},
        {"names": [1]},
        {"val_names": [None]},
        {"sha256": 64 * "x"},
        {"sha256": 5},
        {"num_pairs": -1},
        {"num_skipped": 1.5},
        {"other": 1},
        {"names": 1},
    ],
)
def test_facts_that_are_not_valid_are_refused(change):
    with pytest.raises((TypeError, ValueError)):
        PairFacts.from_json(FACTS.to_json() | change)
