"""The exported page in a real browser: it writes, shows what it drew from, and asks for nothing."""

import http.server
import os
import re
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from chromium import chromium, open_page, whole_text, write
from in_node import TEMPLATE, WORKER, exported
from made import made, some_ids
from test_network_js import LOGITS
from test_page import HOSTILE, hostile

from charrnn.cells import CELLS
from charrnn.generation.model import Model
from charrnn.generation.predict import Prediction

__all__ = ["chromium", "open_page"]  # fixtures
pytestmark = pytest.mark.xdist_group("browser")  # one browser for all
slow = pytest.mark.slow


def test_the_page_writes_the_text_of_the_seed_and_asks_for_nothing(open_page):
    checkpoint = made()
    with open_page(checkpoint) as page:
        text = write(page, prompt="abc", seed=7, length=120)
        page.hover("#written .drawn >> nth=3")
        assert page.is_visible("#card")
    assert text == "abc" + Model.of(checkpoint).generate("abc", seed=7, length=120)


@slow
def test_text_streams_can_be_stopped_and_goes_on_where_it_stopped(open_page):
    with open_page(made(hidden_size=200)) as page:
        page.fill("#seed", "5")
        page.fill("#length", "10000")
        page.click("#write")
        page.wait_for_selector("#written .drawn >> nth=20", state="attached")
        page.click("#stop")
        page.wait_for_selector("#go-on")
        first = whole_text(page)
        assert 20 < len(first) < 10_000
        page.fill("#length", "500")
        page.click("#go-on")
        page.wait_for_selector("#go-on")
        both = whole_text(page)
        assert len(both) == len(first) + 500
        assert "with the seed 5" in page.text_content("#status")
        assert write(page, seed=5, length=len(both)) == both


@slow
def test_without_a_seed_each_text_is_another_and_the_seed_is_told(open_page):
    with open_page(made()) as page:
        first, told = write(page, length=80), page.text_content("#status")
        assert write(page, length=80) != first
        assert write(page, length=80, seed=told.split()[-1].strip(".")) == first


ROWS = """Array.from(document.querySelectorAll('#card .row'), (row) => [
  row.querySelector('.symbol').textContent,
  row.querySelector('.share').textContent,
  row.classList.contains('chosen') && row.textContent.startsWith('drawn'),
])"""


def rows_of(prediction: Prediction, drawn: str) -> list[list[object]]:
    """Return the rows of a card: the likeliest, and the one that was drawn."""
    signs = {" ": "␣", "\n": "↵"}
    shown = [one for one in prediction.top(8) if one.prob >= 0.001]
    if drawn not in (one.char for one in shown):
        shown[7:] = [one for one in prediction if one.char == drawn]
    return [[signs.get(one.char, one.char), percent(one.prob), one.char == drawn] for one in shown]


def percent(share: float) -> str:
    return f"{100 * share:.{int(share < 0.1)}f} %"


@slow
def test_each_character_tells_what_it_was_drawn_from_by_mouse_and_by_keyboard(open_page):
    checkpoint = made()
    with open_page(checkpoint) as page:
        text = write(page, prompt="ab", seed=1, length=60)
        page.focus("#written")
        for _ in range(5):
            page.keyboard.press("ArrowRight")
        assert page.evaluate("document.activeElement.textContent") == text[6]
        assert page.evaluate("document.activeElement.getAttribute('aria-describedby')") == "card"
        by_keyboard = page.evaluate(ROWS)
        page.keyboard.press("Escape")
        assert page.is_hidden("#card")
        page.hover("#written .drawn >> nth=4")
        assert page.evaluate(ROWS) == by_keyboard
        page.mouse.move(1, 1)
        assert page.is_hidden("#card")
        page.click("#written .drawn >> nth=4")  # a tap
        assert page.is_visible("#card") and page.evaluate(ROWS) == by_keyboard
    prediction = Model.of(checkpoint).predict(text[:6], temperature=0.8)
    assert by_keyboard == rows_of(prediction, text[6])


@slow
def test_the_whole_text_is_copied_as_it_is(open_page):
    with open_page(hostile(), permissions=["clipboard-read", "clipboard-write"]) as page:
        write(page, prompt="a\u202eb", seed=2, length=300)
        page.click("#copy")
        page.get_by_text("Copied.").wait_for()
        copied = page.evaluate("navigator.clipboard.readText()")
    expected = Model.of(hostile()).generate("a\u202eb", seed=2, length=300)
    assert copied == "a\u202eb" + expected
    assert set(expected) >= set("</\"'\u2028\u202e\x1b")


