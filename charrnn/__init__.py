"""charrnn: a recurrent network learns to write, one character at a time."""

from typing import TYPE_CHECKING, Any

__version__ = "0.6.0"
__all__ = ["CharRNNError", "Model", "load"]

if TYPE_CHECKING:
    from charrnn.errors import CharRNNError
    from charrnn.generation.model import Model, load


def __getattr__(name: str) -> Any:
    """Import a public name when it is first asked for, so that `import charrnn` stays instant."""
    if name == "CharRNNError":
        from charrnn import errors

        return errors.CharRNNError
    if name in __all__:
        from charrnn.generation import model

        return getattr(model, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
