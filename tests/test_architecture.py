"""The rules of the house, read from the source: who may import whom, and what nobody may do."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import charrnn

SOURCE = Path(charrnn.__file__).parent
MODULES = sorted(path.stem for path in SOURCE.glob("*.py"))

MAY_IMPORT = {
    "__init__": {"errors", "model"},
    "__main__": {"cli", "cores", "display", "errors", "marks"},
    "cores": set(),
    "threads": {"config", "device", "feeding", "training"},
    "errors": set(),
    "wording": set(),
    "storage": set(),
    "config": {"errors"},
    "vocab": set(),
    "shakespeare": {"errors"},
    "display": {"marks"},
    "marks": set(),
    "options": set(),
    "heat": {"display", "errors", "storage"},
    "axes": set(),
    "board": {"display", "errors"},
    "canvas": set(),
    "curves": {"axes", "canvas", "display", "errors", "storage"},
    "features": set(),
    "neurons": {
        "config", "errors", "features", "model", "records", "recurrence", "stepper", "vocab",
    },
    "plan": {"config", "errors"},
    "ngrams": {"vocab"},
    "recurrence": {"config", "ngrams"},
    "sources": {"errors", "shakespeare", "storage"},
    "suffixes": {"cores", "vocab"},
    "index": {"corpus", "suffixes", "vocab"},
    "novelty": {"index", "suffixes", "vocab"},
    "detection": set(),
    "filetypes": {"errors"},
    "units": set(),
    "columns": {"errors", "records", "units", "wording"},
    "decoding": {
        "columns", "detection", "errors", "filetypes", "shakespeare", "sources", "units", "wording",
    },
    "pieces": {"decoding", "detection", "errors", "sources", "vocab"},
    "workers": {"cores", "errors"},
    "journal": {"errors", "storage"},
    "counting": {
        "decoding", "errors", "journal", "pieces", "sources", "storage", "vocab", "wording",
        "workers",
    },
    "corpus": {
        "counting", "decoding", "journal", "pieces", "sources", "splits", "storage", "vocab",
        "workers",
    },
    "stepper": {"config", "ngrams", "recurrence", "vocab"},
    "sampling": {"config", "stepper"},
    "steering": {"index", "sampling", "vocab"},
    "streams": {"config", "sampling", "vocab"},
    "torch_batch": {"config", "recurrence", "vocab"},
    "prediction": {"config", "sampling", "stepper", "vocab"},
    "records": {"vocab"},
    "record_index": {"corpus", "records", "vocab"},
    "splits": {"config", "vocab"},
    "home": {"errors"},
    "sieve": {"errors"},
    "lanes": {"config", "vocab"},
    "feeding": {"lanes", "vocab"},
    "reading": {
        "checkpoint", "columns", "config", "corpus", "decoding", "display", "errors", "home",
        "lanes", "records", "sources", "splits", "vocab", "wording",
    },
    "speaking": {
        "checkpoint", "config", "device", "display", "errors", "inputs", "model", "reading",
        "home", "record_index", "records", "recurrence", "reporting", "sampling", "sieve",
        "streams", "torch_batch", "wording",
    },
    "inputs": {
        "checkpoint", "decoding", "detection", "display", "errors", "filetypes", "model",
        "reading", "runs", "wording",
    },
    "reporting": {
        "checkpoint", "display", "home", "index", "model", "novelty", "reading", "steering",
    },
    "container": set(),
    "checkpoint": {"config", "container", "errors", "storage", "vocab"},
    "runs": {"checkpoint", "errors", "storage"},
    "model": {
        "checkpoint", "config", "cores", "errors", "folding", "prediction", "records",
        "recurrence", "runs", "sampling", "steering", "stepper", "streams",
        "vocab",
    },
    "device": {"early", "errors"},
    "network": {"cifg", "config", "ngrams", "recurrence"},
    "optimizer": set(),
    "cifg": set(),
    "training": {
        "config", "feeding", "lanes", "network", "ngrams", "optimizer", "ranks", "recurrence",
    },
    "ranks": {"errors"},
    "evaluation": {"lanes", "network", "vocab"},
    "adapt": {"network", "recurrence", "vocab"},
    "scoring": {
        "adapt", "baselines", "checkpoint", "cores", "device", "display", "errors", "evaluation",
        "lanes", "model", "network", "reading", "records", "units", "vocab",
    },
    "signals": set(),
    "sharing": {"checkpoint", "errors", "ranks", "runs"},
    "restarts": {"errors", "runs", "storage"},
    "session": {
        "baselines", "budget", "checkpoint", "config", "container", "device", "display", "errors",
        "evaluation", "feeding", "lanes", "model", "runs", "samples", "sharing", "signals",
        "threads", "training", "wording",
    },
    "samples": {"config"},
    "baselines": {"lanes", "vocab"},
    "verifying": {
        "checkpoint", "config", "corpus", "device", "display", "errors", "feeding", "home",
        "launch", "reading", "runs", "training", "vocab", "wording",
    },
    "budget": {
        "config", "device", "evaluation", "feeding", "lanes", "training",
    },
    "launch": {
        "budget", "checkpoint", "config", "cores", "corpus", "device", "display", "errors",
        "home", "lanes", "network", "ngrams", "plan", "ranks", "reading", "restarts", "runs",
        "session", "sharing", "sources", "splits", "threads", "training", "vocab", "wording",
    },
    "cli": {
        "board", "config", "decoding", "display", "early", "errors", "inputs", "launch",
        "looking", "model", "options", "plan", "ranks", "restarts", "resuming", "runs", "sharing",
        "speaking", "verifying", "wording",
    },
    "folding": set(),
    "early": {"config", "decoding", "errors", "runs", "sources"},
    "resuming": {"checkpoint", "errors"},
    "losses": {"curves", "errors", "runs"},
    "history": {"errors", "runs"},
    "looking": {
        "curves", "decoding", "display", "errors", "heat", "history", "inputs", "inside",
        "losses", "model", "options", "prediction", "reading", "runs", "scoring", "wording",
    },
    "inside": {
        "checkpoint", "cores", "curves", "device", "display", "errors", "features", "heat",
        "inputs", "memory", "model", "neurons", "options", "reading", "runs", "wording",
    },
    "memory": {
        "config", "errors", "lanes", "model", "ngrams", "recurrence", "sampling", "stepper",
        "vocab",
    },
}  # fmt: skip

ONLY_IN = {
    "torch": {
        "adapt",
        "cifg",
        "device",
        "evaluation",
        "feeding",
        "memory",
        "network",
        "optimizer",
        "ranks",
        "session",
        "torch_batch",
        "training",
    },
    "typer": {"__main__", "cli", "looking", "options", "resuming"},
    "rich": {"canvas", "curves", "display", "heat"},
    "matplotlib": {"curves"},
    "tensorboard": {"board"},
    "tqdm": {"display"},
    "safetensors": {"container"},
}


def imports_of(module: str) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse((SOURCE / f"{module}.py").read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            if node.module == "charrnn":
                found |= {f"charrnn.{alias.name}" for alias in node.names if alias.name in MODULES}
            else:
                found.add(str(node.module))
    return found


@pytest.mark.parametrize("module", MODULES)
def test_each_module_imports_only_what_it_may_know(module):
    ours = {name.split(".")[1] for name in imports_of(module) if name.startswith("charrnn.")}
    assert ours == MAY_IMPORT[module]


@pytest.mark.parametrize("package", ONLY_IN)
def test_each_package_is_seen_only_where_it_belongs(package):
    users = {
        module
        for module in MODULES
        if any(name.split(".")[0] == package for name in imports_of(module))
    }
    assert users <= ONLY_IN[package]


def test_nothing_in_the_source_can_run_a_strangers_data():
    banned = {"eval", "exec", "compile", "__import__"}
    for module in MODULES:
        text = (SOURCE / f"{module}.py").read_text(encoding="utf-8")
        assert "torch.load" not in text
        assert not {"pickle", "marshal", "shelve", "dill"} & imports_of(module)
        calls = [node.func for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Call)]
        assert not banned & {call.id for call in calls if isinstance(call, ast.Name)}, module


def test_every_module_is_mirrored_by_its_tests():
    tests = {path.stem.removeprefix("test_") for path in Path(__file__).parent.glob("test_*.py")}
    spoken_for = {
        "__init__": "model", "__main__": "cli", "options": "cli", "looking": "scoring",
        "inside": "neurons", "container": "checkpoint", "signals": "session", "counting": "corpus",
        "resuming": "cli", "early": "cli",
    }  # fmt: skip
    assert {spoken_for.get(module, module) for module in MODULES} <= tests


@pytest.mark.parametrize(
    ("imports", "absent"),
    [
        ("charrnn.cli", ["torch", "numpy", "tqdm"]),
        ("charrnn.model", ["torch", "rich", "typer", "tqdm"]),
        ("charrnn.neurons", ["torch", "rich", "typer", "tqdm"]),
        ("charrnn.early, charrnn.speaking", ["torch", "csv", "email", "charrnn.sources"]),
        ("charrnn", ["torch", "numpy", "typer"]),
    ],
)
def test_what_starts_fast_imports_nothing_heavy(imports, absent):
    check = f"import sys, {imports}; print([name for name in {absent} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