@slow
def test_markup_and_unseen_characters_stay_text(open_page):
    with open_page(hostile()) as page:
        attack = "</script><img src=x onerror=alert(1)><!-- \u202e"
        text = write(page, prompt=attack, seed=2, length=300)
        assert page.text_content("h1") == "<img src=x onerror=alert(1)>"
        assert page.evaluate("document.querySelectorAll('img, #written :not(span)').length") == 0
        assert text.startswith("</script><img src=x onerror=alert(1)><!-- U+202E")
        for unseen in "\u202e\u2066\u200b\u2028\x00\x1b":
            assert unseen in HOSTILE and unseen not in text
        assert "␛" in text and "␀" in text
        for number in range(0, 300, 7):
            page.focus(f"#written .drawn >> nth={number}")
            assert not set("\u202e\u2066\u200b\x00") & set(page.inner_text("#card"))


class Canary(http.server.BaseHTTPRequestHandler):
    asked: list[str] = []  # noqa: RUF012

    def do_GET(self):
        self.asked.append(self.path)
        self.send_response(204)
        self.end_headers()

    do_POST = do_GET

    def log_message(self, *arguments):
        pass


@pytest.fixture
def canary() -> Iterator[str]:
    Canary.asked.clear()
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Canary) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


LEAK = """async (url) => {
  const wait = new Promise((resolve) => setTimeout(resolve, 500));
  const image = new Image();
  image.src = `${url}/image`;
  await fetch(`${url}/fetch`, {mode: "no-cors"}).catch(() => null);
  try { navigator.sendBeacon(`${url}/beacon`, "x"); } catch {}
  const link = document.createElement("link");
  Object.assign(link, {rel: "stylesheet", href: `${url}/style`});
  document.head.append(link);
  const frame = document.createElement("iframe");
  frame.src = `${url}/frame`;
  document.body.append(frame);
  await wait;
}"""


@slow
@pytest.mark.parametrize("has_policy", [True, False])
def test_nothing_in_the_page_can_reach_a_server(chromium, open_page, canary, has_policy):
    with open_page(made()):
        pass
    text = Path("voice.html").read_text()
    if not has_policy:
        text = text.replace('http-equiv="Content-Security-Policy"', "")
    Path("other.html").write_text(text)
    context = chromium.new_context()
    page = context.new_page()
    page.goto(Path("other.html").resolve().as_uri())
    page.evaluate(LEAK, canary)
    context.close()
    assert bool(Canary.asked) == (not has_policy)


@slow
def test_html_cannot_be_put_in_at_all(chromium, open_page):
    with open_page(made()):
        pass
    page = chromium.new_page()
    page.goto(Path("voice.html").resolve().as_uri())
    with pytest.raises(Exception, match="TrustedHTML"):
        page.evaluate("document.body.insertAdjacentHTML('beforeend', '<b>x</b>')")
    page.close()


@slow
@pytest.mark.parametrize("cell", CELLS)
def test_logits_in_the_browser_are_those_of_numpy(open_page, cell):
    checkpoint = made(cell=cell, num_layers=2)
    ids = some_ids(50, len(checkpoint.vocab)).tolist()
    sources = "\n".join((TEMPLATE / name).read_text(encoding="utf-8") for name in WORKER[:3])
    with open_page(checkpoint) as page:
        program = f"(data) => {{ {sources}\n{LOGITS} }}"
        (logits_TV,) = page.evaluate(program, [exported(checkpoint) | {"ids": ids}])
    expected_VT = Model.of(checkpoint).backend.stepper().read_all(np.array(ids))
    np.testing.assert_allclose(np.array(logits_TV).T, expected_VT, atol=1e-4, rtol=0)


SCHEMES_AND_WIDTHS = [("light", 1100), ("dark", 1100), ("light", 360), ("dark", 360)]


@slow
@pytest.mark.parametrize(("scheme", "width"), SCHEMES_AND_WIDTHS)
def test_axe_finds_no_violation_and_nothing_is_wider_than_the_page(open_page, scheme, width):
    axe = Path(os.environ.get("AXE_CORE", "none"))
    if not axe.is_file():
        pytest.skip("AXE_CORE does not name axe.min.js (npm install axe-core)")
    size = {"width": width, "height": 800}
    with open_page(hostile(), color_scheme=scheme, viewport=size, reduced_motion="reduce") as page:
        page.evaluate(axe.read_text(encoding="utf-8"))
        assert violations(page) == []  # as it is opened
        write(page, prompt="abc", seed=2, length=300)
        page.click("summary")
        page.focus("#written .drawn >> nth=9")
        assert page.is_visible("#card")
        assert violations(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        colour = page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
        red, *_ = re.findall(r"\d+", colour)
        assert (int(red) < 128) == (scheme == "dark")


def violations(page):
    found = page.evaluate("axe.run().then((results) => results.violations)")
    return [(each["id"], [node["html"] for node in each["nodes"]]) for each in found]
