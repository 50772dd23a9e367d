"""One look for every figure, and one way to write it: equal data give equal bytes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from reread.core.errors import ParameterError
from reread.core.files import written_whole

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Okabe and Ito's colours, told apart with every common colour blindness; yellow is left out on white.
PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000")
GREY = "#6b6b6b"
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
LINES = ("-", "--", "-.", ":")
ALT_LENGTH = (40, 250)
STYLE = {
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlelocation": "left",
    "axes.titlesize": 11,
    "axes.labelsize": 10,
    "axes.titleweight": "bold",
    "font.family": "DejaVu Sans",
    "font.size": 10,
    "legend.frameon": False,
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
    "svg.hashsalt": "reread",
    "svg.fonttype": "path",
}


def new(width_in: float = 7, height_in: float = 4, ncols: int = 1, nrows: int = 1) -> tuple[Figure, Axes]:
    """Open a figure in the book's look: opaque, so that dark mode works, and without pyplot's state.

    Returns
    -------
    Figure, Axes or array of Axes, (row, column) squeezed
    """
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    with rc_context(STYLE):
        figure = Figure(figsize=(width_in, height_in), layout="constrained")
        return figure, figure.subplots(nrows, ncols)


def save(figure: Figure, data: pd.DataFrame, folder: Path, name: str) -> None:
    """Write ``name.svg``, ``name.png`` and ``name.csv``, each whole, with bytes fixed by the data."""
    from matplotlib import rc_context

    with rc_context(STYLE):
        with written_whole(folder / f"{name}.svg") as part:
            figure.savefig(part, format="svg", metadata={"Date": None, "Creator": None})
        with written_whole(folder / f"{name}.png") as part:
            figure.savefig(part, format="png", dpi=160, metadata={"Software": None})
    save_table(data, folder / f"{name}.csv")


def save_table(data: pd.DataFrame, path: Path) -> None:
    """Write a table as CSV, whole, with ten digits."""
    import pandas as pd

    keep_index = not isinstance(data.index, pd.RangeIndex)
    with written_whole(path) as part:
        data.to_csv(part, index=keep_index, float_format="%.10g", lineterminator="\n")


def check_alt(name: str, alt: str) -> str:
    """Return ``alt`` on one line, or refuse it: a reader who cannot see the figure has nothing else.

    Raises
    ------
    ParameterError
        If the text is shorter than 40 or longer than 250 characters.
    """
    alt = " ".join(alt.split())
    low, high = ALT_LENGTH
    if not low <= len(alt) <= high:
        raise ParameterError(
            f"The alt text of figure {name} has {len(alt)} characters; say the chart type and the finding "
            f"in {low} to {high}."
        )
    return alt


def directive(name: str, label: str, caption: str, alt: str) -> str:
    """Write the MyST text that shows a saved figure with its caption, alt text and data."""
    return (
        f"```{{figure}} figures/{name}.svg\n:name: {label}\n:alt: {alt}\n:width: 100%\n\n{caption}\n```\n\n"
        f"{{download}}`data (CSV) <figures/{name}.csv>` · {{download}}`SVG <figures/{name}.svg>` · "
        f"{{download}}`PNG <figures/{name}.png>`\n"
    )


def table_text(data: pd.DataFrame, name: str, label: str, caption: str) -> str:
    """Write the MyST text that shows a table, numbers to three places and counts as counts, with its CSV."""
    import pandas as pd

    shown = data.reset_index() if not isinstance(data.index, pd.RangeIndex) else data
    counts = [column for column in shown.columns if _is_count(shown[column])]
    shown = shown.astype(dict.fromkeys(counts, "Int64"))
    head = "| " + " | ".join(_cell(str(c).replace("_", " ")) for c in shown.columns) + " |"
    numeric = [pd.api.types.is_numeric_dtype(kind) for kind in shown.dtypes]
    rule = "|" + "|".join(" ---: " if n else " --- " for n in numeric) + "|"
    rows = ["| " + " | ".join(_cell(v) for v in row) + " |" for row in shown.itertuples(index=False)]
    body = "\n".join([head, rule, *rows])
    return (
        f"```{{table}} {' '.join(caption.split())}\n:name: {label}\n:widths: auto\n\n{body}\n```\n\n"
        f"{{download}}`data (CSV) <tables/{name}.csv>`\n"
    )


def _is_count(column: pd.Series) -> bool:
    """Whether a column of floats holds ranks or counts: whole numbers, not all of them 0 or 1."""
    if column.dtype.kind != "f":
        return False
    held = column.dropna()
    return bool(len(held)) and bool((held % 1 == 0).all()) and bool(held.abs().max() > 1)


def _cell(value: object) -> str:
    import pandas as pd

    if isinstance(value, (bool, np.bool_)):
        return "yes" if value else "no"
    if isinstance(value, (float, np.floating)):
        return "–" if np.isnan(value) else _number(float(value))
    return "–" if value is None or value is pd.NA else " ".join(str(value).split()).replace("|", "\\|")


def _number(value: float) -> str:
    """Three places; a number that would read 0.000 and is not zero keeps its size."""
    return f"{value:.1e}" if 0 < abs(value) < 0.0005 else f"{value:.3f}"
