"""The exported page in a real browser: it writes, shows what it drew from, and asks for nothing."""

import http.server
import os
import re
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import test_classification
import test_encoder_js
import test_network_js
import test_translator
from chromium import chromium, open_page, whole_text, write
from in_node import TEMPLATE, WORKER, exported
from made import made, some_ids
from matrix import row
from test_page import HOSTILE, hostile

from charrnn.cells import CELLS
from charrnn.data.pairs.symbols import SymbolVocab
from charrnn.generation.classification import Classifier
from charrnn.generation.model import Model
from charrnn.generation.predict import Prediction
from charrnn.generation.translation.translator import Translator
from charrnn.models.seq2seq.equations import Weights, encode, step

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
  row.classList.contains('chosen') && row.textContent.startsWith('chosen'),
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
        for _ in range(12):
            page.keyboard.press("Tab")
            if page.evaluate("document.activeElement.id") == "written":
                break
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


@row(44)
@slow
def test_markup_and_unseen_characters_stay_text(open_page):
    with open_page(hostile()) as page:
        attack = "</script><img src=x onerror=alert(1)><!-- \u202e"
        text = write(page, prompt=attack, seed=2, length=300)
        assert page.text_content("h1") == "<img src=x onerror=alert(1)>"
        assert (
            page.evaluate("document.querySelectorAll('img, #written div :not(span)').length") == 0
        )
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


@row(44)
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


def in_page(page, program, checkpoint, ids):
    """Run the page's programs in the browser, on ids."""
    sources = "\n".join((TEMPLATE / name).read_text(encoding="utf-8") for name in WORKER[:4])
    asked = [exported(checkpoint) | {"ids": ids}]
    (answer,) = page.evaluate(f"(data) => {{ {sources}\n{program} }}", asked)
    return answer


@slow
@pytest.mark.parametrize("cell", CELLS)
def test_logits_in_the_browser_are_those_of_numpy(open_page, cell):
    checkpoint = made(cell=cell, num_layers=2)
    ids = some_ids(50, len(checkpoint.vocab)).tolist()
    with open_page(checkpoint) as page:
        logits_TV = in_page(page, test_network_js.LOGITS, checkpoint, ids)
    expected_VT = Model.of(checkpoint).backend.stepper().read_all(np.array(ids))
    np.testing.assert_allclose(np.array(logits_TV).T, expected_VT, atol=1e-4, rtol=0)


@slow
def test_logits_of_an_encoder_decoder_in_the_browser_are_those_of_the_equations(open_page):
    checkpoint, ids = test_translator.checkpoint_of(), [0, 1, 3, 2, 2]
    with open_page(checkpoint) as page:
        answers = in_page(page, test_encoder_js.LOGITS, checkpoint, ids)
    config, sources = checkpoint.model, np.array([[1, 2, 3, 0, 2]]).T
    weights = Weights.from_arrays(config, checkpoint.group("weights"))
    memory, state = encode(config, weights, sources, np.array([5]))
    for i, (logits_V, alignment_S) in zip(ids, answers, strict=True):
        logits_BV, state, alignment_BS = step(config, weights, memory, np.array([i]), state)
        np.testing.assert_allclose(logits_V, logits_BV[0], atol=1e-4)
        np.testing.assert_allclose(alignment_S, alignment_BS[0], atol=1e-4)


@slow
def test_a_translation_shows_what_each_symbol_looked_at(open_page):
    checkpoint = test_translator.checkpoint_of()
    (expected,) = Translator.of([checkpoint]).translate("abc", with_alignment=True)
    with open_page(checkpoint) as page:
        page.fill("#prompt", "abc")
        page.press("#prompt", "Enter")
        page.wait_for_selector("#picture svg")
        assert whole_text(page) == expected.text
        assert page.inner_text("#source") == "abc"
        page.focus("#written .drawn >> nth=1")
        share = "(symbol) => symbol.style.getPropertyValue('--share')"
        marks = page.evaluate(f"Array.from(document.querySelectorAll('.read'), {share})")
        np.testing.assert_allclose(np.array(marks, float), expected.alignment_TS[1], atol=1e-4)
        most = expected.alignment_TS[1].argmax()
        told = f"looked at {'abc'[most]} {percent(expected.alignment_TS[1][most])}"
        assert told in page.inner_text("#card")
        names = page.evaluate(
            "Array.from(document.querySelectorAll('svg text'), (e) => e.textContent)"
        )
        assert names == ["a", "b", "c", *expected.symbols]
        page.fill("#prompt", "")
        page.press("#prompt", "Enter")
        page.get_by_text("there is nothing to read").wait_for()


@row(44)
@slow
def test_symbols_that_are_markup_stay_text(open_page):
    attack = ("</script><script>alert(1)</script>", "<img/src=x/onerror=alert(1)>", "\u202e<b>")
    checkpoint = test_translator.checkpoint_of(vocab=SymbolVocab(attack))
    with open_page(checkpoint) as page:
        page.fill("#prompt", "abc")
        page.press("#prompt", "Enter")
        page.wait_for_selector("#picture svg")
        page.focus("#written .drawn >> nth=0")
        assert page.evaluate("document.querySelectorAll('img, b, #stage script').length") == 0
        assert "\u202e" not in page.inner_text("#card") + page.text_content("#picture")
        assert "alert(1)" in whole_text(page)


@slow
def test_a_label_is_decided_on_and_its_probabilities_are_shown(open_page):
    checkpoint, _ = test_classification.checkpoint_of()
    expected = Classifier.of([checkpoint]).classify("abcdefa")
    with open_page(checkpoint) as page:
        page.fill("#prompt", "abcdefa")
        page.press("#prompt", "Enter")
        page.wait_for_selector("#picture .row")
        shown = page.evaluate(ROWS.replace("#card", "#picture"))
        assert page.is_hidden("#temperature") and page.is_hidden("#length")
    assert shown[0] == [next(iter(expected)), percent(next(iter(expected.values()))), True]
    assert [name for name, _, _ in shown] == [name for name in expected if expected[name] >= 0.001]


SCHEMES_AND_WIDTHS = [("light", 1100), ("dark", 1100), ("light", 360), ("dark", 360)]


@slow
@pytest.mark.parametrize("kind", ["text", "pairs"])
@pytest.mark.parametrize(("scheme", "width"), SCHEMES_AND_WIDTHS)
def test_axe_finds_no_violation_and_nothing_is_wider_than_the_page(open_page, scheme, width, kind):
    axe = Path(os.environ.get("AXE_CORE", "none"))
    if not axe.is_file():
        pytest.skip("AXE_CORE does not name axe.min.js (npm install axe-core)")
    size = {"width": width, "height": 800}
    settings = {"color_scheme": scheme, "viewport": size, "reduced_motion": "reduce"}
    checkpoint = hostile() if kind == "text" else test_translator.checkpoint_of()
    with open_page(checkpoint, **settings) as page:
        page.evaluate(axe.read_text(encoding="utf-8"))
        assert violations(page) == []  # as it is opened
        page.fill("#prompt", "abc" * 20)
        page.fill("#seed", "2")
        page.click("#write")
        page.wait_for_selector("#stop", state="hidden")
        page.click("summary")
        page.focus("#written .drawn >> nth=5")
        assert page.is_visible("#card")
        assert violations(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        colour = page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
        red, *_ = re.findall(r"\d+", colour)
        assert (int(red) < 128) == (scheme == "dark")


def violations(page):
    found = page.evaluate("axe.run().then((results) => results.violations)")
    return [(each["id"], [node["html"] for node in each["nodes"]]) for each in found]
