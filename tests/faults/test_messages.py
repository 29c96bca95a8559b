"""Every message that a person can cause, as the whole line: what is wrong, the value, what to type.

`...` stands for what a library says in words of its own. A second test reads the source: a message
that is not in the table, or that has no hint, fails it.
"""

import ast
import gzip
import io
import os
import re
from pathlib import Path

import pytest
from conftest import SMALL, small_text

import charrnn as package
from charrnn import __main__ as program
from charrnn import _cores
from charrnn.runs import checkpoint
from charrnn.runs.folder import everything

SOURCE = Path(package.__file__).parent
NAMES = "sources, - for standard input, or shakespeare"
MESSAGES = {
    # flags
    ("trian",): (2, "No such command 'trian'...; see: charrnn --help"),
    ("train", "--colour"): (2, "No such option: --colour...; see: charrnn train --help"),
    ("sample", "a", "--num", "-2"): (
        2,
        "Invalid value for '--num': ... see: charrnn sample --help",
    ),
    ("train", "--val-fraction", "0.9", "--test-fraction", "0.2"): (
        2,
        "--val-fraction 0.9 and --test-fraction 0.2 leave nothing to learn from; let them be 0.99"
        " together at most",
    ),
    ("train", "--cell", "elman"): (
        2,
        "--cell 'elman' is not known; choose one of cifg, lstm, gru, rnn",
    ),
    ("train", "--hidden-size", "0"): (
        2,
        "--hidden-size 0 is out of range; it must be from 1 to 65536",
    ),
    ("train", "--lr", "nan"): (
        2,
        "--learning-rate nan is out of range; it must be from 0.0 to 10.0",
    ),
    ("train", "--steps", "9", "--minutes", "1"): (
        2,
        "--steps 9 and --minutes 1.0 were both given; choose one",
    ),
    ("train", "--minutes", "0"): (2, "--minutes 0.0 is out of range; it must be greater than 0"),
    ("train", "--lines", "--records", "blank"): (
        2,
        "--lines and --records blank were both given; choose one",
    ),
    ("train", "text", "--device", "tpu"): (
        2,
        "--device 'tpu' is not known; use auto, cpu, cuda, cuda:N or mps",
    ),
    ("train", "text", "--device", "cuda:99"): (
        2,
        "--device cuda:99 is not available on this machine; use auto or cpu",
    ),
    ("train", "text", "--run", "a b"): (
        2,
        "--run 'a b' cannot name a run; use letters, digits, - _ . +",
    ),
    ("train", "text", "--run", "a"): (
        2,
        "--run a is taken; type: charrnn resume a, or another name",
    ),
    ("train", "text", "--init-from", "a", "--hidden-size", "99"): (
        2,
        "--hidden-size 99 does not fit: a has 12; leave --hidden-size out",
    ),
    ("train", "text", "--init-from", "bytes"): (
        2,
        "--init-from bytes is a model of bytes; use --bytes for both or none",
    ),
    ("train", "text", "--encoding", "klingon"): (
        2,
        "--encoding 'klingon' is not known; utf-8, utf-16, latin-1 and cp1252 are",
    ),
    ("train", "text", "--quiet", "--hidden-size", "65536", "--num-layers", "64"): (
        9,
        "... parameters need ... GB of memory to learn, there are ...; lower --hidden-size or"
        " --num-layers",
    ),
    # corpora
    ("train", "none.txt"): (
        3,
        "there is no corpus 'none.txt', neither here nor in data/; name a file, a folder, - for"
        " standard input, or shakespeare",
    ),
    ("train", "empty"): (
        3,
        "the corpus holds no text; it takes at least two characters to learn",
    ),
    ("train", "folder"): (3, "the folder folder holds no files; name a folder with text files"),
    ("train", "pipe"): (
        3,
        "the pipe pipe is empty: nobody writes to it; start what writes to it first",
    ),
    ("train", "/dev/null"): (
        3,
        "/dev/null is not a file, a folder or a pipe; name one, or pipe a text in: charrnn train -",
    ),
    ("train", "text", "--errors", "ignore"): (
        2,
        "--errors 'ignore' is not known; choose one of strict, replace, skip",
    ),
    ("train", "table.csv", "--column", "txt"): (
        2,
        "table.csv has no column 'txt'; it has: id, text",
    ),
    ("train", "table.csv", "--column", "3"): (
        2,
        "table.csv has no column 3; its first row has 2, counted from 1",
    ),
    ("train", "table.csv", "--column", "text"): (
        3,
        "table.csv, line 3: a quote is not closed, or stands within a cell; mend it, or --errors"
        " skip leaves such rows out",
    ),
    ("train", "array.json", "--column", "text"): (
        3,
        "array.json is one JSON array, not a row in each line; make lines of it first: jq -c '.[]'"
        " array.json",
    ),
    ("train", "text", "--column", "2", "--bytes"): (
        2,
        "--column and --bytes were both given; choose one",
    ),
    ("train", "damaged"): (
        3,
        "damaged is not utf-8: line 1, byte 12; nearly all of it is: --errors skip leaves out the"
        " lines with such bytes, --errors replace puts � there",
    ),
    ("train", "two-damaged"): (
        3,
        "every file has bytes that are not utf-8: two-damaged/a, two-damaged/b; --errors skip"
        " leaves out the lines with such bytes",
    ),
    ("train", "latin", "latin"): (
        3,
        "no file is utf-8: latin may be cp1252; try --encoding cp1252, or --bytes",
    ),
    ("train", "picture.png"): (
        3,
        "picture.png is a picture (PNG), not a text; name a text; --bytes models any file as raw"
        " bytes",
    ),
    ("train", "cut.gz"): (
        3,
        "cut.gz is compressed, and cut short or damaged; fetch it again, or repack it",
    ),
    ("train", "latin"): (
        3,
        "latin is not utf-8: line 1, byte 1; it may be ...: try --encoding ..., or --bytes",
    ),
    ("train", "rubbish"): (
        3,
        "rubbish is not utf-8: line 1, byte 0; --bytes models any file as raw bytes",
    ),
    ("train", "-", "-"): (
        2,
        "standard input (-) was named twice; name it once",
    ),
    ("train", "half", "--encoding", "unicode-escape"): (
        3,
        "the corpus holds half a surrogate pair; is its --encoding right?",
    ),
    ("train", "no\0name"): (3, "cannot read 'no\\x00name': embedded null byte; check the path"),
    ("train", "line", "--lines"): (
        3,
        "the corpus holds fewer than two records, one in each line; leave --records and --lines"
        " out",
    ),
    ("train", "line"): (
        3,
        "the corpus holds 8 characters, too few to learn from; give it 10,000 or more;"
        " --allow-short learns them all the same",
    ),
    ("train", "-", "--val", "-"): (
        2,
        "standard input (-) was named twice; name it once",
    ),
    ("train", "text", "--val", "empty"): (
        3,
        "the text of --val holds nothing; name a file with text",
    ),
    ("train", "empty", "--val", "text"): (
        3,
        "the corpus holds no text; --val names the validation text alone",
    ),
    ("train", "text", "--val", "text", "--val-fraction", "0.2"): (
        2,
        "--val and --val-fraction were both given; choose one",
    ),
    ("resume", "changed", "--steps", "9"): (
        3,
        "the corpus changed.txt has changed since the run began; --keep-corpus goes on with the"
        " text as it was",
    ),
    ("resume", "gone", "--steps", "9"): (
        3,
        "the run's corpus is gone: there is no corpus 'gone.txt', neither here nor in data/; put it"
        " back",
    ),
    # runs and checkpoints
    ("resume", "x"): (4, "there is no run 'x' in HERE/checkpoints; there are: KNOWN"),
    ("resume", "folder"): (
        4,
        "the run 'folder' has no checkpoint yet; train it, or see: charrnn runs",
    ),
    ("resume", "a", "--hidden-size", "13"): (
        2,
        "--hidden-size 13 is not what the run has: 12; a run keeps what it began with; leave the"
        " flag out, or train anew",
    ),
    ("resume", "a", "--init-from", "lines"): (
        2,
        "--init-from is for a new run; leave it out, or train anew",
    ),
    ("resume", "a", "--run", "lines"): (2, "a and --run lines were both given; choose one"),
    ("resume", "a", "--colour"): (2, "No such option: --colour...; see: charrnn resume --help"),
    ("resume", "a", "--steps", "2"): (
        2,
        "the run 'a' has already made 3 steps; a new length must be greater, 2 is not",
    ),
    ("resume", "voice"): (
        4,
        "the checkpoint lacks what resuming needs: 'optimizer.embedding.m'; train --init-from"
        " begins a new run with its weights",
    ),
    ("sample", "text"): (
        4,
        "text is not a valid charrnn checkpoint: it does not begin like a safetensors file; name"
        " another run or checkpoint",
    ),
    # speaking and scoring
    ("sample", "a", "--temp", "hot"): (
        2,
        "--temp 'hot' is not a valid temperature; give a number, or two: 0.5:1.1",
    ),
    ("sample", "a", "--temp", "1:2", "-n", "1"): (
        2,
        "--length 1 has no way to go from one temperature to another; give a ramp a length of at"
        " least 2",
    ),
    ("sample", "lines", "--temp", "1:2"): (2, "a ramp of --temp needs an end; say --length"),
    ("sample", "a", "--stop", ""): (2, "--stop '' is empty; give it a text to end before"),
    ("sample", "a", "--until", ""): (2, "--until '' is empty; give it a text to end after"),
    ("sample", "a", "-n", "-1", "--stop", "\\n"): (
        2,
        "--stop '\\n' can never come: the model never says '\\' (U+005C);"
        " a newline is typed $'\\n'",
    ),
    ("sample", "a", "-n", "-1", "--until", "☃"): (
        2,
        "--until '☃' can never come: the model never says '☃' (U+2603); --length gives the sample"
        " an end",
    ),
    ("sample", "a", "--num", "0"): (
        2,
        "--num 0 asks for nothing; give it 1 or more, or -1 for no end",
    ),
    ("sample", "a", "--num", "-1", "--report"): (
        2,
        "--num -1 never ends; it goes with one prompt, no --report",
    ),
    ("sample", "a", "-p", "x", "--prompts", "text"): (
        2,
        "--prompts and --prompt were both given; choose one",
    ),
    ("sample", "a", "--prompts", "empty"): (2, "empty holds no prompt; write one in each line"),
    ("sample", "lines", "-p", "a\nb"): (
        2,
        "the prompt 'a\\nb' holds a newline, which ends a record; --prompts FILE takes a prompt"
        " from each line",
    ),
    ("sample", "a", "-n", "-1", "--json"): (
        2,
        "--length -1 never ends; it goes with one streamed sample, no --report",
    ),
    ("sample", "a", "--novel"): (
        2,
        "--novel alone needs a run that learned records; of a text, say how many characters in a"
        " row are a copy: --novel 30",
    ),
    ("sample", "a", "--match", "("): (
        2,
        "--match '(' is not a valid regular expression: missing ), unterminated subpattern at"
        " position 0; see: pydoc re",
    ),
    ("sample", "a", "-p", "x", "-f", "text"): (
        2,
        "--prompt and --prompt-file were both given; choose one",
    ),
    ("sample", "a", "-f", "none"): (
        2,
        "none cannot be read: No such file or directory; check the path",
    ),
    ("sample", "a", "-f", "latin"): (
        2,
        "latin is not utf-8: byte 1; it may be cp1252: try --encoding cp1252",
    ),
    ("sample", "a", "-f", "damaged"): (
        2,
        "damaged is not utf-8: byte 12; mend it first: iconv -c -f utf-8 -t utf-8 leaves such bytes"
        " out",
    ),
    ("sample", "bytes", "-f", "latin", "--encoding", "latin-1"): (
        2,
        "--encoding says nothing to a model of bytes; leave it out",
    ),
    ("score", "--run", "a", "--split", "all"): (
        2,
        "--split 'all' is not known; choose val or test",
    ),
    ("score", "--run", "a", "--split", "test"): (
        3,
        "the run keeps no test split; give it a file instead, or train with --test-fraction",
    ),
    ("score", "--run", "a", "empty"): (
        3,
        "there is no character to score; give a file with text",
    ),
    ("score", "--run", "lines", "--adapt"): (
        2,
        "--adapt reads one text on; a model of records has none: leave it out",
    ),
    ("score", "--run", "a", "latin"): (
        2,
        "latin is not utf-8: byte 1; it may be cp1252: try --encoding cp1252",
    ),
    ("score", "--run", "a", "picture.png"): (
        2,
        "picture.png is a picture (PNG), not a text; name a text; --bytes models any file as raw"
        " bytes",
    ),
    ("score", "--run", "a", "text", "--json", "--heatmap"): (
        2,
        "--json and --heatmap were both given; choose one",
    ),
    ("score", "--run", "a", "--split", "val", "--heatmap"): (
        2,
        "there is no text to look at; name a FILE, or - for standard input",
    ),
    ("score", "--run", "a", "large", "--heatmap"): (
        2,
        "a heat map can show 100,000 characters, and there are more; give it a part: head -c 100000"
        " FILE | charrnn score - --heatmap",
    ),
    # looking into a model
    ("predict", "-the"): (
        2,
        "Invalid value for '--temp' ...; a text that begins with - comes after --: charrnn predict"
        " -- -the",
    ),
    ("predict", "a", "--run", "a", "--steps", "--temp", "1"): (
        2,
        "--temp has no say in --steps; surprise is measured at temperature 1",
    ),
    ("score", "--run", "a", "text", "--export", "map.png"): (
        2,
        "map.png is neither .html nor .svg; give it one of these endings",
    ),
    ("score", "--run", "a", "text", "--export", "none/map.svg"): (
        6,
        "cannot write none/map.svg: No such file or directory; name another file to export to",
    ),
    ("neurons", "a", "--feature", "hue"): (
        2,
        "--feature 'hue' is not known; choose one of ...",
    ),
    ("neurons", "a", "--feature", "digit", "--unit", "h0.0"): (
        2,
        "--feature and --unit were both given; choose one",
    ),
    ("neurons", "a", "--export", "map.svg"): (
        2,
        "--export writes a text coloured by one unit; say which: --unit h0.17",
    ),
    ("neurons", "a", "--unit", "h9.9"): (
        2,
        "--unit 'h9.9' is no unit of this model; they go from h0.0 to c0.11",
    ),
    ("neurons", "a", "--text", "empty"): (
        3,
        "there is no character to read; give a file with text",
    ),
    ("memory", "--compare", "a"): (
        2,
        "--compare takes two runs or more; name them: --compare RUN RUN",
    ),
    ("memory", "a", "--export", "chart.gif"): (
        2,
        "chart.gif cannot hold a chart; its name must end in .svg, .png or .pdf",
    ),
    ("plot", "a", "--against", "days"): (
        2,
        "--against 'days' is not known; choose steps or minutes",
    ),
    ("plot", "voice"): (
        2,
        "the run 'voice' has no losses to draw yet; they come with its first steps",
    ),
    ("history", "voice"): (
        2,
        "the run 'voice' kept no samples;"
        " type: charrnn resume voice --minutes 5, without --sample-every 0",
    ),
}
# What takes a fault to cause, or is said only within another message; the whole lines are compared
# where the fault is injected, or the part of the line is.
ELSEWHERE = {
    "a bug of ours": "tests/cli/test_app.py",
    "out of memory": "test_divergence.py",
    "training diverged": "test_divergence.py",
    "cannot write {path}": "test_saving.py",
    "cannot write in": "test_saving.py",
    "cannot write the encoded corpus": "test_saving.py",
    "cannot make the folder": "test_saving.py",
    "cannot copy {label}": "test_saving.py",
    "cannot read the checkpoint": "tests/runs/test_checkpoint.py",
    "a checkpoint cannot be written": "test_saving.py",
    "was written by a newer": "test_damage.py",
    "a process that learns together": "tests/training/test_distributed.py",
    "is not to be shared out among": "tests/training/test_setup.py",
    "is one GPU for": "tests/training/test_setup.py",
    "there is no GPU for process": "tests/models/test_device.py",
    "cannot write {run.launch}": "tests/runs/test_restarts.py",
    "is being trained by": "test_runs_at_once.py",
    "changed while it was being read": "test_texts.py",
    "cannot read {source.label}": "test_texts.py",
    "cannot read {name}: ": "test_texts.py",
    "a process that read the corpus was killed": "tests/golden/test_workers.py",
    "the prompt is not UTF-8": "tests/generation/test_model.py",
    "holds NUL characters": "skipped in a folder: tests/golden/test_encode.py",
    "is no table by its name": "skipped in a folder: test_stumbles_columns.py",
    "has a line of more than": "tests/sources/test_columns.py",
    "there is no run in {searched()}": "tests/cli/test_app.py",
    "cannot make a temporary folder": "test_read_only.py",
    "of the text would become one unknown symbol": "tests/stumbles/test_stumbles_vocab.py",
    "needs the data package": "tests/sources/test_shakespeare.py",
    "standard input is {what}": "test_terminals.py",
    "standard input is closed": "tests/stumbles/test_stumbles_second_look.py",
    "has more than one column": "tests/stumbles/test_stumbles_second_look.py",
    "found: {self._why}": "tests/cli/test_sample.py",
    "the text ends early": "tests/cli/test_quotations.py",
    "--tensorboard needs": "tests/training/test_tensorboard.py",
    "charts as files need": "tests/plots/test_charts.py",
    "matplotlib finds no folder": "test_homes.py",
    "cannot use the folder you are in": "test_homes.py",
    "has missing or unknown fields": "part of that for a damaged checkpoint: test_damage.py",
    "column and is_bytes were": "the table has it in flags",
    "leave nothing to learn from": "the table has it in flags",
    "stop '' is empty": "the table has it in flags",
    "until '' is empty": "the table has it in flags",
    "no way to go from one": "the table has it in flags",
    "cannot be {value!r}": "part of that for a damaged checkpoint: tests/test_config.py",
    "'; '.join(problems)": "tests/training/test_verify.py",
    "{error.format_message()": "what typer says: the first ones of the table",
}


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """A folder with some runs and some corpora."""
    folder = tmp_path_factory.mktemp("world")
    small = ("--steps", 3, *SMALL, "--quiet", "--threads", 1)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setattr(_cores, "num_cores", lambda: 1)
        for name in ("text", "changed.txt", "gone.txt"):
            Path(name).write_text(small_text(800) + name)
        Path("empty").touch()
        Path("folder").mkdir()
        os.mkfifo("pipe")
        Path("latin").write_bytes("línea de texto en español, número dos\n".encode("latin-1"))
        Path("rubbish").write_bytes(bytes(range(128, 256)) * 3)
        damaged = "ñandúes aquí ".encode()[:12] + b"\xff" + "ñandúes aquí ".encode()
        Path("damaged").write_bytes(damaged)
        Path("two-damaged").mkdir()
        for name in "ab":
            Path("two-damaged", name).write_bytes(damaged)
        Path("table.csv").write_text('id,text\n1,one\n2,"two\n')
        Path("array.json").write_text('[{"text": "one"}]')
        Path("picture.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(99))
        Path("cut.gz").write_bytes(gzip.compress(b"text")[:-9])
        Path("half").write_bytes(rb"one \ud83d two")
        Path("line").write_text("only one")
        Path("large").write_text("a" * 100_001)
        for name, flags in {
            "a": ("text",),
            "bytes": ("text", "--bytes"),
            "lines": ("text", "--lines"),
            "changed": ("changed.txt",),
            "gone": ("gone.txt",),
        }.items():
            run(patch, "train", *flags, "--run", name, *small)
        Path("changed.txt").write_text(small_text(900))
        Path("gone.txt").unlink()
        root = Path("checkpoints")
        gone = checkpoint.read_header(root / "gone/last.safetensors").corpus.sha256
        for copy in (root / ".corpora").glob(f"{gone[:32]}*"):
            copy.unlink()
        (root / "voice").mkdir()  # a checkpoint that is enough to speak, not to resume
        voice = checkpoint.read(root / "a/last.safetensors").for_speaking()
        checkpoint.write(root / "voice/last.safetensors", voice)
    return folder


def run(patch, *arguments):
    patch.setattr("sys.argv", ["charrnn", *map(str, arguments)])
    with pytest.raises(SystemExit) as ended:
        program.main()
    assert ended.value.code == 0


@pytest.mark.parametrize("arguments", MESSAGES, ids=" ".join)
def test_a_mistake_costs_this_one_line(charrnn, world, monkeypatch, arguments):
    monkeypatch.chdir(world)
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"piped")))
    before = {path: path.stat().st_mtime_ns for path in world.rglob("*.safetensors")}
    code, line = MESSAGES[arguments]
    done = charrnn(*arguments)
    line = line.replace("KNOWN", known_runs()).replace("HERE", str(world))
    wanted = re.escape(line).replace(r"\.\.\.", ".*")
    assert re.fullmatch(f"charrnn: {wanted}\n", done.err), done.err
    assert (done.code, done.out) == (code, "")
    assert {path: path.stat().st_mtime_ns for path in world.rglob("*.safetensors")} == before


