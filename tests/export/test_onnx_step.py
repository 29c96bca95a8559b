"""The exported step is that of numpy, run by onnxruntime."""

import itertools
import json
import sys
from pathlib import Path

import numpy as np
import pytest
from made import made, some_ids

from charrnn.data.vocab import Vocab
from charrnn.errors import StorageError, UsageError
from charrnn.export import formats
from charrnn.generation.model import Model
from charrnn.models import ngrams
from charrnn.models.reference import initial_state

onnx = pytest.importorskip("onnx")
runtime = pytest.importorskip("onnxruntime")
SHAPES = [(1, 1, False), (1, 4, True), (2, 2, True), (3, 1, False)]  # layers, n-grams, skip


def session_of(checkpoint):
    exported = formats.export(checkpoint, Path("voice.onnx"))
    settings = runtime.SessionOptions()
    settings.intra_op_num_threads = settings.inter_op_num_threads = 1
    session = runtime.InferenceSession(exported.path, settings, ["CPUExecutionProvider"])
    assert [each.name for each in session.get_inputs()] == ["ids", "state"]
    return session


class Stream:
    """Reads characters side by side, as docs/uses/onnx.md does."""

    def __init__(self, session, num_streams=1):
        self.session = session
        (_, N), (_, S) = (each.shape for each in session.get_inputs())
        self.ids_BN = np.full((num_streams, N), ngrams.NOTHING, np.int32)
        self.state_BS = np.zeros((num_streams, S), np.float32)

    def step(self, ids_B):
        self.ids_BN = np.column_stack([self.ids_BN[:, 1:], ids_B]).astype(np.int32)
        feeds = {"ids": self.ids_BN, "state": self.state_BS}
        logits_BV, self.state_BS = self.session.run(["logits", "next_state"], feeds)
        return logits_BV


@pytest.mark.parametrize(("num_layers", "longest", "skip"), SHAPES)
def test_logits_and_states_are_those_of_numpy_for_every_cell(cell, num_layers, longest, skip):
    checkpoint = made(cell=cell, num_layers=num_layers, ngrams=longest, skip=skip)
    stream, stepper = Stream(session_of(checkpoint)), Model.of(checkpoint).backend.stepper()
    for i in some_ids(60, len(checkpoint.vocab)).tolist():
        np.testing.assert_allclose(stream.step([i])[0], stepper.step(i), atol=1e-5, rtol=0)
    expected = [part for layer in stepper.state().layers for part in layer]
    np.testing.assert_allclose(stream.state_BS, np.concatenate(expected, 1), atol=1e-5, rtol=0)


def test_streams_side_by_side_give_what_each_gives_alone():
    checkpoint = made(cell="cifg", ngrams=4)
    texts = [some_ids(20, len(checkpoint.vocab), seed=seed) for seed in range(3)]
    session = session_of(checkpoint)
    together, alone = Stream(session, 3), [Stream(session) for _ in texts]
    for ids_B in zip(*texts, strict=True):
        expected = [one.step([i])[0] for one, i in zip(alone, ids_B, strict=True)]
        np.testing.assert_allclose(together.step(ids_B), expected, atol=1e-5, rtol=0)


def test_rows_of_ngrams_are_found_whatever_is_known():
    """Of every context, with nothing before it too; also where no n-gram is known at all."""
    for checkpoint in (made("abc", ngrams=4), made("abc", ngrams=3)):
        if checkpoint.model.ngrams == 3:
            nothing = np.array([np.iinfo(np.int64).max])
            arrays = {**checkpoint.arrays, "ngrams.2": nothing, "ngrams.3": nothing}
            shape = (len(checkpoint.vocab) + 2, 5)
            arrays["weights.embedding"] = np.random.default_rng(0).random(shape, np.float32)
            checkpoint = checkpoint.of(checkpoint, arrays)
        stream, state = Stream(session_of(checkpoint)), initial_state(checkpoint.model, 1)
        N, stepper = checkpoint.model.ngrams, Model.of(checkpoint).backend
        for context in itertools.product(range(-1, 3), repeat=N):
            if context[-1] < 0 or -1 in context[sum(i < 0 for i in context) :]:
                continue  # nothing comes only before a text
            read = state._replace(before_KB=np.array(context[:-1])[:, None])
            expected_VB = stepper.batch(read, 1).step(np.array(context[-1:]))
            stream.ids_BN = np.array([[0, *context[:-1]]], np.int32)[:, -N:]
            stream.state_BS[:] = 0
            np.testing.assert_allclose(stream.step(context[-1:])[0], expected_VB[:, 0], atol=1e-5)


@pytest.mark.parametrize(
    "kind", [{}, {"is_bytes": True}, {"has_unknown": True, "records": "lines"}]
)
def test_the_file_says_what_its_numbers_are(kind):
    checkpoint = made(**kind)
    session = session_of(checkpoint)
    told = json.loads(session.get_modelmeta().custom_metadata_map["charrnn"])
    assert Vocab.from_json(told["vocab"]) == checkpoint.vocab
    assert told["model"] == checkpoint.model.to_json()
    assert (told["format"], told["task"]) == (1, "language_model")
    assert told["records"] == kind.get("records", "none")
    assert told["start_id"] == Model.of(checkpoint).start_id
    stream = Stream(session)
    feeds = {"ids": stream.ids_BN * 0, "state": stream.state_BS}
    (code_points,) = session.run(["code_points"], feeds)
    assert tuple(code_points.tolist()) == checkpoint.vocab.code_points


def test_greedy_text_is_that_of_charrnn_sample():
    checkpoint = made(cell="gru")
    stream, vocab = Stream(session_of(checkpoint)), checkpoint.vocab
    i, text = Model.of(checkpoint).start_id, ""
    for _ in range(50):
        i = int(stream.step([i]).argmax())
        text += vocab.char(i)
    assert text == Model.of(checkpoint).generate(length=50, temperature=0)


def test_the_file_is_valid_and_tells_nothing_of_the_corpus(charrnn, trained):
    done = charrnn("export", "voice.onnx")
    assert (done.code, done.out) == (0, "")
    assert "one step: ids [batch, 4] and state [batch, 24] in, logits" in done.err
    onnx.checker.check_model("voice.onnx", full_check=True)
    data = Path("voice.onnx").read_bytes()
    for word in ("corpus.txt", str(Path.cwd())):
        assert word.encode() not in data


def test_a_model_of_pairs_is_refused_in_one_line(charrnn, pair_runs):
    refused = charrnn("export", "voice.onnx", "--run", "p")
    assert (refused.code, refused.err.count("\n")) == (2, 1)
    assert "no .onnx file can hold a model of pairs; use: charrnn translate --run p" in refused.err
    assert not Path("voice.onnx").exists()


def test_a_file_that_cannot_be_written_costs_one_line():
    with pytest.raises(StorageError, match="cannot write none/voice.onnx: .*; name another file"):
        formats.export(made(), Path("none/voice.onnx"))


def test_without_onnx_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(UsageError, match=r"install it: pip install 'charrnn\[onnx\]'"):
        formats.export(made(), Path("voice.onnx"))
