"""A real browser for the tests: Debian's Chromium, driven by playwright, with an exported page."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from charrnn.export import formats
from charrnn.runs.checkpoint import Checkpoint

WAIT_MS = 60_000  # a busy machine must not fail a test


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """A running browser; tests are skipped where there is none."""
    sync_api = pytest.importorskip("playwright.sync_api")
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)
    if found is None:
        pytest.skip("there is no chromium")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield browser
        browser.close()


@contextmanager
def opened(browser: Any, url: str, **settings: Any) -> Iterator[Any]:
    """Open a page, and require that it asks for nothing else and that nothing fails in it."""
    context = browser.new_context(**settings)
    page = context.new_page()
    page.set_default_timeout(WAIT_MS)
    asked: list[str] = []
    problems: list[str] = []
    context.on("request", lambda request: asked.append(request.url))
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("console", lambda line: problems.append(line.text))
    page.on("dialog", lambda dialog: problems.append(dialog.message))
    try:
        page.goto(url)
        page.wait_for_selector("#write:enabled")
        yield page
        assert not problems
        assert [each for each in asked if each != url and not each.startswith("blob:")] == []
    finally:
        context.close()


@pytest.fixture
def open_page(chromium: Any) -> Callable[..., Any]:
    """Export a checkpoint to voice.html, and open that file."""

    def open_it(checkpoint: Checkpoint, weights: str = "float32", **settings: Any) -> Any:
        formats.export(checkpoint, Path("voice.html"), weights=weights)
        return opened(chromium, Path("voice.html").resolve().as_uri(), **settings)

    return open_it


def write(page: Any, *, prompt: str = "", **fields: object) -> str:
    """Fill in the form and write; return all that is written when it has ended."""
    page.fill("#prompt", prompt)
    for name, value in fields.items():
        page.fill(f"#{name}", str(value))
    page.click("#write")
    page.wait_for_selector("#stop", state="hidden")
    return whole_text(page)


def whole_text(page: Any) -> str:
    """Return what is written, without the signs of unseen characters."""
    return str(page.evaluate("document.querySelector('#written').textContent"))
