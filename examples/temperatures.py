"""What a temperature does to a model's text: how surprising it is to the model itself, how many
words are new, how much is copied from the corpus.

    python examples/temperatures.py RUN --temps 0.3 0.5 0.8 1 1.2 --num 10 --length 2000

For each temperature, `num` samples of `length` characters with seed 1.
"""

import argparse
from math import log

import charrnn
from charrnn.analysis import copying


def main() -> None:
    """Print a line for each temperature."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run")
    parser.add_argument("--temps", type=float, nargs="+", default=[0.3, 0.5, 0.8, 1.0, 1.2])
    parser.add_argument("--num", type=int, default=10)
    parser.add_argument("--length", type=int, default=2000)
    given = parser.parse_args()
    run = charrnn.Run(given.run)
    model, index = run.model(), copying.index_of(run.header())
    print("temp  bits/char  new words  longest copy  in long copies  some new words")
    for temp in given.temps:
        settings = {"temperature": temp, "length": given.length, "seed": 1}
        samples = list(model.samples(given.num, with_log_probabilities=True, **settings))
        reports = [copying.copy_report(index, one.text, ends_word=one.is_whole) for one in samples]
        nats = [-nats for one in samples for nats in one.log_probabilities]
        new = sum(len(report.new_words) for report in reports)
        words = sum(len(report.words) for report in reports)
        every = copying.together(reports)
        longest = 0 if every.longest_copy is None else len(every.longest_copy.text)
        some = " ".join(word for report in reports for word in report.new_words[:1])
        print(
            f"{temp:4.1f}{sum(nats) / len(nats) / log(2):11.2f}{100 * new / words:9.1f} %"
            f"{longest:14}{100 * every.num_copied / every.num_chars:14.1f} %  {some[:24]}"
        )


if __name__ == "__main__":
    main()
