"""How files become a corpus, and which parts of it are kept for validation and test."""

from dataclasses import dataclass

from charrnn.config.setting import Checked, Panel, setting
from charrnn.errors import SettingError

SYMBOLS = ("characters", "spaces", "whole")
NORMALISATIONS = ("none", "nfc", "nfd", "nfkc", "nfkd")
RECORDS = ("none", "lines", "blank")
ERRORS = ("strict", "replace", "skip")
LABEL = "label"  # what a text is learned for, whatever a table calls its column


@dataclass(frozen=True)
class DataConfig(Checked):
    """How files become a corpus, and which parts of it are kept for validation and test."""

    records: str = setting(
        "none",
        help="Train on many short texts: lines (one per line) or blank (between blank lines).",
        panel=Panel.CORPUS, choices=RECORDS, shown_default="none",
    )  # fmt: skip
    column: str | None = setting(
        None,
        help="Read one column of a CSV, TSV or JSON lines file, each cell a record; a number if"
        " there is no header.",
        panel=Panel.CORPUS, metavar="NAME",
    )  # fmt: skip
    is_bytes: bool = setting(
        False, help="Model raw bytes, of any file.", panel=Panel.CORPUS, flag="--bytes"
    )
    encoding: str = setting("utf-8", help="Encoding of the files.", panel=Panel.CORPUS)
    errors: str = setting(
        "strict",
        help="What to do with bytes that are not in the encoding: strict (stop), replace (with �)"
        " or skip (leave out the line or record).",
        panel=Panel.CORPUS, choices=ERRORS,
    )  # fmt: skip
    max_vocab: int = setting(
        8192,
        help="Largest vocabulary; rarer characters become one unknown symbol.",
        panel=Panel.CORPUS, low=2, high=2**31,
    )  # fmt: skip
    # the tail of the corpus, but for the test split
    val_fraction: float = setting(
        0.1,
        help="Fraction of each file, at its end, kept for validation.",
        panel=Panel.CORPUS, low=0.0, high=0.9,
    )  # fmt: skip
    # the very end
    test_fraction: float = setting(
        0.0,
        help="Fraction of each file, at its very end, kept for a final score.",
        panel=Panel.CORPUS, low=0.0, high=0.9,
    )  # fmt: skip
    max_val_chars: int = setting(
        1_000_000,
        help="Validate on at most this many characters; 0 for no limit.",
        panel=Panel.CORPUS, low=0, high=2**48,
    )  # fmt: skip

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.column is not None and self.is_bytes:
            raise SettingError(
                "column and is_bytes were both given", "choose one", "column", "is_bytes"
            )
        _require_training_split(self.val_fraction, self.test_fraction)

    def num_train(self, num_chars: int) -> int:
        """Where in a corpus the validation split begins; it ends where the test split begins.

        Two characters at least are left to learn from. `max_val_chars` bounds the split, for
        validating on more costs time and tells no more.
        """
        before_test = self.num_before_test(num_chars)
        num_train = max(
            int(num_chars * (1 - self.val_fraction - self.test_fraction)), min(before_test, 2)
        )
        if self.max_val_chars:
            num_train = max(num_train, before_test - self.max_val_chars)
        return min(num_train, before_test)

    def num_before_test(self, num_chars: int) -> int:
        """Where in a corpus the test split begins: it is the tail; without one, the end."""
        return max(int(num_chars * (1 - self.test_fraction)), min(num_chars, 2))


