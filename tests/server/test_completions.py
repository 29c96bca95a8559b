"""Answers to requests: whole or as a stream, the same text; in turn, and bounded."""

import asyncio
import json
import time

import httpx2
import pytest
from matrix import row
from serving import COMPLETIONS, LOCAL, Slow, bytes_model, pairs_model, serve, text_model
from starlette.testclient import TestClient


@pytest.fixture(scope="module")
def client():
    return TestClient(serve(text_model(), pairs_model(), bytes_model()).app, base_url=LOCAL)


def post(client, **fields):
    answer = client.post(COMPLETIONS, json={"seed": 5, "max_tokens": 40, **fields})
    assert answer.status_code == 200, answer.text
    return answer


def events(text):
    """Return the values of a stream, which has to end as it should."""
    *lines, end, nothing = text.split("\n\n")
    assert (end, nothing) == ("data: [DONE]", "")
    return [json.loads(line.removeprefix("data: ")) for line in lines]


def test_an_answer_is_an_object_of_the_interface(client):
    answer = post(client, model="text", prompt="ab").json()
    expected = text_model().model.generate("ab", length=40, seed=5, temperature=1.0)
    assert answer["choices"] == [
        {"index": 0, "text": expected, "logprobs": None, "finish_reason": "length"}
    ]
    assert answer["usage"] == {"prompt_tokens": 2, "completion_tokens": 40, "total_tokens": 42}
    assert (answer["object"], answer["model"]) == ("text_completion", "text")
    assert answer["id"].startswith("cmpl-")
    assert abs(answer["created"] - time.time()) < 60


@pytest.mark.parametrize(
    "fields",
    [
        {"prompt": "ab"},
        {"prompt": ["a", "bc"], "n": 2, "echo": True, "logprobs": 2},
        {"prompt": "ab", "stop": ["b", "ca"]},
        {"prompt": "ab", "max_tokens": 0, "echo": True, "logprobs": 0},
        {"model": "pairs", "prompt": ["abc", "e"], "temperature": 0, "echo": True},
        {"model": "bytes", "prompt": "né", "echo": True, "logprobs": 1},
    ],
)
def test_the_parts_of_a_stream_are_those_of_the_whole_answer(client, fields):
    whole = post(client, **fields).json()
    options = {"include_usage": True}
    streamed = post(client, **fields, stream=True, stream_options=options)
    assert streamed.headers["content-type"].startswith("text/event-stream")
    *parts, last = events(streamed.text)
    assert (last["choices"], last["usage"]) == ([], whole["usage"])
    assert len({(part["id"], part["seed"], part["model"]) for part in parts}) == 1
    for choice in whole["choices"]:
        own = [c for part in parts for c in part["choices"] if c["index"] == choice["index"]]
        assert "".join(part["text"] for part in own) == choice["text"]
        assert [p["finish_reason"] for p in own][-1] == choice["finish_reason"]
        for name in choice["logprobs"] or ():
            values = [value for part in own for value in part["logprobs"][name]]
            assert values == choice["logprobs"][name]


def test_the_first_model_answers_where_none_is_named_and_others_are_not_found(client):
    assert post(client, prompt="a").json()["model"] == "text"
    answer = client.post(COMPLETIONS, json={"model": "none"})
    assert answer.status_code == 404
    message = "there is no model 'none'; there are text, pairs, bytes"
    assert answer.json()["error"]["message"] == message


@pytest.mark.parametrize("is_streamed", [False, True])
def test_what_cannot_be_answered_is_refused_before_anything_is_sent(client, is_streamed):
    for fields, name in (
        ({"max_tokens": 10_001}, "max_tokens"),
        ({"model": "pairs", "logprobs": 1}, "logprobs"),
        ({"temperature": 101}, "temperature"),
    ):
        answer = client.post(COMPLETIONS, json={**fields, "stream": is_streamed})
        assert answer.status_code == 400
        assert answer.json()["error"]["param"] == name


def asynchronously(served, scene):
    """Run a scene with a client that can ask several things at once."""

    async def main():
        transport = httpx2.ASGITransport(app=served.app)
        async with httpx2.AsyncClient(transport=transport, base_url=LOCAL) as client:
            return await scene(client)

    return asyncio.run(main())


def test_requests_that_come_at_once_have_the_answers_that_each_has_alone():
    served = serve(num_streams=3, num_waiting=99)
    bodies = [{"prompt": "ab", "max_tokens": 30, "seed": seed} for seed in range(20)]

    async def scene(client):
        return await asyncio.gather(*(client.post(COMPLETIONS, json=body) for body in bodies))

    answers = asynchronously(served, scene)
    model = text_model().model
    for seed, answer in enumerate(answers):
        expected = model.generate("ab", length=30, seed=seed, temperature=1.0)
        assert answer.json()["choices"][0]["text"] == expected


@row(45)
@pytest.mark.parametrize("is_streamed", [False, True])
def test_more_requests_than_places_and_chairs_are_sent_away(is_streamed):
    slow = Slow()
    served = serve(slow, num_streams=1, num_waiting=1)
    body = {"max_tokens": 3, "stream": is_streamed}

    async def scene(client):
        first, second = (asyncio.ensure_future(client.post(COMPLETIONS, json=body)) for _ in "ab")
        while (served.line.num_running, served.line.num_waiting) != (1, 1):
            await asyncio.sleep(0.001)
        third = await client.post(COMPLETIONS, json=body)
        slow.permissions.release(6)
        return await first, await second, third

    first, second, third = asynchronously(served, scene)
    assert (first.status_code, second.status_code, third.status_code) == (200, 200, 429)
    assert third.headers["retry-after"] == "1"
    assert (served.line.num_running, served.line.num_waiting) == (0, 0)


def test_nothing_is_drawn_by_the_thread_of_the_event_loop():
    slow = Slow()
    slow.permissions.release(99)
    post(TestClient(serve(slow).app, base_url=LOCAL), max_tokens=20)
    names = {thread.name.partition("_")[0] for thread in slow.threads}
    assert names == {"charrnn", "charrnn-first"}
