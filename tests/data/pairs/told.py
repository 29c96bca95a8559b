"""A reporter that remembers what it was told."""

from dataclasses import dataclass, field

from charrnn._text import Reporter


@dataclass
class Told(Reporter):
    shown: list[str] = field(default_factory=list)
    warned: list[str] = field(default_factory=list)

    def show(self, sentence):
        self.shown.append(sentence)

    def warn(self, sentence):
        self.warned.append(sentence)
