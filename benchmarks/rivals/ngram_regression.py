"""Logistic regression on character n-grams, by scikit-learn: print a line of JSON, its scores on
dev.

    python -m rivals.ngram_regression TRAIN DEV --minutes 1 --seed 1

TF-IDF of all n-grams of 1 to 5 characters within words, as `char_wb` makes them (those across words
did worse), lower case. The strength of regularisation, C of 1, 10 or 100, is the one with the most
labels right on a tenth held out of train; then all of train is learned. It takes the time that it
takes: --minutes changes nothing.
"""

import json
import time

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline

from . import labelled

STRENGTHS = (1, 10, 100)


def fitted(data: labelled.Labelled, strength: float) -> Pipeline:
    """Learn texts; labels are numbers, of which each occurs."""
    vectors = TfidfVectorizer(analyzer="char_wb", ngram_range=(1, 5), dtype=np.float32)
    model = make_pipeline(vectors, LogisticRegression(C=strength, max_iter=1000, tol=1e-3))
    return model.fit(data.texts, data.labels_N)


def main() -> None:
    given = labelled.arguments(__doc__).parse_args()
    data = labelled.read(given.train, given.dev, seed=given.seed)
    began = time.monotonic()

    def held_out_errors(strength: float) -> float:
        return data.val.score(fitted(data.train, strength).predict_log_proba)["error_rate"]

    errors = {strength: held_out_errors(strength) for strength in STRENGTHS}
    best = min(STRENGTHS, key=errors.__getitem__)
    train = labelled.Labelled(
        [*data.train.texts, *data.val.texts],
        np.concatenate([data.train.labels_N, data.val.labels_N]),
    )
    model = fitted(train, best)
    seconds = round(time.monotonic() - began, 1)
    curve = [{"seconds": seconds, "error_rate": errors[best]}]
    scores = data.dev.score(model.predict_log_proba)
    print(json.dumps({"seconds": seconds, "strength": best, **scores, "curve": curve}))


if __name__ == "__main__":
    main()
