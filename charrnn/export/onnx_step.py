"""One step of a network as an .onnx file: which characters came last, and a state, give the logits
of the next one and the next state.

    ids [batch, N] ──► embeddings ──► layers ──► head ──► logits [batch, V]
                                       ▲  │
    state [batch, S] ──────────────────╯  ╰─────────────► next_state [batch, S]

The last of the N ids is the character that is read, those before it are for the n-grams: NOTHING
where there was none. A state begins as zeros. The third output, `code_points`, is the vocabulary,
for programs that cannot read metadata. docs/uses/onnx.md uses such a file.

Shapes: B streams, N lengths of n-grams, V vocabulary, H hidden, S all arrays of the state, F the
most n-grams that end with the same shorter one.
"""

import json
from pathlib import Path

import numpy as np
import numpy.typing as npt

from charrnn._exported import MARK, write_exported
from charrnn._text import ProgressCallback
from charrnn.cells import cell_spec
from charrnn.config import ModelConfig
from charrnn.errors import UsageError
from charrnn.export.formats import Exported
from charrnn.export.onnx_graph import Graph, Traced, TracedMath
from charrnn.generation.model import Model
from charrnn.models import ngrams
from charrnn.models.reference import Weights
from charrnn.runs import task_names
from charrnn.runs.checkpoint import Checkpoint

WEIGHTS: tuple[str, ...] = ()  # as they are
FORMAT = 1  # raise it when an input, an output or a fact changes its meaning
_ABOUT = (
    "One step of a character-level recurrent network. ids: the last characters, the one that is"
    " read last, -1 where there was none. state: zeros at the beginning, then next_state."
    " code_points: the character of each logit, -1 for all unknown ones."
    f" This file was {MARK}."
)


def write(
    checkpoint: Checkpoint, path: Path, *, weights: str, progress: ProgressCallback
) -> Exported:
    """Write the step of a language model. See `formats.Write`; it takes no time to tell of."""
    if checkpoint.task != task_names.LANGUAGE_MODEL:
        raise UsageError(
            f"no .onnx file can hold a model of {checkpoint.schema.learned}",
            f"use: {checkpoint.schema.command} {checkpoint.run_name}",
        )
    data = step_graph(checkpoint).serialized(
        name="step",
        about=_ABOUT,
        facts={"charrnn": json.dumps(facts(checkpoint))},
    )
    write_exported(path, data)
    return Exported(path, len(data), (_in_words(checkpoint),))


def facts(checkpoint: Checkpoint) -> dict[str, object]:
    """Return the metadata: what the network is, and how text becomes ids."""
    return {
        "format": FORMAT,
        "task": checkpoint.task,
        "model": checkpoint.model.to_json(),
        "vocab": checkpoint.vocab.to_json(),
        "records": checkpoint.data.records,
        "start_id": Model.of(checkpoint).start_id,
    }


def step_graph(checkpoint: Checkpoint) -> Graph:
    """Return one step of a language model. Raises `UsageError` if onnx is not installed."""
    config, graph = checkpoint.model, Graph()
    cell, H, math = cell_spec(config.cell), config.hidden_size, TracedMath(graph)
    keys = ngrams.keys_in(checkpoint.arrays, longest=config.ngrams)
    weights = Weights.from_arrays(config, checkpoint.group("weights"))
    num_parts = len(cell.state)  # arrays of the state of a layer
    ids_BN = graph.input("ids", np.int32, (None, config.ngrams))
    state_BS = graph.input("state", np.float32, (None, _state_size(config)))
    rows_BN = math.concatenate(_rows(graph, keys, ids_BN, len(checkpoint.vocab)), -1)
    read_BD = graph.node("Gather", [weights.embedding_RD, rows_BN], (None, config.ngrams, 0))
    read_BD = x = graph.node("Flatten", [read_BD], (None, config.input_size), axis=1)
    new_state: list[Traced] = []
    for k, layer in enumerate(weights.layers):
        first = k * num_parts * H
        parts = (state_BS[:, i : i + H] for i in range(first, first + num_parts * H, H))
        new_parts = cell.step(layer, x, tuple(parts), math)
        new_state += new_parts
        x = new_parts[0]
    if config.skip:
        x = math.concatenate([x, read_BD], -1)
    graph.output("logits", x @ weights.head_VH.T + weights.head_bias_V)
    graph.output("next_state", math.concatenate(new_state, -1))
    code_points = graph.constant(np.array(checkpoint.vocab.code_points))
    graph.output("code_points", code_points)
    return graph


def _rows(graph: Graph, keys: ngrams.Keys, ids_BN: Traced, vocab_size: int) -> list[Traced]:
    """Return the rows of the embedding table, (B, 1) each, of a character and of the n-grams that
    end with it, as `ngrams.rows` does.
    """
    N, start = len(keys) + 1, 0
    row_B1, num_rows = ids_BN[:, N - 1 :], vocab_size  # within its own part of the table
    rows = [row_B1 + sum(map(len, keys))]
    for k, keys_k in enumerate(keys, start=1):
        earlier_B1 = ids_BN[:, N - 1 - k : N - k]
        row_B1 = _longer(graph, keys_k, num_rows, row_B1, earlier_B1)
        rows.append(row_B1 + start)
        num_rows, start = len(keys_k), start + len(keys_k)
    return rows


def _longer(
    graph: Graph,
    keys: npt.NDArray[np.int64],
    num_shorter: int,
    row_B1: Traced,
    earlier_B1: Traced,
) -> Traced:
    """Return the own rows of n-grams, 0 for those without one, by the rows of the shorter ones that
    they end with and the characters before these.

    The keys are sorted, so those that end with one shorter n-gram are neighbours: the few of them
    are compared, and nothing is searched.
    """
    shorter, ids = ngrams.parts(keys[:-1])
    begins = np.searchsorted(shorter, np.arange(num_shorter + 1))
    ids = np.append(ids, ngrams.NOTHING - 1)  # no character, to end the list
    begin_B1, end_B1 = (
        graph.node("Gather", [each, row_B1], (None, 1)) for each in (begins[:-1], begins[1:])
    )
    F = max(1, int(np.diff(begins).max()))
    place_BF = begin_B1 + np.arange(F)[None]
    inside_BF = graph.node("Less", [place_BF, end_B1], (None, F))
    at_most_BF = graph.node("Min", [place_BF, len(ids) - 1], (None, F))
    found_BF = graph.node("Gather", [ids, at_most_BF], (None, F))
    same_BF = graph.node("Equal", [found_BF, earlier_B1], (None, F))
    fits_BF = graph.node("And", [inside_BF, same_BF], (None, F))
    own_BF = graph.node("Where", [fits_BF, place_BF + 1, 0], (None, F))
    return graph.node("ReduceMax", [own_BF], (None, 1), axes=[1], keepdims=1)


def _state_size(config: ModelConfig) -> int:
    """Return the numbers of the state of one stream, S."""
    return config.num_layers * len(cell_spec(config.cell).state) * config.hidden_size


def _in_words(checkpoint: Checkpoint) -> str:
    """Return what goes in and comes out, for people."""
    config, size = checkpoint.model, _state_size(checkpoint.model)
    return (
        f"one step: ids [batch, {config.ngrams}] and state [batch, {size}] in, logits"
        f" [batch, {len(checkpoint.vocab)}] and next_state out"
    )
