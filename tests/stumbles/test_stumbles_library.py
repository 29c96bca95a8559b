"""The library in a notebook."""

import re
from pathlib import Path
from unittest import mock

import numpy as np
import pytest
from conftest import ROOT
from stumbles import stumble
from test_predict import by_id, model_of

from charrnn import load
from charrnn.errors import SettingError
from charrnn.models.step_numpy import NumpyStepper


@stumble(24)
@pytest.mark.parametrize("records", ["none", "lines"])
def test_a_cursor_predicts_the_same_as_the_whole_text(records):
    model, text = model_of(records=records), "abc dab\nd☃a"
    cursor = model.cursor()
    for t in range(len(text) + 1):
        found = by_id(model, cursor.predict())
        np.testing.assert_allclose(found, by_id(model, model.predict(text[:t])), atol=1e-6)
        cursor.read(text[t : t + 1])
    by_three = model.cursor().read(text[:3]).read(text[3:])
    np.testing.assert_allclose(
        by_id(model, by_three.predict()), by_id(model, model.predict(text)), atol=1e-6
    )


@stumble(24)
def test_a_text_typed_letter_by_letter_is_read_once():
    model, text = model_of(), "abcd " * 40
    cursor = model.cursor()
    read = NumpyStepper.read
    with mock.patch.object(NumpyStepper, "read", autospec=True, side_effect=read) as read:
        for letter in text:
            cursor.read(letter).predict()
    assert sum(len(call.args[1]) for call in read.call_args_list) == len(text)


@stumble(24)
def test_the_temperature_of_a_cursor_is_that_of_predict():
    model = model_of()
    cold = model.cursor().read("ab").predict(temperature=0.5)
    np.testing.assert_allclose(
        by_id(model, cold), by_id(model, model.predict("ab", temperature=0.5)), atol=1e-6
    )


@stumble(45)
@pytest.mark.usefixtures("trained")
def test_a_notebook_shows_a_model_in_one_short_line():
    model = load("a")
    assert repr(model) == f"Model('a', lstm 1×12, {len(model.vocab)} characters)"
    assert repr(load()) == repr(model)
    assert "checkpoints/a'" in repr(load("checkpoints/a"))
    found = ROOT.find("a").newest_header()
    assert repr(found) == "CheckpointHeader(lstm 1×12, step 20 of 20)"
    assert repr(model.weights) == "Weights(1×12, 24 characters)"
    assert repr(model.vocab) == "Vocab(24 characters)"


@stumble(46)
def test_generate_takes_the_names_of_the_flags():
    model = model_of()
    hot = model.generate("ab", length=60, temp=1.5, seed=1)
    assert hot == model.generate("ab", length=60, temperature=1.5, seed=1)
    assert hot != model.generate("ab", length=60, temp=0.3, seed=1)
    assert "c" not in model.generate(length=60, stop="c", seed=1)


@stumble(46)
def test_generate_without_a_seed_is_another_text_each_time():
    """24 characters from 6 at temperature 5 are equal by chance once in about 10^15 times."""
    model = model_of()
    for given in ({}, {"seed": None}):
        assert len({model.generate(length=24, temp=5.0, **given) for _ in range(3)}) == 3
    assert model.generate(seed=0) == model.generate(seed=0)


@stumble(46)
def test_an_unknown_setting_is_named_with_the_known_ones():
    with pytest.raises(SettingError, match="there is no setting 'tempo'; did you mean temp?"):
        model_of().generate(tempo=0.8)
    with pytest.raises(SettingError, match="no setting 'colour'; there are .*length.* temp,"):
        model_of().generate(colour="red")
    with pytest.raises(SettingError, match="temp and temperature are the same setting"):
        model_of().generate(temp=0.8, temperature=0.7)


@stumble(47)
def test_no_page_names_a_unit_of_another_run_in_its_text():
    """Units differ from run to run, so a page may show one only in printed output."""
    docs = Path(__file__).parents[2] / "docs"
    for page in (*docs.glob("*.md"), *docs.glob("uses/*.md"), docs.parent / "README.md"):
        output = re.sub(r"^```text.*?^```", "", page.read_text("utf-8"), flags=re.M | re.S)
        assert not re.search(r"--unit [hc]?\d", output), page
