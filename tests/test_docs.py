"""The pages: what they say to type works, what they show is what comes, and their links lead on."""

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path
from pkgutil import resolve_name

import pytest

import charrnn

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "README.md"
PAGES = [README, *sorted([*ROOT.glob("docs/*.md"), *ROOT.glob("docs/uses/*.md")])]
RUN = [page for page in PAGES[1:] if "```sh\n" in page.read_text(encoding="utf-8")]
SPEC = importlib.util.spec_from_file_location("run", ROOT / "docs" / "run.py")
assert SPEC and SPEC.loader
run = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(run)

PAGE = """\
# A page

```sh
echo charrnn train 3 colours --steps 500
```

```text
charrnn train 3 colours --steps 500
```

<!-- sh
touch red.svg
-->

![red](pictures/red.svg)
"""


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_of_a_page_leads_somewhere(page: Path) -> None:
    text = re.sub(r"^```.*?^```|`[^`]*`", "", page.read_text(encoding="utf-8"), flags=re.M | re.S)
    links = re.findall(r"\]\(([^)\s#]+)[^)]*\)", text)
    local = [link for link in links if "://" not in link]
    assert [link for link in local if not (page.parent / link).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_names_no_place_on_the_machine_that_made_it(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert re.findall(r"(?<![\w.)…/])/(?:home|tmp|root|usr|work|var)/\S*", text) == []


def test_the_tour_has_each_package_and_no_other() -> None:
    tour = (ROOT / "docs/tour.md").read_text(encoding="utf-8")
    listed = tour.partition("    charrnn/\n")[2].partition("    tests/")[0]
    packages = re.findall(r"^      (\w+)/ ", listed, flags=re.M)
    there = {path.parent.name for path in (ROOT / "charrnn").glob("*/__init__.py")}
    assert sorted(packages) == sorted(there)


@pytest.mark.parametrize("page", ["tour", "recurrences", "recipe"])
def test_code_that_a_page_names_by_its_path_is_there(page: str) -> None:
    text = (ROOT / "docs" / f"{page}.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`((?:\w+/)+\w+(?:\.\w+)?)`", text))
    folders = ("charrnn", "tests", "docs", "examples", "benchmarks")
    paths = [path for folder in folders for path in (ROOT / folder).rglob("*")]
    there = {f"/{path.relative_to(ROOT).as_posix()}" for path in paths}
    there |= {path.removesuffix(".py") for path in there}
    ends = {name: (f"/{name}", f"/{name.partition('.')[0]}") for name in named}
    assert [name for name, end in ends.items() if not any(p.endswith(end) for p in there)] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_names_of_the_library_are_those_of_the_code(page: Path) -> None:
    for name in set(re.findall(r"`(charrnn(?:\.[A-Za-z_]\w*)+)", page.read_text(encoding="utf-8"))):
        resolve_name(name)


def test_the_page_of_the_library_has_every_public_name() -> None:
    page = (ROOT / "docs/api.md").read_text(encoding="utf-8")
    assert [name for name in charrnn.__all__ if f"charrnn.{name}`" not in page] == []
    methods = [name for kind in (charrnn.Run, charrnn.Model) for name in vars(kind)]
    used = {
        "model",
        "history",
        "header",
        "plot",
        "resume",
        "generate",
        "stream",
        "samples",
        "score",
    }
    assert used <= {name for name in methods if re.search(rf"\b{name}\(", page)}


def test_the_readme_fits_on_a_few_screens() -> None:
    assert len(README.read_text(encoding="utf-8").splitlines()) <= 190


def test_the_readme_counts_the_rows_of_the_fault_matrix() -> None:
    matrix = (ROOT / "tests/faults/matrix.py").read_text(encoding="utf-8")
    rows = re.findall(r"^    (\d+): ", matrix, flags=re.M)
    counted = re.findall(r"(\d+) kinds of\s+fault", README.read_text(encoding="utf-8"))
    assert counted == [rows[-1]] == [str(len(rows))]


def test_a_page_is_filled_with_what_its_commands_print(tmp_path: Path) -> None:
    empty = PAGE.replace("charrnn train 3 colours --steps 500\n```\n\n<", "```\n\n<")
    assert empty != PAGE
    assert run.ran(empty, tmp_path, in_small=False) == PAGE
    assert (tmp_path / "red.svg").exists()


def test_a_check_sees_other_words_and_lets_other_figures_be(tmp_path: Path) -> None:
    now = run.ran(PAGE, tmp_path, in_small=True)
    assert "3 colours --steps 20 --hidden-size 12" in now
    [complaint] = run.differences(PAGE, now)
    assert "hidden" in complaint
    same = PAGE.replace("train 3 colours --steps 500", "train 7 colours --steps 9")
    assert run.differences(PAGE, run.ran(same, tmp_path, in_small=False)) == []


def test_a_check_misses_a_picture_that_no_command_draws(tmp_path: Path) -> None:
    run.ran(PAGE, tmp_path, in_small=False)
    assert run.undrawn(PAGE, tmp_path) == []
    assert run.undrawn(PAGE.replace("pictures/red", "pictures/blue"), tmp_path)


def test_a_command_that_fails_ends_it(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="ended with exit code 3"):
        run.ran("```sh\nexit 3\n```\n", tmp_path, in_small=False)


def test_of_progress_the_last_line_is_shown_and_no_speed_and_no_sample() -> None:
    step = "step {}/30  loss 2.1 (3 bits)  4.1k chars/s\n  | a sample\n  |\n"
    steps = "".join(step.format(n) for n in (10, 20, 30))
    assert run.abridged(f"{steps}done\nWho's there?charrnn: 3 words\n") == (
        "…\nstep 30/30  loss 2.1 (3 bits)\ndone\nWho's there?\ncharrnn: 3 words\n"
    )


def test_in_small_only_trainings_get_a_small_network() -> None:
    assert run.smaller("python x.py --steps 900") == "python x.py --steps 20"
    assert "--max-val-chars" in run.smaller("charrnn train x --steps 900 --run a")
    assert "--max-val-pairs" in run.smaller("charrnn train x --steps 900 --run a --pairs")


@pytest.mark.parametrize("example", sorted((ROOT / "examples").glob("*.py")), ids=lambda p: p.name)
def test_an_example_uses_the_library_and_starts_no_process(example: Path) -> None:
    text = example.read_text(encoding="utf-8")
    assert not re.search(r"subprocess|os\.system|os\.exec|chdir", text)


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("page", RUN, ids=lambda page: page.name)
def test_what_a_page_says_to_type_works(page: Path) -> None:
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    done = subprocess.run(
        [sys.executable, ROOT / "docs" / "run.py", "--check", page],
        env={**os.environ, "PATH": path, "PYTHONPATH": str(ROOT)},
        stderr=subprocess.PIPE,
        text=True,
    )
    assert done.returncode == 0, done.stderr
