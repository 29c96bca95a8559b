"""Many requests at once: is anything lost, does memory stay, and how long does a reader wait?

    python benchmarks/serving.py RUN [--streams 50] [--seconds 60] [--length 500]

RUN is a run of a text, a name in checkpoints/ or a folder. So many clients ask one server for
streams of so many characters, each again and again until the time is over; then what runs is waited
for. One server after the other, each in a process of its own, on this machine alone:

- `charrnn serve`;
- a loop in torch behind the standard library's HTTP server, with the same weights
  (`rivals/torch_server.py`).

*First character* is the time from connecting to the first event, *a character* the time from it to
the last, divided by the characters between: what one reader sees. *Lost* are requests that did not
end as they should or have another number of characters. Memory is that of the server after a first
request of every client, and at the end. The first text of every client of `charrnn serve` is
compared with `Model.generate`.
"""

import argparse
import asyncio
import contextlib
import json
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import measured
import numpy as np

import charrnn

HERE = Path(__file__).parent
PROMPT, TEMPERATURE = "The ", 0.8


@dataclass
class Reader:
    """What one client saw."""

    firsts: list[float] = field(default_factory=list)  # seconds
    per_char: list[float] = field(default_factory=list)
    num_chars: int = 0
    num_lost: int = 0
    first_text: str | None = None


async def ask(port: int, body: dict) -> tuple[str, float, float, bool]:
    """Ask for a stream; return its text, the seconds to the first and to the last character, and
    whether it ended as it should.
    """
    began = time.perf_counter()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    data = json.dumps(body).encode()
    head = (
        "POST /v1/completions HTTP/1.0\r\nHost: localhost\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(data)}\r\n\r\n"
    )
    writer.write(head.encode() + data)
    text, first, last, is_whole = "", 0.0, 0.0, False
    with contextlib.closing(writer):
        async for line in reader:
            if line.startswith(b"data: {"):
                text += json.loads(line[6:])["choices"][0]["text"]
                last = time.perf_counter() - began
                first = first or last
            is_whole = is_whole or line == b"data: [DONE]\n"
    return text, first, last, is_whole


async def read_on(port: int, reader: Reader, seeds: Iterator[int], length: int, until: float):
    """Ask again and again, at least once."""
    while True:
        body = {
            "prompt": PROMPT, "max_tokens": length, "temperature": TEMPERATURE,
            "seed": next(seeds), "stream": True,
        }  # fmt: skip
        try:
            text, first, last, is_whole = await ask(port, body)
        except OSError:
            text, first, last, is_whole = "", 0.0, 0.0, False
        if is_whole and len(text) == length:
            reader.firsts.append(first)
            reader.per_char.append((last - first) / max(length - 1, 1))
            reader.num_chars += length
        else:
            reader.num_lost += 1
        if reader.first_text is None:
            reader.first_text = text
        if time.perf_counter() > until:
            return


async def load(port: int, num_streams: int, length: int, seconds: float) -> list[Reader]:
    """Read so many streams at once for so many seconds (0: once each)."""
    readers = [Reader() for _ in range(num_streams)]
    until = time.perf_counter() + seconds
    await asyncio.gather(
        *(
            read_on(port, reader, iter(range(k, 1 << 31, num_streams)), length, until)
            for k, reader in enumerate(readers)
        )
    )
    return readers


@contextlib.contextmanager
def charrnn_server(run: str, num_streams: int) -> Iterator[tuple[int, int]]:
    """Serve a run; give process id and port."""
    with tempfile.TemporaryFile("w+") as said:
        command = [sys.executable, "-m", "charrnn", "serve", "--run", run, "--port", "0"]
        command += ["--streams", str(num_streams)]
        process = subprocess.Popen(command, stderr=said)
        try:
            while not (found := re.search(r"http://127\.0\.0\.1:(\d+)", _read(said))):
                assert process.poll() is None, _read(said)
                time.sleep(0.05)
            yield process.pid, int(found[1])
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait()


def _read(file) -> str:
    file.seek(0)
    return file.read()


@contextlib.contextmanager
def torch_server(run: str, num_streams: int) -> Iterator[tuple[int, int]]:
    """Serve a run by the loop in torch; give process id and port."""
    command = [sys.executable, str(HERE / "rivals" / "torch_server.py"), run]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        yield process.pid, int(process.stdout.readline())
    finally:
        process.terminate()
        process.wait()
        process.stdout.close()


def memory(process_id: int) -> float:
    """Return the memory of a process in MB."""
    status = Path(f"/proc/{process_id}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) / 1024


def percentiles(values: list[float]) -> str:
    """Return the median and the 95th percentile, in milliseconds."""
    if not values:
        return "–"
    return " / ".join(f"{1000 * value:,.1f}" for value in np.percentile(values, [50, 95]))


def row(name: str, given: argparse.Namespace, process_id: int, port: int) -> list[Reader]:
    """Load a server and print its row of the table."""
    asyncio.run(load(port, given.streams, given.length, 0))
    before, began = memory(process_id), time.perf_counter()
    readers = asyncio.run(load(port, given.streams, given.length, given.seconds))
    taken, after = time.perf_counter() - began, memory(process_id)
    num_chars = sum(reader.num_chars for reader in readers)
    num_requests = sum(len(reader.firsts) for reader in readers)
    firsts = [seconds for reader in readers for seconds in reader.firsts]
    per_char = [seconds for reader in readers for seconds in reader.per_char]
    print(
        f"| {name} | {num_requests:,} | {sum(reader.num_lost for reader in readers)} |"
        f" {num_chars / taken:,.0f} | {percentiles(firsts)} | {percentiles(per_char)} |"
        f" {before:,.0f} → {after:,.0f} |",
        flush=True,
    )
    return readers


def require_same_texts(run: str, readers: list[Reader], length: int) -> None:
    """Fail unless each first text is the one that the library writes."""
    model = charrnn.load(run, task="language_model")
    for seed, reader in enumerate(readers):
        expected = model.generate(PROMPT, length=length, temperature=TEMPERATURE, seed=seed)
        assert reader.first_text == expected, f"seed {seed}"


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run")
    parser.add_argument("--streams", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--length", type=int, default=500)
    parser.add_argument("--without-torch", action="store_true")
    return parser.parse_args()


def main() -> None:
    given = arguments()
    print(f"{measured.heading('torch', 'numpy')}; {given.run},")
    print(f"{given.streams} streams of {given.length} characters for {given.seconds:g} s")
    print(
        "\n| server | requests | lost | chars/s | first character, ms, p50 / p95"
        " | a character, ms, p50 / p95 | MB |\n|---|---|---|---|---|---|---|"
    )
    with charrnn_server(given.run, given.streams) as (process_id, port):
        readers = row("charrnn serve", given, process_id, port)
    if not given.without_torch:
        with torch_server(given.run, given.streams) as (process_id, port):
            row("loop in torch, http.server", given, process_id, port)
    require_same_texts(given.run, readers, given.length)
    print(f"\nthe first texts of {len(readers)} readers are those of Model.generate")


if __name__ == "__main__":
    main()
