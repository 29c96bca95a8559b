"""Corpora in other encodings, damaged, compressed, piped, or not text at all."""

import bz2
import gzip
import io
import json
import lzma
import os
import sys
import threading
import zipfile

import pytest
from conftest import QUICK, run_of, small_text
from stumbles import stumble

from charrnn._text import Reporter
from charrnn.data.corpus import folders_of
from charrnn.data.reload import reload
from charrnn.runs import checkpoint

SPANISH = "El niño pequeño corrió hasta la montaña. ¿Quién sabrá qué pasó allí después?\n"
FEW = (*QUICK, "--run", "a")


def learned(tmp_path, name="a"):
    """Return the text that a run learns from, decoded from its encoded copy."""
    found = checkpoint.read(run_of(tmp_path, name).last)
    with folders_of(found.path) as folders:
        again = reload(found.corpus_reference, folders, keep_corpus=False, reporter=Reporter())
    return found.vocab.decode(again.ids)


def zipped(**entries):
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, data in entries.items():
            archive.writestr(name.replace("__", "/"), data)
    return made.getvalue()


@stumble(12)
@pytest.mark.parametrize("quiet", [(), ("--quiet",)])
@pytest.mark.parametrize("as_names", [False, True])
def test_a_folder_in_another_encoding_is_named_and_offered(charrnn, tmp_path, quiet, as_names):
    (tmp_path / "lat").mkdir()
    for k in range(5):
        (tmp_path / "lat" / f"{k}.txt").write_bytes((SPANISH * 9).encode("latin-1"))
    names = [f"lat/{k}.txt" for k in range(5)] if as_names else ["lat"]
    done = charrnn("train", *names, *FEW, *quiet)
    assert done.code == 3
    assert done.err == (
        "charrnn: no file is utf-8: lat/0.txt, lat/1.txt, lat/2.txt, … may be cp1252; try"
        " --encoding cp1252, or --bytes\n"
    )
    assert charrnn("train", *names, *FEW, "--encoding", "cp1252").code == 0
    assert learned(tmp_path) == SPANISH * 45


@stumble(12)
def test_a_folder_of_one_file_in_another_encoding_is_named_too(charrnn, tmp_path):
    (tmp_path / "lat").mkdir()
    (tmp_path / "lat/only.txt").write_bytes(SPANISH.encode("latin-1"))
    done = charrnn("train", "lat", *FEW)
    assert "no file is utf-8: lat/only.txt may be cp1252; try --encoding cp1252" in done.err


DAMAGED = b"".join(
    f"café número {k}\n".encode() if k != 1000 else b"a broken \xff line\n" for k in range(2000)
)


@stumble(13)
def test_a_few_bad_bytes_are_not_taken_for_another_encoding(charrnn, tmp_path):
    (tmp_path / "text").write_bytes(DAMAGED)
    done = charrnn("train", "text", *FEW)
    assert done.code == 3
    assert "text is not utf-8: line 1001, byte" in done.err
    assert "--errors skip leaves out the lines with such bytes" in done.err
    assert "cp125" not in done.err


@stumble(13)
@pytest.mark.parametrize("chunk", [7, 1 << 19])
def test_errors_skip_leaves_out_the_line_and_no_other(charrnn, tmp_path, monkeypatch, chunk):
    monkeypatch.setattr("charrnn.sources.reading.CHUNK_BYTES", chunk)
    (tmp_path / "text").write_bytes(DAMAGED)
    done = charrnn("train", "text", "--errors", "skip", *FEW)
    assert done.code == 0
    assert "left out 1 line with bytes that are not utf-8\n" in done.err
    lines = DAMAGED.split(b"\n")
    assert learned(tmp_path) == b"\n".join(lines[:1000] + lines[1001:]).decode()


@stumble(13)
def test_errors_skip_leaves_out_a_record_between_blank_lines_whole(charrnn, tmp_path):
    tunes = [f"X:{k}\nñ abc\ndef" for k in range(9)]
    data = "\n\n".join(tunes).encode().replace(b"X:4\n", b"X:4\xff\n")
    (tmp_path / "tunes").write_bytes(data)
    done = charrnn(
        "train", "tunes", "--allow-short", "--errors", "skip", "--records", "blank", *FEW
    )
    assert "left out 1 record with bytes that are not utf-8\n" in done.err
    assert learned(tmp_path) == "\n\n".join(tunes[:4] + tunes[5:])


