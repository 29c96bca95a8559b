"""Narrow terminals, ASCII terminals, and losses of zero."""

import re
import sys

import pytest
from conftest import SMALL
from stumbles import stumble

from charrnn.cli.console import tables


@stumble(53)
def test_a_loss_of_zero_is_shown(charrnn, tmp_path):
    (tmp_path / "ones").write_text("a" * 600)
    done = charrnn("train", "ones", *SMALL, "--steps", 20, "--eval-every", 10)
    assert "done: 20 steps, validation loss 0.0000 nats (0.000 bits)" in done.err
    assert "-0.00" not in done.err
    assert "0.0000" in charrnn("runs").out


@stumble(54)
@pytest.mark.usefixtures("trained")
def test_a_narrow_terminal_loses_columns_and_no_number(on_a_terminal):
    wide = on_a_terminal("runs", columns=100)
    loss = re.findall(r"\d\.\d{4}", wide)
    assert "corpus.txt" in wide
    narrow = on_a_terminal("runs", columns=40)
    assert re.findall(r"\d\.\d{4}", narrow) == loss
    assert "20 of 20" in narrow
    assert "corpus.txt" not in narrow
    for command in (("runs",), ("predict", "--steps", "Ae"), ("info",), ("plot",)):
        lines = re.sub(r"\x1b\[[\d;]*m", "", on_a_terminal(*command, columns=40)).splitlines()
        table = lines if command != ("info",) else lines[: lines.index("", 1)]
        assert max(map(len, table)) <= 40, command
    assert len(re.findall(r"\d+\.\d\d %", on_a_terminal("predict", "--steps", "aei", columns=40)))


@stumble(54)
def test_what_does_not_fit_is_folded_where_it_is_widest(monkeypatch, capsys):
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "30")
    tables.print_table(["", ""], [["sha", "0123456789" * 4], ["step", "1,234,567"]])
    assert capsys.readouterr().out == (
        "\n  sha    01234567890123456789\n         01234567890123456789\n  step   1,234,567\n\n"
    )


@stumble(55)
@pytest.mark.usefixtures("trained")
@pytest.mark.parametrize("command", ["predict ae", "plot", "runs", "info", "memory --places 8"])
def test_a_terminal_of_ascii_gets_marks_of_ascii(on_a_terminal, command):
    shown = on_a_terminal(*command.split(), encoding="ascii")
    assert shown.isascii()
    assert not re.search(r"\\u[0-9a-f]{4}|\\x[0-9a-f]{2}", shown)
