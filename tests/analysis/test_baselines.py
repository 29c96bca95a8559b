"""Baselines, compared with counts in dictionaries; remarks on losses, each made once."""

import gzip
import json
import lzma
import math
from collections import Counter
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from conftest import SMALL, small_text

from charrnn.analysis import baselines
from charrnn.analysis.baselines import Comparison, Compressors
from charrnn.config import DataConfig
from charrnn.data.batches import Text
from charrnn.data.vocab import Vocab, code_points


def witten_bell(counted: str, context: str, character: str, vocab_size: int) -> Fraction:
    """p(character | context), straight from the definition."""
    shorter = (
        witten_bell(counted, context[1:], character, vocab_size)
        if context
        else Fraction(1, vocab_size)
    )
    length = len(context) + 1
    strings = [counted[t : t + length] for t in range(len(counted) - length + 1)]
    came_after = Counter(string[-1] for string in strings if string.startswith(context))
    total, distinct = came_after.total(), len(came_after)
    if not total:
        return shorter
    return (came_after[character] + distinct * shorter) / (total + distinct)


def text_of(text: str, num_train: int) -> tuple[Text, Vocab]:
    codes = code_points(text)
    vocab = Vocab(tuple(sorted(set(codes.tolist()))))
    ids = vocab.ids_of(codes).astype(vocab.dtype)
    return Text(ids, num_train, len(ids)), vocab


@pytest.mark.parametrize("small_table", [1 << 22, 0])
def test_ngram_probabilities_match_the_definition(monkeypatch, small_table):
    monkeypatch.setattr(baselines, "SMALL_TABLE", small_table)
    whole = "abracadabra, a cadabra! and bdb" + "cadzac bra, zz"  # z was never counted
    num_train = 31
    text, vocab = text_of(whole, num_train)
    nats = baselines.measure(text, vocab)
    for length, name in enumerate(baselines.NAMES):
        probs = [
            witten_bell(whole[:num_train], whole[t - length : t], whole[t], len(vocab))
            for t in range(num_train, len(whole))
        ]
        assert nats[name] == pytest.approx(-np.mean([math.log(p) for p in probs]), rel=1e-12)


def test_probabilities_of_all_characters_sum_to_one():
    counted = np.random.default_rng(0).integers(5, size=60)
    for context in ((0, 1), (3, 3), (5, 2)):  # 5 was never seen
        total = [0.0, 0.0, 0.0]
        for i in range(6):
            predicted = np.array([*context, i])
            for k, prob_T in enumerate(
                baselines.ngram_probabilities(counted, predicted, vocab_size=6)
            ):
                total[k] += float(prob_T[0])
        assert total == pytest.approx([1, 1, 1])


def test_longer_contexts_predict_better_and_compressors_match_gzip_and_xz():
    whole = small_text(40_000)
    text, vocab = text_of(whole, 36_000)
    nats = baselines.measure(text, vocab)
    assert math.log(len(vocab)) > nats["unigram"] > nats["bigram"] > nats["trigram"] > 0
    data = whole[36_000:].encode()
    for name, module in (("gzip", gzip), ("xz", lzma)):
        expected = len(module.compress(data)) * 8 * math.log(2) / len(data)
        assert nats[name] == pytest.approx(expected, rel=0.02)


def test_chunks_are_compressed_as_one_text():
    data = small_text(5000).encode()
    compressors = Compressors()
    for t in range(0, len(data), 700):
        compressors.add(data[t : t + 700])
    sizes = compressors.sizes()
    assert sizes["xz"] == pytest.approx(len(lzma.compress(data)), abs=8)
    assert sizes["gzip"] == pytest.approx(len(gzip.compress(data, 9)), abs=20)


@pytest.mark.parametrize("whole", ["ab", "aab", "aaa", "中文中a中"])
def test_tiny_texts_are_measured_and_texts_without_validation_are_not(whole):
    text, vocab = text_of(whole, 2)
    nats = baselines.measure(text, vocab)
    assert set(nats) == ({*baselines.NAMES, "gzip", "xz"} if len(whole) > 2 else set())
    assert all(map(math.isfinite, nats.values()))


def test_parts_of_a_large_text_are_measured(monkeypatch):
    whole = small_text(20_000)
    text, vocab = text_of(whole, 12_000)
    monkeypatch.setattr(baselines, "MAX_COUNTED", 5000)
    monkeypatch.setattr(baselines, "MAX_PREDICTED", 2000)
    part, _ = text_of(whole[7000:14_000], 5000)
    assert baselines.measure(text, vocab) == baselines.measure(part, vocab)


