"""`charrnn serve`: which runs, where, and who may reach them."""

import re
import subprocess
import sys

import pytest

pytest.importorskip("starlette")
pytest.importorskip("uvicorn")

from starlette.testclient import TestClient

from charrnn.server.listening import Listener


@pytest.fixture
def served(charrnn, monkeypatch):
    """Run the command without listening; return the result and a client of its application."""

    def run(*arguments):
        listeners = []
        monkeypatch.setattr(Listener, "listen", lambda listener: listeners.append(listener))
        done = charrnn("serve", "--port", 0, *arguments)
        app = listeners[0].config.app if listeners else None
        return done, TestClient(app, base_url="http://127.0.0.1")

    return run


def complete(client, model, **fields):
    answer = client.post("/v1/completions", json={"model": model, **fields})
    assert answer.status_code == 200, answer.text
    return [choice["text"] for choice in answer.json()["choices"]]


def test_it_says_what_is_served_where_and_what_to_type(served, two_runs):
    done, client = served("--run", "a", "--run", "names")
    assert (done.code, done.out) == (0, "")
    line, example = done.err.splitlines()
    url = re.fullmatch(r"charrnn: serving a, names at (http://127.0.0.1:\d+); Ctrl-C stops", line)[
        1
    ]
    assert example.startswith(f"charrnn: try it: curl {url}/v1/completions -d '{{")
    assert [m["id"] for m in client.get("/v1/models").json()["data"]] == ["a", "names"]
    assert client.get("/v1/models").json()["data"][0]["object"] == "model"


def test_what_it_writes_is_what_sample_writes_at_the_same_seed(served, charrnn, two_runs):
    _, client = served("--run", "a", "--run", "names")
    settings = {"temperature": 0.7, "top_p": 0.9, "seed": 11}
    flags = ("--temp", 0.7, "--top-p", 0.9, "--seed", 11)
    (text,) = complete(client, "a", prompt="Al", max_tokens=200, **settings)
    assert charrnn("sample", "a", "-p", "Al", "-n", 200, *flags).out == f"Al{text}"
    records = complete(client, "names", prompt="1", max_tokens=200, n=4, **settings)
    out = charrnn("sample", "names", "-p", "1", "-n", 200, "--num", 4, *flags).out
    assert out == "".join(f"1{record}\n" for record in records)


def test_the_newest_run_is_served_of_a_text_or_of_pairs(served, charrnn, pair_runs):
    done, client = served()
    assert "serving plain at" in done.err
    (text,) = complete(client, "plain", prompt="aex", max_tokens=50, temperature=0)
    assert charrnn("translate", "--run", "plain", "aex").out == f"{text}\n"


def test_no_path_of_the_machine_is_in_the_name_of_a_run(served, trained, tmp_path):
    file = tmp_path / "checkpoints/a/best.safetensors"
    (tmp_path / "voice.safetensors").write_bytes(file.read_bytes())
    done, client = served(
        "--run", tmp_path / "checkpoints/a", "--run", tmp_path / "voice.safetensors"
    )
    assert "serving a, voice at" in done.err
    answers = [client.get("/v1/models"), client.get("/v1/models/x"), client.post("/v1/completions")]
    assert not [answer for answer in answers if str(tmp_path) in answer.text]


def test_beyond_this_machine_it_takes_a_key(served, trained, monkeypatch):
    done, _ = served("--host", "0.0.0.0")
    assert done.code == 2
    assert "set the environment variable CHARRNN_API_KEY" in done.err
    for nothing in ("", " \n"):
        monkeypatch.setenv("CHARRNN_API_KEY", nothing)
        assert served("--host", "0.0.0.0")[0].code == 2
    monkeypatch.setenv("CHARRNN_API_KEY", "secret")
    done, client = served("--host", "0.0.0.0")
    assert done.code == 0
    assert 'curl -H "Authorization: Bearer $CHARRNN_API_KEY" http' in done.err
    assert "secret" not in done.err
    assert client.get("/v1/models").status_code == 401
    key = {"Authorization": "Bearer secret", "Host": "voice.example"}
    assert client.get("/v1/models", headers=key).status_code == 200


def test_limits_are_flags(served, trained):
    _, client = served("--max-tokens", 5, "--max-prompt", 3)
    for fields in ({"max_tokens": 6}, {"prompt": "abcd"}):
        assert client.post("/v1/completions", json=fields).status_code == 400
    assert complete(client, "a", prompt="abc", max_tokens=5)


def test_without_its_packages_it_says_what_to_install(charrnn, trained, monkeypatch):
    monkeypatch.delitem(sys.modules, "charrnn.server.listening")
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    done = charrnn("serve")
    assert (done.code, done.out) == (2, "")
    assert "pip install 'charrnn[serve]'" in done.err


def test_help_imports_no_server():
    check = "import sys, charrnn.cli.app; print({'uvicorn', 'starlette'} & {*sys.modules})"
    done = subprocess.run([sys.executable, "-c", check], capture_output=True, check=True)
    assert done.stdout.strip() == b"set()"
