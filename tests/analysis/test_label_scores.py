"""Scores of labels, against their definitions."""

import numpy as np
import pytest

from charrnn.analysis import label_scores


def log_prob(rows):
    return np.log(np.array(rows, float))


def test_scores_of_a_few_texts_by_hand():
    labels_N = np.array([0, 0, 1, 2])
    score = label_scores.measure(
        labels_N, log_prob([[0.8, 0.1, 0.1], [0.3, 0.4, 0.3], [0.2, 0.7, 0.1], [0.5, 0.2, 0.3]])
    )
    assert score.confusion_KC.tolist() == [[1, 1, 0], [0, 1, 0], [1, 0, 0]]
    assert score.accuracy == 0.5
    # right 1, 1, 0; of texts 2, 1, 1; taken for 2, 2, 0
    assert score.macro_f1 == pytest.approx((2 / 4 + 2 / 3 + 0) / 3)
    assert score.loss == pytest.approx(-np.log([0.8, 0.3, 0.7, 0.3]).mean())
    assert score.figures() == {
        "num_texts": 4, "num_unknown": 0, "accuracy": score.accuracy, "macro_f1": score.macro_f1,
        "loss": score.loss, "calibration_error": score.calibration_error,
    }  # fmt: skip
    assert score.per_label()[0] == {"num_texts": 2, "precision": 0.5, "recall": 0.5, "f1": 0.5}
    assert [each["f1"] for each in score.per_label()] == pytest.approx([0.5, 2 / 3, 0])


def test_a_label_that_neither_occurs_nor_is_predicted_does_not_count():
    score = label_scores.measure(np.array([0, 1]), log_prob([[0.9, 0.05, 0.05], [0.1, 0.6, 0.3]]))
    assert score.macro_f1 == score.accuracy == 1.0
    assert score.per_label()[2] == {"num_texts": 0, "precision": 0.0, "recall": 0.0, "f1": 0.0}


def test_a_label_that_the_model_does_not_know_is_wrong_and_has_no_loss():
    score = label_scores.measure(np.array([0, 2]), log_prob([[0.9, 0.1], [0.6, 0.4]]))
    assert (score.accuracy, score.num_unknown) == (0.5, 1)
    assert score.loss == pytest.approx(-np.log(0.9))
    assert score.macro_f1 == pytest.approx((2 / 3 + 0) / 2)
    assert score.confusion_KC.tolist() == [[1, 0], [0, 0], [1, 0]]


def test_confidence_that_is_right_as_often_as_it_says_has_no_calibration_error():
    confidence_N = np.repeat([0.55, 0.75], [100, 100])
    is_right_N = np.concatenate([np.arange(100) < 55, np.arange(100) < 75])
    assert label_scores.calibration_error(confidence_N, is_right_N) == pytest.approx(0)
    assert label_scores.calibration_error(np.ones(4), np.array([1, 0, 0, 1]) > 0) == 0.5


def test_macro_f1_is_the_mean_over_labels_of_precision_and_recall():
    random = np.random.default_rng(0)
    confusion_KC = random.integers(1, 9, (5, 5))
    right = confusion_KC.diagonal()
    precision, recall = right / confusion_KC.sum(0), right / confusion_KC.sum(1)
    expected = (2 * precision * recall / (precision + recall)).mean()
    assert label_scores.macro_f1(confusion_KC) == pytest.approx(expected)
