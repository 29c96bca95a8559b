from conftest import run_of

from charrnn.runs.run_facts import facts


def test_facts_of_pairs_have_both_vocabularies_and_the_error_rates(pair_runs):
    run = run_of(pair_runs, "p")
    found = facts(run, run.newest_valid()[0])
    assert found["corpus"] == "pairs.tsv"
    assert (found["num_pairs"], found["num_skipped"]) == (48, 0)
    assert (found["source_vocab_size"], found["source_vocab"]) == (11, "abcdefghxyz")
    assert (found["target_vocab_size"], found["target_vocab"]) == (11, "a b c d e f g h x y z")
    assert (found["attention"], found["target_symbols"]) == ("dot", "spaces")
    best = run.best_metrics()
    for name in ("val_word_error_rate", "val_symbol_error_rate", "val_loss"):
        assert found[name] == best[name]
    assert found["step"] == found["steps"] == 40
    assert not {"seq_length", "source_column", "val_loss_reset"} & found.keys()
