"""What tasks have in common whose network reads a text with its n-grams and decides by a head."""

from collections.abc import Callable, Mapping
from typing import Any

from charrnn.config import TextEncoderConfig, TrainConfig
from charrnn.models import ngrams
from charrnn.models.device import to_numpy
from charrnn.models.encoders.text_encoder import TextEncoder
from charrnn.runs.safetensors_file import Arrays
from charrnn.tasks.pairs import source_ngrams
from charrnn.tasks.pairs.learned_pairs import PairTexts
from charrnn.tasks.pairs.pairs_task import PairsTask
from charrnn.tasks.task import Constants, Vocabs


class NgramTask(PairsTask):
    """The methods of a `Task` that they share. The constants are the keys of the n-grams."""

    model: type[TextEncoderConfig]
    network: Callable[..., Any]
    ngram_min_count = TrainConfig.ngram_min_count  # unless a person gave another number

    def constants(self, dataset: PairTexts, settings: Mapping[str, Any]) -> Arrays:
        """Return the keys of the n-grams that occur often enough in the training split, the
        boundaries of the texts included.
        """
        return source_ngrams.learn(
            dataset,
            longest=self.model.among(settings).ngrams,
            min_count=settings.get("ngram_min_count", self.ngram_min_count),
        )

    def build(self, model: Any, vocabs: Vocabs, constants: Constants, *, seed: int) -> Any:
        """Build the network."""
        keys = ngrams.keys_in(constants, longest=model.ngrams)
        source_size, num_choices = len(vocabs["source"]) + 1, len(vocabs["target"])
        return self.network(model, source_size, num_choices, keys, seed=seed)

    def arrays(self, module: TextEncoder) -> Arrays:
        """Return copies of the weights and of the n-grams' keys."""
        return super().arrays(module) | ngrams.named(map(to_numpy, module.ngram_keys))
