"""`charrnn sample` with every control: what is written, and what is refused."""

import itertools
import json
import re

import pytest
from conftest import SMALL

from charrnn import load
from charrnn.generation import sample_filter
from charrnn.generation.prompted import PromptedSampler
from charrnn.models.step_backend import step_backend
from charrnn.models.step_torch import TorchBackend

NAMES = "".join(f"{a}{b}{c}\n" for a in "BDKL" for b in "aeiou" for c in ("n", "ra", "lo", "mmi"))


@pytest.fixture
def named(charrnn_once, tmp_path):
    (tmp_path / "names.txt").write_text(NAMES)
    charrnn_once("train", "names.txt", *SMALL, "--steps", 60, "--lines", "--run", "names")


@pytest.fixture
def learned(charrnn_once, corpus):
    charrnn_once("train", corpus.name, *SMALL, "--steps", 60, "--run", "text")


def lines(result):
    return result.out.splitlines()


@pytest.fixture
def several(charrnn_once, named, tmp_path):
    (tmp_path / "more.txt").write_text(NAMES + "Bena\n")
    rest = (*SMALL, "--steps", 60, "--lines", "--run")
    charrnn_once("train", "names.txt", "--cell", "gru", *rest, "other")
    charrnn_once("train", "more.txt", *rest, "more")


@pytest.mark.usefixtures("several")
def test_several_runs_write_what_their_ensemble_writes(charrnn):
    model = load(["names", "other"])
    expected = [f"{sample}\n" for sample in model.samples(5, prompt="B", seed=3)]
    for runs in (("--run", "names", "--run", "other"), ("names", "--run", "other")):
        result = charrnn("sample", *runs, "-s", 3, "--num", 5, "-p", "B")
        assert (result.code, result.out) == (0, "".join(expected))
    reverse = charrnn("sample", "other", "--run", "names", "-s", 3, "--num", 5, "-p", "B")
    assert reverse.out == "".join(expected)
    alone = charrnn("sample", "--run", "names", "-s", 3, "--num", 5, "-p", "B")
    assert alone.out == charrnn("sample", "names", "-s", 3, "--num", 5, "-p", "B").out


@pytest.mark.usefixtures("several")
def test_records_of_several_runs_are_new_to_the_text_that_all_learned(charrnn):
    wish = ("--num", 20, "-s", 4, "--temp", 1.2, "--unique", "--novel", "--match", "a$")
    result = charrnn("sample", "names", "--run", "other", *wish)
    assert result.code == 0
    assert len(set(lines(result)) - set(NAMES.splitlines())) == 20
    for flags in (wish, ("--novel", 9), ("--report",)):
        refused = charrnn("sample", "names", "--run", "more", *flags)
        assert (refused.code, refused.out) == (2, "")
        assert "runs names and more learned different texts; leave out" in refused.err
    assert charrnn("sample", "names", "--run", "more", "-s", 4).code == 0


@pytest.mark.usefixtures("several")
def test_several_runs_predict_as_their_ensemble_predicts(charrnn):
    result = charrnn("predict", "Be", "--run", "names", "--run", "other", "--json")
    first = load(["names", "other"]).predict("Be")[0]
    assert json.loads(result.out)[0] == {"char": first.char, "prob": first.prob}


@pytest.mark.usefixtures("named")
class TestRecords:
    def test_records_are_whole_new_distinct_and_match(self, charrnn):
        wish = ("--unique", "--novel", "--match", "^[BD].*[ao]", "--temp", 1.2)
        result = charrnn("sample", "--num", 30, "-s", 4, *wish)
        assert result.code == 0
        output = lines(result)
        assert len(output) == len(set(output)) == 30
        assert not set(output) & set(NAMES.splitlines())
        assert all(re.search("^[BD].*[ao]", name) for name in output)
        counted = re.search(r"30 written; rejected: (.*)\n", result.err).group(1)
        assert "without a match" in counted
        assert "in the corpus" in counted
        assert charrnn("sample", "--num", 30, "-s", 4, *wish).out == result.out

    def test_without_a_number_there_are_ten_and_each_ends_its_line(self, charrnn):
        assert charrnn("sample", "-s", 1).out.count("\n") == 10
        assert charrnn("sample", "-s", 1, "--num", 3).out == "".join(
            name + "\n" for name in lines(charrnn("sample", "-s", 1))[:3]
        )

    def test_a_prompt_begins_each(self, charrnn):
        output = lines(charrnn("sample", "-s", 1, "--num", 5, "--prompt", "Ba", "--unique"))
        assert len(output) == 5
        assert all(name.startswith("Ba") for name in output)

    def test_samples_that_are_too_long_are_rejected_and_counted(self, charrnn):
        result = charrnn("sample", "-s", 1, "--num", 5, "--length", 4)
        assert all(len(name) < 4 for name in lines(result))
        assert "longer than the length limit" in result.err

    def test_what_was_found_is_written_before_a_long_search_goes_on(self, late):
        written = late(("sample", "names", "--num", 9, "-s", 1, "--unique"))
        assert len(written.splitlines()) == 2

    def test_a_search_without_success_ends(self, charrnn, monkeypatch):
        monkeypatch.setattr(sample_filter, "PATIENCE", 200)
        result = charrnn("sample", "-s", 1, "--num", 5, "--match", "[0-9]")
        assert (result.code, result.out) == (8, "")
        assert (
            "found none of 5: the last 200 were rejected, most often without a match;"
            " loosen --match, or start with a --prompt"
        ) in result.err

    def test_a_ramp_needs_an_end(self, charrnn):
        refused = charrnn("sample", "--temp", "0.5:1.5")
        assert refused.code == 2
        assert "a ramp of --temp needs an end; add --length" in refused.err

    def test_the_library_samples_records_too(self):
        model = load("names")
        assert "\n" not in model.generate(seed=1)
        assert model.glimpse(40, seed=2).count("\n") >= 2
        assert model.score("Bara").nats_per_char < 5

    def test_a_batch_on_torch_gives_the_same(self, charrnn, monkeypatch):
        devices = set()

        def on_torch(config, weights, *, device):
            devices.add(device)
            return TorchBackend(config, weights, device="cpu")

        monkeypatch.setattr("charrnn.models.device.resolve", lambda name: name)
        monkeypatch.setattr("charrnn.generation.model.step_backend", on_torch)
        monkeypatch.setattr("charrnn.models.device_names.require_device", lambda name: None)
        wish = ("sample", "-s", 5, "--num", 12, "--unique")
        on_gpu = charrnn(*wish, "--device", "cuda").out
        assert devices == {"cuda"}
        monkeypatch.setattr("charrnn.generation.model.step_backend", step_backend)
        assert on_gpu == charrnn(*wish).out


