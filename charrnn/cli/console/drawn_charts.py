"""Charts on the terminal, or as files."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from charrnn.cli.console.streams import note

if TYPE_CHECKING:
    from charrnn.plots.charts import Chart


def show_or_export(charts: "Mapping[str, Chart]", export: Path | None) -> None:
    """Draw charts one below the other, or write them: a single one to the file, several to files
    beside it, a.svg to a-NAME.svg.
    """
    from charrnn.plots.charts import export as write
    from charrnn.plots.charts import show

    for k, (name, chart) in enumerate(charts.items()):
        if export is None:
            print("\n" if k else "", end="")
            show(chart)
        else:
            path = export.with_stem(f"{export.stem}-{name}") if len(charts) > 1 else export
            write(chart, path)
            note(f"wrote {path}")
