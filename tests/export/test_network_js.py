"""The page's equations are those of numpy, and its texts those of `charrnn sample`."""

import itertools

import numpy as np
from in_node import all_spoken, exported, in_node, spoken, text_of
from made import made, some_ids

from charrnn.cells import CELLS
from charrnn.config import SampleConfig
from charrnn.export.page_facts import SPOKEN_CELLS
from charrnn.generation.model import Model
from charrnn.generation.prompted import PromptedSampler

LOGITS = """
return data.map(({facts, arrays, ids}) => {
  const network = new LanguageModel(facts.model, arrays);
  let state = network.start();
  return ids.map((id) => {
    const read = network.step(id, state);
    state = read.state;
    return Array.from(read.logits);
  });
});
"""


def test_the_page_has_every_cell():
    assert sorted(in_node("return Object.keys(CELLS);")) == sorted(SPOKEN_CELLS) == sorted(CELLS)


def test_logits_are_those_of_numpy_for_every_cell_and_shape():
    shapes = [(1, 1, False), (1, 3, True), (2, 2, True), (3, 1, False)]
    checkpoints = [
        made(cell=cell, num_layers=num_layers, ngrams=longest, skip=skip)
        for cell, (num_layers, longest, skip) in itertools.product(CELLS, shapes)
    ]
    asked = []
    for checkpoint in checkpoints:
        ids = some_ids(60, len(checkpoint.vocab)).tolist()
        asked.append(exported(checkpoint) | {"ids": ids})
    for checkpoint, request, logits_TV in zip(
        checkpoints, asked, in_node(LOGITS, asked), strict=True
    ):
        expected_VT = Model.of(checkpoint).backend.stepper().read_all(np.array(request["ids"]))
        np.testing.assert_allclose(np.array(logits_TV).T, expected_VT, atol=1e-4, rtol=0)


def test_a_seed_writes_the_text_that_charrnn_sample_writes():
    prompts = ["", "abc", "“a☃b”", "e\u0301"]
    begun = {"temperature": 0.8, "seed": "7", "length": 50}
    more = [{"temperature": 0.8, "length": 30}, {"temperature": 0.8, "length": 20}]
    checkpoints = [made(), made(cell="gru"), made(has_unknown=True), made("abc“”", cell="cifg")]
    asked = ({"prompt": prompt, **begun} for prompt in prompts)
    for checkpoint, texts in zip(
        checkpoints, all_spoken(checkpoints, *asked, more=more), strict=True
    ):
        model = Model.of(checkpoint)
        for prompt, pieces in zip(prompts, texts, strict=True):
            expected = model.generate(prompt, length=100, temperature=0.8, seed=7)
            assert text_of(pieces) == prompt + expected


def test_records_are_those_of_charrnn_sample():
    ends = {"lines": "\n", "blank": "\n\n"}
    checkpoints = [made(records=records) for records in ends]
    request = {"prompt": "ab", "temperature": 0.9, "seed": "3", "length": 4}
    made_of_each = all_spoken(checkpoints, request, more=[{"temperature": 0.9, "length": 3}])
    for checkpoint, (pieces,), end in zip(checkpoints, made_of_each, ends.values(), strict=True):
        samples = Model.of(checkpoint).samples(7, prompt="ab", temperature=0.9, seed=3)
        assert text_of(pieces) == "".join(f"{sample}{end}" for sample in samples)


def test_bytes_become_text_as_soon_as_a_character_is_whole():
    checkpoint = made(is_bytes=True)
    request = {"prompt": "é", "temperature": 1.0, "seed": "5", "length": 300}
    (pieces,) = spoken(checkpoint, request)
    config = SampleConfig(temperature=1.0, seed=5, length=300)
    model = Model.of(checkpoint)
    spelled = "".join(PromptedSampler(model, model.spelled("é"), config).characters())
    decoded = spelled.encode("latin-1").decode("utf-8", "replace")
    assert text_of(pieces).startswith("é" + decoded[:-3])  # bytes at the end may wait for others
    assert any(len(piece["draws"]) > 1 for piece in pieces)
