"""The command `info`: all facts about one run, and an example of what it writes."""

from charrnn._text import symbol, visible
from charrnn.cli.console.streams import print_json
from charrnn.cli.flags import shared
from charrnn.cli.keep.fact_words import HIDDEN, label, shown

_VOCABS = {"vocab": "text", "source_vocab": "source", "target_vocab": "target"}  # by fact


def info(run: shared.Run = None, as_json: shared.Json = False) -> None:
    """Show one run: network, vocabulary, progress, losses, a sample."""
    from charrnn.cli import inputs
    from charrnn.cli.console.tables import print_table
    from charrnn.cli.pairs.info import print_examples, words
    from charrnn.data.pairs.symbols import SymbolVocab
    from charrnn.generation.model import Model
    from charrnn.runs import run_facts

    its_run = inputs.root().find(run)
    last, best = inputs.newest_and_best(its_run)
    facts = run_facts.facts(its_run, last)
    if as_json:
        print_json(facts)
        return
    for name in _VOCABS.keys() & facts.keys():
        if not isinstance(last.vocabs[_VOCABS[name]], SymbolVocab):
            facts[name] = "".join(map(symbol, facts[name]))
    names = {name: label(name) for name in facts} | words(last.task)
    rows = [[names[name], shown(value)] for name, value in facts.items() if name not in HIDDEN]
    print_table(["", ""], rows)
    if "pairs" in best.corpora:
        print_examples(best)
    else:
        print(visible(Model.of(best).glimpse(300, seed=0)).rstrip())
