"""A fuzzer for the reader of checkpoints: each file is a valid checkpoint or one line of error,
within two seconds and 64 MB, and nothing in it is run.

    pip install atheris && python tests/faults/fuzz.py [SECONDS [SEED]]

The fuzzer sees which lines of the reader a file reaches; a file that reaches new lines is kept and
changed further. Each file is read as it is, and again with correct lengths and a correct digest,
because these checks would refuse nearly every change. A file that crashes the reader is kept, and
its name is printed. The same seed gives the same search, as CI needs; seed 0 is random.
"""

import hashlib
import math
import resource
import struct
import sys
import tempfile
from pathlib import Path

import numpy as np

try:
    import atheris
except ImportError:
    raise SystemExit("this needs atheris: pip install atheris") from None

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parents[1] / "runs"))
with atheris.instrument_imports(include=["charrnn", "json"]):
    from charrnn.errors import CheckpointError
    from charrnn.generation.classification import Classifier
    from charrnn.generation.model import Model
    from charrnn.generation.translation.captioner import Captioner
    from charrnn.generation.translation.in_step import Tagger
    from charrnn.generation.translation.translator import Translator
    from charrnn.runs import checkpoint, task_names
from test_checkpoint import small

DATA = Path(__file__).parents[1] / "golden"
FORBIDDEN = ("exec", "compile", "import", "os.", "subprocess.", "socket.", "ctypes.", "pickle.")


class Watch:
    """Raise if reading a file would run, import or start anything."""

    on = False

    def __call__(self, event: str, _: object) -> None:
        if self.on and event.startswith(FORBIDDEN):
            raise AssertionError(f"reading a checkpoint led to {event}")


watch = Watch()


def try_both(path: Path, data: bytes) -> None:
    """Read a file as it is, and with its lengths and its digest corrected."""
    try_one(path, data)
    header, _, payload = data.partition(b"\0")
    body = struct.pack("<Q", len(header)) + header + payload
    try_one(path, body + hashlib.sha256(body).digest())


def try_one(path: Path, data: bytes) -> None:
    """Read a file; a valid checkpoint must be of use."""
    path.write_bytes(data)
    watch.on = True
    try:
        found = checkpoint.read(path)
        assert sum(array.nbytes for array in found.arrays.values()) <= len(data)
        USES[found.task](found.without_training_state())
    except CheckpointError:
        pass  # as it should be
    finally:
        watch.on = False


def generate(found: checkpoint.Checkpoint) -> None:
    """Generate text."""
    assert len(Model.of(found).generate(length=3, seed=1)) == 3


def translate(found: checkpoint.Checkpoint) -> None:
    """Translate a text, with its alignment."""
    translator = Translator.of([found])
    (translation,) = translator.translate("one two", max_length=3, with_alignment=True)
    assert len(translation.symbols) <= 3
    assert math.isclose(sum(chance.prob for chance in translator.predict("one")), 1, abs_tol=1e-6)


def classify(found: checkpoint.Checkpoint) -> None:
    """Classify a text."""
    assert math.isclose(sum(Classifier.of([found]).classify("one two").values()), 1, abs_tol=1e-6)


def tag(found: checkpoint.Checkpoint) -> None:
    """Decide on each symbol of a text."""
    ((made,),) = Tagger.of([found]).translate_many(["one two"])
    assert len(made.symbols) == len(made.probabilities) == len(made.source_symbols)


def describe(found: checkpoint.Checkpoint) -> None:
    """Describe a picture, with where it was looked at."""
    captioner = Captioner.of([found])
    side = captioner.image_size
    pixels = np.full((side, side, 3), 99, np.uint8)
    (caption,) = captioner.caption(pixels, max_length=3, with_attention=True)
    assert len(caption.symbols) <= 3


USES = {
    task_names.CAPTION: describe,
    task_names.LANGUAGE_MODEL: generate,
    task_names.SEQ2SEQ: translate,
    task_names.GIVEN: translate,
    task_names.CLASSIFY: classify,
    task_names.TAG: tag,
}


def seeds() -> list[bytes]:
    """Checkpoints of every format and task; header and arrays also apart, so that both can change
    length.
    """
    files = [
        checkpoint.to_bytes(small()),
        *(path.read_bytes() for path in DATA.glob("*.safetensors")),
    ]
    found = []
    for data in files:
        end = 8 + struct.unpack("<Q", data[:8])[0]
        found += [data, data[8:end] + b"\0" + data[end:-32]]
    return found


def main() -> None:
    """Fuzz for so many seconds, from a seed."""
    seconds, seed = [*sys.argv[1:], *("60", "1")[len(sys.argv) - 1 :]]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "file")
        beginnings = Path(folder, "beginnings")
        beginnings.mkdir()
        for number, data in enumerate(seeds()):
            (beginnings / str(number)).write_bytes(data)
            try_both(path, data)  # and all that is imported late is imported
        sys.addaudithook(watch)
        megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
        limits = ["-timeout=2", "-malloc_limit_mb=64", f"-rss_limit_mb={megabytes + 64}"]
        options = [f"-max_total_time={seconds}", f"-seed={seed}", "-max_len=70000"]
        options.append("-print_final_stats=1")
        atheris.Setup(
            [sys.argv[0], *limits, *options, str(beginnings)], lambda data: try_both(path, data)
        )
        atheris.Fuzz()


if __name__ == "__main__":
    main()
