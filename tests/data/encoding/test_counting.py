import hashlib

import pytest

from charrnn._text import ignore_bytes
from charrnn.config import DataConfig
from charrnn.data.encoding import shards
from charrnn.data.encoding.counting import count_shard, text_of, without_skipped
from charrnn.data.encoding.shards import divide
from charrnn.errors import CorpusError
from charrnn.sources.paths import Source


def sources(folder, *texts, **settings):
    made = []
    for k, data in enumerate(texts):
        (folder / str(k)).write_bytes(data)
        made.append((Source(folder / str(k), str(k), **settings), len(data)))
    return made


def test_each_file_of_a_shard_begins_a_line(tmp_path):
    (shard,) = divide(sources(tmp_path, b"one", b"", b"two\n", b"three"), DataConfig())
    counts = count_shard(shard, ignore_bytes)
    assert b"".join(text_of(shard, counts)) == b"one\ntwo\nthree"
    assert counts.sha256 == hashlib.sha256(b"one\ntwo\nthree").hexdigest()
    assert counts.counts[ord("\n")] == 2 and counts.num_chars == 13
    assert counts.begins == [0, 4, 4, 8]
    assert counts.lacks_newline


@pytest.mark.parametrize("num_good", [0, 1])
def test_a_large_file_is_left_out_whole_if_its_end_is_not_text(tmp_path, monkeypatch, num_good):
    monkeypatch.setattr(shards, "SHARD_BYTES", 10)
    texts = [b"good text\n" * num_good, b"seems good\n" * 5 + b"\xff", b"more\n"]
    made = divide(sources(tmp_path, *texts, skip_unreadable=True), DataConfig())
    all_counts = [count_shard(shard, ignore_bytes) for shard in made]
    kept = list(without_skipped(made, all_counts))
    assert len(kept) == len(made)
    text = b"".join(data for shard, counts in kept for data in text_of(shard, counts))
    assert text == texts[0] + texts[2]
    assert [label for _, counts in kept for label in counts.changes.skipped] == ["1"]


def test_a_file_that_is_named_must_be_text(tmp_path):
    (shard,) = divide(sources(tmp_path, b"good\n", b"not \xff"), DataConfig())
    with pytest.raises(CorpusError, match="1 is not utf-8"):
        count_shard(shard, ignore_bytes)


def test_one_file_of_several_may_be_in_an_encoding_of_its_own(tmp_path):
    spanish = "El niño pequeño corrió hasta la montaña. ¿Quién sabrá qué pasó allí después?\n" * 9
    texts = (spanish.encode(), spanish.encode("latin-1"))
    (shard,) = divide(sources(tmp_path, *texts, is_one_of_many=True), DataConfig())
    counts = count_shard(shard, ignore_bytes)
    assert counts.changes.encodings == {"1": "cp1252"}
    settled = shard.without([], counts.changes.encodings)
    assert b"".join(text_of(settled, counts)).decode() == spanish * 2
