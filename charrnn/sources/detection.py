"""Guess the encoding of bytes that are not in the one that was expected."""

import codecs
from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

MOST_BYTES = 1 << 20  # of a text: enough for a guess
_MAX_TELLING = 1 << 16  # bytes in lines that are not ASCII
_FEW = 8  # bytes beyond ASCII: too few for statistics
_MARKS = ((codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32"),
          (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))  # fmt: skip
_NO_TEXT = bytes({*range(32)} - set(b"\t\n\v\f\r\b\x1a\x1b"))

# The letters beyond ASCII of languages in Latin script, by their encodings. A text has those of one
# language; the first entry is for texts that quote others.
_LETTERS = {
    "cp1252": (
        "àâäáçéèêëíîïñóôöúùûüßæœ", "àâæçéèêëîïôœùûü", "áéíñóúüªº", "ãáàâçéêíóôõúüªº", "äöüßéè",
        "àèéìíòóùú", "åäöéèøæ", "áðéíóúýþæö", "àçéèíïóòúü", "áâäéèêëíîïóôöúûü",
    ),
    "cp1250": (
        "ąćęłńóśźż", "áčďéěíňóřšťúůýž", "áäčďéíĺľňóôŕšťúýž", "áéíóöőúüű", "ăâîşţ", "čćđšž",
    ),
    "iso8859_2": (
        "ąćęłńóśźż", "áčďéěíňóřšťúůýž", "áäčďéíĺľňóôŕšťúýž", "áéíóöőúüű", "ăâîşţ", "čćđšž",
    ),
    "cp1257": ("ąčęėįšųūž", "āčēģīķļņšūž", "äöõüšž"),
    "cp1254": ("çğıİöşüâîû",),
}  # fmt: skip
_MARKS_AND_SIGNS = set("¿¡«»‹›“”„‘’‚–—…•·°€£§©®™½¼\xa0\xad")
_OTHER_SCRIPTS = (  # of several that decode a text alike, the first is meant
    "cp1251", "koi8_r", "cp932", "euc_jp", "gb18030", "big5", "cp949", "cp1253", "cp1255",
    "cp1256", "koi8_u", "iso8859_5",
)  # fmt: skip
_OF_SEVERAL_BYTES = {"cp932", "euc_jp", "gb18030", "big5", "cp949"}


class Guess(NamedTuple):
    """The likely encoding of a text."""

    encoding: str | None  # None: none of the known ones fits
    is_sure: bool


_NOTHING = Guess(None, False)


def guess(data: bytes) -> Guess:
    """The likeliest encoding of a text that begins with these bytes."""
    for mark, name in _MARKS:
        if data.startswith(mark):
            return Guess(name, True)
    if b"\0" in data:
        return _of_two_bytes(data)
    if is_utf8(data) or data.startswith(codecs.BOM_UTF8):
        return Guess("utf-8", True)
    if len(data.translate(None, _NO_TEXT)) < len(data) - len(data) // 1000:
        return _NOTHING
    telling = b"\n".join(line for line in data.splitlines() if not line.isascii())
    telling = telling[:_MAX_TELLING]
    latin = list(_in_latin_script(telling))
    if latin:  # sure if all that fit read it the same
        return Guess(latin[0][0].replace("_", "-"), len({text for _, text in latin}) == 1)
    if sum(byte > 127 for byte in telling) < _FEW:
        return Guess("cp1252", False)
    return _by_statistics(telling)


def _in_latin_script(data: bytes) -> Iterator[tuple[str, str]]:
    """The encodings in which nearly all characters beyond ASCII are letters of one language, each
    with the text that it gives.
    """
    for encoding, languages in _LETTERS.items():
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        beyond = Counter(c for c in text if not c.isascii() and c not in _MARKS_AND_SIGNS)
        for letters in languages:
            strange = sum(
                count
                for c, count in beyond.items()
                if c not in letters and c.lower() not in letters
            )
            if strange <= 0.02 * beyond.total():
                yield encoding, text
                break


def is_mostly_utf8(data: bytes) -> bool:
    """Whether a text is UTF-8 except for a few bytes."""
    if data.startswith(codecs.BOM_UTF8):
        return True
    text = data.decode("utf-8", "replace")
    num_bad = text.count("\N{REPLACEMENT CHARACTER}")
    return sum(not character.isascii() for character in text) > 5 * num_bad


def begins_as_utf8(data: bytes) -> bool:
    """Whether the first bytes of a text are UTF-8 with some characters beyond ASCII."""
    return is_utf8(data) and sum(byte > 0xBF for byte in data) >= 4


def is_utf8(data: bytes) -> bool:
    """Whether bytes are UTF-8. They may end within a character, if it is not the only one beyond
    ASCII.
    """
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        text = decoder.decode(data)
    except UnicodeDecodeError:
        return False
    is_cut = decoder.getstate()[0]
    return not (is_cut and text.isascii())


def _of_two_bytes(data: bytes) -> Guess:
    """UTF-16 without its mark, if nearly every second byte is zero; otherwise not a text."""
    pairs = data[: len(data) // 2 * 2]
    for name, zeros, others in (
        ("utf-16-le", pairs[1::2], pairs[::2]),
        ("utf-16-be", pairs[::2], pairs[1::2]),
    ):
        if zeros.count(0) > 0.7 * len(zeros) and others.count(0) < 0.01 * len(others):
            return Guess(name, True)
    return _NOTHING


def _by_statistics(data: bytes) -> Guess:
    """Guess the encoding of a text in another script by which letters follow each other."""
    from charset_normalizer import from_bytes  # only ever needed here, and slow to import

    matches = from_bytes(data, cp_isolation=[*_OTHER_SCRIPTS])
    best = matches.best()
    if best is None:
        return _NOTHING
    encoding = next((name for name in _OTHER_SCRIPTS if name in best.could_be_from_charset), None)
    if encoding is None:
        return _NOTHING
    is_language = best.coherence >= 0.2 or encoding in _OF_SEVERAL_BYTES
    return Guess(encoding.replace("_", "-"), best.chaos < 0.15 and is_language)
