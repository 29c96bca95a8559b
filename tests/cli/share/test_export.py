from pathlib import Path


def test_the_newest_run_is_written_and_what_it_cost_is_told(charrnn, trained):
    done = charrnn("export", "voice.html")
    assert (done.code, done.out) == (0, "")
    first, loss, seeds = done.err.splitlines()
    assert first.startswith("charrnn: wrote voice.html (")
    assert "nats per character with int8 weights (float16 " in loss
    assert "--weights" not in loss and "another text" in seeds
    assert Path("voice.html").read_text().startswith("<!DOCTYPE html>")


def test_with_all_digits_a_seed_writes_the_same(charrnn, trained):
    done = charrnn("export", "voice.html", "--run", "a", "--weights", "float32")
    assert "the same text here and with charrnn sample" in done.err


def test_one_run_is_exported(charrnn, two_runs):
    done = charrnn("export", "voice.html", "--run", "a", "--run", "names")
    assert done.code == 2
    assert done.err == "charrnn: export takes one run; export each to a file of its own\n"
