"""Run what a page says, and put into the page what was printed.

    python docs/run.py docs/fifteen-minutes.md      # runs it, and writes output and pictures
    python docs/run.py --check docs/api.md          # runs it in small, writes nothing, compares

The ```sh and ```python blocks of a page are run from top to bottom in an empty folder, where
`examples` are those of this checkout, and `charrnn` and `python` those on the PATH. A ```text block
that follows one directly is what it printed, with progress abridged. A comment that begins with
<!-- sh is run too and not shown: it draws pictures. Pictures (*.svg) that are left in the folder go
to docs/pictures.

--check gives every training a tiny network, and every `--steps` 20 of them. It complains where a
command fails, where a picture of the page was not drawn, and where the words in an output are
others than the page's: words of four letters and more, in any order, for figures differ from
machine to machine and the letters that a model chooses with its training. Of a block ```text
varies, which holds generated text or a verdict, only that there is one.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PICTURES = ROOT / "docs" / "pictures"
BLOCK = re.compile(
    r"^```(?P<kind>sh|python)\n(?P<code>.*?)^```\n"
    r"(?:\n```text(?P<varies> varies)?\n(?P<out>.*?)^```\n)?"
    r"|^<!-- sh\n(?P<unseen>.*?)^-->\n",
    re.MULTILINE | re.DOTALL,
)
SMALL = "--steps 20 --hidden-size 12"  # for each charrnn train
FEW_CHARS, FEW_PAIRS = "--max-val-chars 5000", "--max-val-pairs 50"
SETTINGS = {"NO_COLOR": "1", "COLUMNS": "80", "PYTHONHASHSEED": "0", "DOCS": str(ROOT / "docs")}


def printed(kind: str, code: str, folder: Path) -> str:
    """What a block prints, on both streams. Ends this program where the block fails."""
    command = ["python", "-c", code] if kind == "python" else ["bash", "-euc", code]
    done = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, **SETTINGS},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if done.returncode:
        sys.exit(f"{code}{done.stdout}ended with exit code {done.returncode}")
    return abridged(done.stdout.replace(str(folder), "…"))


def abridged(out: str) -> str:
    """What a page shows of an output: of progress its end, no samples on the way and no speed,
    which is a machine's; a note on a line of its own, as after text on a terminal.
    """
    out = re.sub(r"^  \|.*\n", "", out, flags=re.MULTILINE)
    out = re.sub(r"  [\d.]+k? (chars|pairs|texts|captions)/s$", "", out, flags=re.MULTILINE)
    out = re.sub(r"(?<=\S)charrnn: ", "\ncharrnn: ", out)
    out = re.sub(r"((?:^step .*\n)*)(^step .*\n)", ends, out, flags=re.MULTILINE)
    return "".join(line.rstrip() + "\n" for line in out.splitlines()).strip("\n") + "\n"


def ends(progress: re.Match[str]) -> str:
    """The last of some lines of progress, and that there were others."""
    return ("…\n" if progress[1] else "") + progress[2]


def ran(page: str, folder: Path, *, in_small: bool) -> str:
    """The page, with what its blocks print now."""

    def filled(block: re.Match[str]) -> str:
        code = block["unseen"] or block["code"]
        out = printed(block["kind"] or "sh", smaller(code) if in_small else code, folder)
        if block["out"] is None:
            return block[0]
        shown = f"```{block['kind']}\n{code}```\n\n```text{block['varies'] or ''}\n"
        return f"{shown}{out}```\n"

    return BLOCK.sub(filled, page)


def smaller(code: str) -> str:
    """The same commands with tiny networks and few steps."""

    def small(training: re.Match[str]) -> str:
        has_pairs = re.search("--(pairs|labels|given|in-step|images)", training[0])
        validation = FEW_PAIRS if has_pairs else FEW_CHARS
        return training[0].replace("--steps 20", f"{SMALL} {validation}")

    code = re.sub(r"--steps \d+", "--steps 20", code)
    return re.sub(r"charrnn train .*", small, code)


def words(out: str) -> set[str]:
    """What --check compares of an output."""
    return set(re.findall(r"[a-z]{4,}", out.lower()))


def differences(page: str, now: str) -> list[str]:
    """In what the outputs of a page differ from those of today."""
    found = []
    for old, new in zip(BLOCK.finditer(page), BLOCK.finditer(now), strict=True):
        if old["varies"] and not new["out"].strip():
            found.append(f"{old['code']}prints nothing")
        if old["out"] and not old["varies"] and words(old["out"]) != words(new["out"]):
            changed = sorted(words(old["out"]) ^ words(new["out"]))
            found.append(f"{old['code']}prints other words: {', '.join(changed)}\n{new['out']}")
    return found


def undrawn(page: str, folder: Path) -> list[str]:
    """The pictures of a page that its commands draw, and that they have not drawn now."""
    shown = [Path(name).name for name in re.findall(r"\((\S*pictures/\S+\.svg)\)", page)]
    return [f"{name} was not drawn" for name in shown if not (folder / name).exists()]


def main() -> None:
    """Run the pages that were named."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("pages", nargs="+", type=Path)
    parser.add_argument("--check", action="store_true")
    given = parser.parse_args()
    complaints = []
    for path in given.pages:
        with tempfile.TemporaryDirectory() as name:
            folder, page = Path(name).resolve(), path.read_text()
            (folder / "examples").symlink_to(ROOT / "examples")
            now = ran(page, folder, in_small=given.check)
            if given.check:
                found = [*differences(page, now), *undrawn(page, folder)]
                complaints += [f"{path}: {each}" for each in found]
            else:
                path.write_text(now)
                for picture in folder.glob("*.svg"):
                    shutil.copy(picture, PICTURES)
    if complaints:
        sys.exit("\n".join(complaints))


if __name__ == "__main__":
    main()
