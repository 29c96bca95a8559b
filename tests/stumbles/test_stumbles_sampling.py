"""`charrnn sample`: prompts from standard input, stops, records, searches."""

import io
import json
import re
import sys
from pathlib import Path

import pytest
from conftest import SMALL, start
from stumbles import stumble


def piped(monkeypatch, data):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))


@stumble(39)
@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
def test_the_last_newline_of_a_piped_prompt_is_dropped(charrnn, two_runs, monkeypatch, end):
    typed = charrnn("sample", "a", "-p", "Went to", "-n", 9, "-s", 1)
    piped(monkeypatch, b"Went to" + end.encode())
    assert charrnn("sample", "a", "-f", "-", "-n", 9, "-s", 1).out == typed.out
    expected = charrnn("predict", "--run", "a", "Went to").out
    piped(monkeypatch, b"Went to" + end.encode())
    assert charrnn("predict", "--run", "a", "-").out == expected


@stumble(39)
def test_only_the_last_newline_is_dropped_and_of_a_file_none(
    charrnn, two_runs, monkeypatch, tmp_path
):
    piped(monkeypatch, b"Went to\n\n")
    two = charrnn("sample", "a", "-f", "-", "-n", 9, "-s", 1).out
    assert two.startswith("Went to\n")
    file = Path(tmp_path / "prompt")
    file.write_text("Went to\n")
    assert charrnn("sample", "a", "-f", file, "-n", 9, "-s", 1).out == two
    assert "without its last newline" in " ".join(charrnn("sample", "--help").out.split())


@stumble(8)
@pytest.mark.parametrize("many", [(), ("--json",), ("--num", 2)], ids=["one", "json", "many"])
def test_a_sample_ends_after_a_text_and_keeps_it(charrnn, two_runs, many):
    whole = charrnn("sample", "a", "-s", 1, "-n", 200).out
    done = charrnn("sample", "a", "-s", 1, "-n", 200, "--until", ".\n", "--until", "zz", *many)
    output = json.loads(done.out)["text"] if many == ("--json",) else done.out.split("\n\n")[0]
    assert output.rstrip("\n") == whole[: whole.index(".\n") + 1]
    endless = charrnn("sample", "a", "-s", 1, "-n", -1, "--until", ".")
    assert endless.out == whole[: whole.index(".") + 1]


@stumble(9)
@pytest.mark.parametrize("flag", ["--stop", "--until"])
@pytest.mark.parametrize(("text", "hint"), [("\\n", "; a newline is typed $'\\n'"), ("#", "")])
def test_a_stop_that_can_never_occur_is_reported(charrnn, two_runs, flag, text, hint):
    output = charrnn("sample", "a", "-s", 1, "-n", 20, flag, text)
    assert (output.code, len(output.out)) == (0, 20)
    assert f"{flag} '{text}' can never come: the model never writes '{text[0]}'" in output.err
    assert hint in output.err
    refused = charrnn("sample", "a", "-n", -1, flag, text)
    assert (refused.code, refused.out) == (2, "")
    assert (hint or "; give the sample an end with --length") in refused.err


@stumble(9)
def test_one_possible_stop_of_several_is_enough(charrnn, two_runs):
    output = charrnn("sample", "a", "-s", 1, "-n", -1, "--stop", "#", "--stop", "e")
    assert output.code == 0
    assert "--stop '#' can never come" in output.err


@stumble(10)
def test_no_prompt_writes_only_what_follows(charrnn, two_runs):
    file = ("sample", "a", "-f", "text.txt", "-n", 50, "-s", 1)
    text = Path("text.txt").read_text()
    assert charrnn(*file, "--no-prompt").out == charrnn(*file).out.removeprefix(text)
    assert len(charrnn(*file, "--no-prompt").out) == 50
    several = charrnn(*file, "--no-prompt", "--num", 2).out
    assert len(several) == 102
    wish = ("sample", "names", "-p", "12", "--num", 4, "-s", 1)
    assert charrnn(*wish, "--no-prompt").out.splitlines() == [
        name.removeprefix("12") for name in charrnn(*wish).out.splitlines()
    ]


def listed(result):
    return result.out.splitlines()


@stumble(25)
def test_many_prompts_in_one_process_each_as_if_it_were_alone(
    charrnn, two_runs, monkeypatch, tmp_path
):
    file = tmp_path / "prompts"
    file.write_text("12\n13\n\n11")
    flags = ("sample", "names", "-s", 1, "--num", 2)
    alone = [listed(charrnn(*flags, "-p", prompt)) for prompt in ("12", "13", "", "11")]
    assert listed(charrnn(*flags, "--prompts", file)) == [name for names in alone for name in names]
    piped(monkeypatch, b"12\r\n13\r\n")
    assert listed(charrnn(*flags, "--prompts", "-")) == alone[0] + alone[1]
    output = charrnn("sample", "a", "-s", 1, "-n", 9, "--prompts", file, "--json").out.splitlines()
    assert [json.loads(line)["prompt"] for line in output] == ["12", "13", "", "11"]


