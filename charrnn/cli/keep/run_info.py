"""The command `info`: all facts about one run, and an example of what it writes."""

from typing import Any

from charrnn._text import symbol, visible
from charrnn.cli.console.streams import note, print_json
from charrnn.cli.flags import shared

_HIDDEN = ("schedule_step", "schedule_done")  # what the clock corrected, for scripts alone
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
    last, skipped = its_run.newest_valid()
    for error in skipped:
        note(str(error))
    facts = run_facts.facts(its_run, last)
    if as_json:
        print_json(facts)
        return
    for name in _VOCABS.keys() & facts.keys():
        if not isinstance(last.vocabs[_VOCABS[name]], SymbolVocab):
            facts[name] = "".join(map(symbol, facts[name]))
    names = {name: _label(name) for name in facts} | words(last.task)
    rows = [[names[name], _shown(value)] for name, value in facts.items() if name not in _HIDDEN]
    print_table(["", ""], rows)
    best = its_run.best_valid()[0]
    if "pairs" in best.corpora:
        print_examples(best)
    else:
        print(visible(Model.of(best).glimpse(300, seed=0)).rstrip())


def _label(name: str) -> str:
    """Return the name of a fact as people read it."""
    return name.removeprefix("num_").replace("_chars", "_characters").replace("_", " ")


def _shown(value: Any) -> str:
    """Return a fact as people read it."""
    if value is None:
        return "not measured yet"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.4g}"
    return f"{value:,}" if isinstance(value, int) else str(value)
