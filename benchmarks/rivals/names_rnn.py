"""Train the network of PyTorch's tutorial "Classifying Names with a Character-Level RNN" for so
many minutes, and print a line of JSON: its scores on dev, and a curve.

    python -m rivals.names_rnn TRAIN DEV --minutes 1 --seed 1 [--draw texts]

Reimplemented from its description (https://docs.pytorch.org/tutorials/intermediate/
char_rnn_classification_tutorial.html, the version that takes one name at a time): characters as
one-hot vectors, h ← tanh(W x + U h), 128 units, the label from the last h, SGD at a constant rate
of 0.005, one name a step; first a label is drawn, then a name of it (with `--draw texts` every
name alike). The character's column of W is added, not multiplied by one: the same numbers in less
time. One thread, which is the fastest for vectors of this size.

The clock runs only while it trains. Of the models that the curve shows, the one with the fewest
errors on a tenth held out of train is scored on dev.
"""

import copy
import json
import time
from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch import Tensor, nn

from . import MARKS, labelled

HIDDEN_SIZE, RATE = 128, 0.005


class NamesRNN(nn.Module):
    def __init__(self, characters: list[str], num_labels: int) -> None:
        super().__init__()
        self.ids = {c: n for n, c in enumerate(characters)}
        self.input = nn.Linear(len(characters) + 1, HIDDEN_SIZE)  # the last one: unknown
        self.recurrent = nn.Linear(HIDDEN_SIZE, HIDDEN_SIZE)
        self.head = nn.Linear(HIDDEN_SIZE, num_labels)

    def forward(self, text: str) -> Tensor:
        """Return the logits of the labels."""
        h_H = torch.zeros(HIDDEN_SIZE)
        for column_H in self.input.weight.T[self.encoded(text)]:
            h_H = torch.tanh(column_H + self.input.bias + self.recurrent(h_H))
        return self.head(h_H)

    def encoded(self, text: str) -> list[int]:
        return [self.ids.get(c, len(self.ids)) for c in text]

    @torch.no_grad()
    def log_probabilities(self, texts: Sequence[str]) -> np.ndarray:
        return torch.stack([self(text).log_softmax(-1) for text in texts]).double().numpy()


def draws(data: labelled.Labelled, seed: int, *, by_label: bool) -> Iterator[int]:
    """Yield the numbers of texts to learn, without end."""
    random = np.random.default_rng(seed)
    of_label = [np.flatnonzero(data.labels_N == label) for label in np.unique(data.labels_N)]
    while True:
        if by_label:
            yield int(random.choice(of_label[random.integers(len(of_label))]))
        else:
            yield from random.permutation(len(data.texts)).tolist()


def train(data: labelled.Data, *, seconds: float, seed: int, by_label: bool) -> dict:
    torch.manual_seed(seed)
    model = NamesRNN(data.characters, len(data.labels))
    marks, curve, best = list(MARKS), [], (-1.0, model)
    began, evaluating = time.monotonic(), 0.0
    for step, number in enumerate(draws(data.train, seed, by_label=by_label)):
        elapsed = time.monotonic() - began - evaluating
        if elapsed >= marks[0] * seconds:
            now = time.monotonic()
            scores = data.val.score(model.log_probabilities)
            curve.append({"seconds": round(elapsed, 1), "steps": step, **scores})
            if scores["accuracy"] > best[0]:
                best = scores["accuracy"], copy.deepcopy(model)
            evaluating += time.monotonic() - now
            marks = [mark for mark in marks if mark * seconds > elapsed]
            if not marks:
                break
        label = torch.tensor(int(data.train.labels_N[number]))
        nn.functional.cross_entropy(model(data.train.texts[number]), label).backward()
        with torch.no_grad():
            for weight in model.parameters():
                weight.sub_(weight.grad, alpha=RATE)
                weight.grad = None
    return {"seconds": seconds, **data.dev.score(best[1].log_probabilities), "curve": curve}


def main() -> None:
    parser = labelled.arguments(__doc__)
    parser.add_argument("--draw", choices=("labels", "texts"), default="labels")
    given = parser.parse_args()
    torch.set_num_threads(1)
    data = labelled.read(given.train, given.dev, seed=given.seed)
    seconds = 60 * given.minutes
    result = train(data, seconds=seconds, seed=given.seed, by_label=given.draw == "labels")
    print(json.dumps(result))


if __name__ == "__main__":
    main()
