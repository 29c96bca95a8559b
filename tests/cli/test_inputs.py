import io
import os
import sys

import numpy as np
import pytest
from conftest import ROOT, random_weights
from test_checkpoint import small
from test_translator import checkpoint_of

from charrnn.cli import inputs
from charrnn.config import DataConfig, ModelConfig
from charrnn.data.vocab import Vocab
from charrnn.errors import CorpusError, UsageError
from charrnn.generation.model import Model


def model_of(vocab):
    config = ModelConfig(cell="rnn", hidden_size=2, embedding_size=2)
    return Model(config, vocab, random_weights(config, len(vocab))[1])


LETTERS = model_of(Vocab(tuple(map(ord, "\nabé"))))
BYTES = model_of(Vocab(tuple(range(256)), is_bytes=True))


def test_files_are_read_as_a_corpus_is_and_what_was_never_seen_is_counted(tmp_path, capsys):
    one, other = tmp_path / "one", tmp_path / "other"
    one.write_bytes("\ufeffaé\r\nxb".encode())
    other.write_bytes("ba☃".encode())
    names = [str(one), str(other)]
    assert inputs.read_known(LETTERS, names, DataConfig(), at_most=99) == "aé\nbba"
    assert "2 characters that the model does not know: left out" in capsys.readouterr().err
    assert (
        inputs.read_known(BYTES, names[1:], DataConfig(is_bytes=True), at_most=99) == "baâ\x98\x83"
    )


def test_no_more_is_read_than_is_wanted(tmp_path, monkeypatch):
    monkeypatch.setattr(inputs, "CHUNK_BYTES", 4)
    file = tmp_path / "text"
    file.write_bytes(b"abababab\xff")  # and it is no UTF-8 at the end
    for at_most in (1, 4, 7):
        found = inputs.read_known(LETTERS, [str(file), "none"], DataConfig(), at_most=at_most)
        assert found == "abababab"[:at_most]
    with pytest.raises(UsageError, match="text is not utf-8: byte 8"):
        inputs.read_known(LETTERS, [str(file)], DataConfig(), at_most=99)


@pytest.fixture
def two_tasks():
    for name, saved in (("words", small()), ("pairs", checkpoint_of())):
        ROOT.create(name, default="x").save(saved)


def test_the_newest_run_is_that_of_the_task(two_tasks):
    assert inputs.checkpoint_of(None).task == "language_model"
    assert inputs.checkpoint_of(None, tasks=("seq2seq",)).task == "seq2seq"
    assert inputs.checkpoint_of("pairs", tasks=()).task == "seq2seq"
    for runs, tasks in ((["words", "words"], ["language_model"] * 2), (None, ["language_model"])):
        assert [each.task for each in inputs.checkpoints_of(runs)] == tasks


def test_a_run_of_another_task_costs_one_line(two_tasks, tmp_path):
    with pytest.raises(UsageError) as error:
        inputs.checkpoint_of("pairs")
    assert str(error.value) == "run pairs is a model of pairs; use: charrnn translate --run pairs"
    with pytest.raises(UsageError) as error:
        inputs.checkpoints_of(["pairs", "words"], tasks=("seq2seq",))
    assert str(error.value) == "run words is a model of text; use: charrnn sample words"
    path = tmp_path / "my runs"
    (tmp_path / "checkpoints").rename(path)
    with pytest.raises(UsageError) as error:
        inputs.checkpoint_of(f"{path}/words", tasks=("seq2seq",))
    assert str(error.value).endswith(f"; use: charrnn sample '{path}/words'")


def test_an_empty_input_is_an_error(tmp_path):
    (tmp_path / "text").write_text("☃")
    with pytest.raises(CorpusError, match="no character to read"):
        inputs.read_known(LETTERS, [str(tmp_path / "text")], DataConfig(), at_most=9)


def test_a_pipe_is_read_in_pieces_that_together_are_all_of_it(monkeypatch):
    data = np.random.default_rng(0).bytes(50_000)
    monkeypatch.setattr(inputs, "CHUNK_BYTES", 7000)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))
    pieces = list(inputs.open_file("-", DataConfig()).chunks)
    assert b"".join(pieces) == data
    assert max(map(len, pieces)) == 7000


@pytest.fixture
def typing(monkeypatch):
    """What a person types at a pipe, or "" to end it."""
    reading, writing = os.pipe()

    def write(text):
        os.write(writing, text.encode()) if text else os.close(writing)

    with os.fdopen(reading) as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        yield write


def test_lines_come_as_soon_as_they_are_written(typing):
    lines = inputs.lines_as_they_come(DataConfig())
    typing("é\n")
    assert next(lines) == ["é"]
    typing("\r\none\ntwo\nth")
    assert next(lines) == ["", "one", "two"]
    typing("ree")
    typing("")
    assert list(lines) == [["three"]]


def test_a_line_without_end_is_refused(monkeypatch, typing):
    monkeypatch.setattr(inputs, "MAX_LINE", 5)
    lines = inputs.lines_as_they_come(DataConfig())
    typing("123456\n123456")
    assert next(lines) == ["123456"]
    with pytest.raises(UsageError, match="standard input has a line of more than 5 characters"):
        next(lines)
    typing("")


def test_utf8_lines_for_a_run_of_another_encoding_are_mentioned_when_they_come(typing, capsys):
    lines = inputs.lines_as_they_come(DataConfig(encoding="latin-1"))
    typing("one\n")
    assert next(lines) == ["one"]
    assert capsys.readouterr().err == ""
    typing("é\n")
    assert next(lines) == ["Ã©"]
    assert "is read as latin-1" in capsys.readouterr().err
    typing("")


def test_an_unreadable_file_is_reported_before_it_is_read(tmp_path):
    with pytest.raises(UsageError, match="none cannot be read: No such file or directory"):
        inputs.open_file(str(tmp_path / "none"), DataConfig())
    with pytest.raises(UsageError, match="cannot be read: Is a directory"):
        inputs.open_file(str(tmp_path), DataConfig())


def test_utf8_input_for_a_run_of_another_encoding_is_mentioned(tmp_path, capsys):
    (tmp_path / "text").write_bytes("é".encode())
    assert inputs.read_known(LETTERS, ["text"], DataConfig(), at_most=9) == "é"
    assert capsys.readouterr().err == ""
    with pytest.raises(CorpusError):
        inputs.read_known(LETTERS, ["text"], DataConfig(encoding="latin-1"), at_most=9)
    assert "text is valid UTF-8, but is read as latin-1 like the run's corpus; for UTF-8 add" in (
        capsys.readouterr().err
    )
    (tmp_path / "text").write_bytes("é".encode("latin-1"))
    assert inputs.read_known(LETTERS, ["text"], DataConfig(encoding="latin-1"), at_most=9) == "é"
    assert capsys.readouterr().err == ""
