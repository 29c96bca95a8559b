import dataclasses
import json
from pathlib import Path

import pytest
from conftest import ROOT
from made import made

from charrnn.errors import UsageError
from charrnn.export import page_facts
from charrnn.runs.speaking_part import speaking_part


@pytest.mark.parametrize("is_there", [True, False])
def test_a_page_says_what_its_weights_cost_or_that_it_is_not_known(
    trained, corpus, tmp_path, is_there
):
    if not is_there:
        corpus.unlink()
        for path in (tmp_path / "checkpoints" / ".corpora").iterdir():
            path.unlink()
    loss, seeds = page_facts.sentences(page_facts.facts_of(ROOT.best_checkpoint("a")[0], "float16"))
    assert ("nats per character with float16 weights (int8 " in loss) == is_there
    assert ("over the first 600 characters" in loss) == is_there
    assert ("not measured" in loss) != is_there
    assert "another text than charrnn sample" in seeds


def test_no_path_and_no_name_of_the_corpus_is_told(trained, corpus, tmp_path):
    corpus.rename("my-diary.txt")
    checkpoint = ROOT.best_checkpoint("a")[0]
    for path in (checkpoint.path, Path("best.safetensors").resolve(), tmp_path / "x.safetensors"):
        told = json.dumps(page_facts.facts_of(dataclasses.replace(checkpoint, path=path), "int8"))
        assert "corpus.txt" not in told and "diary" not in told
        assert str(tmp_path) not in told


def test_a_copy_without_a_word_about_its_text_is_exported_without_one(trained):
    facts = page_facts.facts_of(speaking_part(ROOT.best_checkpoint("a")[0]), "int8")
    assert facts["about"] == "A small recurrent network that writes on, here in your browser."
    assert "not measured" in dict(facts["details"])["Loss"]


def test_a_cell_that_the_page_has_not_got_is_refused(monkeypatch):
    monkeypatch.setattr(page_facts, "SPOKEN_CELLS", ("rnn",))
    with pytest.raises(UsageError, match="no page can compute a lstm network"):
        page_facts.facts_of(made(), "int8")
