"""Charts on the terminal, or as files."""

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from charrnn.cli.console.streams import note

if TYPE_CHECKING:
    from charrnn.plots.charts import Chart


def show_or_export(charts: "Mapping[str, Chart]", export: Path | None) -> None:
    """Draw charts one below the other, or write them to `files_for` them."""
    from charrnn.plots.charts import export as write
    from charrnn.plots.charts import show

    if export is not None:
        for path, chart in zip(files_for(charts, export), charts.values(), strict=True):
            write(chart, path)
            note(f"wrote {path}")
        return
    for k, chart in enumerate(charts.values()):
        print("\n" if k else "", end="")
        show(chart)


def files_for(names: Collection[str], export: Path) -> list[Path]:
    """Return the file of each chart: of a single one this file, of several those beside it,
    a.svg becomes a-NAME.svg. Raises `UsageError` for one that cannot be written.
    """
    from charrnn._exported import require_replaceable
    from charrnn.plots.charts import require_exportable

    require_exportable(export)
    several = [export.with_stem(f"{export.stem}-{name}") for name in names]
    files = several if len(several) > 1 else [export]
    for file in files:
        require_replaceable(file)
    return files
