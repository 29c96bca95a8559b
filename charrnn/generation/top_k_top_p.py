"""Top-k, top-p and min-p: which characters may be drawn at all.

Shapes: V vocabulary, B streams. An array (V, B) may also be (V,): one stream.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from charrnn.config import SampleConfig


def passes_filters(
    logits_VB: npt.NDArray[np.floating[Any]], config: SampleConfig
) -> npt.NDArray[np.bool_]:
    """Return which characters pass all filters, in the order top-k, top-p (Holtzman et al., 2020,
    arXiv:1904.09751), min-p (Nguyen et al., 2024, arXiv:2407.01082). The largest logit has to be 0.
    """
    order_VB = np.argsort(-logits_VB, axis=0, kind="stable")
    sorted_VB = np.exp(np.take_along_axis(logits_VB, order_VB, 0))
    keep_VB = np.ones(sorted_VB.shape, bool)
    if config.top_k:
        keep_VB[config.top_k :] = False
    if config.top_p < 1:
        reached_VB = np.cumsum(sorted_VB * keep_VB, 0)
        keep_VB[1:] &= reached_VB[:-1] < config.top_p * reached_VB[-1]
    keep_VB &= sorted_VB >= config.min_p
    kept_VB = np.empty_like(keep_VB)
    np.put_along_axis(kept_VB, order_VB, keep_VB, 0)
    return kept_VB
