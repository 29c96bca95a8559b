"""Pictures of every kind become squares of red, green and blue, or one line that says why not."""

import contextlib
import os
import socket
import struct
import sys
import warnings
import zlib
from pathlib import Path

import numpy as np
import pytest
from matrix import row
from PIL import Image

from charrnn.errors import CorpusError, UsageError
from charrnn.sources.pictures import PictureError, PictureFolder, read_picture, require_pillow

RED, BLUE, WHITE, GREY = (255, 0, 0), (0, 0, 255), (255, 255, 255), (128, 128, 128)


def halves(size=(8, 8), left=RED, right=BLUE, mode="RGB"):
    """A picture whose left half is red and whose right half is blue."""
    picture = Image.new("RGB", size, left)
    picture.paste(right, (size[0] // 2, 0, *size))
    return picture.convert(mode)


def read(picture, name="a.png", side=8, **settings):
    picture.save(name, **settings)
    return read_picture(Path(name), side)


def colour_at(pixels, row, column):
    return tuple(pixels[row, column].tolist())


def nearly(pixels, row, column, colour, tolerance=6):
    return np.abs(pixels[row, column].astype(int) - colour).max() <= tolerance


@pytest.mark.parametrize("side", [1, 8, 33])
def test_a_picture_is_a_square_of_bytes(side):
    pixels = read(halves((20, 30)), side=side)
    assert (pixels.shape, pixels.dtype) == ((side, side, 3), np.uint8)


@row(43)
@pytest.mark.parametrize(
    ("mode", "name"),
    [
        ("RGB", "a.png"), ("P", "a.png"), ("P", "a.gif"), ("RGBA", "a.png"), ("RGB", "a.bmp"),
        ("RGB", "a.tif"), ("RGB", "a.ppm"), ("CMYK", "a.tif"), ("RGB", "a.webp"),
    ],
)  # fmt: skip
def test_every_mode_has_its_colours(mode, name):
    settings = {"lossless": True} if name == "a.webp" else {}
    pixels = read(halves(mode=mode), name, **settings)
    assert nearly(pixels, 4, 1, RED) and nearly(pixels, 4, 6, BLUE)


@pytest.mark.parametrize("mode", ["RGB", "CMYK"])
def test_a_jpeg_has_its_colours_however_large(mode):
    for size in ((16, 16), (640, 640)):
        pixels = read(halves(size, mode=mode), "a.jpg", quality=95)
        assert nearly(pixels, 4, 1, RED, 12) and nearly(pixels, 4, 6, BLUE, 12)


def test_what_is_not_a_square_is_letterboxed():
    pixels = read(halves((16, 8)))
    assert colour_at(pixels, 0, 1) == GREY == colour_at(pixels, 7, 6)
    assert nearly(pixels, 4, 1, RED) and nearly(pixels, 4, 6, BLUE)
    pixels = read(halves((8, 16)))
    assert colour_at(pixels, 1, 0) == GREY == colour_at(pixels, 6, 7)


@row(43)
@pytest.mark.parametrize("size", [(1, 1), (1, 5000), (5000, 1)])
def test_a_picture_of_a_single_row_or_pixel_is_read(size):
    pixels = read(Image.new("RGB", size, RED), side=9)
    assert colour_at(pixels, 4, 4) == RED


def test_what_is_transparent_is_on_white():
    clear = Image.new("RGBA", (8, 8), (0, 0, 0, 0))
    assert (read(clear) == 255).all()
    half = Image.new("RGBA", (8, 8), (*RED, 128))
    assert nearly(read(half), 4, 4, (255, 127, 127), 2)
    palette = halves(mode="P")
    index = palette.getpixel((0, 0))
    pixels = read(palette, transparency=index)
    assert colour_at(pixels, 4, 1) == WHITE and nearly(pixels, 4, 6, BLUE)
    grey = Image.new("LA", (8, 8), (0, 0))
    assert (read(grey) == 255).all()


@row(43)
def test_of_an_animation_the_first_picture_is_read():
    first, second = Image.new("RGB", (8, 8), RED), Image.new("RGB", (8, 8), BLUE)
    for name in ("a.gif", "a.webp", "a.png", "a.tif"):
        pixels = read(first, name, save_all=True, append_images=[second])
        assert nearly(pixels, 4, 4, RED, 12), name


def test_sixteen_bits_become_the_upper_eight():
    rows = np.full((8, 8), 0x8012, np.uint16)
    assert (read(Image.fromarray(rows)) == 0x80).all()
    assert (read(Image.fromarray(rows.astype(np.int32)), "a.tif") == 0x80).all()


@row(43)
def test_a_photograph_is_turned_as_its_camera_was_held():
    picture = halves()
    exif = picture.getexif()
    exif[0x0112] = 6  # turned: what is left is above
    pixels = read(picture, exif=exif)
    assert nearly(pixels, 1, 4, RED) and nearly(pixels, 6, 4, BLUE)


def test_broken_exif_and_warnings_do_not_matter(recwarn):
    pixels = read(halves(), exif=b"Exif\0\0MM\0\x2a\xff\xff\xff\xff nonsense")
    assert nearly(pixels, 4, 1, RED)
    assert not recwarn.list


def bomb(side=30_000):
    """A PNG of a few hundred bytes that would be a picture of gigabytes."""
    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(b"\0" * 100)), (b"IEND", b"")]
    packed = b"\x89PNG\r\n\x1a\n"
    for kind, data in chunks:
        check = struct.pack(">I", zlib.crc32(kind + data))
        packed += struct.pack(">I", len(data)) + kind + data + check
    return packed


