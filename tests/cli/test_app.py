import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import start

from charrnn import __main__ as program


def test_help_is_shown_without_a_command(charrnn):
    assert "Usage: charrnn" in charrnn().out
    assert charrnn("--version").out.startswith("charrnn ")


@pytest.mark.parametrize(
    ("arguments", "code", "phrase"),
    [
        (("train", "none.txt"), 3, "there is no corpus 'none.txt', neither here nor in data/"),
        (("train", "--cell", "elman"), 2, "--cell 'elman' is not known; choose one of"),
        (("train", "--hidden-size", "0"), 2, "--hidden-size 0 is out of range"),
        (("train", "--hidden-size", "many"), 2, "--hidden-size"),
        (("train", "--colour"), 2, "No such option: --colour"),
        (("trian",), 2, "No such command 'trian'"),
        (("train", "--device", "tpu"), 2, "--device 'tpu' is not known; use auto"),
        (("train", "--lr", "-1"), 2, "--learning-rate -1.0 is out of range"),
        (("resume",), 4, "/checkpoints yet; type: charrnn train; CHARRNN_CHECKPOINTS=FOLDER says"),
        (("resume", "x"), 4, "/checkpoints; there are none yet; CHARRNN_CHECKPOINTS=FOLDER says"),
        (("sample",), 4, "there is no run in /"),
        (("sample", "--top-p", "2"), 2, "--top-p 2.0 is out of range"),
        (("sample", "-n", "-5"), 2, "--length -5 is out of range"),
        (("info", "x"), 4, "there is no run 'x'"),
    ],
)
def test_a_mistake_costs_one_line_and_a_documented_code(charrnn, arguments, code, phrase):
    result = charrnn(*arguments)
    assert result.code == code
    assert result.err.startswith("charrnn: ")
    assert phrase in result.err
    assert result.err.count("\n") == 1
    assert result.out == ""
    assert not Path("checkpoints").exists()


@pytest.mark.parametrize(
    ("output", "code"),
    [
        ("CUDA out of memory. Tried to allocate 20.00 MiB", 9),
        ("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to", 9),
        ("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling cublasCreate", 9),
        ("CUDA error: an illegal memory access was encountered", 1),
    ],
)
def test_only_memory_errors_are_reported_as_such(charrnn, monkeypatch, output, code):
    def broken(*_):
        raise RuntimeError(output)

    monkeypatch.setattr("charrnn.runs.root.Root.runs", broken)
    assert charrnn("runs").code == code


def test_a_bug_is_one_line_and_a_traceback_with_debug(charrnn, monkeypatch):
    def broken(*_):
        raise ZeroDivisionError("oh")

    monkeypatch.setattr("charrnn.runs.root.Root.runs", broken)
    result = charrnn("runs")
    assert result.code == 1
    assert result.err == (
        "charrnn: a bug in charrnn: ZeroDivisionError: oh; charrnn --debug COMMAND shows where\n"
    )
    monkeypatch.setattr(sys, "argv", ["charrnn", "--debug", "runs"])
    with pytest.raises(ZeroDivisionError):
        program.main()


def test_flags_have_their_other_spellings(charrnn, corpus):
    flags = ("--rnn_size", 5, "--embedding_size", 4, "--batch_size", 2, "--seq_length", 8)
    assert charrnn("train", corpus, *flags, "--lr", 0.5, "--steps", 2, "--run", "a").code == 0
    facts = json.loads(charrnn("info", "--json").out)
    assert (facts["hidden_size"], facts["batch_size"], facts["learning_rate"]) == (5, 2, 0.5)


