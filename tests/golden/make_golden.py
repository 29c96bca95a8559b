"""Make the golden checkpoints of a new format that are not there yet, one for each task.

    python tests/golden/make_golden.py 9

Those of a released version are never made again.
"""

import shutil
import subprocess
import sys
import tempfile
from contextlib import chdir
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "data" / "pairs" / "pictures"))
from drawn import save_captions, save_pictures  # noqa: E402

WORDS = "wheel turn return circle orbit cycle spoke axle hub rim gear crank"


class Golden(NamedTuple):
    """What the run of a golden checkpoint learned from, and flags of train."""

    corpus: str
    text: str  # of captions none: their pictures are drawn
    flags: str

    def write(self) -> None:
        """Write the corpus into the current folder."""
        if self.text:
            Path(self.corpus).write_text(self.text)
        else:
            save_captions(save_pictures(36), self.corpus)


_SIZES = "--embedding-size 6 --steps 40 --lr 0.03 --threads 1 --run wheel"
GOLDEN = {  # by the end of their names
    "": Golden("wheel.txt", "the wheel turns and the wheel returns; " * 40, "--hidden-size 16"),
    "-pairs": Golden(
        "wheel.tsv",
        "".join(f"{w}\t{w[::-1]}\n" for w in 3 * WORDS.split()),
        "--pairs --hidden-size 8",
    ),
    "-labels": Golden(
        "wheel.tsv",
        "".join(f"{w}\t{'e' in w}\n" for w in 3 * WORDS.split()),
        "--labels --hidden-size 8",
    ),
    "-given": Golden(
        "wheel.tsv",
        "".join(f"{w}\t{'e' in w}\n" for w in 3 * WORDS.split()),
        "--given label --hidden-size 8",
    ),
    "-in-step": Golden(
        "wheel.tsv",
        "".join(f"{w}\t{w[:-1]}{w[-1].upper()}\n" for w in 3 * WORDS.split()),
        "--in-step --hidden-size 8",
    ),
    "-captions": Golden(
        "wheel.tsv", "", "--images pictures --image-size 8 --encoder-layers 2 --hidden-size 8"
    ),
}


def make(path: Path, golden: Golden) -> None:
    """Train a run for 40 steps, and keep its best checkpoint."""
    with tempfile.TemporaryDirectory() as folder, chdir(folder):
        golden.write()
        command = [sys.executable, "-m", "charrnn", "train", golden.corpus, *_SIZES.split()]
        subprocess.run([*command, *golden.flags.split()], check=True)
        shutil.copy("checkpoints/wheel/best.safetensors", path)


if __name__ == "__main__":
    for kind, golden in GOLDEN.items():
        path = HERE / f"golden-format-{sys.argv[1]}{kind}.safetensors"
        if not path.exists():
            make(path, golden)
