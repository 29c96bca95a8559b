"""A run is called what its folder is called, and a person may rename that: no name breaks a table,
a JSON answer, a page or a picture.
"""

import json
import shutil
from xml.etree import ElementTree

import pytest

NAMES = ["caf\udce9", "\x1b[31m two\nlines\t<b>&\"'$x_{", "_中文--"]


@pytest.fixture(params=NAMES, ids=ascii)
def name(request, trained):
    """Give a run an odd name, beside the run a."""
    name = str(request.param)
    try:
        shutil.copytree("checkpoints/a", f"checkpoints/{name}")
    except OSError:
        pytest.skip("no folder has this name here")
    return name


def test_tables_have_a_line_for_each_run(charrnn, name):
    lines = charrnn("runs").out.splitlines()
    assert [len(line.split("   ")) > 3 for line in lines if line.strip()] == [
        True,
        False,
        True,
        True,
    ]
    for command in (("runs",), ("info", name), ("compare", name, "a"), ("plot", name, "a")):
        done = charrnn(*command)
        assert done.code == 0 and "\x1b" not in done.out + done.err


def test_json_can_be_read_by_any_program(charrnn, name):
    for command in ("info", "plot"):
        read = json.loads(charrnn(command, name, "--json").out)
        json.dumps(read, ensure_ascii=False).encode()
    shown, other = json.loads(charrnn("compare", name, "a", "--json").out)["runs"]
    assert (shown.encode().decode(), other) == (name.replace("\udce9", "\ufffd"), "a")


def test_pictures_and_pages_can_be_written(charrnn, name):
    pytest.importorskip("matplotlib")
    for command in (("plot", name), ("plot", name, "a")):
        assert charrnn(*command, "--export", "a.svg").code == 0
        ElementTree.parse("a.svg")
    assert charrnn("export", "voice.html", "--run", name).code == 0
    assert charrnn("copy", name, "voice.safetensors").code == 0


def test_it_is_served_with_a_page(charrnn, name, monkeypatch):
    pytest.importorskip("starlette")
    pytest.importorskip("uvicorn")
    from starlette.testclient import TestClient

    from charrnn.server.listening import Listener

    def ask(listener):
        client = TestClient(listener.config.app, base_url="http://127.0.0.1")
        links = [part.partition('"')[0] for part in client.get("/").text.split('<a href="')[1:]]
        assert [client.get(f"/{link}").status_code for link in links] == [200, 200]
        first = client.get("/v1/models").json()["data"][0]["id"]
        first.encode()
        assert client.post("/v1/completions", json={"model": first}).json()["model"] == first

    monkeypatch.setattr(Listener, "listen", ask)
    done = charrnn("serve", "--run", name, "--run", "a", "--port", 0)
    assert (done.code, "a bug" in done.err) == (0, False)
