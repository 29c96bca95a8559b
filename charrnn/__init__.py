"""charrnn: a recurrent network learns to write, one character at a time.

docs/api.md explains the public names. Each is imported when it is first asked for, so that
`import charrnn` is instant; using a trained model never imports torch.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.6.0"
__all__ = [
    "Callback",
    "Captioner",
    "CharRNNError",
    "CharRNNWarning",
    "Classifier",
    "Dataset",
    "Model",
    "Run",
    "Tagger",
    "Trainer",
    "Translator",
    "load",
    "train",
]

if TYPE_CHECKING:
    from charrnn.api import Run, load, train
    from charrnn.data.dataset import Dataset
    from charrnn.errors import CharRNNError, CharRNNWarning
    from charrnn.generation.classification import Classifier
    from charrnn.generation.model import Model
    from charrnn.generation.translation.captioner import Captioner
    from charrnn.generation.translation.in_step import Tagger
    from charrnn.generation.translation.translator import Translator
    from charrnn.training.callbacks.callback import Callback
    from charrnn.training.trainer import Trainer

_MODULES = {
    "Callback": "charrnn.training.callbacks.callback",
    "Captioner": "charrnn.generation.translation.captioner",
    "CharRNNError": "charrnn.errors",
    "CharRNNWarning": "charrnn.errors",
    "Classifier": "charrnn.generation.classification",
    "Dataset": "charrnn.data.dataset",
    "Model": "charrnn.generation.model",
    "Run": "charrnn.api",
    "Tagger": "charrnn.generation.translation.in_step",
    "Trainer": "charrnn.training.trainer",
    "Translator": "charrnn.generation.translation.translator",
    "load": "charrnn.api",
    "train": "charrnn.api",
}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first asked for."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_MODULES[name]), name)


def __dir__() -> list[str]:
    """The public names, for completion."""
    return sorted([*globals(), *__all__])
