"""Unknown characters of a prompt in a form that a model knows: “ as ", – as -, a letter with a
combining accent as one character, or the other way round.

The result reads as the same text. A letter never loses its accent.
"""

import re
import unicodedata
from collections.abc import Set

_SINGLE, _DOUBLE, _DASHES = "'’‘‚‛ʼ`´", '"“”„‟«»', "-–—‒―‐‑−"  # tried in this order
_SPACES = " \N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}\N{THIN SPACE}\t"


def simpler(text: str, alphabet: Set[str]) -> dict[str, str]:
    """Return the known form of each unknown character that has one."""
    forms = {character: _simpler(character, alphabet) for character in set(text) - alphabet}
    return {character: form for character, form in sorted(forms.items()) if form}


def folded(text: str, alphabet: Set[str]) -> str:
    """Replace the unknown characters of a text that have a known form."""
    unseen = set(text) - alphabet
    if not unseen:
        return text
    if marks := "".join(filter(unicodedata.combining, unseen)):
        text = re.sub(f".[{marks}]+", lambda match: _composed(match[0], alphabet), text)
    return text.translate({ord(c): form for c, form in simpler(text, alphabet).items()})


def _composed(letter: str, alphabet: Set[str]) -> str:
    """Return a letter and its marks as one character, if the alphabet has it."""
    composed = unicodedata.normalize("NFC", letter)
    return composed if set(composed) <= alphabet else letter


def _simpler(character: str, alphabet: Set[str]) -> str:
    """Return a character in characters of the alphabet, or an empty string."""
    forms = [unicodedata.normalize(form, character) for form in ("NFC", "NFD", "NFKC", "NFKD")]
    for kind in (_SINGLE, _DOUBLE, _DASHES, _SPACES):
        forms += kind if character in kind else ""
    return next((form for form in forms if form != character and set(form) <= alphabet), "")
