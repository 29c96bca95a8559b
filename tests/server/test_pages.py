"""The page at /: that of `charrnn export`, without a word about the corpus."""

import dataclasses
import json
import re
from pathlib import Path

from made import made
from serving import LOCAL, serve
from starlette.testclient import TestClient

NAME = "<b> & 'ü'"


def client(**checkpoints):
    return TestClient(serve(checkpoints=checkpoints).app, base_url=LOCAL)


def facts_in(text):
    return json.loads(re.search('id="facts">(.*?)</script>', text, re.DOTALL)[1])


def test_the_only_run_has_its_page_at_the_top():
    run = dataclasses.replace(made(), path=Path("/srv/secret/checkpoints/a/best.safetensors"))
    at_top = client(voice=run).get("/")
    assert at_top.headers["content-type"] == "text/html; charset=utf-8"
    facts = facts_in(at_top.text)
    assert facts["name"] == "voice"
    assert "a seed writes the same text" in str(facts["details"])
    assert dict(facts["details"])["Loss"].startswith("not measured")
    assert "secret" not in at_top.text and "gone.txt" not in at_top.text
    assert client(voice=run).get("/pages/voice").text == at_top.text
    assert "frame-ancestors 'none'" in at_top.headers["content-security-policy"]


def test_several_runs_are_a_list_of_links_that_lead_to_their_pages():
    both = client(**{NAME: made(), "other": made("xyz")})
    answer = both.get("/")
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert "<b>" not in answer.text
    links = re.findall('<li><a href="([^"]*)">', answer.text)
    assert len(links) == 2
    names = [facts_in(both.get(f"/{link}").text)["name"] for link in links]
    assert names == [NAME, "other"]


def test_a_run_that_no_page_can_speak_has_none(monkeypatch):
    from charrnn.export import page_facts

    monkeypatch.setattr(page_facts, "SPOKEN_CELLS", ("gru",))
    assert "there is no page" in client(voice=made()).get("/").text
    some = client(one=made(cell="lstm"), other=made(cell="gru"))
    assert some.get("/pages/one").status_code == 404
    assert 'id="facts"' in some.get("/").text


def test_with_a_key_a_browser_asks_for_it():
    app = serve(checkpoints={"voice": made()}, key="k", is_local=False).app
    answer = TestClient(app).get("/")
    assert (answer.status_code, answer.headers["www-authenticate"]) == (
        401,
        'Basic realm="charrnn"',
    )
    assert TestClient(app).get("/", auth=("any", "k")).status_code == 200
