"""A captioner as a library: one at a time as many at once, greedy as a beam of one."""

from pathlib import Path

import numpy as np
import pytest
from drawn import drawn, save_pictures
from test_translator import random_arrays

from charrnn.config import CPU, CaptionerConfig, CaptionsConfig, TrainConfig
from charrnn.data.pairs.pair_facts import PairFacts
from charrnn.data.pairs.symbols import PATHS, Side, SymbolVocab
from charrnn.data.vocab import Vocab
from charrnn.errors import CorpusError, SettingError, UsageError
from charrnn.generation.translation.captioner import Caption, Captioner
from charrnn.models.encoders.picture_encoder_numpy import PictureWeights
from charrnn.models.seq2seq import equations
from charrnn.models.seq2seq.equations import Weights
from charrnn.runs.checkpoint import Checkpoint
from charrnn.runs.header import Position

LETTERS = Vocab(tuple(map(ord, " abcde")))
WORDS = SymbolVocab(("red", "spot", "a"))


def checkpoint(seed=29, *, vocab=LETTERS, image_size=8, longest=9, **sizes):
    sizes = {"hidden_size": 6, "embedding_size": 4, "encoder_layers": 2, **sizes}
    config = CaptionerConfig(**sizes)
    arrays = random_arrays(config.weight_shapes(len(vocab) + 1), seed=seed)
    kind = "spaces" if vocab is WORDS else "characters"
    return Checkpoint(
        task="caption", model=config, train=TrainConfig(), runtime=CPU, position=Position(),
        data=CaptionsConfig(images="p", image_size=image_size, target_symbols=kind),
        vocabs={"source": PATHS, "target": vocab},
        corpora={"pairs": PairFacts(("a.tsv",), "0" * 64, 60, longest_target=longest)},
        arrays={f"weights.{name}": array for name, array in arrays.items()},
    )  # fmt: skip


def captioner(*seeds, **settings):
    return Captioner.of([checkpoint(seed, **settings) for seed in seeds or (29,)], "a")


def pictures(num=5):
    return [drawn(("red", "blue")[k % 2], "above", k) for k in range(num)]


def same(one, other):
    assert [(made.text, made.is_complete) for made in one] == [
        (made.text, made.is_complete) for made in other
    ]
    for first, second in zip(one, other, strict=True):
        assert first.log_probability == pytest.approx(second.log_probability, abs=1e-4)
        if first.attention_TYX is not None:
            np.testing.assert_allclose(first.attention_TYX, second.attention_TYX, atol=1e-5)


def test_a_caption_is_the_one_of_the_equations():
    made, (picture, *_) = captioner(), pictures()
    (caption,) = made.caption(picture, max_length=7, with_attention=True)
    (member,) = made.members
    weights = Weights.from_arrays(member.config, _arrays_of(checkpoint()), PictureWeights)
    vectors_SMB, lengths_B = member.network.encoder.read(picture[None], np.ones(1, np.int64))
    memory, state = equations.hand_over(
        member.config, weights, vectors_SMB.transpose(0, 2, 1), lengths_B
    )
    ids, alignments = [0], []
    while len(ids) <= 7:
        logits_BV, state, alignment_BS = equations.step(
            member.config, weights, memory, np.array(ids[-1:]), state
        )
        i = int(logits_BV[0].argmax())
        if i == 0:
            break
        ids.append(i)
        alignments.append(alignment_BS[0].reshape(2, 2))
    assert caption.text == Side(LETTERS).decode(ids)
    assert len(caption.text) > 2
    np.testing.assert_allclose(caption.attention_TYX, alignments, atol=1e-5)


def _arrays_of(one):
    return one.group("weights")


@pytest.mark.parametrize(
    "settings", [{}, {"beam": 3}, {"temp": 1.0, "seed": 5}, {"temp": 0.7, "seed": 2, "num": 2}],
    ids=str,
)  # fmt: skip
@pytest.mark.parametrize("seeds", [(29,), (29, 31)])
def test_one_at_a_time_is_as_many_at_once(settings, seeds):
    made = captioner(*seeds)
    together = list(made.caption_many(pictures(), with_attention=True, **settings))
    assert len({best.text for best, *_ in together}) > 1
    for number, (picture, expected) in enumerate(zip(pictures(), together, strict=True)):
        (alone,) = made.caption_many(
            [picture], with_attention=True, first_number=number, **settings
        )
        same(alone, expected)
        if "beam" not in settings and "num" not in settings:
            stream = made.stream(picture, number=number, **settings)
            assert "".join(stream) == expected[0].text
            assert stream.result.text == expected[0].text


