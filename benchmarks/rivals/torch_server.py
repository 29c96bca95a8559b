"""The plain way to put a character model behind HTTP: a loop in torch, a thread for each request.

    python -m rivals.torch_server RUN [--port 0]

It loads the weights of a run of charrnn (a name in checkpoints/, or a folder) into the network that
was trained, steps it one character at a time as torch is shipped (with oneDNN, the slower way:
sampling.py has both), draws with torch.multinomial, and sends each character as an event. The
standard library answers (`http.server`). The port is the first line of standard output.
"""

import argparse
import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import torch

from charrnn.models import ngrams
from charrnn.models.network import Network
from charrnn.runs.root import Root


class Voice:
    """A network and its alphabet."""

    def __init__(self, run: str) -> None:
        checkpoint, _ = Root(Path("checkpoints")).best_checkpoint(run)
        self.vocab = checkpoint.vocab
        keys = ngrams.keys_in(checkpoint.arrays, longest=checkpoint.model.ngrams)
        self.network = Network(checkpoint.model, len(self.vocab), keys)
        self.network.load(checkpoint.group("weights"))
        self.network.eval()

    @torch.no_grad()
    def characters(self, prompt: str, length: int, temperature: float, seed: int):
        """Yield the characters that follow a prompt."""
        random = torch.Generator().manual_seed(seed)
        ids = self.vocab.ids_of([ord(character) for character in prompt]).tolist() or [0]
        state = self.network.initial_state(1)
        for _ in range(length):
            logits_TBV, state = self.network(torch.tensor(ids)[:, None], state)
            probabilities_V = (logits_TBV[-1, 0] / temperature).softmax(0)
            ids = [int(torch.multinomial(probabilities_V, 1, generator=random))]
            yield self.vocab.char(ids[0])


class Handler(BaseHTTPRequestHandler):
    voice: Voice

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        wanted = (asked[name] for name in ("prompt", "max_tokens", "temperature", "seed"))
        for character in self.voice.characters(*wanted):
            event = {"choices": [{"index": 0, "text": character, "finish_reason": None}]}
            self.wfile.write(f"data: {json.dumps(event)}\n\n".encode())
        self.wfile.write(b"data: [DONE]\n\n")

    def log_message(self, *_: object) -> None:
        pass


class Server(ThreadingHTTPServer):
    request_queue_size = 128


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run")
    parser.add_argument("--port", type=int, default=0)
    given = parser.parse_args()
    torch.set_num_threads(1)  # a step is too small for more, and each request has a thread
    Handler.voice = Voice(given.run)
    with Server(("127.0.0.1", given.port), Handler) as server:
        print(server.server_address[1], flush=True)
        server.serve_forever()


if __name__ == "__main__":
    sys.exit(main())
