"""Captions to compare with: read with their pictures, line by line."""

from pathlib import Path

import numpy as np
import pytest
from drawn import save_captions, save_pictures
from told import Told

from charrnn.config import CaptionsConfig
from charrnn.data.pairs.pictures.given_captions import given_captions
from charrnn.errors import CorpusError
from charrnn.sources.pictures import read_picture

CONFIG = CaptionsConfig(images="pictures", image_size=8)


@pytest.fixture(autouse=True)
def pairs():
    made = save_pictures(5)
    save_captions(made)
    return made


def test_each_caption_has_its_picture_as_often_as_one_likes(pairs):
    with given_captions(["captions.tsv"], CONFIG, reporter=Told()) as given:
        for _ in range(2):
            for row, pixels, (name, caption) in zip(given.rows, given.pictures, pairs, strict=True):
                assert (row.source, row.target) == (name, caption)
                expected = read_picture(Path("pictures", name), 8)
                np.testing.assert_array_equal(pixels, expected)
    assert sorted(path.name for path in Path().iterdir()) == ["captions.tsv", "pictures"]


def test_parallel_files_are_read(pairs):
    Path("paths").write_text("".join(f"{name}\n" for name, _ in pairs))
    Path("texts").write_text("".join(f"{caption}\n" for _, caption in pairs))
    with given_captions(["paths"], CONFIG, target_names=["texts"], reporter=Told()) as given:
        assert [(row.source, row.target) for row in given.rows] == pairs
        assert len(list(given.pictures)) == 5


def test_a_bad_line_is_an_error_or_skipped(pairs):
    save_captions([*pairs[:2], ("missing.png", "x"), *pairs[2:]])
    with pytest.raises(CorpusError, match=r"captions.tsv, line 3: there is no such picture"):
        with given_captions(["captions.tsv"], CONFIG, reporter=Told()):
            pass
    told, config = Told(), CaptionsConfig(images="pictures", image_size=8, errors="skip")
    with given_captions(["captions.tsv"], config, reporter=told) as given:
        assert [row.line for row in given.rows] == [1, 2, 4, 5, 6]
        assert len(list(given.pictures)) == 5
    assert told.warned == ["skipped 1 line (there is no such picture): captions.tsv line 3"]


def test_of_no_caption_there_is_none():
    Path("captions.tsv").write_text("")
    with given_captions(["captions.tsv"], CONFIG, reporter=Told()) as given:
        assert (list(given.rows), list(given.pictures)) == ([], [])
