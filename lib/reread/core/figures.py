"""The style of every figure, and the files that a figure is saved as; equal data give equal bytes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from reread.core.errors import ParameterError
from reread.core.files import written_whole

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Okabe and Ito's colours, distinguishable with every common colour blindness; yellow is left out on white.
PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000")
GREY = "#6b6b6b"
BAND = "#dcdcdc"
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
LINES = ("-", "--", "-.", ":")
WIDTH = 7.0  # inches, the text width of a page
SMALL = 9
ALT_LENGTH = (40, 250)
# The SVG keeps its text as text: the browser takes the first of these families that it has.
FONTS = ("DejaVu Sans", "Verdana", "Arial", "Helvetica", "sans-serif")
STYLE = {
    "axes.axisbelow": True, "axes.edgecolor": "#4d4d4d", "axes.grid": True, "axes.labelsize": 10,
    "axes.spines.right": False, "axes.spines.top": False,
    "axes.titlelocation": "left", "axes.titlesize": 10, "axes.titleweight": "bold",
    "figure.dpi": 100, "figure.facecolor": "white", "figure.labelsize": 10,
    "font.family": "sans-serif", "font.sans-serif": list(FONTS[:-1]), "font.size": 10,
    "grid.color": "#e4e4e4", "grid.linewidth": 0.8,
    "legend.borderaxespad": 0.2, "legend.columnspacing": 1.2, "legend.fontsize": SMALL,
    "legend.frameon": False, "legend.handletextpad": 0.5, "legend.title_fontsize": SMALL,
    "savefig.facecolor": "white", "svg.fonttype": "none", "svg.hashsalt": "reread",
    "text.parse_math": False,  # a $ in a name that came with data is a $
    "xtick.color": "#4d4d4d", "xtick.labelcolor": "black", "xtick.labelsize": SMALL,
    "ytick.color": "#4d4d4d", "ytick.labelcolor": "black", "ytick.labelsize": SMALL,
}  # fmt: skip

_before: dict[str, Any] = {}  # settings of matplotlib from before the style


class Drawn(NamedTuple):
    """A figure, the table behind it, and the alt text computed from that table.

    ``figure`` is None where the data are empty or all equal; ``alt`` is then the sentence on the page.
    """

    figure: Figure | None
    table: pd.DataFrame
    alt: str


def new(width_in: float = WIDTH, height_in: float = 4, ncols: int = 1, nrows: int = 1) -> tuple[Figure, Axes]:
    """Open a figure in the style of the book: white in dark mode too, and without pyplot's state."""
    from matplotlib.figure import Figure

    use_style()
    figure = Figure(figsize=(width_in, height_in), layout="constrained")
    return figure, figure.subplots(nrows, ncols)


def use_style() -> None:
    """Set the style until the next figure is saved: a context in :func:`new` would end before the drawing."""
    from matplotlib import rcParams, style

    if not _before:
        _before.update(rcParams)
    style.use(["default", STYLE])  # "default" first, so that no matplotlibrc of the user changes a figure


def _leave_style() -> None:
    """Give back the settings from before, so that figures of the reader's own keep their look."""
    from matplotlib import rcParams

    dict.update(rcParams, _before)  # as they were, without checking them again
    _before.clear()


def save(figure: Figure, data: pd.DataFrame, folder: Path, name: str) -> None:
    """Write ``name.svg``, ``name.png`` and ``name.csv``, each whole, with bytes fixed by the data."""
    use_style()
    try:
        with written_whole(folder / f"{name}.svg") as part:
            figure.savefig(part, format="svg", metadata={"Date": None, "Creator": None})
        with written_whole(folder / f"{name}.png") as part:
            figure.savefig(part, format="png", dpi=160, metadata={"Software": None})
    finally:
        _leave_style()
    save_table(data, folder / f"{name}.csv")


def save_table(data: pd.DataFrame, path: Path) -> None:
    """Write a table as CSV, whole, with ten digits."""
    import pandas as pd

    keep_index = not isinstance(data.index, pd.RangeIndex)
    with written_whole(path) as part:
        data.to_csv(part, index=keep_index, float_format="%.10g", lineterminator="\n")


def check_alt(name: str, alt: str) -> str:
    """Return ``alt`` on one line, or refuse it."""
    alt = " ".join(alt.split())
    low, high = ALT_LENGTH
    if not low <= len(alt) <= high:
        raise ParameterError(
            f"The alt text of figure {name} has {len(alt)} characters; say the chart type and the finding "
            f"in {low} to {high}."
        )
    return alt


def colour(i: int) -> str:
    """The i-th colour, going round."""
    return PALETTE[i % len(PALETTE)]


def line(i: int) -> str:
    """The i-th line style, going round: the second cue beside colour."""
    return LINES[i % len(LINES)]


def marker(i: int) -> str:
    """The i-th marker, going round: the second cue beside colour."""
    return MARKERS[(i + i // len(PALETTE)) % len(MARKERS)]


def spread(places: np.ndarray, gap: float) -> np.ndarray:
    """Move places (label,) until neighbours are ``gap`` apart, keeping order and the middle of clusters."""
    places = np.asarray(places, dtype=float)
    order = np.argsort(places, kind="stable")
    # Isotonic regression of the places less their minimal steps is the nearest arrangement without overlap.
    from scipy.optimize import isotonic_regression

    steps = gap * np.arange(len(places))
    moved = np.empty_like(places)
    moved[order] = isotonic_regression(places[order] - steps).x + steps
    return moved


def grid_lines(axes: Axes, axis: str = "x") -> None:
    """Faint lines behind the data along one axis only, or ``both``."""
    axes.grid(False)
    axes.grid(axis=axis)
