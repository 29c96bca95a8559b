"""Flags made from settings."""

import dataclasses
from typing import Annotated

import pytest
import typer

from charrnn.cli import app
from charrnn.cli.flags import settings
from charrnn.config import (
    Checked,
    DataConfig,
    EncoderDecoderConfig,
    ModelConfig,
    PairsConfig,
    RuntimeConfig,
    SampleConfig,
    TrainConfig,
    TranslateConfig,
    setting,
    setting_of,
)
from charrnn.errors import SettingError


@pytest.mark.parametrize(
    ("name", "group"),
    [
        ("train", ModelConfig), ("train", DataConfig), ("train", TrainConfig),
        ("train", RuntimeConfig), ("train", EncoderDecoderConfig), ("train", PairsConfig),
        ("sample", SampleConfig), ("translate", TranslateConfig),
    ],
)  # fmt: skip
def test_every_setting_has_its_flag_with_the_same_default_and_spellings(name, group):
    """No flag: final_temperature, the end of the ramp --temp 0.5:1.1, what the clock sets, and what
    teachers are known by.

    Settings of pairs that are settings of texts as well have the flag of these.
    """
    command = typer.main.get_command(app.app).commands[name]
    options = {param.name: param for param in command.params}
    for spec in dataclasses.fields(group):
        declared = setting_of(spec)
        if spec.name in ("final_temperature", "schedule_step", "schedule_done", "teacher_sha256"):
            assert not declared.help
            continue
        option = options[spec.name]
        if group in (EncoderDecoderConfig, PairsConfig) and not declared.help:
            assert option.opts[0] == settings.flag_of(spec.name)
            continue
        assert option.help == declared.help != ""
        assert option.opts[0] == settings.flag_of(spec.name)
        assert option.opts[1:] == list(declared.aliases)
        if spec.name == "temperature":
            assert float(option.default) == spec.default
        else:
            assert option.default == (
                None if declared.is_chosen else spec.default or option.default
            )


def test_a_new_setting_is_a_flag_and_is_checked():
    @dataclasses.dataclass(frozen=True)
    class Tea(Checked):
        minutes: float = setting(3.0, help="How long.", low=1.0, high=9.0, aliases=("-m",))
        kinds: tuple[str, ...] = setting((), help="Of what.")

    made = typer.Typer(add_completion=False)
    drunk = []

    @made.command()
    @settings.expanded
    def make(cup: str, *, given: Annotated[settings.Values, Tea]) -> None:
        drunk.append((cup, Tea(**given)))

    make_it = typer.main.get_command(made)
    make_it(["blue", "-m", "4", "--kinds", "green", "--kinds", "mint"], standalone_mode=False)
    make_it(["red"], standalone_mode=False)
    assert drunk == [("blue", Tea(4.0, ("green", "mint"))), ("red", Tea())]
    with pytest.raises(SettingError, match=r"minutes 10.0 is out of range; it must be from 1.0 to"):
        make_it(["blue", "--minutes", "10"], standalone_mode=False)


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        ("train --hidden-size 0", "--hidden-size 0 is out of range; it must be from 1 to 65536"),
        ("train --rnn-size 0", "--hidden-size 0 is out of range; it must be from 1 to 65536"),
        ("train --max-vocab 1", "--max-vocab 1 is out of range; it must be from 2 to 2147483648"),
        ("sample --temp 101", "--temp 101.0 is out of range; it must be from 0.0 to 100.0"),
        ("sample --temp 1:101", "--temp 101.0 is out of range; it must be from 0.0 to 100.0"),
        ("train --column a --bytes", "--column and --bytes were both given; choose one"),
    ],
)
def test_an_error_of_a_setting_names_the_flag(charrnn, arguments, line):
    refused = charrnn(*arguments.split())
    assert (refused.code, refused.err) == (2, f"charrnn: {line}\n")
