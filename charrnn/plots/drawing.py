"""Pictures made of boxes, lines and words, as .svg, .html, .png or .pdf files.

A drawing is data: its parts in the order in which they are painted, in pixels from the top left.
Colours have names, because an .svg or .html follows the reader's choice of light or dark; a .png or
.pdf is light. Only .png and .pdf need matplotlib.
"""

import base64
import html
import io
import struct
import zlib
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from charrnn._exported import MARK, require_replaceable, write_exported
from charrnn._text import visible
from charrnn.errors import UsageError
from charrnn.plots import matplotlib_files

COLOURS = {  # on light and on dark
    "ground": ("#ffffff", "#16191d"),
    "ink": ("#1f2328", "#e8ebee"),
    "quiet": ("#68707a", "#9aa3ad"),
    "faint": ("#d9dde1", "#3a4048"),
    "warm": ("#D55E00", "#F07F2D"),
    "cool": ("#0072B2", "#56B4E9"),
    "none": ("none", "none"),
}
_FONT = "'Noto Sans', 'DejaVu Sans', system-ui, sans-serif"
_DARK = "prefers-color-scheme: dark"
_ANCHORS = {"start": "left", "middle": "center", "end": "right"}
_MOST_PIXELS = 6000  # of a .png in either direction


@dataclass(frozen=True)
class Box:
    """A rectangle, filled, framed by an `edge`, or both."""

    x: float
    y: float
    width: float
    height: float
    colour: str = "none"
    opacity: float = 1.0
    edge: str = ""
    radius: float = 0.0
    tip: str = ""  # shown under the pointer


@dataclass(frozen=True)
class Line:
    """A straight line through its points."""

    points: Sequence[tuple[float, float]]
    colour: str = "quiet"
    width: float = 1.0
    opacity: float = 1.0
    tip: str = ""


@dataclass(frozen=True)
class Shape:
    """A filled polygon."""

    points: Sequence[tuple[float, float]]
    colour: str = "quiet"


@dataclass(frozen=True)
class Words:
    """A line of text; x and y are the anchor on its baseline."""

    x: float
    y: float
    text: str
    size: float = 13.0
    anchor: str = "middle"  # start, middle or end
    colour: str = "ink"
    is_bold: bool = False
    is_upright: bool = False  # read from below


@dataclass(frozen=True)
class Raster:
    """A picture of pixels, stretched to a rectangle."""

    x: float
    y: float
    width: float
    height: float
    pixels_YXC: npt.NDArray[np.uint8]  # red, green, blue
    tip: str = ""  # shown under the pointer


Part = Box | Line | Raster | Shape | Words


@dataclass(frozen=True)
class Drawing:
    """A picture of `width` × `height` pixels."""

    title: str  # for the window and for those who cannot see it
    width: float
    height: float
    parts: Sequence[Part]

    def svg(self) -> str:
        """Return the picture as an <svg> element, which needs no other files."""
        return "".join(_svg(self))

    def html(self) -> str:
        """Return a page with the picture, which needs no other files."""
        light, dark = COLOURS["ground"]
        return (
            f"<!DOCTYPE html>\n<!-- {MARK} -->\n<html><head><meta charset='utf-8'>"
            f"<title>{_escaped(self.title)}</title><style>"
            f":root{{color-scheme:light dark}}body{{margin:0;background:{light}}}"
            f"@media ({_DARK}){{body{{background:{dark}}}}}</style></head><body>\n"
            f"{self.svg()}</body></html>\n"
        )

    def png(self) -> bytes:
        """Return the picture as a PNG file. Raises `UsageError` if matplotlib is missing."""
        return _rendered(self, "png")

    def save(self, path: str | Path) -> None:
        """Write the picture as .svg, .html, .png or .pdf, by the ending of the path.

        Raises `UsageError` for another ending, if matplotlib is missing, and for a file that
        charrnn did not write; `StorageError` if the file cannot be written.
        """
        path = Path(path)
        require_exportable(path)
        write_exported(path, _WRITERS[path.suffix.lower()](self))

    def _repr_svg_(self) -> str:
        return self.svg()


class Picture(Protocol):
    """Data that can be drawn: a notebook shows the drawing."""

    def drawing(self) -> Drawing:
        """Return the drawing, to be written as a file."""

    def save(self, path: str | Path) -> None:
        """Write a picture: .svg, .html, .png or .pdf. Raises `UsageError`, `StorageError`."""
        self.drawing().save(path)

    def _repr_svg_(self) -> str:
        return self.drawing().svg()


def pixels(texts: Sequence[str], size: float = 13.0, *, is_bold: bool = False) -> float:
    """Return about how wide the longest of some lines of words is."""
    from rich.cells import cell_len

    letter = size * (0.68 if is_bold else 0.62)  # wider than most: fonts differ
    return max((cell_len(visible(text)) for text in texts), default=0) * letter


