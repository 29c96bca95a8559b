"""What a temperature does to a run's text: how surprised the model is by what it says itself, how
many words it makes up, how much it quotes.

    python examples/temperatures.py RUN --temps 0.3 0.5 0.8 1 1.2 --num 10 --length 2000

For each temperature so many samples of so many characters, with seed 1, by `charrnn sample --json
--report`.
"""

import argparse
import json
import subprocess
import sys
from math import log


def samples(run: str, temp: float, num: int, length: int) -> list[dict]:
    """What `charrnn sample` says of so many samples."""
    flags = ["--temp", temp, "--num", num, "--length", length, "--seed", 1, "--json", "--report"]
    command = [sys.executable, "-m", "charrnn", "sample", run, *map(str, flags)]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def main() -> None:
    """A line for each temperature."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run")
    parser.add_argument("--temps", type=float, nargs="+", default=[0.3, 0.5, 0.8, 1.0, 1.2])
    parser.add_argument("--num", type=int, default=10)
    parser.add_argument("--length", type=int, default=2000)
    asked = parser.parse_args()
    print("temp  bits/char  new words  longest copy  in long copies  some new words")
    for temp in asked.temps:
        found = samples(asked.run, temp, asked.num, asked.length)
        nats = [-nat for one in found for nat in one["log_probabilities"]]
        new, words = (sum(number) for number in zip(*map(counts, found), strict=True))
        longest = max(one["longest_copy"]["num_chars"] for one in found)
        copied = sum(one["num_copied"] for one in found) / len(nats)
        some = " ".join(word for one in found for word in one["new_words"][:1])
        print(
            f"{temp:4.1f}{sum(nats) / len(nats) / log(2):11.2f}{100 * new / words:9.1f} %"
            f"{longest:14}{100 * copied:14.1f} %  {some[:24]}"
        )


def counts(one: dict) -> tuple[int, int]:
    """New words, and all."""
    return len(one["new_words"]), one["num_words"]


if __name__ == "__main__":
    main()
