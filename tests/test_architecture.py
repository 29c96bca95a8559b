"""The rules of the house that import contracts (pyproject.toml) cannot say."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import charrnn

SOURCE = Path(charrnn.__file__).parent
MODULES = sorted(SOURCE.rglob("*.py"))


def imports_of(tree: ast.Module) -> set[str]:
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add(str(node.module))
    return found


def test_nothing_in_the_source_can_run_a_strangers_data():
    banned = {"eval", "exec", "compile", "__import__"}
    for module in MODULES:
        text = module.read_text(encoding="utf-8")
        tree = ast.parse(text)
        assert "torch.load" not in text
        assert not {"pickle", "marshal", "shelve", "dill"} & imports_of(tree)
        calls = [node.func for node in ast.walk(tree) if isinstance(node, ast.Call)]
        assert not banned & {call.id for call in calls if isinstance(call, ast.Name)}, module


def test_every_package_is_small_and_every_module_has_its_tests():
    tests = Path(__file__).parent
    proved_elsewhere = {
        "__init__", "__main__", "checkpoints", "evaluate", "flags", "learning", "memory",
        "prompts", "registry", "runs", "safetensors_file", "sample_writer", "scan", "session",
        "signals",
    }  # fmt: skip
    for package in (path.parent for path in SOURCE.rglob("__init__.py")):
        modules = {path.stem for path in package.glob("*.py")} - {"__init__"}
        assert len(modules) <= 14, package
        if package.name in ("callbacks", "flags"):
            continue  # they are proved by the tests of training and of the commands
        for module in modules - proved_elsewhere:
            test = tests / package.relative_to(SOURCE) / f"test_{module.removeprefix('_')}.py"
            assert test.exists(), module


def test_the_top_of_the_package_holds_what_everybody_knows():
    known = {"__init__", "__main__", "api", "errors", "_atomic", "_cores", "_exported", "_text"}
    assert {path.stem for path in SOURCE.glob("*.py")} <= known


PRIVATE_MODULES = {"_atomic", "_cores", "_exported", "_text"}
PUBLIC_ALL_THE_SAME = {"_exit", "_getframe", "_replace", "_repr_html_", "_repr_svg_"}


def test_renaming_what_is_private_breaks_no_test():
    """Tests import, call and patch public names alone."""
    for path in Path(__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            used = set()
            if isinstance(node, ast.ImportFrom) and str(node.module).startswith("charrnn"):
                used = {alias.name for alias in node.names}
            elif isinstance(node, ast.Attribute) and ast.unparse(node.value) != "self":
                used = {node.attr}
            elif isinstance(node, ast.Constant) and str(node.value).startswith("charrnn."):
                used = set(str(node.value).split("."))
            private = {name for name in used if name.startswith("_") and not name.endswith("__")}
            assert private <= PRIVATE_MODULES | PUBLIC_ALL_THE_SAME, (path, ast.unparse(node))


@pytest.mark.parametrize(
    ("imports", "absent"),
    [
        ("charrnn.cli.app", ["torch", "numpy", "tqdm"]),
        ("charrnn.generation.model", ["torch", "rich", "typer", "tqdm"]),
        (
            "charrnn.generation.translation.translator",
            ["torch", "rich", "typer", "tqdm", "concurrent.futures", "threadpoolctl"],
        ),
        ("charrnn.analysis.neurons.followers", ["torch", "rich", "typer", "tqdm"]),
        ("charrnn.analysis.neurons.label_units", ["torch", "rich", "typer", "tqdm"]),
        (
            "charrnn.cli.train, charrnn.cli.sample_writer",
            ["torch", "csv", "email", "charrnn.sources.paths"],
        ),
        ("charrnn", ["torch", "numpy", "typer"]),
        ("charrnn; charrnn.load, charrnn.Run, charrnn.train", ["torch", "rich", "typer", "tqdm"]),
    ],
)
def test_what_starts_fast_imports_nothing_heavy(imports, absent):
    check = f"import sys, {imports}; print([name for name in {absent} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
