"""Texts of a given label: learn to write them, as a decoder writes the target of a source.

The source is the label, in one symbol. There is no one right text, so the loss alone is measured.
"""

from charrnn._text import Reporter
from charrnn.config import GivenConfig
from charrnn.generation.translation.translator import Translator
from charrnn.models.seq2seq import validation
from charrnn.models.seq2seq.encoder_decoder import EncoderDecoder
from charrnn.runs import task_names
from charrnn.runs.checkpoint import Checkpoint
from charrnn.runs.schemas import SCHEMAS
from charrnn.tasks.labels import learned_labels
from charrnn.tasks.pairs import learned_pairs
from charrnn.tasks.pairs.learned_pairs import LearnedPairs, PairTexts
from charrnn.tasks.pairs.seq2seq import Seq2Seq
from charrnn.tasks.task import ValidationSize

_TEMPERATURE = 0.8


class Given(Seq2Seq):
    """Texts of a given label as a `Task`."""

    name = task_names.GIVEN
    unit = "texts"
    schema = SCHEMAS[name]
    validation_size = ValidationSize("max_val_pairs", "text", at_least=100, tried=(32, 512))

    def split(self, corpus: LearnedPairs, config: GivenConfig, *, seed: int) -> PairTexts:
        """Choose the texts for training, validation and test at random."""
        dataset = corpus.split(config, seed=seed)
        learned_labels.require_labels(
            dataset, side="source", allows_few=corpus.sources.allows_short
        )
        return dataset

    def summary(self, corpus: LearnedPairs, dataset: PairTexts) -> str:
        """Say how many texts and labels there are."""
        return learned_labels.summary(corpus, side="source")

    def show_notes(self, corpus: LearnedPairs, dataset: PairTexts, reporter: Reporter) -> None:
        """Tell how often labels occur, and what the validation split decides."""
        learned_labels.show_counts(dataset, reporter, side="source")
        learned_pairs.show_validation_split(dataset, reporter, unit="text", best="the lowest loss")

    def metrics(self, module: EncoderDecoder, dataset: PairTexts, split: str) -> dict[str, float]:
        """Measure the loss."""
        pairs = dataset.pairs
        numbers = pairs.numbers[split]
        return {"loss": validation.mean_loss(module, pairs.sources, pairs.targets, numbers)}

    def sample(self, checkpoint: Checkpoint, dataset: PairTexts, *, seed: int) -> str:
        """Write a text of the label of each of some texts."""
        labels = [label for label, _ in dataset.examples(self.num_samples)]
        made = Translator.of((checkpoint,)).translate_many(
            labels, temperature=_TEMPERATURE, seed=seed
        )
        return "\n".join(
            f"{label} → {text.text}" for label, [text] in zip(labels, made, strict=True)
        )


GIVEN = Given()
