"""Translations: what the equations say, whatever the symbols are."""

import unicodedata
from pathlib import Path

import numpy as np
import pytest

from charrnn.config import (
    ATTENTIONS,
    EncoderDecoderConfig,
    PairsConfig,
    RuntimeConfig,
    TrainConfig,
)
from charrnn.data.pairs.pair_facts import PairFacts
from charrnn.data.pairs.symbols import Side, SymbolVocab
from charrnn.data.vocab import Vocab
from charrnn.errors import SettingError, UsageError
from charrnn.generation.translation import target_writer
from charrnn.generation.translation.members import Member
from charrnn.generation.translation.translator import Translation, Translator
from charrnn.models.seq2seq.equations import Weights, encode, step
from charrnn.runs.checkpoint import Checkpoint
from charrnn.runs.header import Position

LETTERS = Side(Vocab(tuple(map(ord, "abcde"))))
PHONES = Side(SymbolVocab(("x", "yy", "z")))


def member(
    source_size=LETTERS.size,
    target_size=PHONES.size,
    *,
    cell="lstm",
    attention="dot",
    seed=29,
    **sizes,
):
    """A network with random weights, large enough that its choices differ."""
    sizes = {"hidden_size": 6, "embedding_size": 4, **sizes}
    config = EncoderDecoderConfig(cell=cell, attention=attention, **sizes)
    arrays = random_arrays(config.weight_shapes(source_size, target_size), seed=seed)
    return Member(config, Weights.from_arrays(config, arrays))


def random_arrays(shapes, *, seed=29):
    """Weights of a network whose choices depend on what it reads."""
    random = np.random.default_rng(seed)
    scales = {"embedding": 3.0, "bias": 0.3, "head": 2.0}
    return {
        name: random.normal(
            0, next((scale for part, scale in scales.items() if part in name), 1.0), shape
        ).astype("f4")
        for name, shape in shapes.items()
    }


def translator(source=LETTERS, target=PHONES, *, longest=(20, 8), seeds=(29,), **settings):
    members = tuple(member(source.size, target.size, seed=seed, **settings) for seed in seeds)
    return Translator(members, target, source, longest)


def written_out(made, text, limit):
    """The greedy translation by the equations: ids, log-probability and alignment."""
    ids_S1 = made.source.encode(text)[:, None]
    (one,) = made.members
    memory, state = encode(one.config, one.weights, ids_S1, np.array([len(ids_S1)]))
    ids, total, alignment = [0], 0.0, []
    while True:
        logits_BV, state, alignment_BS = step(
            one.config, one.weights, memory, np.array(ids[-1:]), state
        )
        log_prob_V = logits_BV[0] - np.log(np.exp(logits_BV[0]).sum())
        i = int(log_prob_V.argmax())
        if i and len(ids) > limit:
            return ids[1:], total, alignment
        total += log_prob_V[i]
        if i == 0:
            return ids[1:], total, alignment
        ids.append(i)
        alignment.append(alignment_BS)


@pytest.mark.parametrize("attention", ATTENTIONS)
@pytest.mark.parametrize("layers", [1, 2])
def test_a_translation_takes_the_likeliest_symbol_at_each_step(cell, attention, layers):
    made = translator(cell=cell, attention=attention, encoder_layers=layers, decoder_layers=layers)
    for text in ("a", "bce", "ddddd"):
        limit = made.longest_target(len(text))
        ids, log_probability, alignment = written_out(made, text, limit)
        (one,) = made.translate(text, with_alignment=True)
        assert one.text == str(one) == PHONES.decode(ids)
        assert one.symbols == tuple(one.text.split())
        assert one.source_symbols == tuple(text)
        assert one.log_probability == pytest.approx(log_probability, abs=1e-5)
        if attention == "none":
            assert one.alignment_TS is None
        else:
            expected = np.concatenate([np.empty((0, len(text))), *alignment])
            np.testing.assert_allclose(one.alignment_TS, expected, atol=1e-5)
    assert made.translate("bce")[0].alignment_TS is None


def test_a_translation_without_end_is_cut_off_and_says_so():
    endless = [translator(seeds=(seed,)).translate("abc", max_length=3)[0] for seed in range(20)]
    cut = [one for one in endless if not one.is_complete]
    assert 0 < len(cut) < 20
    assert all(len(one.symbols) == 3 for one in cut)


