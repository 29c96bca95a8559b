"""FileStarts made by a fuzzer that sees which lines of the reader they reach: for each of them a
checkpoint or one line, within two seconds and 64 MB, and nothing in it is run.

    pip install atheris && python tests/faults/fuzz.py [SECONDS [SEED]]

What hypothesis makes of headers is in test_damage.py. This one searches: a file that reaches new
lines is kept and changed further. Every file is read as it is, and once more with its lengths and
its digest made true, for else no change would get past them. What crashed is left as a file whose
name is printed. With one seed it goes the same way every time, which is what CI wants; 0 is a seed
drawn at random, for a hunt.
"""

import hashlib
import resource
import struct
import sys
import tempfile
from pathlib import Path

try:
    import atheris
except ImportError:
    raise SystemExit("this needs atheris: pip install atheris") from None

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parents[1] / "runs"))
with atheris.instrument_imports(include=["charrnn", "json"]):
    from charrnn.errors import CheckpointError
    from charrnn.generation.model import Model
    from charrnn.runs import checkpoint
from test_checkpoint import small

DATA = Path(__file__).parents[1] / "golden"
FORBIDDEN = ("exec", "compile", "import", "os.", "subprocess.", "socket.", "ctypes.", "pickle.")


class Watch:
    """Raises where reading would run, import or start anything."""

    on = False

    def __call__(self, event: str, _: object) -> None:
        if self.on and event.startswith(FORBIDDEN):
            raise AssertionError(f"reading a checkpoint led to {event}")


watch = Watch()


def try_both(path: Path, data: bytes) -> None:
    """A file as it is, and with its lengths and its digest made true."""
    try_one(path, data)
    header, _, payload = data.partition(b"\0")
    body = struct.pack("<Q", len(header)) + header + payload
    try_one(path, body + hashlib.sha256(body).digest())


def try_one(path: Path, data: bytes) -> None:
    """Read it; what is a checkpoint speaks."""
    path.write_bytes(data)
    watch.on = True
    try:
        found = checkpoint.read(path)
        assert sum(array.nbytes for array in found.arrays.values()) <= len(data)
        model = Model.of(found.without_training_state())
        assert len(model.generate(length=3, seed=1)) == 3
    except CheckpointError:
        pass  # as it should be
    finally:
        watch.on = False


def seeds() -> list[bytes]:
    """Checkpoints of every format, header and arrays apart so that both can change in length."""
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