@stumble(13)
def test_errors_replace_keeps_the_line(charrnn, tmp_path):
    (tmp_path / "text").write_bytes(DAMAGED)
    done = charrnn("train", "text", "--errors", "replace", *FEW)
    assert "put \ufffd in 1 place with bytes that are not utf-8\n" in done.err
    assert learned(tmp_path) == DAMAGED.decode("utf-8", "replace")


@stumble(13)
def test_a_resumed_run_keeps_its_handling_of_bad_bytes(charrnn, tmp_path):
    (tmp_path / "text").write_bytes(DAMAGED)
    assert charrnn("train", "text", "--errors", "skip", *FEW).code == 0
    for copy in (tmp_path / "checkpoints/.corpora").iterdir():
        copy.unlink()
    assert charrnn("resume", "a", "--steps", 22).code == 0
    assert "broken" not in learned(tmp_path)


PACKERS = {"c.txt.gz": gzip.compress, "c.txt.bz2": bz2.compress, "c.txt.xz": lzma.compress}


@stumble(15)
@pytest.mark.parametrize("name", PACKERS)
@pytest.mark.parametrize("chunk", [100, 1 << 19])
def test_compressed_text_is_read(charrnn, tmp_path, monkeypatch, name, chunk):
    monkeypatch.setattr("charrnn.sources.reading.CHUNK_BYTES", chunk)
    monkeypatch.setattr("charrnn.data.encoding.shards.SHARD_BYTES", 500)  # it is never cut in two
    text = small_text()
    (tmp_path / name).write_bytes(PACKERS[name](text.encode()))
    assert charrnn("train", name, *QUICK).code == 0
    assert learned(tmp_path, "c") == text


@stumble(15)
def test_compressed_files_of_a_folder_are_read_too(charrnn, tmp_path):
    (tmp_path / "texts").mkdir()
    for name, pack in PACKERS.items():
        (tmp_path / "texts" / name).write_bytes(pack(f"{name}\n".encode() * 90))
    assert charrnn("train", "texts", *FEW).code == 0
    assert learned(tmp_path) == "".join(f"{name}\n" * 90 for name in sorted(PACKERS))


@stumble(15)
@pytest.mark.parametrize("name", PACKERS)
def test_a_compressed_file_that_was_cut_says_so(charrnn, tmp_path, name):
    (tmp_path / name).write_bytes(PACKERS[name](os.urandom(3000).hex().encode())[:900])
    done = charrnn("train", name, *FEW)
    assert done.code == 3
    assert done.err == (
        f"charrnn: {name} is compressed, and cut short or damaged; download it again, or pack it"
        " again\n"
    )


@stumble(15)
def test_compressed_files_are_not_unpacked_as_bytes_and_that_is_mentioned(charrnn, tmp_path):
    data = gzip.compress(small_text().encode())
    (tmp_path / "c.txt.gz").write_bytes(data)
    done = charrnn("train", "c.txt.gz", "--bytes", *FEW)
    assert "learning compressed bytes as they are: c.txt.gz" in done.err
    assert learned(tmp_path).encode("latin-1") == data


PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(range(256))
NO_TEXTS = {
    "notes.zip": (zipped(a="text"), "a zip archive", "unpack it first"),
    "notes.tar.gz": (gzip.compress(bytes(257) + b"ustar\0" + bytes(300)), "a tar", "unpack it"),
    "cover.png": (PNG, "a picture (PNG)", "name a text; --bytes models any file"),
    "paper.pdf": (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj", "a PDF", "pdftotext"),
    "novel.docx": (
        zipped(**{"[Content_Types].xml": "<Types/>", "word__document.xml": "<w/>"}),
        "a Word document", "save it as plain text",
    ),
    "novel.odt": (
        zipped(mimetype="application/vnd.oasis.opendocument.text"),
        "an OpenDocument file", "save it as plain text",
    ),
    "book.epub": (zipped(mimetype="application/epub+zip"), "an EPUB book", "as plain text"),
    "notes.rtf": (b"{\\rtf1\\ansi\\deff0 Caf\\'e9}", "an RTF document", "save it as plain text"),
    "old.doc": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(99), "an Office document", "save it"),
    "song.mp3": (b"ID3\x04\0\0\0\0" + bytes(99), "a sound (MP3)", "--bytes"),
}  # fmt: skip