def test_the_longest_target_follows_from_the_source_and_from_the_pairs_learned():
    made = translator(longest=(20, 30))
    assert [made.longest_target(n) for n in (1, 20, 21, 100)] == [40, 40, 41, 160]
    assert translator(longest=(1, 1000)).longest_target(10_000) == 10_010


def test_nothing_is_translated_to_nothing():
    made = translator()
    nothing = Translation("", (), (), 0.0, 0.0)
    assert made.translate("", num=3, with_alignment=True) == [nothing]
    stream = made.stream("")
    assert list(stream) == [] and stream.result == nothing


def test_unknown_symbols_are_named_once():
    made = translator()
    assert made.unknown_in("abc") == []
    assert made.unknown_in("azbyz") == ["z", "y"]
    assert len(made.translate("azb")[0].source_symbols) == 3


def test_a_source_that_is_too_long_is_refused_after_those_before_it_were_answered():
    made = translator()
    with pytest.raises(UsageError, match=r"10,001 symbols is too long.* in parts"):
        made.translate("a" * 10_001)
    answers = made.translate_many(["b", "c", "a" * 10_001])
    assert [next(answers), next(answers)] == [made.translate("b"), made.translate("c")]
    with pytest.raises(UsageError):
        next(answers)


def test_bytes_are_read_and_written():
    side = Side(Vocab(tuple(range(256)), is_bytes=True))
    made = translator(side, side)
    (one,) = made.translate("é")
    assert one.source_symbols == ("C3", "A9")
    spelled = (ord(one) if len(one) == 1 else int(one, 16) for one in one.symbols)
    assert one.text == bytes(spelled).decode("utf-8", "replace")
    assert "".join(made.stream("é")) == one.text
    with pytest.raises(UsageError, match="not UTF-8: character 2"):
        made.translate("a\ud800")


def test_decomposed_targets_are_composed_when_they_are_written():
    letters = "\u1112\u1161\u11ab\u1100\u0301e"
    side = Side(Vocab(tuple(sorted(map(ord, letters)))), "nfd")
    for seed in range(20):
        made = translator(target=side, seeds=(seed,))
        (one,) = made.translate("abc")
        assert one.text == unicodedata.normalize("NFC", "".join(one.symbols))
        assert "".join(made.stream("abc")) == one.text


TEXTS = ["abc", "a", "", "eedcba", "ddd", "abcabcabcab", "c", "edc", "bb"]


def same(answers, others):
    """The same translations, but for rounding."""
    for answer, other in zip(answers, others, strict=True):
        for one, two in zip(answer, other, strict=True):
            assert (one.text, one.is_complete) == (two.text, two.is_complete)
            assert one.log_probability == pytest.approx(two.log_probability, abs=1e-5)
            assert one.score == pytest.approx(two.score, abs=1e-5)
            assert (one.alignment_TS is None) == (two.alignment_TS is None)
            if one.alignment_TS is not None:
                np.testing.assert_allclose(one.alignment_TS, two.alignment_TS, atol=1e-5)


@pytest.mark.parametrize("attention", ATTENTIONS)
@pytest.mark.parametrize(
    "settings", [{}, {"beam": 3}, {"num": 2}, {"temperature": 1.0, "seed": 3, "num": 2}], ids=str
)
def test_a_batch_of_texts_gives_what_each_gives_alone(cell, attention, settings):
    made = translator(cell=cell, attention=attention, longest=(20, 2), encoder_layers=1)
    answers = list(made.translate_many(TEXTS, with_alignment=True, **settings))
    alone = [
        next(made.translate_many([text], with_alignment=True, first_number=n, **settings))
        for n, text in enumerate(TEXTS)
    ]
    same(answers, alone)


def test_streamed_characters_are_those_of_the_translation():
    made = translator(longest=(20, 2))
    for settings in ({}, {"temperature": 1.0, "seed": 5}, {"max_length": 2}):
        for text in TEXTS:
            stream = made.stream(text, **settings)
            (expected,) = made.translate(text, **settings)
            assert "".join(stream) == expected.text
            same([[stream.result]], [[expected]])