def known_runs():
    return ", ".join(each.name for each in everything()[:5])


def messages():
    """Every message of the source: where it is, its template, whether it has a hint."""
    for path in sorted(SOURCE.glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            is_call = isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
            if is_call and node.func.id in ERRORS and node.args:
                yield f"{path.name}:{node.lineno}", node.args[0], len(node.args) > 1


ERRORS = {name for name in vars(package.errors) if name.endswith(("Error", "_errors"))}


def pattern(template):
    """What a message looks like, its values left open."""
    if isinstance(template, ast.JoinedStr):
        parts = [
            re.escape(part.value) if isinstance(part, ast.Constant) else ".+"
            for part in template.values
        ]
        return "".join(parts)
    return re.escape(template.value) if isinstance(template, ast.Constant) else ".+"


def test_every_message_of_the_source_is_in_the_table_and_has_a_hint():
    lines = [line for _, line in MESSAGES.values()]
    unseen, without = [], []
    for place, template, has_hint in messages():
        text = ast.unparse(template)
        elsewhere = any(part in text for part in ELSEWHERE)
        if not elsewhere and not any(re.match(pattern(template), line) for line in lines):
            unseen.append((place, text))
        if not has_hint and "has missing or unknown fields" not in text:
            without.append((place, text))
    assert not unseen
    assert [text for _, text in without if "NUL" not in text and "message" not in text] == []
