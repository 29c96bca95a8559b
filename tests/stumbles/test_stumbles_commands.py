"""What is typed after `resume`; what is answered before torch is loaded; bars."""

import json
import subprocess
import sys

import pytest
from conftest import QUICK
from stumbles import stumble
from test_terminals import on_a_terminal


@pytest.fixture
def trained(charrnn, corpus):
    flags = ("--lr", 0.012, "--rnn-size", 16, "--no-skip", "--lines")
    assert charrnn("train", corpus, *QUICK, *flags, "--run", "a").code == 0


@stumble(31)
@pytest.mark.usefixtures("trained")
@pytest.mark.parametrize(
    "flags",
    [
        "--lr 0.012", "--learning-rate=1.2e-2", "--rnn-size 16", "--hidden_size 16", "--no-skip",
        "--lines", "--records lines", "--cell=lstm --no-skip --lr .012", "--encoding utf-8",
        "--run a",
    ],
)  # fmt: skip
@pytest.mark.parametrize("named", [("a",), ()])
def test_flags_that_say_what_the_run_is_are_taken(charrnn, flags, named):
    done = charrnn("resume", *named, *flags.split(), "--steps", 21)
    assert (done.code, json.loads(charrnn("info", "--json").out)["step"]) == (0, 21), done.err
    assert charrnn("resume", *flags.split(), *named, "--steps", 22).code == 0


@stumble(31)
@pytest.mark.usefixtures("trained")
@pytest.mark.parametrize(
    ("flags", "phrase"),
    [
        ("--cell=gru", "--cell gru is not what the run has: lstm"),
        ("--skip --cell lstm", "--skip is not what the run has: --no-skip"),
        ("--lr 0.1", "--learning-rate 0.1 is not what the run has: 0.012"),
        ("--rnn_size 12", "--hidden-size 12 is not what the run has: 16"),
        ("--records blank", "--records blank is not what the run has: lines"),
        ("--bytes", "--bytes is not what the run has: no --bytes"),
        ("--rnn-size many", "Invalid value for '--hidden-size' / '--rnn-size'"),
        ("--max-vocab 100", "--max-vocab 100 is not what the run has: 8192"),
        ("--colour", "No such option: --colour"),
    ],
)
def test_flags_that_say_something_else_are_refused(charrnn, flags, phrase):
    refused = charrnn("resume", "a", *flags.split(), "--steps", 30)
    assert (refused.code, phrase in refused.err) == (2, True), refused.err
    assert json.loads(charrnn("info", "--json").out)["step"] == 20


@stumble(31)
def test_the_help_of_resume_lists_its_own_flags_alone(charrnn):
    shown = charrnn("resume", "--help").out
    assert "--keep-corpus" in shown
    assert "--hidden-size" not in shown


@pytest.mark.usefixtures("trained")
@pytest.mark.parametrize(
    ("command", "code"),
    [
        ("train none.txt", 3),
        ("train corpus.txt --run a", 2),
        ("train corpus.txt --run /", 2),
        ("train corpus.txt --device tpu", 2),
        ("train corpus.txt --encoding klingon", 2),
        ("train corpus.txt --hidden-size 0", 2),
        ("train corpus.txt --steps 9 --minutes 1", 2),
        ("resume a --minutes 0", 2),
        ("train corpus.txt --init-from b", 4),
        ("resume b", 4),
        ("resume a --cell gru", 2),
        ("resume a --device tpu", 2),
        ("sample b", 4),
        ("sample a --device tpu", 2),
        ("score --run b", 4),
        ("score --run a none.txt", 2),
        ("memory b", 4),
        ("verify b", 4),
        ("neurons b", 4),
    ],
)
def test_a_mistake_is_answered_before_torch_is_loaded(command, code):
    check = (
        f"import sys; sys.argv = ['charrnn', *{command.split()!r}]\n"
        "from charrnn.__main__ import main\n"
        "try: main()\nexcept SystemExit as end: print(end.code, 'torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=True)
    assert done.stdout == f"{code} False\n", done.stderr


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
def test_what_takes_long_has_a_labelled_bar_at_once(command, label):
    shown = on_a_terminal(*command.split())
    bar = shown.index("left")  # "00:03 left", "? left"
    assert label in shown[: bar + 100]
    answers = ("how far", "nats", "digest", "units")
    assert bar < min(shown.index(word) for word in answers if word in shown)
