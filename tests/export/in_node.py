"""Runs the programs of an exported page in node, beside what charrnn computes."""

import json
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

import charrnn
from charrnn.export import page, page_facts
from charrnn.runs.checkpoint import Checkpoint

TEMPLATE = Path(charrnn.__file__).parent / "export" / "template"
WORKER = ("text.js", "drawing.js", "network.js", "encoder.js", "speakers.js", "worker.js")
_MAIN = """
const data = JSON.parse(require("fs").readFileSync(0, "utf8"));
globalThis.postMessage = () => {};
const answer = (() => { %s })();
process.stdout.write(JSON.stringify(answer));
"""


def in_node(body: str, data: Any = None) -> Any:
    """Return what the body of a function returns, which sees the worker's programs and `data`."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("there is no node")
    sources = [(TEMPLATE / name).read_text(encoding="utf-8") for name in WORKER]
    done = subprocess.run(
        [node, "-e", "\n".join([*sources, _MAIN % body])],
        input=json.dumps(data),
        capture_output=True,
        encoding="utf-8",
    )
    assert done.returncode == 0, (done.returncode, done.stderr)
    return json.loads(done.stdout)


def exported(checkpoint: Checkpoint, weights: str = "float32") -> dict[str, Any]:
    """Return what a page holds of a run: facts and arrays."""
    return {
        "facts": page_facts.facts_of(checkpoint, weights),
        "arrays": page.arrays(checkpoint, weights),
    }


SPOKEN = """
return data.map(({facts, arrays, requests}) => {
  const speaker = SPEAKERS[facts.task](facts, arrays);
  return requests.map(({request, more}) => {
    const pieces = [...speaker.write(request), ...more.flatMap((next) => [...speaker.goOn(next)])];
    return pieces.filter(Boolean);
  });
});
"""


def spoken(checkpoint: Checkpoint, *requests: dict[str, Any], more: Any = ()) -> list[Any]:
    """Return the pieces that a page gives for each request, and for more of it."""
    return all_spoken([checkpoint], *requests, more=more)[0]


def all_spoken(
    checkpoints: Sequence[Checkpoint], *requests: dict[str, Any], more: Any = ()
) -> list[list[Any]]:
    """Return what `spoken` returns for each checkpoint, by one process: each takes its time."""
    asked = [{"request": request, "more": list(more)} for request in requests]
    answers = in_node(SPOKEN, [exported(each) | {"requests": asked} for each in checkpoints])
    return list(answers)


def text_of(pieces: list[Any]) -> str:
    """Return what is written."""
    return "".join(piece["text"] for piece in pieces)
