"""Characters of a prompt in a form that a model knows: “ as ", – as -, a letter and its accent as
one, or the other way round, where one of the two is in the model's alphabet and the other is not.

What is kept is what a reader would call the same text. A letter never loses its accent.
"""

import re
import unicodedata
from collections.abc import Set

_SINGLE, _DOUBLE, _DASHES = "'’‘‚‛ʼ`´", '"“”„‟«»', "-–—‒―‐‑−"  # the likeliest to be known first
_SPACES = " \N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}\N{THIN SPACE}\t"


def simpler(text: str, alphabet: Set[str]) -> dict[str, str]:
    """What each character of a text that is not in an alphabet can be read as, where it can."""
    found = {character: _simpler(character, alphabet) for character in set(text) - alphabet}
    return {character: form for character, form in sorted(found.items()) if form}


def folded(text: str, alphabet: Set[str]) -> str:
    """A text with these characters replaced."""
    unseen = set(text) - alphabet
    if not unseen:
        return text
    if marks := "".join(filter(unicodedata.combining, unseen)):
        text = re.sub(f".[{marks}]+", lambda found: _composed(found[0], alphabet), text)
    return text.translate({ord(c): form for c, form in simpler(text, alphabet).items()})


def _composed(letter: str, alphabet: Set[str]) -> str:
    """A letter and its marks as one character, if that is in the alphabet."""
    composed = unicodedata.normalize("NFC", letter)
    return composed if set(composed) <= alphabet else letter


def _simpler(character: str, alphabet: Set[str]) -> str:
    """One character in the alphabet's characters; empty where there is no such form."""
    forms = [unicodedata.normalize(form, character) for form in ("NFC", "NFD", "NFKC", "NFKD")]
    for kind in (_SINGLE, _DOUBLE, _DASHES, _SPACES):
        forms += kind if character in kind else ""
    return next((form for form in forms if form != character and set(form) <= alphabet), "")