def test_each_beaten_baseline_is_mentioned_once():
    comparison = Comparison({"unigram": 3.3, "bigram": 2.5, "gzip": 2.2})
    assert comparison.summary() == (
        "for comparison, nats per character: unigram 3.30, bigram 2.50;"
        " gzip 2.20 (validation text alone)"
    )
    assert comparison.remarks(3.5, 3.4) == [
        "val 3.40 is still above unigram 3.30, bigram 2.50, gzip 2.20"
    ]
    assert comparison.remarks(3.4, 3.35) == []
    assert comparison.remarks(3.0, 2.4) == [
        "val 2.40 beats unigram 3.30, bigram 2.50; still above gzip 2.20"
    ]
    assert comparison.remarks(2.4, 2.3) == []
    assert comparison.remarks(2.0, 2.1) == ["val 2.10 beats gzip 2.20"]
    assert comparison.remarks(1.9, 2.0) == []


def num_remarks(losses):
    comparison = Comparison({})
    return [len(comparison.remarks(loss, val_loss)) for loss, val_loss in losses]


def test_overfitting_is_mentioned_once_after_three_rises():
    falling = [(2.0 - t / 10, val) for t, val in enumerate((2.0, 1.9, 1.95, 1.96, 1.97, 1.98))]
    assert num_remarks(falling) == [0, 0, 0, 0, 1, 0]
    comparison = Comparison({})
    (sentence,) = [one for loss, val in falling for one in comparison.remarks(loss, val)]
    assert "rose from 1.900 to 1.970 while the training loss fell to 1.600" in sentence
    assert "more dropout" in sentence


@pytest.mark.parametrize(
    "losses",
    [
        [(2.0, 1.9), (2.1, 2.0), (2.2, 2.1), (2.3, 2.2), (2.4, 2.3)],  # both rise
        [(2.0, 1.9), (1.9, 2.0), (1.8, 2.1), (1.7, 2.0), (1.6, 2.1)],  # up and down
        [(2.0, 1.9), (1.9, 2.0), (1.8, 2.1), (1.7, 1.8), (1.6, 1.9)],  # a better one between
        [(None, 1.9), (None, 2.0), (None, 2.1), (None, 2.2)],  # no training loss yet
    ],
)
def test_other_rises_are_not_called_overfitting(losses):
    assert sum(num_remarks(losses)) == 0


def metrics(tmp_path):
    lines = (tmp_path / "checkpoints/a/metrics.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines]


TRAIN = ("train", "corpus.txt", *SMALL, "--steps", 60, "--eval-every", 20)


def test_a_run_measures_shows_and_records_its_baselines(charrnn, corpus, tmp_path):
    ended = charrnn(*TRAIN, "--run", "a")
    lines = metrics(tmp_path)
    nats = lines[0]["baselines"]
    assert list(nats) == [*baselines.NAMES, "gzip", "xz"]
    codes = code_points(corpus.read_text())
    vocab = Vocab(tuple(sorted(set(codes.tolist()))))
    text = Text.of(vocab.ids_of(codes), DataConfig())
    assert nats == pytest.approx(baselines.measure(text, vocab))
    assert f"for comparison, nats per character: unigram {nats['unigram']:.2f}" in ended.err
    first = next(line["val_loss"] for line in lines if "val_loss" in line)
    assert f"val {first:.2f} beats " in ended.err


def test_a_resumed_run_recalls_its_baselines_and_does_not_repeat_remarks(
    charrnn, corpus, tmp_path, monkeypatch
):
    charrnn(*TRAIN, "--run", "a")
    monkeypatch.setattr(baselines, "measure", None)  # not to be called
    resumed = charrnn("resume", "a", "--steps", 80)
    assert resumed.code == 0
    assert "for comparison, nats per character" in resumed.err
    assert "beats unigram" not in resumed.err
    lines = metrics(tmp_path)
    assert ["baselines" in line for line in lines].count(True) == 1
    assert all(one["step"] <= then["step"] for one, then in pairwise(lines))


def test_a_run_that_overfits_says_so(charrnn, tmp_path):
    (tmp_path / "corpus.txt").write_text("the quick brown fox jumps over the lazy dog again and a")
    settings = ("--steps", 200, "--eval-every", 20, "--learning-rate", 0.05, "--dropout", 0)
    assert (
        charrnn("train", "corpus.txt", "--allow-short", *settings).err.count(
            "starting to memorise the text (overfitting)"
        )
        == 1
    )


def test_without_a_validation_split_nothing_is_measured(charrnn, corpus):
    ended = charrnn(*TRAIN, "--val-fraction", 0)
    assert ended.code == 0
    assert "for comparison" not in ended.err
