"""One page that speaks: a run as a single .html file, which needs no network and no program but a
browser.

The readable sources of the page are the files in template/: they are joined here, with what the
page has to know (`page_facts`) and the weights (`packing`). Nothing of a run is ever markup: facts
are JSON without a character that HTML, JavaScript or a line's direction could take for its own, and
the page puts text in as text. A Content-Security-Policy allows its own script and style alone, by
their digests, and no connection to anywhere.
"""

import base64
import hashlib
import json
from importlib import resources
from pathlib import Path
from string import Template
from typing import Any

from charrnn._exported import MARK, write_exported
from charrnn._text import ProgressCallback
from charrnn.export import packing, page_facts
from charrnn.export.formats import Exported
from charrnn.models import ngrams
from charrnn.runs.checkpoint import Checkpoint

WEIGHTS = packing.WEIGHTS

# what each of the two programs is made of, in order
_PAGE = ("text.js", "written.js", "alignment.js", "page.js")
_WORKER = ("text.js", "drawing.js", "network.js", "encoder.js", "speakers.js", "worker.js")


def write(
    checkpoint: Checkpoint, path: Path, *, weights: str, progress: ProgressCallback
) -> Exported:
    """Write the page of a run. See `formats.Write`."""
    facts = page_facts.facts_of(checkpoint, weights, progress)
    data = page(facts, checkpoint, weights=weights).encode()
    write_exported(path, data)
    return Exported(path, len(data), page_facts.sentences(facts))


def page(facts: dict[str, Any], checkpoint: Checkpoint, *, weights: str) -> str:
    """Return the page of a run as a text; `facts` are those of `page_facts.facts_of`."""
    script = "{\n" + _joined(_PAGE) + "}\n"  # a block, so that no name clashes with the browser's
    style = _template("page.css")
    policy = (
        f"default-src 'none'; script-src {_digest(script)}; style-src {_digest(style)};"
        " worker-src blob:; base-uri 'none'; form-action 'none';"
        " require-trusted-types-for 'script'; trusted-types worker"
    )
    return Template(_template("page.html")).substitute(
        mark=MARK,
        policy=policy,
        style=style,
        facts=_as_json(facts),
        arrays=_as_json(arrays(checkpoint, weights)),
        worker=_joined(_WORKER),
        script=script,
    )


def arrays(checkpoint: Checkpoint, weights: str) -> dict[str, Any]:
    """Return the weights and the keys of n-grams, packed, by the names of the checkpoint."""
    longest = getattr(checkpoint.model, "ngrams", 1)
    keys = ngrams.keys_in(checkpoint.arrays, longest=longest)
    found = checkpoint.group("weights").items()
    packed = {name: packing.packed(array, weights) for name, array in found}
    return packed | packing.packed_ngrams(keys)


def _as_json(values: Any) -> str:
    """Return values as JSON in ASCII that can stand in a script element of a page."""
    return json.dumps(values, separators=(",", ":")).replace("<", "\\u003c")


def _joined(names: tuple[str, ...]) -> str:
    """Return some of the template's programs as one."""
    return '"use strict";\n' + "\n".join(map(_template, names))


def _template(name: str) -> str:
    file = resources.files("charrnn.export").joinpath("template", name)
    return file.read_text(encoding="utf-8").replace("\r\n", "\n")  # as browsers read it


def _digest(text: str) -> str:
    """Return how a policy names an inline script or style."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
