"""`charrnn sample --report` and `--novel-chars`."""

import json
import re
from pathlib import Path

import pytest
from conftest import SMALL, small_text

NAMES = "".join(f"{a}{b}{c}\n" for a in "BDKL" for b in "aeiou" for c in ("n", "ra", "lo", "mmi"))


@pytest.fixture
def learned(charrnn_once, corpus):
    charrnn_once("train", corpus.name, *SMALL, "--steps", 60, "--run", "text")


@pytest.fixture
def named(charrnn_once):
    Path("names.txt").write_text(NAMES)
    charrnn_once("train", "names.txt", *SMALL, "--steps", 60, "--lines", "--run", "names")


def longest(text, corpus):
    return next(
        n
        for n in range(len(text), -1, -1)
        if any(text[k : k + n] in corpus for k in range(len(text) - n + 1))
    )


@pytest.mark.usefixtures("learned")
class TestTexts:
    def test_a_report_follows_the_unchanged_text(self, charrnn):
        plain = charrnn("sample", "-s", 1, "-n", 200)
        shown = charrnn("sample", "-s", 1, "-n", 200, "--report")
        assert shown.out == plain.out
        num = longest(plain.out, small_text())
        found = re.search(r"longest copy: (\d+) of 200 characters, “(.*)” \(line (\d+)", shown.err)
        quoted = found.group(2).replace("␊", "\n")
        assert len(quoted) == int(found.group(1)) == num
        assert quoted in plain.out
        line = 1 + small_text()[: small_text().index(quoted)].count("\n")
        assert int(found.group(3)) == line
        assert "distinct words are not in the corpus" in shown.err

    def test_json_has_the_report_and_stderr_has_not(self, charrnn):
        done = charrnn("sample", "-s", 1, "-n", 80, "--num", 2, "--json", "--report", "-p", "A")
        assert "copy" not in done.err
        for line in done.out.splitlines():
            facts = json.loads(line)
            quoted = facts["longest_copy"]
            assert (
                quoted["num_chars"] == len(quoted["text"]) == longest(facts["text"], small_text())
            )
            assert facts["text"][quoted["start"] :].startswith(quoted["text"])
            assert small_text().index(quoted["text"]) == quoted["place"]
            assert 0 <= facts["num_copied"] <= 80
            assert len(facts["new_words"]) <= facts["num_words"]
        assert "longest_copy" not in json.loads(charrnn("sample", "-n", 9, "--json").out)

    def test_samples_that_copy_too_much_are_rejected(self, charrnn):
        wish = ("sample", "-s", 1, "-n", 40, "--num", 3, "--json")
        lengths = [
            longest(json.loads(x)["text"], small_text()) for x in charrnn(*wish).out.split("\n")[:3]
        ]
        limit = max(lengths)
        done = charrnn(*wish, "--novel-chars", limit)
        assert done.code == 0
        output = [json.loads(line)["text"] for line in done.out.splitlines()]
        assert len(output) == 3
        assert all(longest(text, small_text()) < limit for text in output)
        assert "3 written; rejected: none" in done.err
        assert charrnn(*wish, "--novel", limit).out == done.out
        assert charrnn(*wish, "--novel-chars", 41).out == charrnn(*wish).out

    def test_a_search_ends_if_all_samples_copy(self, charrnn, monkeypatch):
        monkeypatch.setattr("charrnn.cli.sample_writer.CHARS_OF_PATIENCE", 100)
        done = charrnn("sample", "-s", 1, "-n", 40, "--novel-chars", 1, "--num", 2)
        assert (done.code, done.out) == (8, "")
        assert "found none of 2: the last 100 were rejected" in done.err
        one = charrnn("sample", "-s", 1, "-n", 40, "--novel-chars", 1)
        assert (one.code, one.out) == (8, "")
        assert "the text ends early: every continuation would copy 1 character; raise" in one.err

    def test_the_prompt_does_not_count_as_a_copy(self, charrnn):
        prompt = small_text()[100:160]
        done = charrnn("sample", "-s", 1, "-n", 5, "--novel-chars", 6, "-p", prompt, "--report")
        assert done.code == 0
        assert done.out.startswith(prompt)
        assert "of 5 characters" in done.err

    def test_without_the_corpus_its_encoded_copy_serves(self, charrnn, corpus):
        before = charrnn("sample", "-s", 1, "-n", 50, "--report").err
        corpus.unlink()
        assert charrnn("sample", "-s", 1, "-n", 50, "--report").err == before
        for file in Path("checkpoints/.corpora").iterdir():
            file.unlink()
        refused = charrnn("sample", "-s", 1, "-n", 50, "--report")
        assert (refused.code, refused.out) == (3, "")
        assert refused.err.count("\n") == 1

    def test_endless_samples_have_no_report(self, charrnn):
        refused = charrnn("sample", "-n", -1, "--report")
        assert refused.code == 2
        assert "--length -1 never ends" in refused.err


def test_a_text_without_a_line_end_has_copies_too(charrnn):
    Path("line.txt").write_text(small_text().replace("\n", ""))
    charrnn("train", "line.txt", *SMALL, "--steps", 60, "--run", "line")
    done = charrnn("sample", "line", "-s", 1, "-n", 200, "--novel", 5)
    assert (done.code, len(done.out)) == (0, 200)
    assert longest(done.out, small_text().replace("\n", "")) < 5


@pytest.mark.usefixtures("named")
def test_records_are_reported_together(charrnn):
    done = charrnn("sample", "-s", 1, "--num", 20, "--report", "--novel-chars", 4, "--unique")
    output = done.out.split()
    assert len(output) == 20
    assert all(longest(name, NAMES) < 4 for name in output)
    known = {name.lower() for name in NAMES.split()}
    new = [name for name in output if name.lower() not in known]
    counted = re.search(r"(\d+) of (\d+) distinct words are not in the corpus", done.err)
    assert [int(n) for n in counted.groups()] == [len(new), 20]


def test_a_model_of_bytes_and_a_wide_alphabet_report_too(charrnn):
    text = ("Größe, naïve Fülle. " + "".join(map(chr, range(0x4E00, 0x4F20))) + "\n") * 20
    Path("wide.txt").write_text(text)
    for flags in ((), ("--bytes",)):
        run = "bytes" if flags else "wide"
        charrnn("train", "wide.txt", *SMALL, "--steps", 30, *flags, "--run", run)
        done = charrnn("sample", run, "-s", 1, "-n", 60, "--report", "--temp", 0.5)
        assert done.code == 0
        assert "longest copy: " in done.err
        assert ("bytes" in done.err) == bool(flags)
        facts = json.loads(charrnn("sample", run, "-s", 1, "-n", 60, "--report", "--json").out)
        quoted = facts["longest_copy"]
        if not flags:
            assert text.index(quoted["text"]) == quoted["place"]
