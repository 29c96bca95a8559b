"""Captions: learn to describe pictures, as a decoder writes the target of a source.

Shapes: B examples, Y rows and X columns of pixels, C colours, T target symbols (padded).
"""

from collections.abc import Mapping
from typing import Any

from charrnn._text import Reporter, number_of
from charrnn.config import CaptionerConfig
from charrnn.data.pairs.pictures.encoded_pictures import Pictures
from charrnn.generation.translation.captioner import Captioner
from charrnn.models.encoders.picture_encoder import PictureEncoder
from charrnn.models.seq2seq.encoder_decoder import EncoderDecoder
from charrnn.runs import task_names
from charrnn.runs.checkpoint import Checkpoint
from charrnn.runs.schemas import SCHEMAS
from charrnn.tasks.captions import caption_sizes
from charrnn.tasks.pairs import learned_pairs
from charrnn.tasks.pairs.learned_pairs import LearnedPairs, PairTexts
from charrnn.tasks.pairs.seq2seq import Seq2Seq, longest
from charrnn.tasks.task import Constants, ValidationSize, Vocabs


class Captions(Seq2Seq):
    """Captions of pictures as a `Task`."""

    name = task_names.CAPTION
    unit = "captions"
    schema = SCHEMAS[name]
    validation_size = ValidationSize("max_val_pairs", "caption", at_least=10, tried=(8, 32, 128))
    sizes = caption_sizes.SIZES

    def summary(self, corpus: LearnedPairs, dataset: PairTexts) -> str:
        """Say how many captions and pictures there are."""
        facts, pictures = corpus.corpus.facts, _pictures(dataset)
        captions = number_of(facts.num_pairs - facts.num_val, "caption")
        num_pictures, side = pictures.pixels_NYXC.shape[:2]
        what = f"{number_of(num_pictures, 'picture')} of {side} × {side} pixels"
        return f"{corpus.sources.title}: {captions}; {what}"

    def show_notes(self, corpus: LearnedPairs, dataset: PairTexts, reporter: Reporter) -> None:
        """Tell how many captions are for validation, and what they decide."""
        learned_pairs.show_validation_split(dataset, reporter, unit="caption")

    def facts(self, dataset: PairTexts, constants: Constants, shared: Mapping[str, Any]) -> Any:
        """Return what the sizes are chosen by."""
        return caption_sizes.Facts(
            **shared,
            image_size=_pictures(dataset).pixels_NYXC.shape[1],
            target_length=dataset.mean_lengths()[1] + 1,
            target_size=dataset.target.size,
        )

    def build(  # type: ignore[override]
        self, model: CaptionerConfig, vocabs: Vocabs, constants: Constants, *, seed: int
    ) -> EncoderDecoder:
        """Build the network."""
        target_size = len(vocabs["target"]) + 1
        return EncoderDecoder(model, PictureEncoder(model, seed=seed), target_size, seed=seed)

    def sample(self, checkpoint: Checkpoint, dataset: PairTexts, *, seed: int) -> str:
        """Describe some pictures of the validation split, always the same ones."""
        numbers = dataset.example_numbers(self.num_samples)
        pairs = [dataset.texts(number) for number in numbers.tolist()]
        pixels_BYXC, _ = dataset.pairs.sources.padded(numbers)
        most = max(longest(dataset.target.encode(caption).size) for _, caption in pairs)
        made = Captioner.of((checkpoint,)).caption_many(pixels_BYXC, max_length=most)
        return "\n".join(
            learned_pairs.compared(path, best.text, caption)
            for (path, caption), [best] in zip(pairs, made, strict=True)
        )


CAPTIONS = Captions()


def _pictures(dataset: PairTexts) -> Pictures:
    pictures = dataset.pairs.sources
    assert isinstance(pictures, Pictures)
    return pictures
