"""A text that is given to a command besides a corpus: a prompt, or a text to score."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

from charrnn.config import DataConfig
from charrnn.errors import CorpusError, SettingError, UsageError
from charrnn.sources.changes import Changes
from charrnn.sources.columns import is_table
from charrnn.sources.decoding import NotTextError, Origin, decode


def config_for_input(config: DataConfig, encoding: str | None) -> DataConfig:
    """How to read a text for the model of a corpus: as the corpus, or in another encoding.

    Raises `SettingError` for an encoding where the model is one of bytes.
    """
    if encoding is None:
        return config
    if config.is_bytes:
        raise SettingError("encoding says nothing to a model of bytes", "leave it out", "encoding")
    return replace(config, encoding=encoding)


@dataclass(frozen=True)
class InputText:
    """A file or standard input, unpacked, and how to read it."""

    name: str  # for messages
    chunks: Iterable[bytes]
    config: DataConfig

    def decoded(self, *, tee: Callable[[bytes], None] = lambda data: None) -> Iterator[str]:
        """The text in the characters of the model, chunk by chunk.

        Of a table only the column is read that the corpus was made of. `tee` is given the same
        text in UTF-8, or the bytes. Raises `UsageError` where the text is not in its encoding, or
        no text at all.
        """
        if self.config.is_bytes:
            for data in self.chunks:
                tee(data)
                yield data.decode("latin-1")
            return
        config = self.config if is_table(self.name) else replace(self.config, column=None)
        try:
            for chunk in decode(self.chunks, config, Changes(), Origin(self.name)):
                tee(chunk.data)
                yield chunk.data.decode("ascii") if chunk.text is None else chunk.text
        except NotTextError as error:
            hint = _hint(error.likely, config.encoding)
            raise UsageError(error.message, hint, "encoding") from error
        except CorpusError as error:
            raise UsageError(error.message, error.hint, *error.fields) from error


def _hint(likely: str | None, encoding: str) -> str:
    if likely in (None, encoding):
        return f"mend it first: iconv -c -f {encoding} -t {encoding} leaves such bytes out"
    return f"it may be {likely}: try encoding {likely}"
