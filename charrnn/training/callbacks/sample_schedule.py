"""After which steps a run keeps a sample.

That follows from the step and the configuration alone, so an interrupted run keeps the samples of
an uninterrupted one. They cost little: after the first validations there are many steps between
two.
"""

from charrnn.config import TrainConfig

FIRST_STEPS = (0, 10, 50, 150)  # where one sees it learn; then 500, 1500, 5000, 15000, …
_NUM_SAMPLED_VALIDATIONS = 30  # so many are all sampled, later ones only now and then
_CHARS_BETWEEN = {"cpu": 250_000, "gpu": 50_000_000}  # some 1 % of the time


def is_due(
    step: int, config: TrainConfig, every: int | None = None, *, on_gpu: bool = False
) -> bool:
    """Whether a run keeps a sample after this step.

    `every` is a number of steps, or 0 for no samples. None stands for the first steps, then more
    and more rarely, and also for validations and the end.
    """
    if every is not None:
        return every > 0 and step % every == 0
    if _is_milestone(step) or step == config.steps:
        return True
    return _is_sampled_validation(step, config, on_gpu=on_gpu)


def _is_milestone(step: int) -> bool:
    while step >= 500 and step % 10 == 0:
        step //= 10
    return step in FIRST_STEPS


def _is_sampled_validation(step: int, config: TrainConfig, *, on_gpu: bool) -> bool:
    number, rest = divmod(step, config.eval_every)
    if rest or number <= _NUM_SAMPLED_VALIDATIONS:
        return not rest
    between = _CHARS_BETWEEN["gpu" if on_gpu else "cpu"]
    chars = config.eval_every * config.batch_size * config.seq_length
    return number % -(-between // chars) == 0
