"""Features of a text that units may follow: inside quotes, position in the line, a capital …

A feature is a function from a text to one number for each character; True and False mean on and
off. The number describes the text just after that character was read. To add a feature, write such
a function and give it a name and a description in `FEATURES`.

Shapes: T characters.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

Values = npt.NDArray[Any]  # (T,): booleans or real numbers


class Feature(NamedTuple):
    """A function of a text, and its description for the table."""

    description: str
    of: Callable[[str], Values]


def where(pattern: str) -> Callable[[str], Values]:
    """Return a feature that is on in each match of a pattern, or in its group if it has one."""
    regex = re.compile(pattern, re.MULTILINE)
    assert regex.groups <= 1

    def feature(text: str) -> Values:
        on_T = np.zeros(len(text), bool)
        for match in regex.finditer(text):
            start, end = match.span(regex.groups)
            on_T[start:end] = True
        return on_T

    return feature


def since(pattern: str) -> Callable[[str], Values]:
    """Return a feature that counts characters since the last match: 0 in it, 1 just after it."""
    matched = where(pattern)

    def feature(text: str) -> Values:
        positions_T = np.arange(len(text))
        last_T = np.where(matched(text), positions_T, -1)
        count_T: Values = positions_T - np.maximum.accumulate(last_T)
        return count_T

    return feature


def in_brackets(text: str) -> Values:
    """Return where brackets are open; an empty line closes those that were left open."""
    depth, depths = 0, []
    for before, char in zip(" " + text, text, strict=False):
        if char in "([{":
            depth += 1
        elif char in ")]}":
            depth = max(0, depth - 1)
        elif char == before == "\n":
            depth = 0
        depths.append(depth)
    return np.array(depths, int) > 0


def indentation(text: str) -> Values:
    """Return how many blanks the line begins with, as far as it has been read."""
    lines = text.split("\n")
    depths = [len(line) - len(line.lstrip(" \t")) for line in lines]
    depths_T = np.repeat(depths, [len(line) + 1 for line in lines])[: len(text)]
    read_T: Values = np.minimum(depths_T, since("\n")(text))
    return read_T


# A straight " both opens and closes, so an empty line closes too: otherwise one missing " would
# invert the rest of the text. A ' that opens has no letter before it, and closes in the same line.
_DOUBLE = r'("(?:[^"\n]|\n(?!\n))*|“(?:[^”\n]|\n(?!\n))*)"?'
_SINGLE = r"(?<!\w)(['‘](?=\S)(?:[^'’\n]|(?<=\w)['’](?=\w))*)(?<=\S)['’](?!\w)"
_SPEAKER = r"^[A-Z][^\n:.!?]{0,40}:\n"

FEATURES: Mapping[str, Feature] = {
    "double-quotes": Feature('inside "…"', where(_DOUBLE)),
    "single-quotes": Feature("inside '…'", where(_SINGLE)),
    "brackets": Feature("inside (…), […], {…}", in_brackets),
    "line-position": Feature("characters since the newline", since("\n")),
    "line-start": Feature("the first character of a line", where("^.")),
    "newline": Feature("a newline", where("\n")),
    "indentation": Feature("blanks the line began with", indentation),
    "speaker": Feature("a line that is a name: NAME:", where(_SPEAKER)),
    "after-speaker": Feature("the line after NAME:", where(_SPEAKER + "(.+)")),
    "word-start": Feature("the first letter of a word", where(r"(?<!\w)(?<!\w['’])\w")),
    "word-inside": Feature("a further letter of a word", where(r"(?<=\w)\w")),
    "word-position": Feature("letters of the word so far", since(r"[^\w'’]")),
    "space": Feature("a space", where(" ")),
    "capital": Feature("a capital letter", lambda text: np.array([c.isupper() for c in text])),
    "vowel": Feature("a, e, i, o, u", where("[aeiouAEIOU]")),
    "digit": Feature("a digit", where(r"\d")),
    "punctuation": Feature("neither letter nor space", where(r"[^\w\s]")),
}
