"""The picture of an unrolled encoder–decoder: everything that is read, written and handed over."""

import xml.etree.ElementTree as ET

import numpy as np
import pytest

from charrnn.plots.drawing import Box, Line, Words
from charrnn.plots.unrolled import Unrolled

SVG = "{http://www.w3.org/2000/svg}"


def unrolled(source="ab", target="xyz", *, attention=True, layers=2, ways=None, **fields):
    ways = ways or (("forwards", "backwards") if attention else ("backwards",))
    S, T = len(source), len(target) + 1
    alignment_TS = np.full((T, S), 0.01)
    alignment_TS[:, 0] = 0.99
    values = {
        "source": list(source),
        "target": list(target),
        "probabilities_T": np.linspace(0.5, 1, T),
        "encoder_SU": [{way: np.full((S, 4), 0.5) for way in ways}] * layers,
        "decoder_TU": [np.full((T, 4), -0.25)] * layers,
        "alignment_TS": alignment_TS if attention else None,
        "network": "lstm 2+2×4",
        "title": "ab → xyz",
    }
    return Unrolled(**values | fields)


def words(picture):
    return [part.text for part in picture.drawing().parts if isinstance(part, Words)]


@pytest.mark.parametrize("attention", [True, False])
def test_every_symbol_has_its_place_and_its_probability(attention):
    shown = words(unrolled(attention=attention))
    columns = ["start", "x", "50 %", "x", "y", "67 %", "y", "z", "83 %", "z", "end", "100 %"]
    assert [word for word in shown if word in columns] == columns
    assert shown.count("a") == shown.count("b") == 1
    assert {"translation", "head", "decoder 1", "decoder 2", "encoder 2", "source"} <= set(shown)
    assert ("memory" in shown) == ("attention" in shown) == attention


def test_a_line_is_as_thick_as_its_share_and_tells_it():
    lines = [part for part in unrolled().drawing().parts if isinstance(part, Line) and part.tip]
    assert [line.tip for line in lines] == [f"{t} from a: 99 %" for t in ("x", "y", "z", "end")]
    assert [line.width for line in lines] == pytest.approx([8 * 0.99] * 4)


@pytest.mark.parametrize("layers", [1, 2, 4])
@pytest.mark.parametrize("attention", [True, False])
def test_each_cell_shows_its_units(layers, attention):
    boxes = [
        p
        for p in unrolled(attention=attention, layers=layers).drawing().parts
        if isinstance(p, Box)
    ]
    warm = [box for box in boxes if (box.colour, box.opacity) == ("warm", 0.5)]
    cool = [box for box in boxes if (box.colour, box.opacity) == ("cool", 0.25)]
    assert len(warm) == 2 * 4 * layers * (1 + attention)
    assert len(cool) == 4 * 4 * layers


def test_nothing_lies_outside_the_picture():
    picture = unrolled("a" * 50, "internationalisation" * 3, title="long " * 99).drawing()
    for part in picture.parts:
        if isinstance(part, Box):
            assert 0 <= part.x <= part.x + part.width <= picture.width
            assert 0 <= part.y <= part.y + part.height <= picture.height
        elif isinstance(part, Words):
            assert 0 < part.x < picture.width
            assert 0 < part.y < picture.height


def test_what_is_too_long_is_cut_and_said():
    long = unrolled("a" * 1000, "b" * 45)
    said = "drawn: the first 40 of 1,000 symbols of the source and the first 40 of 46 symbols of"
    assert long.left_out.startswith(said)
    shown = words(long)
    assert (shown.count("a"), shown.count("end")) == (40, 0)
    assert long.left_out in shown


def test_without_an_end_none_is_drawn():
    cut = unrolled(probabilities_T=[1, 1, 1], decoder_TU=[np.ones((3, 4))])
    assert "end" not in words(cut)


def test_long_and_hostile_symbols_are_safe_and_fit():
    picture = unrolled(["</svg>\x1b", "a" * 99], ["\u202e", " "], title="<\x1b")
    root = ET.fromstring(picture._repr_svg_())
    shown = [node.text for node in root.iter(f"{SVG}text")]
    assert shown[0] == "<␛"
    assert "</svg>␛" in shown
    assert "aaaaaaaa…" in shown
    assert "␣" in shown


def test_it_is_saved_by_its_ending(tmp_path):
    unrolled().save(tmp_path / "a.html")
    assert (tmp_path / "a.html").read_text().startswith("<!DOCTYPE html>")
