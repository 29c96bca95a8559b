"""Names of tasks: each is written once."""

import ast
from pathlib import Path

import charrnn
from charrnn.runs import task_names
from charrnn.runs.schemas import SCHEMAS
from charrnn.tasks.registry import TASKS

NAMES = {value for name, value in vars(task_names).items() if name.isupper()}
SOURCE = Path(charrnn.__file__).parent
# the library names tasks in types, which need literals; a migration says what a format says
EXCEPTIONS = {"runs/task_names.py", "runs/migrations.py", "api.py"}
ALSO_WORDS = {"caption", "classify", "given", "tag"}  # commands, and settings


def test_every_task_has_its_name_here():
    assert set(SCHEMAS) == set(TASKS) == NAMES


def test_no_other_module_writes_the_name_of_a_task():
    for module in sorted(SOURCE.rglob("*.py")):
        if module.relative_to(SOURCE).as_posix() not in EXCEPTIONS:
            nodes = ast.walk(ast.parse(module.read_text(encoding="utf-8")))
            values = {node.value for node in nodes if isinstance(node, ast.Constant)}
            assert not values & (NAMES - ALSO_WORDS), module
