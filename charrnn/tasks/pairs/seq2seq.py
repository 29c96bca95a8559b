"""Sequence to sequence: learn which target belongs to which source, symbol by symbol.

Shapes: B examples, S source and T target symbols (padded), V target vocabulary.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from torch import Tensor
from torch.nn import functional

from charrnn._text import Reporter
from charrnn.config import EncoderDecoderConfig
from charrnn.data.batches import NOT_SCORED
from charrnn.data.pairs.buckets import PairBatch
from charrnn.data.pairs.error_rates import total_edits
from charrnn.generation.translation.translator import Translator
from charrnn.models.device import to_device
from charrnn.models.dropout import Draws
from charrnn.models.encoders.encoder import Dropouts
from charrnn.models.seq2seq import validation
from charrnn.models.seq2seq.encoder_decoder import EncoderDecoder, SourceEncoder
from charrnn.runs import task_names
from charrnn.runs.checkpoint import Checkpoint
from charrnn.runs.schemas import SCHEMAS
from charrnn.tasks.example_sizes import ExampleSizes
from charrnn.tasks.pairs import learned_pairs, seq2seq_sizes
from charrnn.tasks.pairs.learned_pairs import LearnedPairs, PairTexts
from charrnn.tasks.pairs.pairs_task import PairsTask
from charrnn.tasks.task import Constants, ValidationSize, Vocabs


class Batch(NamedTuple):
    """A `PairBatch` on a device."""

    sources: Tensor  # ids_SB of texts, pixels_BYXC of pictures
    lengths_B: Tensor
    inputs_TB: Tensor
    targets_TB: Tensor
    num_scored: int


class Seq2Seq(PairsTask):
    """An encoder and a decoder, trained together, as a `Task`."""

    name = task_names.SEQ2SEQ
    unit = "pairs"
    schema = SCHEMAS[name]
    validation_size = ValidationSize("max_val_pairs", "pair", at_least=10, tried=(8, 32, 128))
    sizes: ExampleSizes[Any, Any] = seq2seq_sizes.SIZES

    def show_notes(self, corpus: LearnedPairs, dataset: PairTexts, reporter: Reporter) -> None:
        """Tell how many pairs are for validation, and what they decide."""
        learned_pairs.show_validation_split(dataset, reporter)

    def facts(self, dataset: PairTexts, constants: Constants, shared: Mapping[str, Any]) -> Any:
        """Return what the sizes are chosen by."""
        source_length, target_length = dataset.mean_lengths()
        return seq2seq_sizes.Facts(
            **shared,
            source_length=source_length,
            target_length=target_length + 1,
            source_size=dataset.source.size,
            target_size=dataset.target.size,
        )

    def build(
        self, model: EncoderDecoderConfig, vocabs: Vocabs, constants: Constants, *, seed: int
    ) -> EncoderDecoder:
        """Build the network."""
        source_size, target_size = (len(vocabs[side]) + 1 for side in ("source", "target"))
        return EncoderDecoder(model, SourceEncoder(model, source_size), target_size, seed=seed)

    def on_device(self, pairs: PairBatch, device: str) -> Batch:
        """Return sources and targets; what is scored are symbols and the ends of targets."""
        *parts, num_symbols, num_pairs = pairs
        sources, lengths_B, inputs_TB, targets_TB = (to_device(part, device) for part in parts)
        return Batch(sources, lengths_B, inputs_TB, targets_TB, num_symbols + num_pairs)

    def loss(
        self, module: EncoderDecoder, batch: Batch, carried: None, draws: Draws
    ) -> tuple[Tensor, int, None]:
        """Return summed nats of the targets and their ends, and how many symbols that are."""
        logits_TBV = module(
            batch.sources, batch.lengths_B, batch.inputs_TB, Dropouts.of(draws), draws.dtype
        )
        loss = functional.cross_entropy(
            logits_TBV.flatten(0, 1),
            batch.targets_TB.flatten(),
            reduction="sum",
            ignore_index=NOT_SCORED,
        )
        return loss, batch.num_scored, None

    def metrics(self, module: EncoderDecoder, dataset: PairTexts, split: str) -> dict[str, float]:
        """Measure error rates of greedy translations, and the loss.

        The word error rate decides: a network that becomes too sure of itself has a rising loss
        while its translations still improve.
        """
        pairs = dataset.pairs
        numbers, target_lengths = pairs.numbers[split], pairs.targets.lengths(pairs.numbers[split])
        made = validation.translations(
            module, pairs.sources, numbers, max_lengths=longest(target_lengths)
        )
        edits = total_edits(
            (
                (dataset.target.decode(ids), dataset.texts(number)[1])
                for ids, number in zip(made, numbers.tolist(), strict=True)
            ),
            dataset.target,
        )
        loss = validation.mean_loss(module, pairs.sources, pairs.targets, numbers)
        return {
            "word_error_rate": edits.word_error_rate,
            "symbol_error_rate": edits.symbol_error_rate,
            "loss": loss,
        }

    def sample(self, checkpoint: Checkpoint, dataset: PairTexts, *, seed: int) -> str:
        """Translate some sources of the validation split, always the same ones."""
        pairs = dataset.examples(self.num_samples)
        most = max(longest(dataset.target.encode(target).size) for _, target in pairs)
        every = Translator.of((checkpoint,)).translate_many(
            [source for source, _ in pairs], max_length=most
        )
        return "\n".join(
            learned_pairs.compared(source, translation.text, target)
            for (source, target), [translation] in zip(pairs, every, strict=True)
        )


SEQ2SEQ = Seq2Seq()


def longest(target_length: Any) -> Any:
    """Return how long a translation may become where it is compared with a target of a length: a
    longer one is wrong anyway.
    """
    return 2 * target_length + 10