def test_draws_follow_from_the_seed_and_the_number_of_the_text():
    made = translator(longest=(20, 2))
    drawn = made.translate("abc", temperature=1.0, seed=1, num=50)
    assert len({one.text for one in drawn}) > 5
    assert drawn == made.translate("abc", temp=1.0, seed=1, num=50)
    assert drawn != made.translate("abc", temp=1.0, seed=2, num=50)
    twice = list(made.translate_many(["abc", "abc"], temp=1.0, seed=1, num=50))
    assert [str(one) for one in twice[0]] == [str(one) for one in drawn] != [*map(str, twice[1])]
    without_seed = {str(made.translate("abc", temp=1.0)[0]) for _ in range(50)}
    assert len(without_seed) > 1


def test_num_translations_come_best_first():
    made = translator(longest=(20, 2))
    best = made.translate("abc", num=4)
    assert len({one.text for one in best}) == 4
    assert best == made.translate("abc", beam=4, num=4)
    scores = [one.score for one in best if one.is_complete]
    assert scores == sorted(scores, reverse=True)
    assert made.translate("abc", beam=4, num=1) == best[:1]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"beam": 0}, "beam 0 is out of range"),
        ({"beam": 2, "temp": 1.0}, "beam and temperature were both given"),
        ({"temp": 1.0, "temperature": 1.0}, "are the same setting"),
        ({"beams": 2}, "beams"),
        ({"max_length": 0}, "max_length 0 is out of range"),
    ],
)
def test_settings_are_checked(settings, message):
    with pytest.raises(SettingError, match=message):
        translator().translate("a", **settings)


def test_a_beam_is_not_streamed():
    with pytest.raises(SettingError, match="cannot be streamed"):
        translator().stream("a", num=2)


def test_losses_are_those_of_the_translations():
    made = translator()
    for translations in made.translate_many(TEXTS, beam=3, num=3):
        for one in translations:
            if one.is_complete and one.source_symbols:
                (loss,) = made.losses(["".join(one.source_symbols)], [one.text])
                assert loss.nats == pytest.approx(-one.log_probability, abs=1e-5)
                assert loss.num_symbols == len(one.symbols) + 1
    (loss,) = made.losses(["abc"], ["x ? yy"])
    assert (loss.num_symbols, loss.num_unknown) == (3, 1)
    with pytest.raises(UsageError, match="a source is empty"):
        list(made.losses([""], ["x"]))


def test_predictions_are_those_that_a_translation_follows():
    made = translator()
    (one,) = made.translate("abc")
    total = 0.0
    for t, symbol in enumerate([*one.symbols, ""]):
        prediction = made.predict("abc", " ".join(one.symbols[:t]))
        assert {chance.char for chance in prediction} == {"", "x", "yy", "z"}
        assert sum(chance.prob for chance in prediction) == pytest.approx(1)
        assert prediction[0].char == symbol
        total += np.log(prediction[0].prob)
    assert one.is_complete
    assert total == pytest.approx(one.log_probability, abs=1e-5)
    assert made.predict("abc", "x", temperature=0)[0].prob == 1
    with pytest.raises(UsageError, match="cannot write 'w'"):
        made.predict("abc", "x w")
    with pytest.raises(UsageError, match="cannot write 'w'"):
        made.expectations("abc", "x w")
    with pytest.raises(UsageError, match="a source is empty"):
        made.predict("")


def test_expectations_are_the_predictions_of_each_symbol_that_came():
    made, target = translator(), ["yy", "x", "x"]
    every = made.expectations("abc", " ".join(target))
    assert [one.char for one in every] == [*target, ""]
    for t, one in enumerate(every):
        prediction = made.predict("abc", " ".join(target[:t]))
        assert one.prob == pytest.approx(prediction.prob(one.char), abs=1e-6)
        assert one.expected == prediction[0].char
        assert [each.char for each in prediction].index(one.char) + 1 == one.rank
    (loss,) = made.losses(["abc"], [" ".join(target)])
    assert sum(one.bits for one in every) * np.log(2) == pytest.approx(loss.nats, abs=1e-5)


def test_an_ensemble_of_equal_members_speaks_as_one():
    one, two = translator(), translator(seeds=(29, 29))
    for settings in ({}, {"num": 3}, {"temperature": 1.0, "seed": 2}):
        same(two.translate_many(TEXTS, **settings), one.translate_many(TEXTS, **settings))


