"""How many keys do suggestions save, how long does one take, and which words are corrected?

    python benchmarks/keystrokes.py RUN [--chars 20000] [--excerpts 20] [--text FILE]

Replays excerpts of a text that the run (a folder, or a name in checkpoints/) has not learned from:
of its validation split, by which its checkpoint was chosen, or of FILE. Whoever types sees three
suggestions after every key, and takes the longest of them that is exactly what comes next in the
text and after which a word ends there; one of a single character is typed.

    keys        a character that is typed is a key, a suggestion that is taken is one
    saved       1 - keys / characters
    ms          of each key: to read what it wrote, and to find the three suggestions

The rival is an n-gram model of words (three words, Witten-Bell smoothing) that has counted the text
the run learned from. It suggests in the same form: to the end of the word at hand, or of the next
word with what stands before it. Both are asked on one thread, in turns.

Then each word of the excerpts is typed as it is, and with a random edit of one letter (seeded). The
second table has the share of right words that were changed, and of wrong ones that became right or
something else, by how many times likelier a correction has to be.
"""

import argparse
import random
import statistics
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Protocol

import measured
import numpy as np
import regex

import charrnn
from charrnn._text import Reporter
from charrnn.data.reload import reload_text, split_bounds
from charrnn.generation.model import Model
from charrnn.generation.typing.assistant import Assistant
from charrnn.models.step_numpy import blas
from charrnn.runs.root import Root

NUM, SHORTEST = 3, 2  # suggestions; characters of one that is worth a key
CONTEXT = 500  # characters before an excerpt, which are read and not counted
LIMITS = (100.0, 1_000.0, 10_000.0, 100_000.0)  # times likelier
FOUND_AT_ONCE = 20  # frequent tokens by each beginning


def word_ends(text: str) -> list[int]:
    """Return the places behind which a word ends."""
    borders = [border.start() for border in regex.finditer(r"\b", text, regex.WORD)]
    spans = zip([0, *borders], borders, strict=False)
    return [end for start, end in spans if any(map(str.isalnum, text[start:end]))]


class Suggester(Protocol):
    """Somebody who suggests while a text is typed."""

    def begin(self, context: str) -> None:
        """Read what stands before an excerpt."""

    def read(self, text: str) -> list[str]:
        """Read what was written; return what may come next."""


class Network:
    """A run of charrnn."""

    def __init__(self, model: Model) -> None:
        self._model = model

    def begin(self, context: str) -> None:
        self._cursor = self._model.cursor(context)

    def read(self, text: str) -> list[str]:
        return [one.text for one in self._cursor.read(text).suggest(NUM)]


class WordNGrams:
    """Counts of words, each with what stands before it, after one and after two words."""

    def __init__(self, text: str) -> None:
        self._counts: dict[tuple[str, ...], Counter[str]] = defaultdict(Counter)
        words: tuple[str, ...] = ()
        start = 0
        for end in word_ends(text):
            token = text[start:end]
            for length in range(len(words) + 1):
                self._counts[words[len(words) - length :]][token] += 1
            words, start = (*words, _word(token))[-2:], end
        self._totals = {context: counts.total() for context, counts in self._counts.items()}
        self._frequent: dict[str, list[str]] = defaultdict(list)
        for token, _ in self._counts[()].most_common():
            for length in range(len(token) + 1):
                if len(begun := self._frequent[token[:length]]) < FOUND_AT_ONCE:
                    begun.append(token)

    def begin(self, context: str) -> None:
        self._text = context

    def read(self, text: str) -> list[str]:
        self._text = (self._text + text)[-CONTEXT:]
        ends = word_ends(self._text)
        if ends and ends[-1] == len(self._text):
            ends.pop()  # the word at hand may go on
        starts = [0, *ends]
        words = tuple(_word(self._text[a:b]) for a, b in zip(starts, ends, strict=False))[-2:]
        begun = self._text[starts[-1] :]
        prob = {
            token[len(begun) :]: self._prob(token, words) for token in self._found(begun, words)
        }
        if prob.pop("", 0.0):
            prob |= self._after(begun, words)
        return sorted(prob, key=lambda one: -prob[one])[:NUM]

    def _after(self, done: str, words: tuple[str, ...]) -> dict[str, float]:
        """Return the probability of a word that is done and of each next one."""
        first, words = self._prob(done, words), (*words, _word(done))[-2:]
        return {token: first * self._prob(token, words) for token in self._found("", words)}

    def _found(self, begun: str, words: tuple[str, ...]) -> Iterator[str]:
        """Yield the tokens with a beginning: those met after these words, and frequent ones."""
        for length in range(1, len(words) + 1):
            met = self._counts.get(words[len(words) - length :], ())
            yield from (token for token in met if token.startswith(begun))
        yield from self._frequent.get(begun, ())

    def _prob(self, token: str, words: tuple[str, ...]) -> float:
        """Return the probability of a token after some words (Witten and Bell, 1991)."""
        counts = self._counts.get(words)
        if not words:
            return self._counts[()][token] / self._totals[()]
        shorter = self._prob(token, words[1:])
        if counts is None:
            return shorter
        return (counts[token] + len(counts) * shorter) / (self._totals[words] + len(counts))


def _word(token: str) -> str:
    """Return a token without what stands before its word."""
    return regex.split(r"\b", token, flags=regex.WORD)[-2] if token else ""