def truncated(name):
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3)).astype(np.uint8)
    Image.fromarray(noise).save(name)
    return Path(name).read_bytes()[:3000]


@row(43)
@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (bomb(), "a picture of more than 89,478,485 pixels; make it smaller"),
        (bomb(10_000), "a picture of more than 89,478,485 pixels; make it smaller"),
        (b"", "not a picture in the format PNG, JPEG, GIF, WEBP, BMP, TIFF or PPM; convert it"),
        (b"hello", "not a picture in the format PNG"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\n", "not a picture in"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "not a picture in the format"),
        (b"P6 9 9 255\n123", "a damaged picture"),
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 40, "not a picture in the format|a damaged picture"),
    ],
)  # fmt: skip
def test_what_is_no_picture_is_named(data, expected):
    Path("a.png").write_bytes(data)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(PictureError, match=expected):
            read_picture(Path("a.png"), 8)


@row(43)
@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.gif", "a.bmp", "a.tif", "a.webp"])
def test_a_truncated_picture_is_damaged(name):
    Path(name).write_bytes(truncated(name))
    with pytest.raises(PictureError, match="a damaged picture|not a picture"):
        read_picture(Path(name), 8)


def test_floating_point_numbers_are_refused():
    Image.fromarray(np.zeros((4, 4), np.float32)).save("a.tif")
    with pytest.raises(PictureError, match="a picture of floating-point numbers; convert it to 8"):
        read_picture(Path("a.tif"), 8)


@row(43)
def test_every_cut_and_many_flipped_bytes_are_a_picture_or_one_line():
    random = np.random.default_rng(0)
    for name in ("a.png", "a.jpg", "a.gif", "a.tif"):
        halves((16, 16), mode="P" if name == "a.gif" else "RGB").save(name)
        whole = Path(name).read_bytes()
        for cut in range(0, len(whole), 7):
            damaged = bytearray(whole[:cut] if cut % 2 else whole)
            for place in random.integers(0, max(1, len(damaged)), 3 * (1 - cut % 2)):
                damaged[place] = random.integers(256)
            Path("b").write_bytes(damaged)
            with contextlib.suppress(PictureError):
                assert read_picture(Path("b"), 4).shape == (4, 4, 3)


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX has pipes, sockets and links")
def test_what_is_not_a_file_is_not_waited_for():
    os.mkfifo("pipe")
    Path("folder").mkdir()
    Path("loop").symlink_to("loop")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("socket")
        for name in ("pipe", "folder", "socket", "/dev/zero"):
            with pytest.raises(PictureError, match="not a file"):
                read_picture(Path(name), 8)
    with pytest.raises(PictureError, match="cannot be opened: too many levels of symbolic links"):
        read_picture(Path("loop"), 8)
    with pytest.raises(PictureError, match="cannot be opened: file name too long"):
        read_picture(Path("a" * 5000), 8)


@pytest.mark.parametrize("name", ["missing.png", "a\0b"])
def test_a_missing_picture_is_named(name):
    with pytest.raises(PictureError, match="there is no such picture"):
        read_picture(Path(name), 8)


@pytest.mark.parametrize(
    "name", ["../a.png", "a/../../b.png", "/etc/passwd", "..", ".", "", "a/.."]
)
def test_a_path_may_not_leave_the_folder(name):
    with pytest.raises(PictureError, match="a path that is not inside the folder of pictures"):
        PictureFolder(Path("pictures")).locate(name)


def test_a_path_within_the_folder_is_found():
    folder = PictureFolder(Path("pictures"))
    assert folder.locate("a/../b.png") == Path("pictures/b.png")
    assert folder.locate("./a/b.png") == Path("pictures/a/b.png")
    assert folder.locate("..a/...png") == Path("pictures/..a/...png")


def test_a_folder_that_is_not_there_is_named():
    with pytest.raises(CorpusError, match="there is no folder of pictures 'pictures'; name it"):
        PictureFolder(Path("pictures")).require()


def test_without_pillow_one_line_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "PIL", None)
    with pytest.raises(UsageError, match=r"pictures need Pillow; install it: pip install 'charrnn"):
        require_pillow()
