"""The learning rate of each step: a function of the step and of the length of the run."""

from charrnn.config import TrainConfig

_WARM_UP_FRACTION = 0.02


def learning_rate(step: int, config: TrainConfig) -> float:
    """Return the rate of the step that follows `step` steps: a short warm-up, then linearly to zero
    at the end.

    A function of the step and of the number of steps: a run that is given more steps goes on at
    the rate that a run of the new length would have there.
    """
    is_corrected = config.schedule_step > 0
    at = schedule_share(step, config) * config.steps if is_corrected else step
    warm_up = max(1, round(config.steps * _WARM_UP_FRACTION))
    rising = min(1.0, (at + 1) / warm_up)
    falling = min(1.0, (config.steps - at) / max(1, config.steps - warm_up))
    return config.learning_rate * min(rising, falling)


def schedule_share(step: int, config: TrainConfig) -> float:
    """Return how much of the schedule is over after `step` steps, from 0 to 1.

    It grows evenly with the steps. When the clock corrects a run of minutes, at `schedule_step`,
    it is set to the share of the time that has passed, and grows evenly from there to the end:

        1 ┤                      ● steps
          │               ╱
          │        ╱             fast: many steps in the time, a gentle slope
          │   ●                  schedule_step, schedule_done
          │  ╱                   slow: few steps in the time, a steep slope
        0 ┼─╱──────────────────► step
    """
    first, done = config.schedule_step, config.schedule_done
    return done + (1 - done) * (step - first) / max(1, config.steps - first)
