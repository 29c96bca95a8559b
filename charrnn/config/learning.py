"""What decides the trajectory on a corpus, and what computes it."""

from dataclasses import dataclass

from charrnn.config.setting import BY_CORPUS, Checked, Panel, setting

OPTIMIZERS = ("soap", "adamw")
NGRAM_INITS = ("counts", "random")
PRECISIONS = ("float32", "tf32", "bf16")


@dataclass(frozen=True)
class TrainConfig(Checked):
    """What decides the trajectory, besides the corpus."""

    steps: int = setting(
        4000,
        help="Number of optimiser steps.",
        panel=Panel.LENGTH, low=1, high=2**48, is_chosen=True,
    )  # fmt: skip
    batch_size: int = setting(
        32,
        help="Batch size: sequences read side by side.",
        panel=Panel.LEARNING, low=1, high=65_536, is_chosen=True, shown_default=BY_CORPUS,
    )  # fmt: skip
    seq_length: int = setting(
        48,
        help="Sequence length: how many characters gradients reach back.",
        panel=Panel.LEARNING, low=1, high=65_536, is_chosen=True, shown_default=BY_CORPUS,
    )  # fmt: skip
    learning_rate: float = setting(
        1.2e-2,
        help="Peak learning rate.",
        panel=Panel.LEARNING, low=0.0, high=10.0, aliases=("--lr",),
        is_chosen=True, shown_default=BY_CORPUS,
    )  # fmt: skip
    grad_clip: float = setting(
        1.0,
        help="Gradient clipping: largest gradient norm; 0 for no limit.",
        panel=Panel.LEARNING, low=0.0, high=1e9,
    )  # fmt: skip
    weight_decay: float = setting(
        0.0,
        help="Weight decay on matrices.",
        panel=Panel.LEARNING, low=0.0, high=10.0,
        is_chosen=True, shown_default="0.1 for a text, else 0",
    )  # fmt: skip
    optimizer: str = setting(
        "soap", help="soap or adamw.", panel=Panel.LEARNING, choices=OPTIMIZERS
    )
    ngram_min_count: int = setting(
        6,
        help="N-grams that are less frequent share one embedding.",
        panel=Panel.NETWORK, low=1, high=2**48, is_chosen=True, shown_default="6; 2 with labels",
    )  # fmt: skip
    ngram_init: str = setting(
        "counts",
        help="First embeddings of n-grams: from counts of what follows them, or random.",
        panel=Panel.NETWORK, choices=NGRAM_INITS,
    )  # fmt: skip
    dropout: float = setting(
        0.0,
        help="Dropout probability on embeddings and layer outputs.",
        panel=Panel.LEARNING, low=0.0, high=0.95, is_chosen=True, shown_default=BY_CORPUS,
    )  # fmt: skip
    weight_dropout: float = setting(
        0.0,
        help="Dropout probability on the recurrent weights.",
        panel=Panel.LEARNING, low=0.0, high=0.95, is_chosen=True, shown_default=BY_CORPUS,
    )  # fmt: skip
    state_reset: float = setting(
        0.05,
        help="Probability of a zero state at the start of a sequence.",
        panel=Panel.LEARNING, low=0.0, high=1.0,
    )  # fmt: skip
    eval_every: int = setting(
        1000,
        help="Steps between validations.",
        panel=Panel.LEARNING, low=1, high=2**48, is_chosen=True, shown_default=BY_CORPUS,
    )  # fmt: skip
    seed: int = setting(1, help="Random seed.", panel=Panel.LEARNING, low=0, high=2**63 - 1)
    teachers: tuple[str, ...] = setting(
        (),
        help="Learn from the probabilities of this run, too (knowledge distillation); repeatable.",
        panel=Panel.LEARNING, flag="--teacher", metavar="RUN",
    )  # fmt: skip
    teacher_weight: float = setting(
        0.5,
        help="Share of the loss that is learned from teachers; the rest from the text.",
        panel=Panel.LEARNING, low=0.01, high=1.0, is_chosen=True, shown_default="0.5",
    )  # fmt: skip
    # digests of the teachers' weights, by which they are known again
    teacher_sha256: tuple[str, ...] = setting(())
    # Where the clock has corrected the schedule: see training/schedule.py.
    schedule_step: int = setting(0, low=0, high=2**48)
    schedule_done: float = setting(0.0, low=0.0, high=1.0)


@dataclass(frozen=True)
class RuntimeConfig(Checked):
    """The machine's part: what computes, with which numbers."""

    device: str = setting(
        "cpu", help="auto, cpu, cuda, cuda:N or mps.", panel=Panel.MACHINE, is_chosen=True
    )
    precision: str = setting(
        "float32",
        help="float32; on a GPU also tf32 or bf16 (faster, less precise).",
        panel=Panel.MACHINE, choices=PRECISIONS,
    )  # fmt: skip
    threads: int = setting(
        1,
        help="CPU threads; by default the fastest number, up to all cores.",
        panel=Panel.MACHINE, low=1, high=4096, is_chosen=True,
    )  # fmt: skip


CPU = RuntimeConfig()
