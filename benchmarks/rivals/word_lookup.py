"""A list of words that restores what they lack: print a line of JSON, its errors on dev.

    python -m rivals.word_lookup TRAIN DEV --minutes 5

TRAIN and DEV are pairs in step, with the same spaces on both sides. Each word of a source becomes
the form that was its target most often; one that was not in TRAIN stays as it is. Nothing is held
out, and --minutes and --seed change nothing.
"""

import json
import time
from collections import Counter, defaultdict

from charrnn.data.pairs.error_rates import total_edits
from charrnn.data.pairs.symbols import Side
from charrnn.data.vocab import Vocab

from . import labelled, tab_separated


def main() -> None:
    given = labelled.arguments(__doc__).parse_args()
    began = time.monotonic()
    forms: dict[str, Counter[str]] = defaultdict(Counter)
    for source, target in tab_separated(given.train):
        for word, form in zip(source.split(), target.split(), strict=True):
            forms[word][form] += 1
    likeliest = {word: counts.most_common(1)[0][0] for word, counts in forms.items()}
    dev = tab_separated(given.dev)
    made = [" ".join(likeliest.get(word, word) for word in source.split(" ")) for source, _ in dev]
    every = zip(made, (target for _, target in dev), strict=True)
    edits = total_edits(every, Side(Vocab((0,))))
    figures = {
        "symbol_error_rate": 100 * edits.symbol_error_rate,
        "word_error_rate": 100 * edits.word_error_rate,
    }
    print(json.dumps({"seconds": round(time.monotonic() - began, 1), **figures}))


if __name__ == "__main__":
    main()
