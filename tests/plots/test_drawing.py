"""Drawings as files: complete in themselves, the same each time, readable on light and on dark."""

import io
import re
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from charrnn.errors import StorageError, UsageError
from charrnn.plots.drawing import (
    COLOURS,
    Box,
    Drawing,
    Line,
    Raster,
    Words,
    arrow,
    fitted,
    pixels,
    png_of,
    require_exportable,
)

SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = "</svg>\x1b[2J<&\"'\u202e\uffff"
DRAWING = Drawing(
    HOSTILE,
    200,
    100,
    [
        Box(10, 10, 50, 20, "warm", opacity=0.25, tip=HOSTILE),
        Box(10, 40, 50, 20, edge="ink", radius=3),
        Line([(0, 0), (50, 50), (100, 20)], "cool", 2.5, tip="a"),
        *arrow((20, 80), (90, 80)),
        Words(100, 50, HOSTILE, is_bold=True),
        Words(150, 90, "가", anchor="end", is_upright=True),
        Raster(120, 10, 40, 20, np.arange(12, dtype=np.uint8).reshape(2, 2, 3), tip="b"),
    ],
)


def test_an_svg_is_whole_and_escaped():
    text = DRAWING.svg()
    root = ET.fromstring(text)
    assert [node.tag.removeprefix(SVG) for node in root][:2] == ["title", "style"]
    shown = "</svg>␛[2J<&\"'\N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER}"
    assert [node.text for node in root.iter(f"{SVG}text")] == [shown, "가"]
    assert [node.text for node in root.iter(f"{SVG}title")] == [shown, shown, "a", "b"]
    assert "http" not in text.replace("http://www.w3.org/2000/svg", "")


def test_every_colour_has_a_shade_for_light_and_one_for_dark():
    style = ET.fromstring(DRAWING.svg()).find(f"{SVG}style").text
    light, dark = style.split("@media (prefers-color-scheme: dark)")
    for name, shades in COLOURS.items():
        for rules, shade in zip((light, dark), shades, strict=True):
            assert f".f-{name}{{fill:{shade}}}.s-{name}{{stroke:{shade}}}" in rules
    used = set(re.findall(r"[fs]-(\w+)", DRAWING.svg().split("</style>")[1]))
    assert used <= set(COLOURS)


def test_pixels_are_a_png():
    pixels_YXC = np.random.default_rng(0).integers(0, 256, (5, 7, 3)).astype(np.uint8)
    with Image.open(io.BytesIO(png_of(pixels_YXC))) as image:
        assert image.format == "PNG"
        np.testing.assert_array_equal(np.asarray(image), pixels_YXC)


def test_pixels_are_painted_where_they_are():
    pytest.importorskip("matplotlib")
    red = np.full((2, 2, 3), (255, 0, 0), np.uint8)
    data = Drawing("", 100, 50, [Raster(50, 0, 50, 50, red)]).png()
    with Image.open(io.BytesIO(data)) as image:
        assert image.convert("RGB").getpixel((image.width * 3 // 4, image.height // 2)) == (
            255, 0, 0,
        )  # fmt: skip
        assert image.convert("RGB").getpixel((image.width // 4, image.height // 2)) == (255,) * 3


def test_an_arrow_ends_in_a_point_of_its_own_colour():
    shaft, head = arrow((0, 50), (0, 10), colour="warm")
    assert head.points[1] == (0, 10)
    assert shaft.points[-1][1] > 10
    assert shaft.colour == head.colour == "warm"


def test_each_kind_is_written_and_is_the_same_each_time(tmp_path):
    pytest.importorskip("matplotlib")
    for ending, magic in (
        (".svg", b"<svg"),
        (".html", b"<!DOCTYPE html>"),
        (".png", b"\x89PNG"),
        (".PDF", b"%PDF"),
    ):
        first, second = tmp_path / f"one{ending}", tmp_path / f"two{ending}"
        DRAWING.save(first)
        DRAWING.save(second)
        assert first.read_bytes().startswith(magic)
        assert first.read_bytes() == second.read_bytes()


def test_a_huge_picture_makes_no_huge_png():
    pytest.importorskip("matplotlib")
    image = Drawing("", 12_000, 500, [Words(50, 50, "a")]).png()
    assert int.from_bytes(image[16:20], "big") <= 6001


def test_another_ending_and_a_missing_folder_are_refused(tmp_path):
    with pytest.raises(UsageError, match=r"must end in .svg, .html, .png, .pdf"):
        DRAWING.save("a.gif")
    with pytest.raises(StorageError, match="cannot write"):
        DRAWING.save(Path("nowhere/a.svg"))


def test_without_matplotlib_a_picture_of_pixels_is_refused_before_it_is_made(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    require_exportable(Path("a.svg"))
    with pytest.raises(UsageError, match="need matplotlib"):
        require_exportable(Path("a.png"))


def test_words_are_measured_by_the_longest_line():
    assert pixels(["a", "abc"]) == pixels(["abc"]) > 0
    assert pixels(["中"]) == pixels(["ab"])
    assert pixels([]) == 0


@pytest.mark.parametrize("text", ["house", "家" * 9, "e\u0301" * 30, "\x1b[31mred" * 9, "…" * 99])
def test_a_name_is_cut_where_it_no_longer_fits(text):
    for width in (0, 5, 60, 100, 9999):
        shown = fitted(text, width)
        if shown == text:
            assert pixels([text]) <= width
            continue
        kept = shown.removesuffix("…") if text[0] != "…" else shown[:-1]
        assert text.startswith(kept) and (pixels([shown]) <= width or not kept)
        assert pixels([text[: len(kept) + 1] + "…"]) > width


def test_a_name_of_any_length_is_cut_at_once(monkeypatch):
    calls = []

    def counted(texts, *settings, **others):
        calls.append(texts)
        return pixels(texts, *settings, **others)

    monkeypatch.setattr("charrnn.plots.drawing.pixels", counted)
    assert len(fitted("x" * 100_000, 200)) < 100
    assert len(calls) < 30