def test_a_file_is_its_pixels():
    (name, _), *_ = save_pictures(1)
    path = Path("pictures", name)
    made = captioner()
    (of_file,) = made.caption(path, with_attention=True)
    (of_pixels,) = made.caption(drawn("red", "above", 0), with_attention=True)
    same([of_file], [of_pixels])
    assert (of_file.path, of_pixels.path) == (str(path), "")
    np.testing.assert_array_equal(of_file.pixels_YXC, of_pixels.pixels_YXC)


def test_losses_are_those_of_the_words_given():
    made = captioner()
    ((nats, num, unknown),) = made.losses([pictures()[0]], ["ab?"])
    assert (num, unknown) == (3, 1)
    assert nats > 0


def test_what_is_no_picture_is_named():
    Path("a.png").write_text("hello")
    with pytest.raises(CorpusError, match=r"a\.png: not a picture in the format PNG.*; convert it"):
        captioner().caption("a.png")
    with pytest.raises(CorpusError, match=r"b\.png: there is no such picture"):
        captioner().caption("b.png")
    with pytest.raises(UsageError, match=r"pixels of the shape \(4, 4, 3\) and type uint8 are no"):
        captioner().caption(np.zeros((4, 4, 3), np.uint8))


def test_words_have_the_mean_of_their_symbols():
    grids = np.arange(6 * 4, dtype=np.float32).reshape(6, 2, 2)
    caption = Caption("ab c  ", tuple("ab c  "), "", 0.0, 0.0, attention_TYX=grids)
    first, second = caption.words()
    assert (first.text, second.text) == ("ab", "c")
    np.testing.assert_allclose(first.attention_YX, grids[:2].mean(0))
    np.testing.assert_allclose(second.attention_YX, grids[3])


def test_symbols_between_spaces_are_words():
    made = captioner(vocab=WORDS)
    (caption,) = made.caption(pictures()[0], with_attention=True, max_length=4)
    assert [word.text for word in caption.words()] == caption.text.split() != []
    assert all(word.attention_YX.sum() == pytest.approx(1) for word in caption.words())


def test_a_picture_of_the_attention_has_the_words():
    made = captioner(vocab=WORDS)
    (caption,) = made.caption(pictures()[0], with_attention=True, max_length=4)
    drawing = caption.picture()
    assert list(drawing.words) == caption.text.split()
    assert "<svg" in drawing._repr_svg_()
    (plain,) = made.caption(pictures()[0])
    with pytest.raises(UsageError, match="has no attention; make it with_attention=True"):
        plain.picture()


def test_an_ensemble_averages_probabilities_and_attention_of_equal_grids():
    one, other, both = captioner(29), captioner(31), captioner(29, 31)
    (picture, *_) = pictures()
    losses = [math_nats(made, picture) for made in (one, other, both)]
    assert losses[2] == pytest.approx(
        -np.log((np.exp(-losses[0]) + np.exp(-losses[1])) / 2), abs=1e-5
    )
    finer = Captioner.of([checkpoint(29), checkpoint(31, encoder_layers=1)])
    (caption,) = finer.caption(picture, with_attention=True)
    assert caption.attention_TYX is None and caption.text


def math_nats(made, picture):
    """The loss of the end alone."""
    ((nats, _, _),) = made.losses([picture], [""])
    return nats


def test_runs_with_pictures_of_different_sizes_are_not_averaged():
    with pytest.raises(UsageError, match="different sizes of pictures, 8 and 16"):
        Captioner.of([checkpoint(), checkpoint(image_size=16)])


def test_a_caption_without_end_is_cut():
    lengths = {len(best.text) for best, *_ in captioner(longest=2).caption_many(pictures(9))}
    assert max(lengths) <= 12


def test_a_beam_is_not_streamed_and_settings_are_checked():
    with pytest.raises(SettingError, match="a beam cannot be streamed"):
        captioner().stream(pictures()[0], beam=2)
    with pytest.raises(SettingError, match="there is no setting 'bean'; did you mean beam"):
        captioner().caption(pictures()[0], bean=2)


def test_it_names_its_run_and_sizes():
    assert repr(captioner()) == "Captioner('a', lstm 2+2×6, 8 × 8 pixels)"
    assert str(captioner().caption(pictures()[0])[0]) == captioner().caption(pictures()[0])[0].text
