"""What a model expects, drawn: the distribution of the next symbol, or a row for each that came."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from charrnn._text import symbol
from charrnn.cli.console.streams import print_json
from charrnn.cli.console.tables import print_bars, print_table

if TYPE_CHECKING:
    from charrnn.generation.predict import Expectation, Prediction

Spelled = Callable[[str], str]  # a symbol as it is shown


def show_prediction(
    prediction: "Prediction", top: int, *, title: str, as_json: bool, spelled: Spelled = symbol
) -> None:
    """Draw the likeliest symbols as bars, and the others together."""
    if as_json:
        print_json([vars(chance) for chance in prediction])
        return
    rows = [(spelled(chance.char), chance.prob) for chance in prediction[:top]]
    if others := prediction[top:]:
        rows.append((f"{len(others)} others", sum(chance.prob for chance in others)))
    print_bars(title, rows)


def show_expectations(
    expectations: Sequence["Expectation"], *, as_json: bool, spelled: Spelled = symbol
) -> None:
    """Print a line for each symbol that came."""
    if as_json:
        print_json([vars(each) for each in expectations])
        return
    rows = [
        [
            spelled(each.char),
            f"{100 * each.prob:6.2f} %",
            f"{each.rank:4,}",
            f"{each.bits:5.2f}",
            f"{spelled(each.expected)}  {100 * each.expected_prob:6.2f} %",
        ]
        for each in expectations
    ]
    columns = ["came", "probability", "rank", "bits", "expected"]
    print_table(columns, rows, optional=["expected", "rank"])


def at_temperature(title: str, temperature: float | None) -> str:
    """Return a title with the temperature, if one was given."""
    return title if temperature is None else f"{title}, at temperature {temperature:g}"
