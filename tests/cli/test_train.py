"""`charrnn train`: what it reads, and what it says."""

import json

import pytest
from conftest import QUICK, small_text


@pytest.mark.parametrize(
    ("name", "data", "flags"),
    [
        ("chinese", "床前明月光，疑是地上霜。\n举头望明月，低头思故乡。\n" * 9, ()),
        ("russian", "Мой дядя самых честных правил,\nКогда не в шутку занемог,\n" * 9, ()),
        ("emoji", "👩‍🚀🚀🌕👨‍👩‍👧 🇮🇸🔥\n" * 20, ()),
        ("binary", bytes(range(256)) * 4, ("--bytes",)),
        ("latin", "naïve café\r\n".encode("latin-1") * 30, ("--encoding", "latin-1")),
        ("twenty", "abcdefghij abcdefgh\n", ()),
        ("two", "ab", ()),
        ("three", "abc", ("--val-fraction", 0.9)),
        ("zeros", b"\0" * 100, ("--bytes",)),
    ],
)
def test_any_text_trains_and_samples(charrnn, tmp_path, name, data, flags):
    path = tmp_path / name
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    tiny = ("--allow-short", "--hidden-size", 8, "--steps", 3, "--threads", 1)
    done = charrnn("train", name, *tiny, *flags)
    assert done.code == 0, done.err
    sampled = charrnn("sample", name, "-n", 40, "-s", 1)
    assert sampled.code == 0
    assert sampled.out
    assert charrnn("resume", "--steps", 5).code == 0
    assert charrnn("info").code == 0


def test_rare_characters_of_a_huge_alphabet_fold_and_it_is_said(charrnn, tmp_path):
    (tmp_path / "text").write_text("abab" * 100 + "".join(map(chr, range(0x4E00, 0x4E40))))
    done = charrnn("train", "text", "--max-vocab", 10, "--hidden-size", 8, "--steps", 3)
    assert "57 rare characters (12 % of the text) became one unknown symbol" in done.err
    sampled = charrnn("sample", "-n", 500, "-t", 5).out
    assert "\N{REPLACEMENT CHARACTER}" not in sampled


def test_a_folder_trains_and_says_what_was_skipped(charrnn, tmp_path):
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / "a.txt").write_text(small_text(1000))
    (tmp_path / "texts" / "b.png").write_bytes(b"\x89PNG\0\xff")
    done = charrnn("train", "texts", *QUICK)
    assert done.code == 0
    assert "skipped 1 file that is not text: texts/b.png" in done.err
    assert (tmp_path / "checkpoints" / "texts").is_dir()


def test_the_corpus_says_when_there_is_nothing_to_learn_from(charrnn, tmp_path):
    (tmp_path / "empty").write_text("")
    result = charrnn("train", "empty")
    assert result.code == 3
    assert result.err == (
        "charrnn: the corpus holds no text; it takes at least two characters to learn\n"
    )


def test_training_says_what_it_chose_and_how_to_continue(charrnn, corpus):
    settings = ("train", corpus, *QUICK, "--ngrams", 1)
    output = charrnn(*settings).err.splitlines()
    assert output[0].startswith("corpus: 6,000 characters, a very small text, soon memorised; ")
    assert output[0].endswith("; training for 20 steps")
    assert output[1] == "Ctrl-C saves and stops; continue with: charrnn resume corpus"
    assert output[2].startswith("for comparison, nats per character: unigram ")
    assert output[-2].startswith("done: 20 steps, validation loss ")
    assert output[-1] == "try it: charrnn sample corpus"
    assert charrnn(*settings, "--verbose").err.splitlines()[1] == (
        "24 distinct characters; lstm 1×12 (1,560 parameters), reading characters, batch 4,"
        " sequence length 8, dropout 0.3: as given"
    )


def test_quiet_says_nothing_and_json_only_figures(charrnn, corpus):
    quiet = charrnn("train", corpus, *QUICK, "--quiet")
    assert (quiet.out, quiet.err) == ("", "")
    as_json = charrnn("train", corpus, *QUICK, "--json")
    assert as_json.err == ""
    lines = [json.loads(line) for line in as_json.out.splitlines()]
    assert [line["step"] for line in lines if "val_loss" in line] == [10, 20]