@pytest.mark.usefixtures("trained")
class TestSample:
    def test_text_goes_to_stdout_and_the_rest_to_stderr(self, charrnn):
        output = charrnn("sample", "-n", 50)
        assert len(output.out) == 50
        match = re.fullmatch(r"charrnn: seed (\d+) \(repeat with --seed \1\)\n", output.err)
        seed = match.group(1)
        assert charrnn("sample", "-n", 50, "--seed", seed).out == output.out

    def test_the_same_seed_gives_the_same_text(self, charrnn):
        flags = ("--temp", 0.8, "--seed", 7, "-n", 300)
        assert charrnn("sample", *flags).out == charrnn("sample", *flags).out
        assert charrnn("sample", *flags, "--no-stream").out == charrnn("sample", *flags).out

    def test_it_continues_a_prompt(self, charrnn, tmp_path):
        (tmp_path / "prompt").write_text("Line\n")
        typed = charrnn("sample", "-p", "Line\n", "-n", 30, "-s", 1).out
        assert typed.startswith("Line\n")
        assert len(typed) == 35
        assert charrnn("sample", "-f", "prompt", "-n", 30, "-s", 1).out == typed
        both = charrnn("sample", "-p", "a", "-f", "prompt")
        assert (both.code, "choose one" in both.err) == (2, True)
        assert charrnn("sample", "-f", "nowhere").code == 2

    def test_unknown_characters_are_named(self, charrnn):
        output = charrnn("sample", "-p", "a中b", "-n", 5, "-s", 1)
        assert output.code == 0
        assert "the model never saw '中' (U+4E2D): left out of the prompt" in output.err

    def test_it_ends_before_a_stop(self, charrnn):
        whole = charrnn("sample", "-s", 1, "-n", 500).out
        stopped = charrnn("sample", "-s", 1, "-n", 500, "--stop", "e", "--stop", "zz").out
        assert stopped == whole[: whole.index("e")]
        endless = charrnn("sample", "-s", 1, "-n", -1, "--json", "--stop", "e")
        assert json.loads(endless.out)["text"] == stopped

    def test_several_samples_differ_and_come_as_json(self, charrnn):
        lines = charrnn("sample", "-s", 1, "-n", 40, "--num", 3, "--json").out.splitlines()
        output = [json.loads(line) for line in lines]
        assert [line["stream"] for line in output] == [0, 1, 2]
        assert len({line["text"] for line in output}) == 3
        assert output[0]["text"] == charrnn("sample", "-s", 1, "-n", 40).out
        text = charrnn("sample", "-s", 1, "-n", 40, "--num", 3).out
        assert text == "\n\n".join(line["text"] for line in output)

    def test_it_says_when_a_checkpoint_is_damaged(self, charrnn, tmp_path):
        best = tmp_path / "checkpoints/a/best.safetensors"
        best.write_bytes(best.read_bytes()[:-5])
        whole = charrnn("sample", "checkpoints/a/last.safetensors", "-n", 5, "-s", 1)
        instead = charrnn("sample", "a", "-n", 5, "-s", 1)
        assert (instead.code, instead.out) == (0, whole.out)
        assert "best.safetensors is not a valid charrnn checkpoint" in instead.err
        assert "using step 20 instead" in instead.err
        assert "20 of 20" in charrnn("runs").out
        assert charrnn("resume", "a").code == 0
        (tmp_path / "checkpoints/a/last.safetensors").write_bytes(b"")
        previous = charrnn("sample", "a", "-n", 5)
        assert "using step 0 instead" in previous.err
        (tmp_path / "checkpoints/a/previous.safetensors").write_bytes(b"")
        assert charrnn("sample", "a").code == 4

    def test_it_never_imports_torch(self):
        code = (
            "import sys; sys.argv[1:] = ['sample', '-n', '5']; from charrnn.__main__ import main\n"
        )
        code += "try: main()\nfinally: print('torch' in sys.modules, file=sys.stderr)"
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, stdin=subprocess.DEVNULL
        )
        assert len(done.stdout) == 5
        assert done.stderr.endswith("False\n")

    def test_a_prompt_can_be_piped_in(self):
        flags = ("sample", "-s", 1, "-n", 9, "-f", "-")
        process = start(*flags, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert process.communicate(b"Line")[0].startswith(b"Line")


def test_a_folder_that_is_no_run_is_left_alone(charrnn, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "lock").write_text("precious")
    assert charrnn("resume", "mine").code == 4
    assert (tmp_path / "mine" / "lock").read_text() == "precious"
    for name in (".", "..", ""):
        assert charrnn("resume", name).code == 4
    assert not (tmp_path / "lock").exists()


def test_a_name_with_a_newline_still_costs_one_line(charrnn, tmp_path):
    (tmp_path / "a\nb").write_bytes(b"caf\xe9")
    assert charrnn("train", "a\nb").err == (
        "charrnn: a␊b is not utf-8: line 1, byte 3; it may be cp1252: try --encoding cp1252, or"
        " --bytes\n"
    )