def fitted(text: str, width: float, size: float = 13.0, *, is_bold: bool = False) -> str:
    """Return a text, or as much of it as fits, with … for the rest."""
    if pixels([text], size, is_bold=is_bold) <= width:
        return text

    def width_of_first(num: int) -> float:
        return pixels([text[:num] + "…"], size, is_bold=is_bold)

    num_too_many = bisect_right(range(len(text)), width, key=width_of_first)
    return text[: max(0, num_too_many - 1)] + "…"


def arrow(
    begin: tuple[float, float], end: tuple[float, float], *, colour: str = "quiet", width: float = 1
) -> list[Part]:
    """Return a horizontal or vertical line with a head at its end."""
    (x, y), (x_end, y_end) = begin, end
    length = max(abs(x_end - x), abs(y_end - y), 1e-9)
    dx, dy = (x_end - x) / length, (y_end - y) / length
    size = 4 + width
    neck = x_end - dx * size, y_end - dy * size
    half = size / 2
    head = [
        (neck[0] - dy * half, neck[1] + dx * half),
        end,
        (neck[0] + dy * half, neck[1] - dx * half),
    ]
    return [Line([begin, neck], colour, width), Shape(head, colour)]


def require_exportable(path: Path) -> None:
    """Raise `UsageError` unless `Drawing.save` can write that kind of file, and replace the one
    that is there; `StorageError` where there can be none.
    """
    if path.suffix.lower() not in _WRITERS:
        raise UsageError(
            f"{path} cannot hold a picture", f"its name must end in {', '.join(_WRITERS)}"
        )
    if path.suffix.lower() in (".png", ".pdf"):
        matplotlib_files.require()
    require_replaceable(path)


def _escaped(text: str) -> str:
    return html.escape(visible(text))


def _svg(drawing: Drawing) -> Iterator[str]:
    size = f"{drawing.width:g} {drawing.height:g}"
    yield f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size}" role="img"'
    yield f' width="{drawing.width:g}" height="{drawing.height:g}" font-family="{_FONT}">\n'
    yield f"<!-- {MARK} -->\n<title>{_escaped(drawing.title)}</title>\n<style>{_rules(0)}"
    yield f"@media ({_DARK}){{{_rules(1)}}}</style>\n"
    ground = Box(0, 0, drawing.width, drawing.height, "ground")
    for part in (ground, *drawing.parts):
        yield _svg_part(part)
    yield "</svg>\n"


def _rules(theme: int) -> str:
    """Return the classes of the colours, as fill (f-) and as stroke (s-)."""
    return "".join(
        f".f-{name}{{fill:{shades[theme]}}}.s-{name}{{stroke:{shades[theme]}}}"
        for name, shades in COLOURS.items()
    )


def _svg_part(part: Part) -> str:
    if isinstance(part, Words):
        return _svg_words(part)
    if isinstance(part, Shape):
        points = " ".join(f"{x:.1f},{y:.1f}" for x, y in part.points)
        return f'<polygon class="f-{part.colour}" points="{points}"/>\n'
    tip = f"<title>{_escaped(part.tip)}</title>" if part.tip else ""
    if isinstance(part, Raster):
        data = base64.b64encode(png_of(part.pixels_YXC)).decode()
        return (
            f'<image x="{part.x:.1f}" y="{part.y:.1f}" width="{part.width:.1f}"'
            f' height="{part.height:.1f}" preserveAspectRatio="none"'
            f' href="data:image/png;base64,{data}">{tip}</image>\n'
        )
    if isinstance(part, Line):
        points = " ".join(f"{x:.1f},{y:.1f}" for x, y in part.points)
        return (
            f'<polyline class="s-{part.colour}" fill="none" points="{points}"'
            f' stroke-width="{part.width:.2f}"{_opacity(part.opacity)}>{tip}</polyline>\n'
        )
    edge = f" s-{part.edge}" if part.edge else ""
    radius = f' rx="{part.radius:g}"' if part.radius else ""
    return (
        f'<rect class="f-{part.colour}{edge}" x="{part.x:.1f}" y="{part.y:.1f}"'
        f' width="{part.width:.1f}" height="{part.height:.1f}"{radius}'
        f"{_opacity(part.opacity)}>{tip}</rect>\n"
    )