@stumble(33)
@stumble(15)
@pytest.mark.parametrize("encoding", [(), ("--encoding", "latin-1")])
@pytest.mark.parametrize("name", NO_TEXTS)
def test_a_file_that_is_not_text_is_named_by_its_type(charrnn, tmp_path, name, encoding):
    data, what, remedy = NO_TEXTS[name]
    (tmp_path / name).write_bytes(data)
    done = charrnn("train", name, *FEW, *encoding)
    assert done.code == 3
    assert done.err.startswith(f"charrnn: {name} is {what}")
    assert remedy in done.err
    assert "not a text; " in done.err
    assert done.err.count("\n") == 1


@stumble(33)
def test_a_picture_is_named_though_its_folder_was_read_before(charrnn, tmp_path):
    (tmp_path / "pictures").mkdir()
    (tmp_path / "pictures/cover.png").write_bytes(PNG)
    assert "the corpus holds no text" in charrnn("train", "pictures", *FEW).err
    assert "is a picture (PNG)" in charrnn("train", "pictures/cover.png", *FEW).err


@stumble(33)
def test_a_document_can_still_be_read_as_bytes(charrnn, tmp_path):
    (tmp_path / "novel.docx").write_bytes(NO_TEXTS["novel.docx"][0])
    assert charrnn("train", "novel.docx", "--bytes", *FEW).code == 0


@stumble(33)
def test_a_file_of_nothing_that_is_known_is_not_guessed_at(charrnn, tmp_path):
    (tmp_path / "dump").write_bytes(b"abc\0\1\2\xff" * 99)
    done = charrnn("train", "dump", *FEW)
    assert "dump is not utf-8: line 1, byte 6; --bytes models any file as raw bytes\n" in done.err


@stumble(34)
@pytest.mark.parametrize("encoding", [(), ("--encoding", "latin-1")])
def test_each_file_of_a_folder_is_read_in_its_own_encoding(charrnn, tmp_path, encoding):
    (tmp_path / "stories").mkdir()
    for k in range(12):
        data = (f"{k}: {SPANISH}" * 20).encode("latin-1" if k == 7 else "utf-8")
        (tmp_path / f"stories/{k:02}.txt").write_bytes(data)
    (tmp_path / "stories/cover.png").write_bytes(PNG)
    done = charrnn("train", "stories", *FEW, *encoding)
    assert done.code == 0
    assert learned(tmp_path) == "".join(f"{k}: {SPANISH}" * 20 for k in range(12))
    if not encoding:
        assert "read 1 file in another encoding: stories/07.txt (cp1252)\n" in done.err
    else:
        assert "read 11 files in another encoding: stories/00.txt (utf-8), " in done.err
    assert "skipped 1 file that is not text: stories/cover.png\n" in done.err


@stumble(34)
def test_a_file_whose_encoding_is_unsure_is_passed_over_by_name(charrnn, tmp_path):
    (tmp_path / "stories").mkdir()
    (tmp_path / "stories/a.txt").write_text(small_text(), encoding="utf-8")
    (tmp_path / "stories/b.txt").write_bytes("perché è più\n".encode("latin-1"))
    done = charrnn("train", "stories", *FEW)
    assert done.code == 0
    assert "skipped 1 file that is not utf-8: stories/b.txt (perhaps " in done.err
    assert learned(tmp_path) == small_text()


@stumble(16)
def test_process_substitution_is_read(charrnn, tmp_path):
    """For `charrnn train <(…) <(…)` a shell passes the names of two pipes."""
    parts, ends = [small_text()[:3000], small_text()[-500:]], []
    for part in parts:
        reading, writing = os.pipe()
        os.write(writing, part.encode())  # less than a pipe holds
        os.close(writing)
        ends.append(reading)
    assert charrnn("train", *(f"/dev/fd/{end}" for end in ends), *FEW).code == 0
    for end in ends:
        os.close(end)
    assert learned(tmp_path) == "\n".join(parts)
    assert not list(tmp_path.glob("checkpoints/.corpora/*piped*"))


@stumble(16)
def test_dev_stdin_is_standard_input(charrnn, corpus, tmp_path, monkeypatch):
    with corpus.open() as file:
        monkeypatch.setattr(sys, "stdin", file)
        assert charrnn("train", "/dev/stdin", *FEW).code == 0
    assert learned(tmp_path) == small_text()


