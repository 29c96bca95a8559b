import dataclasses

import pytest
import test_classification
import test_in_step
import test_translator
from conftest import ROOT
from made import made

from charrnn.config import GivenConfig, InStepConfig
from charrnn.data.pairs.symbols import SymbolVocab
from charrnn.errors import UsageError
from charrnn.export import page_forms
from charrnn.runs.speaking_part import speaking_part


def test_a_model_of_text_counts_characters_and_one_of_records_records():
    facts = page_forms.form_of(made("ab\n", has_unknown=True))
    assert facts["vocabs"]["text"]["symbols"] == ["a", "b", "\n", None]
    form = facts["form"]
    assert (facts["start_id"], form["counts"], form["length"]) == (2, "character", 1000)
    form = page_forms.form_of(made(records="lines"))["form"]
    assert (form["counts"], form["length"], form["has_lines"]) == ("text", 10, False)
    assert page_forms.form_of(made(is_bytes=True))["vocabs"]["text"]["kind"] == "bytes"


def test_pairs_have_two_vocabularies_with_a_symbol_that_stands_for_none():
    facts = page_forms.form_of(test_translator.checkpoint_of(form="nfd"))
    source, target = facts["vocabs"]["source"], facts["vocabs"]["target"]
    assert source["symbols"] == [None, *"abcde"] and source["reserved"] == "\ufffd"
    assert target["symbols"] == [None, "x", "yy", "z"] and target["reserved"] == "end"
    assert (target["kind"], target["normalise"]) == ("spaces", "nfd")
    assert facts["longest"] == [20, 8]
    without = test_translator.checkpoint_of(attention="none")
    assert page_forms.form_of(without)["directions"] == ["backwards"]


def test_labels_to_write_of_are_a_choice():
    labels = SymbolVocab(("Old English", "x", "y", "z", "w"), are_whole=True)
    checkpoint = test_translator.checkpoint_of()
    given = dataclasses.replace(
        checkpoint,
        task="given",
        data=GivenConfig(),
        vocabs={**checkpoint.vocabs, "source": labels},
    )
    assert page_forms.form_of(given)["form"]["choices"] == list(labels.symbols)


def test_what_decides_has_no_temperature():
    for checkpoint, _ in (test_classification.checkpoint_of(), test_in_step.checkpoint_of()):
        facts = page_forms.form_of(checkpoint)
        assert facts["form"]["temperature"] is None and not facts["goes_on"]
    assert facts["reads_ahead"] and facts["leaves_unknown"]
    learned = dataclasses.replace(checkpoint, data=InStepConfig(max_vocab=6))
    assert not page_forms.form_of(learned)["leaves_unknown"]


def test_a_page_says_what_the_model_does_unless_it_does_not_tell(trained):
    checkpoint = ROOT.best_checkpoint("a")[0]
    assert page_forms.what_it_does(checkpoint) == "has read 6,000 characters and writes on"
    assert page_forms.what_it_does(speaking_part(checkpoint)) == "writes on"
    pairs = test_translator.checkpoint_of()
    learned = "has learned from 9 examples to turn one text into another"
    assert page_forms.what_it_does(pairs) == learned
    assert page_forms.what_it_does(speaking_part(pairs)) == "can turn one text into another"


def test_captions_are_refused_with_what_can_be_used():
    checkpoint = dataclasses.replace(made(), task="caption")
    with pytest.raises(
        UsageError, match="no page can do what a model of captions does; use: charr"
    ):
        page_forms.form_of(checkpoint)
