"""Figures about classes: what a random split gives away, and which classes are found in new drugs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from reread.core import figures, marks
from reread.lincs.data.annotations import short

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

BAND = "#d9d9d9"
SPLITS = {"random": "random signatures", "held-out-drug": "drugs held out"}
GROUPS = ("strong", "weak", "inert", "all")
KNOWN = {
    "raw": "raw signature", "e1": "encoder 1", "e2": "encoder 2", "e3": "latent means",
    "nodes": "signature nodes", "d1": "decoder 1", "d2": "decoder 2", "pca": "components",
}  # fmt: skip


def split_gap(table: pd.DataFrame, null_high: float) -> tuple[Figure, pd.DataFrame]:
    """Draw accuracy under both splits, representation by representation, a panel a classifier.

    Parameters
    ----------
    table : DataFrame
        From ``classify.compare``.
    null_high : float
        What meaningless classes reach with drugs held out (97.5th percentile).

    Returns
    -------
    Figure, DataFrame
        The table as it came.
    """
    classifiers, names = table["classifier"].unique(), list(dict.fromkeys(table["representation"]))
    figure, panels = figures.new(7, 1.5 + 0.34 * len(names), ncols=len(classifiers))
    panels = np.atleast_1d(panels)
    for axes, classifier in zip(panels, classifiers, strict=True):
        part = table[table["classifier"] == classifier]
        wide = part.pivot(index="representation", columns="split", values="accuracy").loc[names]
        _dumbbells(axes, wide, null_high)
        axes.set_title(classifier)
    panels[0].set_yticks(np.arange(len(names))[::-1], [KNOWN.get(name, name) for name in names])
    for axes in panels[1:]:
        axes.set_yticks(np.arange(len(names)), [""] * len(names))
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper right", ncols=3, fontsize=marks.SMALL, frameon=False)
    return figure, table


def _dumbbells(axes: Axes, wide: pd.DataFrame, null_high: float) -> None:
    y = np.arange(len(wide))[::-1]
    axes.axvspan(0, null_high, color="#ececec", zorder=0, label="meaningless classes")
    axes.hlines(y, wide.min(axis=1), wide.max(axis=1), color="#bdbdbd", linewidth=3)
    for i, (split, text) in enumerate(SPLITS.items()):
        axes.scatter(
            wide[split], y, color=marks.colour(1 - i), marker=marks.marker(1 - i), s=44, zorder=3, label=text
        )
    axes.set(xlabel="accuracy", xlim=(0, 1.02), ylim=(-0.6, len(wide) - 0.4))
    marks.grid_lines(axes)


def recalls(table: pd.DataFrame, group: Mapping[str, str]) -> tuple[Figure, pd.DataFrame]:
    """Draw the recall of every class of held-out drugs beside what a meaningless class would reach.

    Parameters
    ----------
    table : DataFrame
        From ``classify.null_of_folds``.
    group : mapping of str to str
        Class to what was planted, or ``all``.

    Returns
    -------
    Figure, DataFrame
        The classes drawn, by group and recall.
    """
    shown = by_group(table[table["pcl"] != "all"], "pcl", group, ["accuracy"], ascending=False)
    y = np.arange(len(shown))[::-1]
    figure, axes = figures.new(7, 1.3 + 0.28 * len(shown))
    axes.hlines(y, shown["null_low"], shown["null_high"], color=BAND, linewidth=9, label="meaningless, 95 %")
    for i, name in enumerate(GROUPS):
        mask = (shown["group"] == name).to_numpy()
        axes.scatter(
            shown["accuracy"][mask], y[mask], color=marks.colour(i), marker=marks.marker(i), s=46, zorder=3,
            label=said(name, "classes") if mask.any() else None,
        )  # fmt: skip
    axes.set_yticks(y, [short(name) for name in shown["pcl"]])
    axes.set(xlabel="share of the class put right, drugs held out", xlim=(-0.02, 1.02))
    axes.set_ylim(-0.6, len(y) - 0.4)
    figure.legend(loc="outside upper right", ncols=4, fontsize=marks.SMALL, frameon=False)
    marks.grid_lines(axes)
    return figure, shown


def by_group(
    table: pd.DataFrame, key: str, group: Mapping[str, str], then: list[str], *, ascending: bool = True
) -> pd.DataFrame:
    """Rows with a column ``group``, in the order of ``GROUPS`` and of the columns ``then``."""
    table = table.assign(group=[group.get(name, "all") for name in table[key]])
    table = table.assign(place=[GROUPS.index(name) for name in table["group"]])
    ways = [True, *([ascending] * len(then))]
    return table.sort_values(["place", *then], ascending=ways).drop(columns="place").reset_index(drop=True)


def said(group: str, what: str) -> str:
    """Words for a group in a legend."""
    return what if group == "all" else f"planted {group}"