@stumble(25)
def test_a_prompt_after_which_too_little_is_found_does_not_end_the_others(
    charrnn, two_runs, monkeypatch, tmp_path
):
    monkeypatch.setattr("charrnn.generation.sample_filter.PATIENCE", 300)
    file = tmp_path / "prompts"
    file.write_text("12\n13\n")
    done = charrnn("sample", "names", "-s", 1, "--num", 2, "--prompts", file, "--match", "^13")
    assert done.code == 8
    assert len(listed(done)) == 2
    assert "after '12': 0 of 2 samples" in done.err
    assert "found 2 of 4: the last 300 were rejected" in done.err


@stumble(48)
def test_the_newline_of_echo_does_not_end_a_record(charrnn, two_runs, monkeypatch):
    wish = ("sample", "names", "--num", 3, "--unique", "--novel", "-s", 1)
    typed = charrnn(*wish, "-p", "12")
    piped(monkeypatch, b"12\n")
    done = charrnn(*wish, "-f", "-")
    assert (done.code, done.out) == (0, typed.out)
    assert all(name.startswith("12") for name in listed(done))
    assert charrnn(*wish, "-p", "12\n").out == typed.out


@stumble(48)
def test_a_prompt_of_two_records_is_refused(charrnn, two_runs):
    done = charrnn("sample", "names", "-p", "12\n13")
    assert (done.code, done.out) == (2, "")
    assert "holds a newline, which ends a record; --prompts FILE takes a prompt from" in done.err


@stumble(48)
def test_a_record_between_blank_lines_has_none_within(charrnn, tmp_path):
    (tmp_path / "tunes.txt").write_text("ab\ncd\n\n" * 200)
    charrnn("train", "tunes.txt", "--records", "blank", *SMALL, "--steps", 40, "--run", "tunes")
    wish = ("sample", "tunes", "--num", 400, "-s", 1, "--temp", 3, "-n", 40, "--json")
    done = charrnn(*wish, "-p", "ab\n")
    assert "more than one record" in done.err
    for line in listed(done):
        output = json.loads(line)
        assert "\n\n" not in output["prompt"] + output["text"]
    refused = charrnn("sample", "tunes", "-p", "ab\n\ncd")
    assert (refused.code, "holds an empty line, which ends a record" in refused.err) == (2, True)


@stumble(49)
def test_unread_characters_of_a_prompt_are_not_in_the_record(charrnn, two_runs):
    wish = ("sample", "names", "--num", 3, "--unique", "-s", 1)
    done = charrnn(*wish, "-p", "é1Z2")
    assert listed(done) == listed(charrnn(*wish, "-p", "12"))
    assert "the model never saw 'é' (U+00E9): left out of the prompt" in done.err
    output = [json.loads(line) for line in listed(charrnn(*wish, "-p", "é1Z2", "--json"))]
    assert {line["prompt"] for line in output} == {"12"}
    known = charrnn("sample", "names", "-p", "é1000", "--num", 1, "--novel", "-s", 1, "-n", 9)
    assert listed(known) != ["1000"]


@stumble(49)
def test_a_prompt_of_which_nothing_is_known_says_so(charrnn, two_runs):
    done = charrnn("sample", "a", "-p", "文本", "-n", 9, "-s", 1)
    assert done.out.startswith("文本")
    assert "the model knows no character of the prompt '文本': prompt left out" in done.err
    assert done.err.count("\n") == 1


@stumble(22)
def test_a_search_for_more_than_there_are_ends_and_says_why(charrnn, two_runs, monkeypatch):
    monkeypatch.setattr("charrnn.generation.sample_filter.PATIENCE", 1000)
    done = charrnn("sample", "names", "--num", 10_000, "--unique", "-s", 1, "-t", 0.5)
    assert done.code == 8
    found = len(listed(done))
    assert found == len(set(listed(done))) > 10
    assert f"found {found:,} of 10,000: " in done.err
    assert re.search(
        r"fewer than 1 in 100 of the last 1,000 were new|the last .* rejected", done.err
    )


@stumble(22)
@stumble(58)
def test_a_search_without_a_terminal_reports_its_progress(charrnn, two_runs, monkeypatch):
    monkeypatch.setattr("charrnn.generation.sample_filter.PATIENCE", 300)
    monkeypatch.setattr("charrnn.cli.console.progress.SECONDS_BETWEEN_LINES", 0)
    done = charrnn("sample", "names", "--num", 10_000, "--unique", "-s", 1, "-t", 0.5)
    shown = re.findall(r"([\d,]+) of 10,000 accepted, ([\d,]+) tried, about [\d:]+ left", done.err)
    assert len(shown) > 100
    assert int(shown[-1][0].replace(",", "")) == len(listed(done))


