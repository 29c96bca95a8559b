"""Prompts from standard input, and what `charrnn sample` writes."""

import io
import sys
from pathlib import Path

import pytest
from conftest import SMALL, small_text, start
from stumbles import stumble


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """The runs a, of a text, and names, of a list of numbers."""
    folder = tmp_path_factory.mktemp("world")
    (folder / "text.txt").write_text(small_text())
    numbers = [str(number) for number in range(1000, 1300) if number % 7]
    (folder / "names.txt").write_text("\n".join(numbers) + "\n")
    small = (*SMALL, "--steps", 60, "--threads", 1, "--quiet")
    for flags in (("text.txt", "--run", "a"), ("names.txt", "--lines", "--run", "names")):
        assert start("train", *flags, *small, cwd=folder).wait() == 0
    return folder


@pytest.fixture
def runs(world, monkeypatch):
    monkeypatch.chdir(world)
    return world


def piped(monkeypatch, data):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))


@stumble(39)
@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
def test_the_last_newline_of_a_piped_prompt_is_dropped(charrnn, runs, monkeypatch, end):
    typed = charrnn("sample", "a", "-p", "Went to", "-n", 9, "-s", 1)
    piped(monkeypatch, b"Went to" + end.encode())
    assert charrnn("sample", "a", "-f", "-", "-n", 9, "-s", 1).out == typed.out
    expected = charrnn("predict", "--run", "a", "Went to").out
    piped(monkeypatch, b"Went to" + end.encode())
    assert charrnn("predict", "--run", "a", "-").out == expected


@stumble(39)
def test_only_the_last_newline_is_dropped_and_of_a_file_none(charrnn, runs, monkeypatch, tmp_path):
    piped(monkeypatch, b"Went to\n\n")
    two = charrnn("sample", "a", "-f", "-", "-n", 9, "-s", 1).out
    assert two.startswith("Went to\n")
    file = Path(tmp_path / "prompt")
    file.write_text("Went to\n")
    assert charrnn("sample", "a", "-f", file, "-n", 9, "-s", 1).out == two
    assert "less its last newline" in " ".join(charrnn("sample", "--help").out.split())
