from charrnn.cli.console import progress
from charrnn.cli.console.progress import PassingBar, ProgressBar, SearchProgress


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


def test_a_passing_bar_makes_room_and_comes_again(monkeypatch):
    told = []

    class Bar:
        def __init__(self, total, *, what):
            told.append((what, total))

        def so_far(self, done, total):
            told.append((done, total))

        def close(self):
            told.append("closed")

    monkeypatch.setattr(progress, "ProgressBar", Bar)
    bar = PassingBar("reading")
    bar.close()
    for done in (1, 2):
        bar.so_far(done, 9)
    bar.close()
    bar.so_far(3, 9)
    assert told == [("reading", 9), (1, 9), (2, 9), "closed", ("reading", 9), (3, 9)]


def test_without_a_terminal_there_is_no_bar(capsys):
    bar = ProgressBar(10, what="reading", at_once=True)
    bar.advance(4)
    bar.so_far(8, 10)
    bar.close()
    assert capsys.readouterr().err == ""