def replay(who: Suggester, context: str, text: str) -> tuple[int, list[float]]:
    """Type a text; return the number of keys and the seconds of each."""
    seconds, place = [], 0
    ends = word_ends(context + text)
    is_end = {end - len(context) for end in ends}
    who.begin(context)
    suggested = who.read("")
    while place < len(text):
        fitting = [
            len(one)
            for one in suggested
            if text.startswith(one, place) and place + len(one) in is_end and len(one) >= SHORTEST
        ]
        length = max(fitting, default=1)
        began = time.perf_counter()
        suggested = who.read(text[place : place + length])
        seconds.append(time.perf_counter() - began)
        place += length
    return len(seconds), seconds


def texts(run: Path, file: Path | None) -> tuple[str, str]:
    """Return what a run learned from, and a text that it has not learned from."""
    checkpoint, _ = Root(run.parent).best_checkpoint(run.name, tasks=())
    reference = checkpoint.corpus_reference
    text = reload_text(reference, keep_corpus=True, reporter=Reporter())
    first, end = text.part("train")
    learned = reference.vocab.decode(text.ids[first:end])
    if file is not None:
        return learned, file.read_text("utf-8")
    first, end = split_bounds(text, "val", reference.config)
    return learned, reference.vocab.decode(text.ids[first:end])


def excerpts(text: str, num: int, num_chars: int) -> list[tuple[str, str]]:
    """Return excerpts at equal distances, each with the text before it."""
    starts = np.linspace(CONTEXT, len(text) - num_chars // num, num).astype(int).tolist()
    return [(text[max(0, at - CONTEXT) : at], text[at : at + num_chars // num]) for at in starts]


def edited(word: str, letters: Sequence[str], draws: random.Random) -> str:
    """Return a word with a random edit of one letter."""
    while True:
        k, letter = draws.randrange(len(word)), draws.choice(letters)
        wrong = draws.choice([
            word[:k] + letter + word[k:], word[:k] + letter + word[k + 1 :],
            word[:k] + word[k + 1 :], word[:k] + word[k : k + 2][::-1] + word[k + 2 :],
        ])  # fmt: skip
        if wrong != word:
            return wrong


def judged(model: Model, parts: Sequence[tuple[str, str]]) -> dict[float, Counter[str]]:
    """Count what became of right and of wrong words, for each limit."""
    draws, assistant = random.Random(1), Assistant(model)
    counted: dict[float, Counter[str]] = {limit: Counter() for limit in LIMITS}
    letters = sorted({c for _, text in parts for c in text if c.isalpha() and c.islower()})
    for context, text in parts:
        for end in range(1, len(text)):
            done = assistant.word_done_by(context + text[:end])
            if done is None or len(done.word) < 2 or not done.word.isalpha():
                continue
            before = (context + text)[: done.start]
            wrong = edited(done.word, letters, draws)
            for kind, typed in (("right", done.word), ("wrong", wrong)):
                found = model.cursor(before).correction(
                    typed, done.following, times_likelier=LIMITS[0]
                )
                for limit, counts in counted.items():
                    is_made = found is not None and found.times_likelier >= limit
                    became = (
                        "left" if not is_made else "right" if found.word == done.word else "other"
                    )
                    counts[f"{kind} {became}"] += 1
    return counted


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", type=Path)
    parser.add_argument("--text", type=Path)
    parser.add_argument("--chars", type=int, default=20_000)
    parser.add_argument("--excerpts", type=int, default=20)
    return parser.parse_args()


def main() -> None:
    given = arguments()
    folder = given.run if given.run.exists() else Path("checkpoints") / given.run
    model = charrnn.load(folder)
    learned, other = texts(folder.resolve(), given.text)
    parts = excerpts(other, given.excerpts, given.chars)
    who: dict[str, Suggester] = {"network": Network(model), "words": WordNGrams(learned)}
    keys, seconds = Counter[str](), defaultdict[str, list[float]](list)
    with blas().limit(limits=1, user_api="blas"):
        for context, text in parts:
            for name, suggester in who.items():
                num_keys, of_each = replay(suggester, context, text)
                keys[name] += num_keys
                seconds[name] += of_each
        counted = judged(model, parts)
    num_chars = sum(len(text) for _, text in parts)
    print(f"{measured.heading('numpy')}, one thread; {model};")
    print(f"{num_chars:,} characters, {NUM} suggestions")
    print("\n| | keys | saved | ms, median | 95 % of keys | longest |\n|---|---|---|---|---|---|")
    titles = {"network": folder.name, "words": "words, n-grams"}
    for name, title in titles.items():
        ms = sorted(1000 * each for each in seconds[name])
        p95 = np.percentile(ms, 95)
        print(f"| {title} | {keys[name]:,} | {100 * (1 - keys[name] / num_chars):.1f} % |"
              f" {statistics.median(ms):.1f} | {p95:.1f} | {ms[-1]:.0f} |")  # fmt: skip
    print("\n| so many times likelier | right words changed | wrong words made right"
          " | made something else |\n|---|---|---|---|")  # fmt: skip
    for limit, counts in counted.items():
        right = sum(n for what, n in counts.items() if what.startswith("right"))
        cells = [
            counts["right other"] + counts["right right"],
            counts["wrong right"],
            counts["wrong other"],
        ]
        print(f"| {limit:,.0f} | " + " | ".join(f"{100 * n / right:.2f} %" for n in cells) + " |")


if __name__ == "__main__":
    main()
