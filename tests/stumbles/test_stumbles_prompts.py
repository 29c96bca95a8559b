"""Prompts that are long, or name a run, or have a dash or unknown characters; closed output."""

import subprocess
import sys
from unittest import mock

import numpy as np
import pytest
from conftest import QUICK, ROOT, random_weights, small_text
from stumbles import stumble
from test_predict import by_id, model_of

from charrnn.cli import inputs
from charrnn.cli.console import progress
from charrnn.config import ModelConfig
from charrnn.data.vocab import Vocab
from charrnn.generation.model import Model
from charrnn.models.step_numpy import NumpyBackend


def model_that_knows(alphabet: str) -> Model:
    config = ModelConfig(hidden_size=8, embedding_size=4)
    vocab = Vocab(tuple(sorted(map(ord, alphabet))))
    return Model(config, vocab, random_weights(config, len(vocab))[1])


@stumble(23)
def test_a_long_prompt_is_read_in_chunks_of_one_size_layer_by_layer():
    model, text = model_of(layers=2), "abcd \n" * 2000
    products = NumpyBackend.products
    with mock.patch.object(NumpyBackend, "products", autospec=True, side_effect=products) as p:
        whole = model.predict(text)
    sizes = [len(call.args[1]) for call in p.call_args_list]
    assert sum(sizes) == len(text)
    assert max(sizes) == 256
    step = model.cursor()
    for letter in text:
        step.read(letter)
    np.testing.assert_allclose(by_id(model, step.predict()), by_id(model, whole), atol=1e-5)


@stumble(23)
def test_only_the_end_of_a_very_long_prompt_is_read(charrnn, corpus, tmp_path):
    charrnn("train", corpus, *QUICK, "--run", "a")
    text = small_text(101_000)
    for name, prompt in {"book": text, "end": text[-100_000:]}.items():
        (tmp_path / name).write_text(prompt)
    output = {
        name: charrnn("sample", "a", "-f", name, "-n", 30, "--seed", 3, "--no-prompt")
        for name in ("book", "end")
    }
    assert output["book"].out == output["end"].out
    note = "only the last 100,000 of the prompt's 101,000 characters are read"
    assert note in output["book"].err
    assert note not in output["end"].err


@stumble(23)
@pytest.mark.usefixtures("trained")
def test_a_bar_follows_a_long_prompt_to_its_end(monkeypatch):
    bar = mock.Mock()
    monkeypatch.setattr(progress, "ProgressBar", mock.Mock(return_value=bar))
    model, text = inputs.model_of([ROOT.find("a").best_valid()[0]]), small_text(20_000)
    for read in (model.predict, model.expectations):
        bar.reset_mock()
        read(text)
        done = [call.args[0] for call in bar.so_far.call_args_list]
        assert done == sorted(done)
        assert len(done) > 3
        assert len({call.args[1] for call in bar.so_far.call_args_list}) == 1
        bar.close.assert_called_once()


@stumble(23)
@pytest.mark.usefixtures("trained")
def test_predict_steps_writes_a_line_for_each_character(charrnn):
    text = small_text(9000)
    with open("long.txt", "w") as file:
        file.write(text)
    with open("long.txt") as file:
        done = subprocess.run(
            [sys.executable, "-m", "charrnn", "predict", "--steps", "-"],
            stdin=file, capture_output=True, text=True, check=True,
        )  # fmt: skip
    assert len(done.stdout.splitlines()) == len(text.removesuffix("\n")) + 4


@stumble(38)
@pytest.mark.usefixtures("trained")
def test_a_text_that_is_also_a_runs_name_is_noted(charrnn):
    note = "charrnn: a is also a run; to use that run: charrnn predict --run a TEXT\n"
    assert note in charrnn("predict", "a").err
    assert charrnn("predict", "a").out == charrnn("predict", "a", "--run", "a").out
    for command in (("predict", "a", "--run", "a"), ("predict", "ae"), ("predict", "x" * 5000)):
        assert "is also a run" not in charrnn(*command).err


@stumble(40)
def test_a_prompt_is_read_in_the_forms_that_the_model_knows():
    model = model_that_knows("\"'- .abé")
    for typed, read in (("“a” – ‘b’…", "\"a\" - 'b'..."), ("be\u0301", "bé"), ("a\u00a0b", "a b")):
        assert model.unknown(typed) == []
        assert model.known(typed) == read
        assert model.predict(typed) == model.predict(read)
        assert model.generate(typed, length=20, seed=1) == model.generate(read, length=20, seed=1)
    assert model.unknown("äb☃") == ["ä", "☃"]
    assert model.cursor().read("“").predict() == model.cursor().read('"').predict()


@stumble(40)
def test_replaced_characters_of_a_prompt_are_mentioned(charrnn, tmp_path):
    (tmp_path / "quoted.txt").write_text(small_text(3000).replace("a", '"'))
    assert charrnn("train", "quoted.txt", *QUICK, "--run", "a").code == 0
    for command in (("sample", "-n", 20, "-s", 1, "-p"), ("predict",)):
        curly = charrnn(*command, "“le” ☃")
        assert 'charrnn: reading “ as ", ” as ", which the model knows\n' in curly.err
        assert "never saw '☃'" in curly.err
        assert "never saw '“'" not in curly.err
        straight = charrnn(*command, '"le" ')
        assert straight.out.rpartition("\n")[2][-9:] == curly.out.rpartition("\n")[2][-9:]


@stumble(59)
@pytest.mark.usefixtures("trained")
def test_a_text_that_begins_with_a_dash_has_its_hint(charrnn):
    refused = charrnn("predict", "-the")
    hint = "; a text that begins with - comes after --: charrnn predict -- -the\n"
    assert (refused.code, refused.err.endswith(hint)) == (2, True), refused.err
    assert charrnn("predict", "--", "-the").code == 0
    assert charrnn("predict", "the", "-t", "hot").code == 2
    assert charrnn("predict", "the", "-t0.5").code == 0


@stumble(59)
@pytest.mark.usefixtures("trained")
@pytest.mark.parametrize(
    ("command", "code"),
    [
        ("sample -n 20", 6),
        ("--version", 6),
        ("predict a", 6),
        pytest.param("resume", 0, marks=pytest.mark.slow),
    ],
)
def test_a_closed_output_is_an_error(command, code):
    line = f"{sys.executable} -m charrnn {command} >&- </dev/null"
    done = subprocess.run(["sh", "-c", line], capture_output=True, text=True)
    assert done.returncode == code
    assert ("cannot use standard output: Bad file descriptor" in done.stderr) == bool(code)


@stumble(59)
def test_a_network_too_large_for_memory_is_refused_before_it_is_made(charrnn, corpus):
    with mock.patch("charrnn.tasks.language_model.Network") as made:
        refused = charrnn("train", corpus, "--hidden-size", 65_536, "--num-layers", 64)
    assert refused.code == 9
    assert "parameters need" in refused.err
    assert "lower --hidden-size or --num-layers" in refused.err
    made.assert_not_called()
