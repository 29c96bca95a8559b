from charrnn.cli.console import progress
from charrnn.cli.console.progress import ProgressBar, SearchProgress


def test_without_a_terminal_a_search_has_a_line_now_and_then(capsys, monkeypatch):
    now = 100.0
    monkeypatch.setattr(progress.time, "monotonic", lambda: now)
    search = SearchProgress(10, limit=300, is_shared=False)
    for seconds, accepted in ((4, 0), (12, 0), (16, 2), (24, 2)):
        now = 100.0 + seconds
        search.update(accepted, seconds, tries_left=3 * seconds if accepted else None)
    search.close()
    assert capsys.readouterr().err == (
        "charrnn: tried 12 of at most 300, none accepted yet\n"
        "charrnn: 2 of 10 accepted, 24 tried, about 1:12 left\n"
    )


def test_without_a_terminal_there_is_no_bar(capsys):
    bar = ProgressBar(10, what="reading", at_once=True)
    bar.advance(4)
    bar.so_far(8, 10)
    bar.close()
    assert capsys.readouterr().err == ""
