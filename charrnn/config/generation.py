"""How a model speaks: how a character is drawn, how a target or a caption is searched."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from charrnn.config.setting import Checked, Panel, setting
from charrnn.errors import SettingError


@dataclass(frozen=True)
class SampleConfig(Checked):
    """How a character is drawn; the filters apply in the order top_k, top_p, min_p."""

    temperature: float = setting(
        0.8,
        help="Sampling temperature; 0 is greedy; 0.5:1.1 ramps up.",
        panel=Panel.DRAWING, low=0.0, high=100.0, typed=str,
        flag="--temp", aliases=("--temperature", "-t"),
    )  # fmt: skip
    # of the last character of a ramp
    final_temperature: float | None = setting(None, low=0.0, high=100.0, flag="--temp")
    length: int = setting(
        1000,
        help="Number of characters; -1 never stops.",
        panel=Panel.DRAWING, low=-1, high=2**62, aliases=("-n",),
        is_chosen=True, shown_default="1000; 10000 for a record",
    )  # fmt: skip
    top_k: int = setting(
        0,
        help="Draw from the k likeliest characters; 0 for all.",
        panel=Panel.DRAWING,
        low=0,
        high=2**31,
    )
    top_p: float = setting(
        1.0,
        help="Draw from the likeliest characters that together reach probability p.",
        panel=Panel.DRAWING,
        low=0.0,
        high=1.0,
    )
    min_p: float = setting(
        0.0,
        help="Draw only characters at least p times as likely as the likeliest.",
        panel=Panel.DRAWING, low=0.0, high=1.0,
    )  # fmt: skip
    # see constraints.RepeatPenalty
    repeat_penalty: float = setting(
        0.0,
        help="Penalty against loops, in nats: for each character, past the fifth, of a passage that"
        " would be repeated.",
        panel=Panel.DRAWING, low=0.0, high=1000.0,
    )  # fmt: skip
    seed: int = setting(
        0,
        help="Random seed; the same seed writes the same text.",
        panel=Panel.DRAWING, low=0, high=2**63 - 1, aliases=("-s",), is_chosen=True,
    )  # fmt: skip
    stop: tuple[str, ...] = setting(
        (), help="End before this text; repeatable.", panel=Panel.DRAWING
    )
    until: tuple[str, ...] = setting(
        (), help="End after this text; repeatable.", panel=Panel.DRAWING
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if "" in self.stop:
            raise SettingError("stop '' is empty", "give it a text to end before", "stop")
        if "" in self.until:
            raise SettingError("until '' is empty", "give it a text to end after", "until")
        if self.final_temperature is not None and self.length < 2:
            raise SettingError(
                f"length {self.length} is too short for a temperature ramp",
                "a ramp needs a length of at least 2",
                "length",
            )

    @cached_property
    def has_filters(self) -> bool:
        """Whether some characters are not to be drawn at all."""
        return self.top_k > 0 or self.top_p < 1 or self.min_p > 0

    @cached_property
    def is_plain(self) -> bool:
        """Whether a softmax does it: no filter, and no temperature that numbers overflow at."""
        lowest = min(self.temperature, self.final_temperature or self.temperature)
        return not self.has_filters and lowest > 1e-3 and self.final_temperature != 0

    def temperature_at(self, position: Any) -> Any:
        """The temperature of a character, or of several, by how many came before: it changes in
        equal steps from the first character to the last of `length`.
        """
        if self.final_temperature is None:
            return self.temperature
        share = position / (self.length - 1)
        return self.temperature * (1 - share) + self.final_temperature * share


@dataclass(frozen=True)
class TranslateConfig(Checked):
    """How the target of a source is searched: greedily, in a beam, or drawn."""

    beam: int = setting(
        1,
        help="Beam size: unfinished translations that are kept at each step; 1 is greedy.",
        low=1, high=1024,
    )  # fmt: skip
    num: int = setting(
        1,
        help="Number of translations of each text, the best first; the beam has at least this"
        " size.",
        low=1, high=1024,
    )  # fmt: skip
    temperature: float = setting(
        0.0,
        help="Draw each symbol at this temperature; 0 takes the likeliest.",
        low=0.0, high=100.0, flag="--temp", aliases=("--temperature", "-t"),
    )  # fmt: skip
    seed: int = setting(
        0,
        help="Random seed; the same seed draws the same translations.",
        low=0, high=2**63 - 1, aliases=("-s",), is_chosen=True,
    )  # fmt: skip
    max_length: int | None = setting(
        None,
        help="Longest translation, in symbols; a longer one is cut off.",
        low=1, high=2**20, is_chosen=True, shown_default="by the length of the text",
    )  # fmt: skip

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.beam > 1 and self.temperature > 0:
            raise SettingError(
                "beam and temperature were both given", "choose one", "beam", "temperature"
            )

    @property
    def beam_size(self) -> int:
        """The size of the beam: wide enough for all the translations asked for."""
        return max(self.beam, self.num)


@dataclass(frozen=True)
class CaptionConfig(TranslateConfig):
    """How the caption of a picture is searched: greedily, in a beam, or drawn."""

    beam: int = setting(
        1,
        help="Beam size: unfinished captions that are kept at each step; 1 is greedy.",
        low=1, high=1024,
    )  # fmt: skip
    num: int = setting(
        1,
        help="Number of captions of each picture, the best first; the beam has at least this size.",
        low=1, high=1024,
    )  # fmt: skip
    seed: int = setting(
        0,
        help="Random seed; the same seed draws the same captions.",
        low=0, high=2**63 - 1, aliases=("-s",), is_chosen=True,
    )  # fmt: skip
    max_length: int | None = setting(
        None,
        help="Longest caption, in symbols; a longer one is cut off.",
        low=1, high=2**20, is_chosen=True, shown_default="by the longest one learned",
    )  # fmt: skip