@dataclass(frozen=True)
class PairsConfig(Checked):
    """How files become pairs of a source and a target, and which are kept for validation and test.

    A length is in symbols of a side, after normalisation.
    """

    source_symbols: str = setting(
        "characters",
        help="What a source is made of: characters, symbols with spaces between them, or one symbol"
        " that is the whole text.",
        panel=Panel.PAIRS, choices=SYMBOLS,
    )  # fmt: skip
    target_symbols: str = setting(
        "characters",
        help="What a target is made of: characters, spaces or whole.",
        panel=Panel.PAIRS, choices=SYMBOLS,
    )  # fmt: skip
    source_normalise: str = setting(
        "none",
        help="Unicode form of the sources: none, nfc, nfd, nfkc or nfkd.",
        panel=Panel.PAIRS, choices=NORMALISATIONS,
    )  # fmt: skip
    target_normalise: str = setting(
        "none",
        help="Unicode form of the targets; what is written is composed again.",
        panel=Panel.PAIRS, choices=NORMALISATIONS,
    )  # fmt: skip
    source_column: str | None = setting(
        None, help="Column of the sources in a CSV, TSV or JSON lines file.",
        panel=Panel.PAIRS, metavar="NAME",
    )  # fmt: skip
    target_column: str | None = setting(
        None, help="Column of the targets.", panel=Panel.PAIRS, metavar="NAME"
    )
    is_reversed: bool = setting(
        False, help="Learn from targets to sources.", panel=Panel.PAIRS, flag="--reverse"
    )
    max_length: int = setting(
        1000,
        help="Longest source or target, in symbols; a longer one is a bad line.",
        panel=Panel.PAIRS, low=1, high=2**20,
        is_chosen=True, shown_default="1000; 10000 with labels",
    )  # fmt: skip
    max_val_pairs: int = setting(
        10_000,
        help="Validate on at most this many pairs; 0 for no limit.",
        panel=Panel.PAIRS, low=0, high=2**31,
    )  # fmt: skip
    is_bytes: bool = setting(False, panel=Panel.CORPUS, flag="--bytes")
    encoding: str = setting("utf-8", panel=Panel.CORPUS)
    # strict: a bad line is an error; skip: it is left out; replace: only its bytes are replaced
    errors: str = setting("strict", panel=Panel.CORPUS, choices=ERRORS)
    max_vocab: int = setting(8192, panel=Panel.CORPUS, low=2, high=2**31)  # of each side
    val_fraction: float = setting(0.1, panel=Panel.CORPUS, low=0.0, high=0.9)
    test_fraction: float = setting(0.0, panel=Panel.CORPUS, low=0.0, high=0.9)

    def __post_init__(self) -> None:
        super().__post_init__()
        if (self.source_column is None) != (self.target_column is None):
            given, other = "source_column", "target_column"
            if self.source_column is None:
                given, other = other, given
            raise SettingError(
                f"{given} was given without {other}", "name both columns", given, other
            )
        _require_training_split(self.val_fraction, self.test_fraction)

    @property
    def are_labelled(self) -> bool:
        """Whether pairs are texts with labels: what comes second in a file is one symbol."""
        return (self.source_symbols if self.is_reversed else self.target_symbols) == "whole"

    @property
    def are_in_step(self) -> bool:
        """Whether each symbol of a source has one of the target: both are of one length."""
        return False

    @property
    def picture_side(self) -> int:
        """Pixels in each direction, where sources are paths of pictures; 0 where they are texts."""
        return 0


@dataclass(frozen=True)
class LabelsConfig(PairsConfig):
    """How files become pairs of a text and a label."""

    target_symbols: str = setting("whole", choices=("whole",))
    max_length: int = setting(10_000, low=1, high=2**20)


@dataclass(frozen=True)
class InStepConfig(PairsConfig):
    """How files become pairs of a source and a target with a symbol for each of the source."""

    source_symbols: str = setting("characters", choices=("characters", "spaces"))
    target_symbols: str = setting("characters", choices=("characters", "spaces"))

    @property
    def are_in_step(self) -> bool:
        """Whether each symbol of a source has one of the target: both are of one length."""
        return True


@dataclass(frozen=True)
class GivenConfig(PairsConfig):
    """How files become pairs of a label and a text, which is written when the label is given."""

    source_symbols: str = setting("whole", choices=("whole",))
    is_reversed: bool = setting(True, choices=(True,))


@dataclass(frozen=True)
class CaptionsConfig(PairsConfig):
    """How files become pairs of a picture and its caption. A source is the path of a picture."""

    source_symbols: str = setting("bytes", choices=("bytes",))
    target_symbols: str = setting("characters", choices=("characters", "spaces"))
    source_normalise: str = setting("none", choices=("none",))
    is_reversed: bool = setting(False, choices=(False,))
    images: str = setting(".")  # the folder that paths are in
    image_size: int = setting(
        64,
        help="With --images: pixels of a picture in each direction.",
        panel=Panel.PAIRS, low=1, high=1024,
    )  # fmt: skip

    @property
    def picture_side(self) -> int:
        """Pixels of a picture in each direction."""
        return self.image_size


def _require_training_split(val_fraction: float, test_fraction: float) -> None:
    """Raise `SettingError` where validation and test leave nothing to train on."""
    if val_fraction + test_fraction > 0.99:
        raise SettingError(
            f"val_fraction {val_fraction} and test_fraction {test_fraction} leave nothing to train"
            " on",
            "their sum must be at most 0.99",
            "val_fraction",
            "test_fraction",
        )