def test_sampling_can_go_on_without_end(two_runs):
    process = start("sample", "names", "--num", -1, "-s", 1, stdout=-1, stderr=-1)
    read = [process.stdout.readline() for _ in range(300)]
    process.kill()
    shown = process.communicate()[1]
    assert [line for line in read if not re.fullmatch(rb"\d*\n", line)] == [], shown


@stumble(36)
@pytest.mark.parametrize("num_chars", [8, 12, 40])
@pytest.mark.parametrize("many", [(), ("--num", 3)], ids=["one", "many"])
def test_copies_are_never_drawn(charrnn, two_runs, monkeypatch, num_chars, many):
    """A model that has memorised its text would copy: at temperature 0 always."""
    monkeypatch.setattr("charrnn.generation.sample_filter.PATIENCE", 3)
    monkeypatch.setattr("charrnn.cli.sample_writer.CHARS_OF_PATIENCE", 3)
    text = Path("text.txt").read_text()
    flags = ("sample", "a", "-n", 300, "-s", 1, "-t", 0.3, *many)
    done = charrnn(*flags, "--novel", num_chars)
    assert done.code == 0
    for output in done.out.split("\n\n"):
        pieces = [output[k : k + num_chars] for k in range(len(output) - num_chars + 1)]
        assert not [piece for piece in pieces if piece in text]
    free = charrnn(*flags).out
    assert any(free[k : k + 8] in text for k in range(len(free) - 8)), "the wish is no hard one"


@stumble(36)
def test_masking_costs_few_searches(charrnn, two_runs, monkeypatch):
    from charrnn.data.text_index import TextIndex

    asked, range_of = [], TextIndex.range_of
    monkeypatch.setattr(
        TextIndex, "range_of", lambda *given: asked.append(given) or range_of(*given)
    )
    output = charrnn("sample", "a", "-n", 1000, "-s", 1, "--novel", 30).out
    assert len(output) == 1000
    assert 0 < len(asked) < 2500


@stumble(36)
@stumble(29)
def test_json_has_the_models_own_probabilities_whatever_is_masked(charrnn, two_runs):
    from charrnn import load

    flags = ("sample", "a", "-n", 60, "-s", 1, "--json", "--novel", 6, "--repeat-penalty", 2)
    facts = json.loads(charrnn(*flags).out)
    nats = -sum(facts["log_probabilities"]) / 60
    assert nats == pytest.approx(load("a").score(facts["text"]).nats_per_char, abs=1e-3)


def repeated(text):
    """Return the share of 6-grams that occurred earlier in the text."""
    pieces = [text[k : k + 6] for k in range(len(text) - 5)]
    return 1 - len(set(pieces)) / len(pieces)


@stumble(29)
@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("temperature", [0, 0.3])
def test_a_penalty_ends_loops_at_low_temperature(charrnn, two_runs, seed, temperature):
    flags = ("sample", "a", "-n", 1000, "-s", seed, "-t", temperature)
    loops, free = charrnn(*flags).out, charrnn(*flags, "--repeat-penalty", 1).out
    assert repeated(free) < 0.5 * repeated(loops)
    assert repeated(free) < 0.4
    assert charrnn(*flags, "--repeat-penalty", 0).out == loops


@stumble(29)
def test_a_penalty_is_the_same_for_one_stream_and_for_many(charrnn, two_runs):
    flags = ("sample", "a", "-n", 100, "-s", 1, "-t", 0.5, "--repeat-penalty", 0.7, "-p", "A")
    many = charrnn(*flags, "--num", 3).out
    assert many.startswith(charrnn(*flags).out)


@stumble(50)
def test_new_records_are_recognised_by_an_index_that_is_made_once(charrnn, two_runs, monkeypatch):
    for file in Path("checkpoints/.corpora").glob("*-hashes.npy"):
        file.unlink()
    monkeypatch.setattr("charrnn.data.record_index.CHUNK_CHARS", 500)
    wish = ("sample", "names", "--num", 5, "--novel", "-s", 1)
    first = charrnn(*wish)
    assert re.search(r"making an index of \d+ records; it is kept for the next time", first.err)
    assert not set(listed(first)) & set(Path("names.txt").read_text().split())
    monkeypatch.delattr("charrnn.data.arrange.EncodedCorpus.records")  # no search for records
    again = charrnn(*wish)
    assert (again.code, again.out) == (0, first.out)
    assert "index" not in again.err


@stumble(50)
def test_a_damaged_index_is_made_again(charrnn, two_runs):
    wish = ("sample", "names", "--num", 5, "--novel", "-s", 1)
    expected = charrnn(*wish).out
    (file,) = Path("checkpoints/.corpora").glob("*-hashes.npy")
    file.write_bytes(file.read_bytes()[:-9])
    assert charrnn(*wish).out == expected