def test_members_may_differ_in_size_cell_and_attention():
    sizes = LETTERS.size, PHONES.size
    members = (
        member(*sizes, cell="gru", hidden_size=5), member(*sizes, attention="none", seed=1),
    )  # fmt: skip
    both = Translator(members, PHONES, LETTERS, (20, 8))
    (first,) = Translator(members[:1], PHONES, LETTERS, (20, 8)).losses(["abc"], [""])
    (second,) = Translator(members[1:], PHONES, LETTERS, (20, 8)).losses(["abc"], [""])
    (loss,) = both.losses(["abc"], [""])
    assert min(first.nats, second.nats) < loss.nats < max(first.nats, second.nats)
    assert both.translate("abc", with_alignment=True)[0].alignment_TS is not None


def checkpoint_of(seed=29, *, vocab=PHONES.vocab, form="none", **sizes):
    config = EncoderDecoderConfig(**{"hidden_size": 6, "embedding_size": 4, **sizes})
    shapes = config.weight_shapes(LETTERS.size, len(vocab) + 1)
    weights = random_arrays(shapes, seed=seed)
    return Checkpoint(
        task="seq2seq",
        model=config,
        data=PairsConfig(target_symbols="spaces", target_normalise=form),
        train=TrainConfig(),
        runtime=RuntimeConfig(),
        vocabs={"source": LETTERS.vocab, "target": vocab},
        corpora={"pairs": PairFacts(("a",), "0" * 64, 9, longest_source=20, longest_target=8)},
        position=Position(),
        path=Path(f"checkpoints/run-{seed}/best.safetensors"),
        arrays={f"weights.{name}": array for name, array in weights.items()},
    )


def test_a_checkpoint_holds_all_that_a_translator_needs():
    made = Translator.of([checkpoint_of()], "a")
    assert repr(made) == "Translator('a', lstm 2+2×6, 5 characters)"
    assert made.longest_learned == (20, 8)
    same(made.translate_many(TEXTS), translator().translate_many(TEXTS))
    both = Translator.of([checkpoint_of(0), checkpoint_of(1)])
    same(both.translate_many(TEXTS), translator(seeds=(0, 1)).translate_many(TEXTS))


@pytest.mark.parametrize("change", [{"vocab": SymbolVocab(("x", "yy", "w"))}, {"form": "nfd"}])
def test_an_ensemble_has_one_set_of_symbols(change):
    with pytest.raises(UsageError, match="runs run-0 and run-1 cannot be averaged: "):
        Translator.of([checkpoint_of(0), checkpoint_of(1, **change)])


def test_it_describes_itself():
    assert repr(translator()) == "Translator(lstm 2+2×6, 5 characters)"


def test_a_translation_has_a_picture_of_its_alignment():
    (made,) = translator().translate("abc", with_alignment=True)
    picture = made.picture()
    assert (picture.source, picture.target) == (("a", "b", "c"), made.symbols)
    np.testing.assert_allclose(picture.weights_TS, made.alignment_TS)
    (bare,) = translator().translate("abc")
    with pytest.raises(UsageError, match="with_alignment=True"):
        bare.picture()


def test_alignments_that_would_fill_the_memory_are_not_made(monkeypatch):
    made, texts = translator(), ["abc", "abcabc", "ab"]
    every = list(made.translate_many(texts, num=3, with_alignment=True))
    sizes = [sum(one.alignment_TS.size for one in each) for each in every]
    monkeypatch.setattr(target_writer, "MAX_ALIGNMENT", sorted(sizes)[1])
    for each, again, size in zip(
        every, made.translate_many(texts, num=3, with_alignment=True), sizes, strict=True
    ):
        assert [one.text for one in again] == [one.text for one in each]
        for one, other in zip(each, again, strict=True):
            if size > sorted(sizes)[1]:
                assert other.alignment_TS is None
            else:
                np.testing.assert_allclose(other.alignment_TS, one.alignment_TS, atol=1e-6)
    monkeypatch.setattr(target_writer, "MAX_ALIGNMENT", 0)
    assert made.translate("abc", with_alignment=True)[0].alignment_TS is None
