"""Figures about the full grid, stability and transfer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from reread.core import figures
from reread.networks import plots as marks

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MIN_PAIRS = 20
TRANSFER_AXIS = {"auroc": "AUROC (0.5 at chance)", "auprc_ratio": "AUPRC over density (1 at chance)"}


def calibration(curve: pd.DataFrame) -> tuple[Figure, pd.DataFrame]:
    """Draw observed against predicted shares of edges; points grow with the pairs behind them.

    Bins of fewer than 20 pairs are in the table but not in the picture, for their shares are noise.

    Parameters
    ----------
    curve : DataFrame
        From ``grid.calibration_table``: method, predicted, observed, n.

    Returns
    -------
    Figure, DataFrame
        The table as it came.
    """
    figure, axes = figures.new(7, 4)
    shown = curve[curve["n"] >= min(MIN_PAIRS, curve["n"].max())]
    reach = 1.06 * float(shown[["predicted", "observed"]].to_numpy().max())
    axes.plot([0, reach], [0, reach], color=figures.GREY, linewidth=1, linestyle=":")
    ends, names, colours = [], [], []
    for i, (method, rows) in enumerate(shown.groupby("method", sort=False)):
        size = 14 + 120 * np.sqrt(rows["n"] / curve["n"].max())
        axes.plot(
            rows["predicted"], rows["observed"], color=marks.colour(i), linestyle=marks.line(i), linewidth=1.6
        )
        axes.scatter(
            rows["predicted"],
            rows["observed"],
            s=size,
            color=marks.colour(i),
            marker=marks.marker(i),
            alpha=0.85,
        )
        ends.append(rows["observed"].iloc[-1])
        names.append(f"{method} (to {rows['predicted'].iloc[-1]:.2f})")
        colours.append(marks.colour(i))
    axes.set(
        xlabel="predicted probability", ylabel="observed share of edges", xlim=(0, reach), ylim=(0, reach)
    )
    marks.label_ends(axes, reach, np.array(ends), names, colours, gap=0.07 * reach)
    marks.grid_lines(axes, "both")
    return figure, curve


def stability(table: pd.DataFrame) -> tuple[Figure, pd.DataFrame]:
    """Draw how much of the top edges stays after each change.

    Parameters
    ----------
    table : DataFrame
        From ``stability.stability``: method, change, run, jaccard.

    Returns
    -------
    Figure, DataFrame
        The table as it came.
    """
    changes, methods = table["change"].unique(), table["method"].unique().tolist()
    figure, panels = figures.new(7, 1.2 + 0.38 * len(methods), ncols=len(changes))
    panels = np.atleast_1d(panels)
    for axes, change in zip(panels, changes, strict=True):
        rows = table[table["change"] == change]
        y = len(methods) - 1 - rows["method"].map(methods.index)
        mean = rows.groupby("method")["jaccard"].mean()
        axes.hlines(range(len(methods)), 0, [mean[m] for m in methods[::-1]], color="#cfe3f1", linewidth=7)
        axes.scatter(rows["jaccard"], y, color=marks.colour(0), s=22, zorder=3, alpha=0.8)
        axes.set(xlim=(0, 1.04), ylim=(-0.6, len(methods) - 0.4))
        axes.set_yticks(range(len(methods)), methods[::-1] if axes is panels[0] else [""] * len(methods))
        axes.set_xticks([0, 0.5, 1], ["0", "0.5", "1"])
        axes.set_title(change, fontsize=10)
        marks.grid_lines(axes)
    figure.supxlabel("share of top edges kept (Jaccard index with the first run)", fontsize=10)
    return figure, table


def transfer(
    table: pd.DataFrame, method: str = "pair-statistics", measure: str = "auroc"
) -> tuple[Figure, pd.DataFrame]:
    """Draw from which dataset to which a method transfers, one panel an exclusion.

    Parameters
    ----------
    table : DataFrame
        From ``transfer.transfer_matrix``.
    method : str
    measure : str
        ``auroc`` or ``auprc_ratio``.

    Returns
    -------
    Figure, DataFrame
        The rows of the method.
    """
    shown = table[table["method"] == method]
    excluded, names = shown["excluded"].unique(), sorted({*shown["source"], *shown["target"]})
    figure, panels = figures.new(7, 1.5 + 0.62 * len(names), ncols=len(excluded))
    low, high = (0.3, 0.7) if measure == "auroc" else (0.0, 4.0)
    for axes, name in zip(np.atleast_1d(panels), excluded, strict=True):
        rows = shown[shown["excluded"] == name]
        matrix = rows.pivot(index="source", columns="target", values=measure).reindex(
            index=names, columns=names
        )
        image = axes.imshow(matrix, cmap="cividis", vmin=low, vmax=high)
        _write_cells(axes, matrix.to_numpy(), low, high)
        axes.set_xticks(range(len(names)), names)
        axes.set_yticks(range(len(names)), names if axes is np.atleast_1d(panels)[0] else [""] * len(names))
        axes.set_title(name, fontsize=10)
    figure.colorbar(image, ax=panels, shrink=0.75, label=TRANSFER_AXIS[measure])
    figure.suptitle("taken out of the test:", x=0.02, ha="left", fontsize=10)
    figure.supxlabel("tested on", fontsize=10)
    figure.supylabel("trained on", fontsize=10)
    return figure, shown.reset_index(drop=True)


def _write_cells(axes, matrix: np.ndarray, low: float, high: float) -> None:
    for (row, column), value in np.ndenumerate(matrix):
        text = "–" if np.isnan(value) else f"{value:.2f}"
        is_dark = not np.isnan(value) and value < (low + high) / 2
        axes.text(column, row, text, ha="center", va="center", color="white" if is_dark else "black")
