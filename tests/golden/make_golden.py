"""Make the golden checkpoint of a new format. Run once for each format, never again.

python tests/golden/make_golden.py NAME
"""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
TEXT = "the wheel turns and the wheel returns; " * 40

with tempfile.TemporaryDirectory() as folder:
    (Path(folder) / "wheel.txt").write_text(TEXT)
    sizes = ["--hidden-size", "16", "--embedding-size", "6", "--steps", "40", "--lr", "0.03"]
    command = [sys.executable, "-m", "charrnn", "train", "wheel.txt", "--threads", "1", *sizes]
    subprocess.run(command, cwd=folder, check=True)
    shutil.copy(Path(folder, "checkpoints/wheel/best.safetensors"), HERE / sys.argv[1])
