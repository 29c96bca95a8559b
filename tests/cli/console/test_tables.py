from charrnn.cli.console.tables import print_bars, print_side_by_side, print_table


def test_a_table_in_a_pipe_has_no_trailing_spaces_and_loses_nothing(capsys):
    print_table(["", ""], [["a", "x" * 150], ["b", "y"]])
    lines = capsys.readouterr().out.splitlines()
    assert lines == [line.rstrip() for line in lines]
    assert any("x" * 150 in line for line in lines)


def test_without_colours_there_is_no_escape_code_in_a_table_or_bars(capsys, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    for draw in (
        lambda: print_table(["unit", "r"], [["h0.1", "+0.90"]]),
        lambda: print_bars("after x", [("e", 0.9), ("␣", 0.1)]),
    ):
        monkeypatch.delenv("NO_COLOR", raising=False)
        draw()
        assert "\x1b[" in capsys.readouterr().out
        monkeypatch.setenv("NO_COLOR", "1")
        draw()
        assert "\x1b" not in capsys.readouterr().out


def test_texts_side_by_side_lose_nothing_in_a_pipe(capsys):
    print_side_by_side(["a", "b"], ["one\n[bold]two[/bold]", "x" * 150])
    assert capsys.readouterr().out == (
        "a\n  | one\n  | [bold]two[/bold]\n" + f"b\n  | {'x' * 150}\n"
    )


def test_titles_drive_no_terminal(capsys):
    """A run is named by its folder, which may have any name."""
    name = "a\x1b[31m\u202e\n"
    print_table(["", name], [["x", "y"]])
    print_side_by_side([name, name], ["one", "two"])
    shown = capsys.readouterr().out
    assert shown.count("a␛[31m�␊") == 3
    assert not {"\x1b", "\u202e"} & set(shown)