@stumble(16)
def test_a_named_pipe_is_read_and_a_run_goes_on_after_it(charrnn, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    writer = threading.Thread(target=(tmp_path / "pipe").write_text, args=[small_text()])
    writer.start()
    assert charrnn("train", "pipe", *FEW).code == 0
    writer.join()
    assert charrnn("resume", "a", "--steps", 22).code == 0
    assert learned(tmp_path) == small_text()


@stumble(16)
def test_a_pipe_that_nobody_writes_to_is_not_waited_for(charrnn, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    done = charrnn("train", "pipe", *FEW)
    assert (done.code, done.err) == (
        3,
        "charrnn: the pipe pipe is empty: no program writes to it; start the one that does first\n",
    )


@pytest.fixture
def spanish(charrnn, tmp_path, request):
    """Train on a Spanish text in an encoding other than UTF-8."""
    (tmp_path / "lat.txt").write_bytes((SPANISH * 40).encode(request.param))
    assert charrnn("train", "lat.txt", "--encoding", request.param, *FEW).code == 0
    return request.param


@stumble(14)
@pytest.mark.parametrize("spanish", ["latin-1", "utf-16"], indirect=True)
def test_a_run_reads_files_in_the_encoding_of_its_corpus(charrnn, tmp_path, spanish):
    done = charrnn("score", "lat.txt", "--json")
    assert done.code == 0
    assert json.loads(done.out)["num_chars"] == len(SPANISH) * 40
    assert json.loads(done.out)["num_unknown"] == 0
    first = charrnn("score", "lat.txt", "--per-line").out.splitlines()[0]
    assert json.loads(first)["text"] == SPANISH.rstrip()
    done = charrnn("sample", "-f", "lat.txt", "-n", 5)
    assert done.out.startswith(SPANISH * 40)
    assert charrnn("neurons", "--text", "lat.txt").code == 0
    assert charrnn("score", "lat.txt", "--export", "map.html").code == 0


@stumble(14)
@pytest.mark.parametrize("spanish", ["latin-1", "utf-16"], indirect=True)
def test_a_given_encoding_is_mentioned_and_used(charrnn, tmp_path, spanish, monkeypatch):
    (tmp_path / "new.txt").write_text(SPANISH, encoding="utf-8")
    utf8 = ("--encoding", "utf-8")
    assert charrnn("sample", "-f", "new.txt", "-n", 5, *utf8).out.startswith(SPANISH)
    assert json.loads(charrnn("score", "new.txt", "--json", *utf8).out)["num_unknown"] == 0
    assert charrnn("neurons", "--text", "new.txt", *utf8).code == 0
    for name, flags in (("sample", ("-f", "-", "-n", 5)), ("predict", ("-", "--steps", "--json"))):
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO("niño\n".encode())))
        done = charrnn(name, *flags, *utf8)
        assert (done.code, "never saw" in done.err) == (0, False), done.err


@stumble(14)
@pytest.mark.parametrize("spanish", ["utf-16"], indirect=True)
def test_a_utf8_file_for_a_run_of_another_encoding_is_mentioned(charrnn, tmp_path, spanish):
    (tmp_path / "new.txt").write_text(SPANISH, encoding="utf-8")
    done = charrnn("score", "new.txt")
    assert done.err == (
        "charrnn: new.txt is not utf-16: byte 0; it may be utf-8: try --encoding utf-8\n"
    )


@stumble(15)
@pytest.mark.parametrize("name", PACKERS)
def test_compressed_prompts_and_scored_files_are_read(charrnn, trained, tmp_path, name):
    text = small_text(3000)
    (tmp_path / name).write_bytes(PACKERS[name](text.encode()))
    assert json.loads(charrnn("score", name, "--json").out)["num_chars"] == 3000
    assert charrnn("sample", "-f", name, "-n", 5).out.startswith(text)
    (tmp_path / name).write_bytes(PACKERS[name](text.encode())[:100])
    done = charrnn("score", name)
    assert (done.code, "is compressed, and cut short or damaged" in done.err) == (2, True)


@stumble(33)
@pytest.mark.parametrize("name", NO_TEXTS)
def test_a_file_that_is_not_text_is_refused_as_prompt_and_for_scoring(
    charrnn, trained, tmp_path, name
):
    data, what, _ = NO_TEXTS[name]
    (tmp_path / name).write_bytes(data)
    for command in (("score", name), ("sample", "-f", name)):
        done = charrnn(*command)
        assert done.code == 2
        assert done.err.startswith(f"charrnn: {name} is {what}")


@stumble(16)
def test_a_prompt_may_come_from_a_named_pipe(charrnn, trained, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    writer = threading.Thread(target=(tmp_path / "pipe").write_text, args=["Lmnt"])
    writer.start()
    assert charrnn("sample", "-f", "pipe", "-n", 5).out.startswith("Lmnt")
    writer.join()
