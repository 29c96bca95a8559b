"""The text that a new language model learns from: read it, and tell what is in it."""

from dataclasses import dataclass
from pathlib import Path

from charrnn._text import Reporter, number_of
from charrnn.config import DataConfig
from charrnn.data import splits
from charrnn.data.batches import Text
from charrnn.data.corpus import CACHE, CorpusFacts
from charrnn.data.dataset import Corpus, read_corpus
from charrnn.data.vocab import Vocab
from charrnn.errors import CorpusError, SettingError
from charrnn.tasks.task import SourceNames, Vocabs

_MIN_CHARS, _FEW_CHARS = 200, 10_000
_SMALL_CHARS = 100_000


@dataclass(frozen=True)
class TextCorpus:
    """A text that was read and encoded, and the names that a person gave its files."""

    sources: SourceNames
    corpus: Corpus

    @property
    def vocabs(self) -> Vocabs:
        """The vocabulary of the text."""
        return {"text": self.corpus.vocab}

    @property
    def corpora(self) -> dict[str, CorpusFacts]:
        """What a checkpoint keeps, to find the text again."""
        return {"text": self.corpus.facts}

    def release(self) -> None:
        """Give up the claim on the encoded copy."""
        self.corpus.claim.release()

    def split(self, config: DataConfig, *, seed: int) -> Text:
        """Return the text in the order of learning.

        Raises `CorpusError` for a text of a few characters, unless the sources allow it.
        """
        text = self.corpus.split(config, seed=seed)
        if len(text.ids) < _MIN_CHARS and not self.sources.allows_short:
            raise CorpusError(
                f"the corpus holds {number_of(len(text.ids), 'character')}, too few to learn from",
                f"give it {_FEW_CHARS:,} or more, or learn them all the same with allow_short",
                "allow_short",
            )
        return text


def read(
    sources: SourceNames,
    config: DataConfig,
    *,
    known: Vocab | None,
    root: Path,
    reporter: Reporter,
) -> TextCorpus:
    """Read and encode a text; its vocabulary extends one that is known to a model already.

    Encoded copies are kept in a cache below `root`, the folder of all runs. Raises `CorpusError`
    for a text that cannot be read, or with too many rare characters; `SettingError` for bytes where
    the known vocabulary is one of characters, or the other way round.
    """
    if known is not None and known.is_bytes != config.is_bytes:
        kind = "bytes" if known.is_bytes else "characters"
        raise SettingError(
            f"init_from names a model of {kind}", "use is_bytes for both or none",
            "init_from", "is_bytes",
        )  # fmt: skip
    corpus = read_corpus(
        sources.names, config,
        val_names=sources.val_names, base_vocab=known, cache=root / CACHE, reporter=reporter,
    )  # fmt: skip
    return TextCorpus(sources, corpus)


def summary(text_corpus: TextCorpus, text: Text) -> str:
    """Return how much text there is: "names: 2,000 records, 14,000 characters, a small text".

    A separate validation text does not count.
    """
    sources = text_corpus.sources
    num_chars, num_records = len(text.ids), 0 if text.starts is None else len(text.starts) - 1
    if sources.val_names:
        num_chars -= text.size("val")
        num_records -= 0 if text.starts is None else len(text.starts_of("val")) - 1
    records = "" if text.starts is None else f"{number_of(num_records, 'record')}, "
    if num_chars < _FEW_CHARS:
        size = ", a very small text, soon memorised"
    else:
        size = ", a small text" if num_chars < _SMALL_CHARS else ""
    return f"{sources.title}: {records}{number_of(num_chars, 'character')}{size}"


def show_validation_split(text_corpus: TextCorpus, text: Text, reporter: Reporter) -> None:
    """Tell what the validation split is, unless it is the end of one file."""
    num_val, val_names = text.size("val"), text_corpus.sources.val_names
    config, files = text_corpus.corpus.config, text_corpus.corpus.encoded.files
    if val_names:
        reporter.show(f"validation split: {num_val:,} characters of {' '.join(val_names)}")
    elif num_val == 0 and config.val_fraction:
        reporter.warn(
            "the text is too short for a validation split: memorising (overfitting) cannot be"
            " noticed"
        )
    elif text.starts is None and files is not None and len(files.starts) > 1:
        num_files = len(files.starts)
        num_groups = len(list(splits.grouped(files, config, len(text.ids))))
        small = "" if num_groups == num_files else ", small ones taken together"
        reporter.show(
            f"validation split: {num_val:,} characters, a part of each of the {num_files}"
            f" files{small}"
        )


def show_unknown(text_corpus: TextCorpus, reporter: Reporter) -> None:
    """Tell how much of the text became the unknown symbol, if any of it did."""
    num_unknown, fraction = text_corpus.corpus.folded
    if num_unknown:
        reporter.show(
            f"{num_unknown:,} rare characters ({100 * fraction:.2g} % of the text) became one"
            f" unknown symbol, never generated: the vocabulary is limited to"
            f" {text_corpus.corpus.config.max_vocab:,}"
        )
