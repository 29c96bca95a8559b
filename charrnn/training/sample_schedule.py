"""When a run is sampled while it trains, and how long such a sample is.

Which samples are kept with a run follows from the step and the configuration alone, so that an
interrupted run keeps the samples of an uninterrupted one. They cost little: a network that is slow
to write gets a short sample, and after the first validations there is much learning between two.
"""

from charrnn.config import ModelConfig, TrainConfig

FIRST_STEPS = (0, 10, 50, 150)  # where one sees it learn; then 500, 1500, 5000, 15000, …
_ALL_VALIDATIONS = 30  # so many are sampled each, later ones only now and then
_LEARNED_BETWEEN = {"cpu": 250_000, "gpu": 50_000_000}  # characters: some 1 % of the time
_LENGTH, _LEAST_LENGTH = 240, 40
_MULTIPLY_ADDS = 240 * 2e6  # in a sample: a full one of up to some 600 units in a layer


def is_due(step: int, config: TrainConfig, every: int | None = None) -> bool:
    """Whether a run keeps a sample after this step.

    `every` is what was asked for: a number of steps, or 0 for no samples. None means the first
    steps, then more and more rarely, and also at each validation and at the end.
    """
    if every is not None:
        return every > 0 and step % every == 0
    return _is_milestone(step) or step == config.steps or _is_sampled_validation(step, config)


def _is_milestone(step: int) -> bool:
    while step >= 500 and step % 10 == 0:
        step //= 10
    return step in FIRST_STEPS


def _is_sampled_validation(step: int, config: TrainConfig) -> bool:
    number, rest = divmod(step, config.eval_every)
    if rest or number <= _ALL_VALIDATIONS:
        return not rest
    between = _LEARNED_BETWEEN["cpu" if config.device == "cpu" else "gpu"]
    chars = config.eval_every * config.batch_size * config.seq_length
    return number % -(-between // chars) == 0


def length(model: ModelConfig, vocab_size: int) -> int:
    """How many characters a sample has."""
    shapes = model.weight_shapes(vocab_size)
    del shapes["embedding"]
    per_char = sum(shape[0] * shape[1] for shape in shapes.values() if len(shape) == 2)
    return max(_LEAST_LENGTH, min(_LENGTH, int(_MULTIPLY_ADDS / per_char)))