@pytest.mark.usefixtures("learned")
class TestTexts:
    def test_many_samples_equal_single_ones(self, charrnn):
        result = charrnn("sample", "-s", 3, "-n", 50, "--num", 3, "--prompt", "A", "--no-stream")
        model = load("text")
        assert result.out == "\n\n".join(
            "A" + "".join(PromptedSampler(model, "A", sample_of(length=50, seed=3)).characters(k))
            for k in range(3)
        )

    def test_json_has_what_each_character_cost(self, charrnn):
        result = charrnn("sample", "-s", 3, "-n", 30, "--num", 2, "--json", "--stop", "\n")
        for k, line in enumerate(lines(result)):
            facts = json.loads(line)
            assert (facts["stream"], facts["seed"], facts["prompt"]) == (k, 3, "")
            assert len(facts["log_probabilities"]) == len(facts["text"])
            assert facts["whole"] == (len(facts["text"]) < 30)
            if facts["text"]:
                nats = -sum(facts["log_probabilities"]) / len(facts["text"])
                assert nats == pytest.approx(
                    load("text").score(facts["text"]).nats_per_char, abs=1e-3
                )

    def test_unique_and_match_go_with_texts_and_novel_does_not(self, charrnn):
        wish = ("--num", 4, "-n", 3, "-s", 1, "--temp", 2)
        result = charrnn("sample", *wish, "--unique", "--match", "^[a-z]+$", "--no-stream")
        output = result.out.split("\n\n")
        assert len(set(output)) == 4
        assert all(re.fullmatch("[a-z]{3}", text) for text in output)
        refused = charrnn("sample", *wish, "--novel")
        assert refused.code == 2
        assert "--novel needs a run that was trained on records" in refused.err

    @pytest.mark.parametrize("temperature", ["hot", "0.5:", ":1", "1:2:3", "-1", "nan", "0.5:inf"])
    def test_an_invalid_temperature_is_one_line(self, charrnn, temperature):
        refused = charrnn("sample", "--temp", temperature)
        assert refused.code == 2
        assert refused.err.count("\n") == 1

    def test_a_ramp_of_temperatures_is_accepted(self, charrnn):
        cold = charrnn("sample", "-s", 1, "-n", 40, "--temp", "0:0").out
        assert cold == charrnn("sample", "-s", 2, "-n", 40, "--temp", "0").out
        rising = charrnn("sample", "-s", 1, "-n", 40, "--temp", "0:9").out
        assert rising[0] == cold[0]
        assert rising != cold
        assert charrnn("sample", "-n", -1, "--temp", "0:9").code == 2


def sample_of(**settings):
    from charrnn.config import SampleConfig

    return SampleConfig(**settings)


FLAGS = {
    "--num": (3,),
    "--json": (),
    "--no-stream": (),
    "--unique": (),
    "--match": ("[a-z]",),
    "--stop": ("\n",),
    "--prompt": ("a",),
    "--temp": ("0.5:1.2",),
    "--top-k": (5,),
    "-n": (-1,),
}


@pytest.mark.usefixtures("learned")
@pytest.mark.parametrize("pair", list(itertools.combinations(FLAGS, 2)), ids="+".join)
def test_any_two_flags_work_or_say_in_one_line_why_not(charrnn, pair):
    typed = [part for flag in pair for part in (flag, *FLAGS[flag])]
    endless = "-n" in pair and "--stop" not in pair
    if "-n" not in pair:
        typed += ["-n", 12]
    if endless and not {"--num", "--json", "--no-stream", "--unique", "--match", "--temp"} & set(
        pair
    ):
        return  # one stream without end: see test_cli
    result = charrnn("sample", "-s", 1, *typed)
    if endless or {"-n", "--temp"} <= set(pair):
        assert result.code == 2
        assert result.err.count("\n") == 1
        assert result.out == ""
    else:
        assert result.code == 0
        assert result.out
