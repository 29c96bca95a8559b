"""Molecules as SMILES strings to learn from: grown at random, for trials without a database.

    python examples/molecules.py 20000 > molecules.smi
    charrnn train molecules.smi --lines --minutes 2

Chains of carbon with branches, rings and the commonest groups. Every string closes its brackets and
rings and no atom has too many bonds; whether a chemist could make it is another question. Real ones
are worth more: docs/uses/molecules.md says where they are.
"""

import random
import sys

ENDS = ["C", "C", "O", "N", "F", "Cl", "Br", "C#N", "C(=O)O", "C(=O)N", "OC", "N(C)C", "C(F)(F)F"]
LINKS = ["C", "C", "C", "CC", "O", "N", "C=C", "C(=O)", "C(=O)N", "C(=O)O", "S", "S(=O)(=O)N"]
RINGS = [  # with a place for what hangs on them
    "c{n}ccc({x})cc{n}",
    "c{n}cccc({x})c{n}",
    "c{n}ccnc({x})c{n}",
    "C{n}CCN({x})CC{n}",
    "C{n}CCC({x})CC{n}",
    "c{n}cc({x})co{n}",
]


def rest(draw: random.Random, size: int, ring: int = 1) -> str:
    """A piece that hangs on one bond, of about so many parts."""
    if size <= 0:
        return draw.choice(ENDS)
    if draw.random() < 0.35 and ring < 10:
        hanging = rest(draw, size - 3, ring + 1)
        return draw.choice(RINGS).format(n=ring, x=hanging)
    if draw.random() < 0.25:
        return f"C({rest(draw, 0)}){rest(draw, size - 2, ring)}"
    return draw.choice(LINKS) + rest(draw, size - 1, ring)


if __name__ == "__main__":
    dice = random.Random(1)
    found: dict[str, None] = {}
    while len(found) < int(sys.argv[1]):
        found["C" * dice.randint(0, 2) + rest(dice, dice.randint(2, 8))] = None
    print("\n".join(found))
