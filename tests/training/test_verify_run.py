import dataclasses
import json

import pytest
from conftest import TRAIN, run_of, small_text

from charrnn.runs import checkpoint
from charrnn.training import verify_run


@pytest.fixture
def trained(charrnn_once, corpus):
    charrnn_once(*TRAIN, "--save-every", 0)


def damage(path, place, bit=1):
    data = bytearray(path.read_bytes())
    data[place] ^= bit
    path.write_bytes(data)


@pytest.mark.usefixtures("trained")
class TestVerify:
    def test_a_whole_run_passes(self, charrnn):
        done = charrnn("verify")
        assert done.code == 0
        assert done.err.count("step") <= 1  # its progress at most
        for amount in ("last.safetensors", "previous.safetensors", "best.safetensors"):
            assert amount in done.out
        assert done.out.count("the digest matches") == 4
        assert "steps 60 to 60 made again: bit-identical (3 comparisons)" in done.out

    def test_what_several_processes_made_is_not_made_again_by_one(self, charrnn, tmp_path):
        path = run_of(tmp_path).previous
        found = checkpoint.read(path)
        position = dataclasses.replace(found.position, ranks=2)
        checkpoint.write(path, dataclasses.replace(found, position=position))
        done = charrnn("verify")
        assert done.code == 0
        assert "2 processes made the last steps: one alone rounds otherwise" in done.out

    @pytest.mark.parametrize("name", ["last", "previous", "best"])
    def test_a_flipped_bit_is_found_and_named(self, charrnn, tmp_path, name):
        path = tmp_path / f"checkpoints/a/{name}.safetensors"
        damage(path, path.stat().st_size // 2, bit=16)
        before = {path: path.read_bytes() for path in path.parent.iterdir()}
        done = charrnn("verify", "a")
        assert done.code == 4
        assert done.err.splitlines()[-1] == (
            f"charrnn: checkpoints/a/{name}.safetensors is not a valid charrnn checkpoint: its"
            f" digest does not match; {verify_run.ADVICE}"
        )
        assert {path: path.read_bytes() for path in before} == before

    def test_a_damaged_encoded_corpus_is_found(self, charrnn, tmp_path):
        (path,) = (tmp_path / "checkpoints/.corpora").glob("*.npy")
        damage(path, 3000)
        done = charrnn("verify", "a", "--replay", 0)
        assert done.code == 4
        assert f"{path.name} is not the text that the run began with" in done.err

    def test_damaged_figures_are_found(self, charrnn, tmp_path):
        path = tmp_path / "checkpoints/a/metrics.jsonl"
        damage(path, 1)
        assert "metrics.jsonl cannot be read at line 1" in charrnn("verify", "a").err

    @pytest.mark.parametrize(("change", "amount"), [(1e-6, ""), (0.5, "0.5")])
    def test_a_machine_that_computes_otherwise_is_found(self, charrnn, tmp_path, change, amount):
        """A checkpoint that is whole, but whose weights no step leads to."""
        run = run_of(tmp_path)
        found = checkpoint.read(run.last)
        found.arrays["weights.head.bias"][2] += change
        checkpoint.write(run.last, found)
        done = charrnn("verify", "a")
        assert done.code == 4
        difference = f"weights.head.bias differs by up to {amount}"
        assert f"steps 60 to 60 made again, and step 60: {difference}" in done.err
        assert charrnn("verify", "a", "--replay", 0).code == 0

    def test_a_checkpoint_that_lacks_an_array_of_the_training_state_is_found(
        self, charrnn, tmp_path
    ):
        run = run_of(tmp_path)
        found = checkpoint.read(run.last)
        del found.arrays["optimizer.head.bias.m"]
        checkpoint.write(run.last, found)
        done = charrnn("verify", "a")
        assert (done.code, "optimizer.head.bias.m is not in the checkpoint" in done.err) == (
            4,
            True,
        )

    def test_it_is_json_for_programs(self, charrnn):
        done = charrnn("verify", "--json")
        assert {entry["what"] for entry in json.loads(done.out)} >= {"replay", "metrics.jsonl"}
        assert done.err == ""


def test_all_steps_since_the_previous_save_are_made_again(charrnn, corpus, tmp_path):
    charrnn(*TRAIN)
    run = run_of(tmp_path)
    whole = verify_run.replay(run, at_most=None)
    assert (whole.first, whole.last, whole.difference) == (0, 60, "")
    assert whole.num_compared == 6 + 2
    part = verify_run.replay(run, at_most=23)
    assert (part.first, part.last, part.num_compared) == (0, 23, 2)
    lines = [json.loads(line) for line in run.metrics.read_text().splitlines()]
    next(line for line in lines if line["step"] == 20 and "grad_norm" in line)["grad_norm"] += 1e-6
    run.metrics.write_text("".join(json.dumps(line) + "\n" for line in lines))
    other = verify_run.replay(run, at_most=None)
    assert other.last == 20
    assert "step 20: gradient norm" in other.difference


def test_a_run_that_was_lengthened_or_moved_is_made_again_as_it_was(charrnn, corpus):
    charrnn(*TRAIN)
    for flags in (("--steps", 70), ("--steps", 80, "--threads", 2), ("--steps", 90)):
        assert charrnn("resume", "a", *flags).code == 0
        done = charrnn("verify", "a")
        assert (done.code, "bit-identical" in done.out) == (0, True), done.err


def test_a_run_without_an_earlier_checkpoint_is_read_only(charrnn, corpus, tmp_path):
    charrnn(*TRAIN)
    run_of(tmp_path).previous.unlink()
    done = charrnn("verify")
    assert (done.code, "there is no earlier checkpoint" in done.out) == (0, True)


def test_where_the_steps_cannot_be_made_again_the_files_are_still_looked_at(
    charrnn, corpus, tmp_path
):
    charrnn(*TRAIN, "--save-every", 0)
    (encoded,) = (tmp_path / "checkpoints/.corpora").glob("*.npy")
    encoded.unlink()
    corpus.unlink()
    done = charrnn("verify")
    assert done.code == 0
    assert "not made again: " in done.out
    damage(run_of(tmp_path).best, 5000)
    done = charrnn("verify")
    assert (done.code, "its digest does not match" in done.err) == (4, True)


def test_the_encoded_corpus_is_compared_for_bytes_too(charrnn, tmp_path):
    (tmp_path / "b").write_bytes(bytes(range(256)) * 9)
    assert charrnn("train", "b", "--bytes", "--hidden-size", 4, "--steps", 2).code == 0
    assert "2,304 characters, the digest matches" in charrnn("verify").out


def test_with_an_unknown_symbol_it_says_that_it_cannot_compare(charrnn, tmp_path):
    (tmp_path / "c").write_text(small_text(500) + "ñ")
    assert charrnn("train", "c", "--max-vocab", 9, "--hidden-size", 4, "--steps", 2).code == 0
    assert "it cannot be compared" in charrnn("verify").out
