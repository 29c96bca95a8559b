"""Flags of `resume`, mistakes that are reported before torch is loaded, progress bars."""

import json
import re
import subprocess
import sys

import pytest
from conftest import QUICK
from stumbles import stumble


@pytest.fixture
def trained(charrnn_once, corpus):
    flags = ("--lr", 0.012, "--rnn-size", 16, "--no-skip", "--lines")
    charrnn_once("train", corpus.name, *QUICK, *flags, "--run", "a")


@stumble(31)
@pytest.mark.usefixtures("trained")
@pytest.mark.parametrize(
    "line",
    [
        "resume --lr 0.012", "resume a --lr 0.012", "resume --learning-rate=1.2e-2 a",
        "resume --rnn-size 16", "resume a --hidden_size 16", "resume --no-skip a",
        "resume --lines", "resume a --records lines", "resume --encoding utf-8 a",
        "resume --cell=lstm --no-skip --lr .012", "resume --cell=lstm --no-skip --lr .012 a",
        "resume --run a",
    ],
)  # fmt: skip
def test_resume_accepts_flags_that_match_the_run(charrnn, line):
    done = charrnn(*line.split(), "--steps", 21)
    assert (done.code, json.loads(charrnn("info", "--json").out)["step"]) == (0, 21), done.err


@stumble(31)
@pytest.mark.usefixtures("trained")
@pytest.mark.parametrize(
    ("flags", "phrase"),
    [
        ("--cell=gru", "--cell gru differs from the run's setting, lstm"),
        ("--skip --cell lstm", "--skip differs from the run's setting, --no-skip"),
        ("--lr 0.1", "--learning-rate 0.1 differs from the run's setting, 0.012"),
        ("--rnn_size 12", "--hidden-size 12 differs from the run's setting, 16"),
        ("--records blank", "--records blank differs from the run's setting, lines"),
        ("--bytes", "--bytes differs from the run's setting, no --bytes"),
        ("--rnn-size many", "Invalid value for '--hidden-size' / '--rnn-size'"),
        ("--max-vocab 100", "--max-vocab 100 differs from the run's setting, 8192"),
        ("--colour", "No such option: --colour"),
    ],
)
def test_resume_refuses_flags_that_differ_from_the_run(charrnn, flags, phrase):
    refused = charrnn("resume", "a", *flags.split(), "--steps", 30)
    assert (refused.code, phrase in refused.err) == (2, True), refused.err
    assert json.loads(charrnn("info", "--json").out)["step"] == 20


@stumble(31)
def test_the_help_of_resume_lists_its_own_flags_alone(charrnn):
    shown = charrnn("resume", "--help").out
    assert "--keep-corpus" in shown
    assert "--hidden-size" not in shown


MISTAKES = {
    "train none.txt": 3,
    "train corpus.txt --run a": 2,
    "train corpus.txt --run /": 2,
    "train corpus.txt --device tpu": 2,
    "train corpus.txt --encoding klingon": 2,
    "train corpus.txt --hidden-size 0": 2,
    "train none.tsv --labels": 3,
    "classify": 2,
    "classify x": 4,
    "sample --given x": 4,
    "train corpus.txt --steps 9 --minutes 1": 2,
    "resume a --minutes 0": 2,
    "train corpus.txt --init-from b": 4,
    "resume b": 4,
    "resume a --cell gru": 2,
    "resume a --device tpu": 2,
    "sample b": 4,
    "sample a --device tpu": 2,
    "score --run b": 4,
    "score --run a none.txt": 2,
    "memory b": 4,
    "verify b": 4,
    "neurons b": 4,
}
TRY_ALL = """
import json, sys
from charrnn.__main__ import main
for command in json.loads(sys.argv[1]):
    sys.argv = ["charrnn", *command.split()]
    try:
        main()
    except SystemExit as end:
        print(json.dumps([command, end.code, "torch" in sys.modules]))
"""


@pytest.mark.usefixtures("trained")
def test_a_mistake_is_answered_before_torch_is_loaded():
    """All in one process: after the first mistake that loads torch the answer is True."""
    command = [sys.executable, "-c", TRY_ALL, json.dumps(list(MISTAKES))]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert answers == [[mistake, code, False] for mistake, code in MISTAKES.items()], done.stderr


@stumble(41)
@pytest.mark.usefixtures("trained")
@pytest.mark.parametrize(
    ("command", "label"),
    [
        ("memory --places 8", "looking back: a"),
        ("score", "scoring"),
        ("verify", "verifying a"),
        ("neurons", "reading"),
    ],
)
def test_slow_commands_show_a_labelled_bar_at_once(on_a_terminal, command, label):
    shown = on_a_terminal(*command.split())
    bar = re.search(r"/\d[\d.]*[kM]? \|", shown).start()  # 0/60 |
    assert label in shown[: bar + 100]
    answers = ("how far", "nats", "digest", "units")
    assert bar < min(shown.index(word) for word in answers if word in shown)
