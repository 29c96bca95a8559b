"""Pictures are read once, and put aside as pixels; what is no picture is a bad line."""

from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from drawn import save_pictures

from charrnn.config import CaptionsConfig
from charrnn.data.pairs.pictures import caption_spool
from charrnn.data.pairs.pictures.caption_spool import CaptionSpool, stats_of
from charrnn.data.pairs.reading.bad_lines import BadLines, NotPairsError
from charrnn.data.pairs.reading.table import PairRow
from charrnn.sources.pictures import PictureFolder, read_picture

FOLDER = PictureFolder(Path("pictures"))
CONFIG = CaptionsConfig(image_size=8, max_length=12)


def rows(pairs):
    return [PairRow("t", line, *pair) for line, pair in enumerate(pairs, 1)]


def filled(pairs, bad=None, count_bytes=lambda num: None):
    spool = CaptionSpool(CONFIG, Path(), FOLDER, count_bytes)
    spool.add(rows(pairs), bad or BadLines(are_skipped=True), for_validation=False)
    return spool


def test_pixels_are_those_of_the_pictures():
    pairs = save_pictures(3)
    with closing(filled(pairs)) as spool:
        pixels = [each.reshape(8, 8, 3) for each in spool.pixels]
        assert np.concatenate([*spool.picture_of]).tolist() == [0, 1, 2]
    for (name, _), each in zip(pairs, pixels, strict=True):
        np.testing.assert_array_equal(each, read_picture(Path("pictures", name), 8))


def test_neighbours_share_a_picture_which_is_read_once(monkeypatch):
    (name, caption), other = save_pictures(2)
    Path("pictures/copy.png").write_bytes(Path("pictures", name).read_bytes())
    calls = []
    monkeypatch.setattr(
        caption_spool, "read_picture",
        lambda path, side: calls.append(path.name) or read_picture(path, side),
    )  # fmt: skip
    pairs = [(name, caption), (name, "again"), ("copy.png", "a copy"), other, (name, "later")]
    with closing(filled(pairs)) as spool:
        assert np.concatenate([*spool.picture_of]).tolist() == [0, 0, 0, 1, 2]
        assert len([*spool.pixels]) == 3
        hashes = np.concatenate([*spool.hashes]).tolist()
    assert calls == ["0.png", "copy.png", "1.png", "0.png"]
    assert len(set(hashes[:3])) == 1 and hashes[4] == hashes[0] != hashes[3]


def test_the_digest_notices_pixels_paths_and_captions():
    pairs, digests = save_pictures(2), set()
    for change in ("nothing", "pixels", "path", "caption"):
        if change == "pixels":
            save_pictures(1, first=9)
            Path("pictures/9.png").replace("pictures/0.png")
        elif change == "path":
            Path("pictures/1.png").rename("pictures/one.png")
            pairs[1] = ("one.png", pairs[1][1])
        elif change == "caption":
            pairs[1] = ("one.png", "another")
        with closing(filled(pairs)) as spool:
            digests.add(spool.sha256)
    assert len(digests) == 4


def test_what_is_no_picture_is_a_bad_line_and_read_once():
    pairs = save_pictures(2)
    Path("pictures/text.png").write_text("hello")
    bad = BadLines(are_skipped=True)
    given = [
        ("text.png", "one"), ("text.png", "two"), pairs[0], ("../a.png", "a"), ("missing.png", "a"),
        (pairs[1][0], "a caption that is too long"), pairs[1],
    ]  # fmt: skip
    with closing(filled(given, bad)) as spool:
        assert spool.num_pairs == 2
        assert np.concatenate([*spool.picture_of]).tolist() == [0, 1]
    assert [*bad.sentences()] == [
        "skipped 2 lines (not a picture in the format PNG, JPEG, GIF, WEBP, BMP, TIFF or PPM):"
        " t line 1, t line 2",
        "skipped 1 line (a path that is not inside the folder of pictures): t line 4",
        "skipped 1 line (there is no such picture): t line 5",
        "skipped 1 line (more than 12 symbols in a caption): t line 6",
    ]


def test_the_first_bad_line_names_its_picture():
    bad = BadLines(are_skipped=False)
    with closing(filled([("missing.png", "a")], bad)):
        pass
    with pytest.raises(NotPairsError) as refused:
        bad.require_none()
    assert str(refused.value) == (
        "t, line 1: there is no such picture (missing.png); put it there, or leave such lines out"
        " with errors skip"
    )


def test_the_bytes_of_pictures_are_counted():
    pairs, counted = save_pictures(3), []
    with closing(filled(pairs, count_bytes=counted.append)):
        pass
    stats = stats_of(rows(pairs), FOLDER)
    assert (
        sum(counted)
        == stats.num_bytes
        == sum(path.stat().st_size for path in Path("pictures").iterdir())
    )


def test_what_the_file_system_says_changes_with_a_picture():
    pairs = save_pictures(3)
    before = stats_of(rows(pairs), FOLDER)
    assert stats_of(rows(pairs), FOLDER) == before
    assert stats_of(rows(pairs[:2]), FOLDER) != before
    Path("pictures/1.png").write_bytes(b"?")
    changed = stats_of(rows(pairs), FOLDER)
    Path("pictures/1.png").unlink()
    missing = stats_of(rows(pairs), FOLDER)
    assert len({before, changed, missing}) == 3
