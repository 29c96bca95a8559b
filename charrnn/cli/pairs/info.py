"""What `info` says of a run of pairs or of labels."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from charrnn._text import Reporter, visible
from charrnn.cli.console.streams import note
from charrnn.errors import CorpusError
from charrnn.runs import task_names

if TYPE_CHECKING:
    from charrnn.generation.translation.in_step import Tagger
    from charrnn.generation.translation.translator import Translator
    from charrnn.runs.checkpoint import Checkpoint
    from charrnn.runs.header import CheckpointHeader
    from charrnn.tasks.pairs.learned_pairs import PairTexts

_NUM_EXAMPLES = 3
_LABEL_SIDE = {task_names.CLASSIFY: "target", task_names.GIVEN: "source"}


def words(task: str) -> dict[str, str]:
    """Return what people read for the names of facts, where one side of the pairs is a label or a
    picture.
    """
    if task == task_names.CAPTION:
        return {
            "num_pairs": "captions", "target_vocab_size": "vocab size", "target_vocab": "vocab"
        }  # fmt: skip
    if task not in _LABEL_SIDE:
        return {}
    label = _LABEL_SIDE[task]
    text = "source" if label == "target" else "target"
    return {
        "num_pairs": "texts",
        f"{label}_vocab_size": "number of labels",
        f"{label}_vocab": "labels",
        **{f"{text}_{name}": name.replace("_", " ") for name in ("vocab_size", "vocab", "symbols")},
    }


def print_examples(checkpoint: "Checkpoint") -> None:
    """Print what becomes of some sources of the validation split; of lost pairs there are none."""
    try:
        for line in examples(checkpoint):
            print(visible(line))
    except CorpusError as error:
        note(f"no example: {error.message}")


def examples(checkpoint: "Checkpoint", like: "CheckpointHeader | None" = None) -> list[str]:
    """Return what becomes of some sources of the validation split, a line each; of the sources of
    another run, `like`, if its pictures have the same size.

    Raises `CorpusError` where the pairs are lost.
    """
    from charrnn.tasks.pairs import learned_pairs

    if like is None or like.data.picture_side != checkpoint.data.picture_side:
        like = checkpoint
    dataset = learned_pairs.reload(like, keep_corpus=True, reporter=Reporter())
    if checkpoint.task == task_names.CAPTION:
        return list(_captions(checkpoint, dataset))
    compared = _comparison(checkpoint)
    return [compared(*pair) for pair in dataset.examples(_NUM_EXAMPLES)]


def _captions(checkpoint: "Checkpoint", dataset: "PairTexts") -> Iterator[str]:
    from charrnn.generation.translation.captioner import Captioner
    from charrnn.tasks.pairs import learned_pairs

    numbers = dataset.example_numbers(_NUM_EXAMPLES)
    pictures = dataset.pairs.sources.each(numbers)
    every = Captioner.of([checkpoint]).caption_many(pictures)
    for number, (made,) in zip(numbers.tolist(), every, strict=True):
        path, caption = dataset.texts(number)
        yield learned_pairs.compared(path, made.text, caption)


def _comparison(checkpoint: "Checkpoint") -> Callable[[str, str], str]:
    """Return what describes a source, what the model makes of it, and the target."""
    if checkpoint.task == task_names.CLASSIFY:
        from charrnn.generation.classification import Classifier

        return Classifier.of([checkpoint]).compared
    if checkpoint.task == task_names.TAG:
        from charrnn.generation.translation.in_step import Tagger

        return _compared_by(Tagger.of([checkpoint]))
    from charrnn.generation.translation.translator import Translator

    translator = Translator.of([checkpoint])
    if checkpoint.task == task_names.GIVEN:
        return lambda label, _: f"{label} → {translator.translate(label)[0].text}"
    return _compared_by(translator)


def _compared_by(translator: "Translator | Tagger") -> Callable[[str, str], str]:
    from charrnn.tasks.pairs import learned_pairs

    def compared(source: str, target: str) -> str:
        (made,) = translator.translate(source)
        return learned_pairs.compared(source, made.text, target)

    return compared
