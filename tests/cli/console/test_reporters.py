import os
import struct
import sys

import pyte
import pytest
from conftest import read_all

from charrnn.cli.console import reporters
from charrnn.cli.console.reporters import (
    JsonReporter,
    LogReporter,
    TerminalReporter,
    WarningReporter,
    choose_reporter,
)


def screen_of(text: str, columns: int) -> list[str]:
    screen = pyte.Screen(columns, 30)
    pyte.Stream(screen).feed(text)
    return [line.rstrip() for line in screen.display if line.strip()]


@pytest.fixture
def terminal(monkeypatch):
    """Make stderr a terminal of so many columns; the function that is returned reads its screen."""
    fcntl, pty, termios = map(pytest.importorskip, ("fcntl", "pty", "termios"))

    def open_one(columns: int):
        ours, its = pty.openpty()
        fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", 30, columns, 0, 0))
        monkeypatch.setattr(sys, "stderr", os.fdopen(its, "w", encoding="utf-8"))
        monkeypatch.setenv("TERM", "xterm-256color")

        def shown() -> list[str]:
            sys.stderr.close()
            return screen_of(read_all(ours), columns)

        return shown

    return open_one


@pytest.mark.parametrize("columns", [80, 120])
def test_the_bar_fits_and_a_hostile_sample_stays_in_its_panel(terminal, columns):
    shown = terminal(columns)
    reporter = TerminalReporter()
    reporter.start_training(0, 4000)
    figures = {"step": 1200, "loss": 1.5234, "val_loss": 1.6011, "chars_per_second": 48_123}
    reporter.show_metrics(figures)
    reporter.show_step(1200)
    reporter.show_sample("[/bold] \x1b[2J\x1b]0;title\x07 ends", 1200)
    reporter.end_progress()
    lines = shown()
    assert "[/bold] ␛[2J␛]0;title␇ ends" in lines[1]
    assert lines[0].startswith("╭") and lines[2].startswith("╰")
    assert "1200/4000" in lines[-1]
    assert "loss 1.523 (2.20 bits)  val 1.601  48.1k chars/s" in lines[-1]


def test_a_run_with_nothing_left_to_do_tells_no_time_left(terminal):
    shown = terminal(80)
    reporter = TerminalReporter()
    reporter.start_training(40, 40)
    reporter.show_metrics({"step": 40, "val_loss": 1.9})
    reporter.end_progress()
    (line,) = shown()
    assert line.startswith("40/40 |")
    assert line.endswith("val 1.900")
    assert "left" not in line


@pytest.mark.parametrize(("number", "last"), [(13, "13"), (14, "…"), (60, "…")])
def test_a_panel_shows_the_first_of_many_names(terminal, number, last):
    shown = terminal(80)
    TerminalReporter().show_sample("\n".join(map(str, range(1, number + 1))), 0)
    _, *lines, _ = [line.strip("│ ") for line in shown()]
    assert lines == [*map(str, range(1, 13)), last]


@pytest.mark.parametrize(
    ("columns", "figures"),
    [
        (40, "loss 1.523"),
        (60, "loss 1.523  val 1.601"),
        (70, "loss 1.523  val 1.601  48.1k chars/s"),
        (80, "loss 1.523 (2.20 bits)  val 1.601  48.1k chars/s"),
    ],
)
def test_a_run_of_minutes_shows_its_time_and_as_many_figures_as_there_is_room_for(
    monkeypatch, columns, figures
):
    fcntl, pty, termios = map(pytest.importorskip, ("fcntl", "pty", "termios"))
    ours, its = pty.openpty()
    fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", 30, columns, 0, 0))
    monkeypatch.setattr(sys, "stderr", os.fdopen(its, "w", encoding="utf-8"))
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", str(columns))
    now = 1000.0
    monkeypatch.setattr(reporters.time, "monotonic", lambda: now)
    reporter = TerminalReporter()
    reporter.set_time_limit(now - 2, 180)
    reporter.start_training(0, 3012)
    now += 40
    reporter.set_num_steps(2062)
    reporter.show_metrics(
        {"step": 20, "loss": 1.5234, "val_loss": 1.6011, "chars_per_second": 48_123}
    )
    reporter.show_step(1234)
    reporter.show_sample("text", 1234)
    assert reporter.time_taken() == " in 0:42"
    reporter.end_progress()
    sys.stderr.close()
    lines = screen_of(read_all(ours), columns)
    assert "step 1,234, 0:42" in lines[0]
    assert lines[-1].startswith("0:42/3:00 |")
    assert lines[-1].endswith(f"| step 1,234  {figures}")


def test_a_log_of_a_run_of_minutes_has_time_and_steps(capsys, monkeypatch):
    monkeypatch.setattr(reporters.time, "monotonic", lambda: 1042.0)
    reporter = LogReporter()
    reporter.set_time_limit(1000.0, 180)
    reporter.start_training(0, 3012)
    reporter.show_metrics({"step": 20, "loss": 2.0})
    assert capsys.readouterr().err == "step 20  0:42/3:00  loss 2.000 (2.89 bits)\n"


def test_details_are_for_those_who_ask(capsys):
    for reporter in (WarningReporter(), LogReporter(), LogReporter(is_verbose=True)):
        reporter.show_detail("batch 32")
    assert capsys.readouterr().err == "batch 32\n"


def test_without_a_terminal_there_are_plain_lines(capsys):
    reporter = LogReporter()
    reporter.show("hello \x1b")
    reporter.start_training(0, 100)
    for step in range(10, 60, 10):
        reporter.show_metrics({"step": step, "loss": 2.0, "chars_per_second": 1000})
    reporter.show_metrics({"step": 50, "val_loss": 1.9})
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines() == [
        "hello ␛",
        "step 10/100  loss 2.000 (2.89 bits)  1k chars/s",
        "step 50/100  loss 2.000 (2.89 bits)  val 1.900  1k chars/s",
    ]


@pytest.mark.parametrize("val", [(), ({"val_loss": 1.9},)])
def test_the_last_step_has_one_plain_line_with_its_validation_if_there_is_one(capsys, val):
    reporter = LogReporter()
    reporter.start_training(0, 5)
    reporter.show_metrics({"step": 0, "baselines": {}})
    reporter.show_metrics({"step": 5, "loss": 2.0})
    for figures in val:
        reporter.show_metrics({"step": 5, **figures})
    reporter.end_progress()
    shown = "step 5/5  loss 2.000 (2.89 bits)" + "  val 1.900" * len(val)
    assert capsys.readouterr().err.splitlines() == [shown]


def test_quiet_and_json_choose_the_reporter():
    assert type(choose_reporter(quiet=True, as_json=False)) is WarningReporter
    assert type(choose_reporter(quiet=True, as_json=True)) is JsonReporter
    assert (
        type(choose_reporter(quiet=False, as_json=False)) is LogReporter
    )  # stderr is no terminal here
