"""Columns of tables as corpora."""

import gzip
import json

import pytest
from conftest import QUICK
from stumbles import stumble
from test_stumbles_reading import learned

ROWS = [f'said "{k}", twice' for k in range(30)] + ["two\nlines", "naïve"]
CSV = "id,text\r\n" + "".join(
    f'{k},"{row.replace(chr(34), chr(34) * 2)}"\r\n' for k, row in enumerate(ROWS)
)
TSV = "id\ttext\n" + "".join(
    f'{k}\t"{row.replace(chr(34), chr(34) * 2)}"\n' for k, row in enumerate(ROWS)
)
JSON = "".join(json.dumps({"id": k, "text": row}) + "\n" for k, row in enumerate(ROWS))
TABLES = {"t.csv": CSV, "t.tsv": TSV, "t.jsonl": JSON, "t.csv.gz": CSV}
FEW = (*QUICK, "--run", "a")


def write(folder, name):
    data = TABLES[name].encode()
    (folder / name).write_bytes(gzip.compress(data) if name.endswith("gz") else data)


@stumble(11)
@pytest.mark.parametrize("name", TABLES)
@pytest.mark.parametrize("chunk", [5, 1 << 19])
def test_each_cell_of_a_column_is_a_record(charrnn, tmp_path, monkeypatch, name, chunk):
    monkeypatch.setattr("charrnn.sources.reading.CHUNK_BYTES", chunk)
    monkeypatch.setattr("charrnn.data.encoding.shards.SHARD_BYTES", 100)
    write(tmp_path, name)
    done = charrnn("train", name, "--column", "text", *FEW)
    assert done.code == 0, done.err
    assert "32 records" in done.err
    assert (
        "within 1 record spaces took the place of the line ends; --records blank keeps them"
        in done.err
    )
    assert learned(tmp_path) == "".join(row.replace("\n", " ") + "\n" for row in ROWS)


@stumble(11)
def test_cells_keep_their_lines_in_records_between_blank_lines(charrnn, tmp_path):
    write(tmp_path, "t.csv")
    assert charrnn("train", "t.csv", "--column", "text", "--records", "blank", *FEW).code == 0
    assert learned(tmp_path) == "".join(row + "\n\n" for row in ROWS)


@stumble(11)
def test_a_table_without_header_takes_a_column_number(charrnn, tmp_path):
    (tmp_path / "t.csv").write_text(CSV.partition("\n")[2])
    assert charrnn("train", "t.csv", "--column", 2, *FEW).code == 0
    assert learned(tmp_path).startswith('said "0", twice\n')


@stumble(11)
def test_a_resumed_run_keeps_its_column_and_knows_its_records(charrnn, tmp_path):
    write(tmp_path, "t.csv")
    assert charrnn("train", "t.csv", "--column", "text", *FEW).code == 0
    for copy in (tmp_path / "checkpoints/.corpora").iterdir():
        copy.unlink()
    assert charrnn("resume", "a", "--steps", 22, "--column", "text").code == 0
    assert charrnn("resume", "a", "--steps", 24, "--column", "id").code == 2
    assert json.loads(charrnn("info", "a", "--json").out)["corpus_column"] == "text"
    done = charrnn("sample", "a", "--num", 3, "--novel", "-n", 9)
    assert done.code == 0


@stumble(11)
def test_tables_in_a_folder_are_read(charrnn, tmp_path):
    (tmp_path / "t").mkdir()
    write(tmp_path / "t", "t.csv")
    write(tmp_path / "t", "t.jsonl")
    (tmp_path / "t/README.md").write_text("About these tables.\n")
    done = charrnn("train", "t", "--column", "text", *FEW)
    assert "skipped 1 file that is not a table: t/README.md\n" in done.err
    assert learned(tmp_path) == "".join(row.replace("\n", " ") + "\n" for row in ROWS) * 2


@stumble(11)
def test_a_missing_column_is_named_beside_the_existing_ones(charrnn, tmp_path):
    write(tmp_path, "t.csv")
    done = charrnn("train", "t.csv", "--column", "txt", *FEW)
    assert (done.code, done.err) == (
        2,
        "charrnn: t.csv has no column 'txt'; it has: id, text\n",
    )
    left = {path.suffix for path in (tmp_path / "checkpoints/.corpora").iterdir()}
    assert left <= {".lock"}


@stumble(11)
def test_a_row_with_bad_bytes_is_left_out(charrnn, tmp_path):
    (tmp_path / "t.csv").write_bytes(CSV.encode().replace(b'twice"\r\n7,', b'tw\xffice"\r\n7,'))
    done = charrnn("train", "t.csv", "--column", "text", "--errors", "skip", *FEW)
    assert "left out 1 record with bytes that are not utf-8\n" in done.err
    assert 'said "6"' not in learned(tmp_path)
    assert 'said "7"' in learned(tmp_path)


@stumble(11)
def test_another_table_is_scored_by_the_same_column(charrnn, tmp_path):
    for name in TABLES:
        write(tmp_path, name)
    assert charrnn("train", "t.csv", "--column", "text", *FEW).code == 0
    lengths = {json.loads(charrnn("score", name, "--json").out)["num_chars"] for name in TABLES}
    assert lengths == {sum(len(row) + 1 for row in ROWS)}


@stumble(11)
def test_training_on_a_whole_table_suggests_the_column_flag(charrnn, tmp_path):
    write(tmp_path, "t.csv")
    shown = "learning every column, commas and all: t.csv; --column NAME learns the cells of one\n"
    assert shown in charrnn("train", "t.csv", "--lines", *QUICK).err
    assert shown not in charrnn("train", "t.csv", "--column", "text", *QUICK).err
    assert shown not in charrnn("train", "t.csv", "--bytes", *QUICK).err
