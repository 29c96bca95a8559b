from charrnn.cli.console import progress
from charrnn.cli.console.progress import ProgressBar, SearchProgress


def test_without_a_terminal_a_search_has_a_line_now_and_then(capsys, monkeypatch):
    now = 100.0
    monkeypatch.setattr(progress.time, "monotonic", lambda: now)
    search = SearchProgress(10, is_shared=False)
    for seconds in (4, 8, 12, 16):
        now = 100.0 + seconds
        search.go_on(2, seconds, tries_left=3 * seconds)
    search.close()
    line = "charrnn: 2 of 10 found, 12 tried, about 0:36 left at this rate\n"
    assert capsys.readouterr().err == line


def test_without_a_terminal_there_is_no_bar(capsys):
    bar = ProgressBar(10, what="reading", at_once=True)
    bar.advance(4)
    bar.so_far(8, 10)
    bar.close()
    assert capsys.readouterr().err == ""