def png_of(pixels_YXC: npt.NDArray[np.uint8]) -> bytes:
    """Return pixels as a PNG file (ISO/IEC 15948): 8 bits of red, green and blue, unfiltered."""
    num_rows, num_columns, _ = pixels_YXC.shape
    rows = np.concatenate((np.zeros((num_rows, 1), np.uint8), pixels_YXC.reshape(num_rows, -1)), 1)
    header = struct.pack(">IIBBBBB", num_columns, num_rows, 8, 2, 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(rows.tobytes(), 9)), (b"IEND", b""))
    chunks = (
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in parts
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def _opacity(opacity: float) -> str:
    return "" if opacity == 1 else f' opacity="{opacity:.3f}"'


def _svg_words(words: Words) -> str:
    turned = f' transform="rotate(-90 {words.x:.1f} {words.y:.1f})"' if words.is_upright else ""
    weight = ' font-weight="bold"' if words.is_bold else ""
    anchor = "" if words.anchor == "start" else f' text-anchor="{words.anchor}"'
    return (
        f'<text class="f-{words.colour}" x="{words.x:.1f}" y="{words.y:.1f}"'
        f' font-size="{words.size:g}"{anchor}{weight}{turned}>{_escaped(words.text)}</text>\n'
    )


def _rendered(drawing: Drawing, kind: str) -> bytes:
    """Return the file of a picture by matplotlib, without a date."""
    mpl, Figure = matplotlib_files.load()
    texts = [part.text for part in drawing.parts if isinstance(part, Words)]
    families, unknown = matplotlib_files.fonts_for("".join(map(visible, texts)))
    dpi = min(200.0, 100 * _MOST_PIXELS / max(drawing.width, drawing.height))
    image = io.BytesIO()
    with mpl.rc_context({"text.parse_math": False, "font.family": families}):
        figure = Figure(figsize=(drawing.width / 100, drawing.height / 100), dpi=dpi)
        axes = figure.add_axes((0, 0, 1, 1), xlim=(0, drawing.width), ylim=(drawing.height, 0))
        axes.set_axis_off()
        for order, part in enumerate(drawing.parts):
            _paint(part, axes, order, unknown)
        pdf = {"CreationDate": None, "Creator": MARK}
        figure.savefig(image, format=kind, metadata=pdf if kind == "pdf" else {"Software": MARK})
    return image.getvalue()


def _paint(part: Part, axes: Any, order: int, unknown: frozenset[str]) -> None:
    """Draw one part on matplotlib's axes, above those of a lower order."""
    from matplotlib.patches import FancyBboxPatch, Polygon

    points_per_pixel = 0.72
    if isinstance(part, Raster):
        extent = part.x, part.x + part.width, part.y + part.height, part.y
        axes.imshow(part.pixels_YXC, extent=extent, aspect="auto", zorder=order)
        return
    colour = COLOURS[part.colour][0]
    if isinstance(part, Words):
        text, size = _with_glyphs(visible(part.text), part.size, unknown)
        axes.text(
            part.x, part.y, text, fontsize=size * points_per_pixel, color=colour, zorder=order,
            ha=_ANCHORS[part.anchor], va="baseline", rotation=90 if part.is_upright else 0,
            rotation_mode="anchor", weight="bold" if part.is_bold else "normal", linespacing=1.0,
        )  # fmt: skip
    elif isinstance(part, Shape):
        axes.add_patch(Polygon(part.points, color=colour, lw=0, zorder=order))
    elif isinstance(part, Line):
        x, y = zip(*part.points, strict=True)
        width = part.width * points_per_pixel
        axes.plot(
            x, y, color=colour, lw=width, alpha=part.opacity, zorder=order,
            solid_capstyle="butt", scalex=False, scaley=False,
        )  # fmt: skip
    else:
        style = f"round,pad=0,rounding_size={part.radius}" if part.radius else "square,pad=0"
        edge = COLOURS[part.edge][0] if part.edge else "none"
        box = FancyBboxPatch(
            (part.x, part.y), part.width, part.height, boxstyle=style, facecolor=colour,
            edgecolor=edge, alpha=part.opacity, lw=points_per_pixel, zorder=order,
        )  # fmt: skip
        axes.add_patch(box)


def _with_glyphs(text: str, size: float, unknown: frozenset[str]) -> tuple[str, float]:
    """Return a text that the fonts can show, and its size: the code of a symbol that none has, in
    small digits on two lines.
    """
    if len(text) == 1 and text in unknown:
        digits = f"{ord(text):04X}"
        half = (len(digits) + 1) // 2
        return f"{digits[:half]}\n{digits[half:]}", size / 2
    return matplotlib_files.with_glyphs(text, unknown), size


_WRITERS: dict[str, Callable[[Drawing], bytes]] = {
    ".svg": lambda drawing: drawing.svg().encode(),
    ".html": lambda drawing: drawing.html().encode(),
    ".png": Drawing.png,
    ".pdf": lambda drawing: _rendered(drawing, "pdf"),
}
