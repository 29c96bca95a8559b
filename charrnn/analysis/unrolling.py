"""What an encoder–decoder did with one pair, step by step: numbers for its picture."""

from typing import Any

import numpy as np

from charrnn.errors import UsageError
from charrnn.generation.translation.translator import Translation, Translator
from charrnn.models.seq2seq.equations import BOUNDARY, encode, read, step
from charrnn.plots.unrolled import NUM_UNITS, Unrolled


def unroll(translator: Translator, text: str, translation: Translation) -> Unrolled:
    """Repeat a translation of a text, and keep the states on the way.

    Raises `UsageError` for an ensemble, which has no state of its own, and for an empty text.
    """
    if len(translator.members) > 1:
        raise UsageError("several runs together have no single state to draw", "name one run")
    (member,) = translator.members
    ids_S = translator.source.encode(text)
    if not len(ids_S):
        raise UsageError("there is no symbol to draw", "give it a text")
    ids_SB, lengths_B = ids_S[:, None], np.array([len(ids_S)])
    encoder = read(member.config, member.weights, ids_SB, lengths_B)
    memory, state = encode(member.config, member.weights, ids_SB, lengths_B)
    ids = range(1, translator.target.size)
    id_of = dict(
        zip(translator.target.labels(map(translator.target.symbol, ids)), ids, strict=True)
    )
    written = [id_of[symbol] for symbol in translation.symbols]
    written += [BOUNDARY] * translation.is_complete
    probabilities: list[float] = []
    states: list[list[Any]] = [[] for _ in state]
    alignments = []
    for i, following in zip([BOUNDARY, *written], written, strict=False):
        logits_BV, state, alignment_BS = step(
            member.config, member.weights, memory, np.array([i]), state
        )
        exponentials_V = np.exp(logits_BV[0] - logits_BV[0].max())
        probabilities.append(float(exponentials_V[following] / exponentials_V.sum()))
        for layer, arrays in zip(states, state, strict=True):
            layer.append(arrays[0][0, :NUM_UNITS])
        alignments += [] if alignment_BS is None else [alignment_BS[0]]
    return Unrolled(
        source=translation.source_symbols,
        target=translation.symbols,
        probabilities_T=probabilities,
        encoder_SU=[
            {way: h_SBH[:, 0, :NUM_UNITS] for way, h_SBH in ways.items()} for ways in encoder
        ],
        decoder_TU=[np.array(layer) for layer in states],
        alignment_TS=np.array(alignments) if alignments else None,
        network=str(member.config),
        title=f"{text} → {translation.text}",
    )
