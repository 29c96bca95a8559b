"""`charrnn compare` puts runs side by side."""

import json
import re
import shutil
from pathlib import Path

from conftest import QUICK


def test_samples_are_those_of_info_at_another_seed_too(charrnn, trained, corpus):
    charrnn("train", corpus.name, *QUICK, "--cell", "gru", "--run", "b")
    done = charrnn("compare", "a", "b")
    lines = [line.split() for line in done.out.splitlines()]
    assert ["cell", "lstm", "gru"] in lines
    assert not any(line[:2] == ["hidden", "size"] for line in lines)
    data = json.loads(charrnn("compare", "a", "b", "--json").out)
    assert (data["runs"], data["seed"]) == (["a", "b"], 0)
    for name, sample in zip("ab", data["samples"], strict=True):
        assert charrnn("info", name).out.endswith(sample.rstrip() + "\n")
    other = json.loads(charrnn("compare", "a", "b", "--json", "--seed", 7).out)
    assert other["measured"] == data["measured"]
    assert all(map(str.__ne__, other["samples"], data["samples"]))


def test_what_was_not_measured_is_a_dash_and_a_damaged_checkpoint_is_told(charrnn, two_runs):
    shutil.copytree("checkpoints/a", "checkpoints/b")
    Path("checkpoints/a/best.safetensors").unlink()
    lines = charrnn("compare", "a", "b").out.splitlines()
    rows = {name: values for name, *values in (re.split("   +", line.strip()) for line in lines)}
    assert rows["best step"] == ["–", "60"]
    assert rows["val loss"][0] == "–"
    best = Path("checkpoints/names/best.safetensors")
    best.write_bytes(best.read_bytes()[:-5])
    for command in (("compare", "names", "names"), ("info", "names"), ("info", "names", "--json")):
        done = charrnn(*command)
        told = [
            line for line in done.err.splitlines() if "is not a valid charrnn checkpoint" in line
        ]
        assert done.code == 0 and len(told) == (2 if command[0] == "compare" else 1)
        assert all("names/best.safetensors" in line and "instead" in line for line in told)


def test_on_a_terminal_samples_stand_beside_each_other_if_there_is_room(on_a_terminal, two_runs):
    wide = on_a_terminal("compare", "a", "names", columns=100)
    assert any(line.count("│") == 3 for line in wide.splitlines())
    narrow = on_a_terminal("compare", "a", "names", columns=45)
    assert "parameters" in narrow
    plain = re.sub(r"\x1b\[[0-9;]*m", "", narrow)
    assert max(map(len, plain.splitlines())) <= 45


def test_of_pairs_the_same_sources_are_shown(charrnn, pair_runs):
    p, plain = json.loads(charrnn("compare", "p", "plain", "--json").out)["samples"]
    sources = [[line.partition(" → ")[0] for line in one.splitlines()] for one in (p, plain)]
    assert len(sources[0]) == 3 and sources[0] == sources[1]
    text = charrnn("translate", "--run", "plain", sources[1][0]).out.rstrip("\n")
    assert plain.splitlines()[0].startswith(f"{sources[1][0]} → {text}")


def test_where_the_pairs_are_lost_there_is_no_example(charrnn, pair_runs):
    Path("pairs.tsv").unlink()
    for path in Path("checkpoints/.corpora").iterdir():
        path.unlink()
    done = charrnn("compare", "p", "plain")
    assert (done.code, "no example" in done.err, " → " in done.out) == (0, True, False)


def test_runs_that_learned_different_things_do_not_compare(charrnn, pair_runs, corpus):
    charrnn("train", corpus.name, *QUICK, "--run", "a")
    refused = charrnn("compare", "a", "p")
    assert (refused.code, "their losses do not compare" in refused.err) == (2, True)
    assert charrnn("compare", "a").code == 2
