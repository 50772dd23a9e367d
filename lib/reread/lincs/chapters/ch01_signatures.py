"""Figures about signatures: how strong they are, how they come about, what a split gives away."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from reread.core import figures, marks

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

STEPS = {"random": "at random", "by drug and line": "by drug and line", "by drug": "by drug"}
PLACE = {scheme: i for i, scheme in enumerate(STEPS)}
LEGEND = {"fontsize": marks.SMALL, "frameon": False, "handletextpad": 0.1, "columnspacing": 0.8}


def dose_strength(table: pd.DataFrame) -> tuple[Figure, pd.DataFrame]:
    """Draw the strength of signatures by dose.

    Parameters
    ----------
    table : DataFrame, (group,)
        From ``strength.by_dose``.

    Returns
    -------
    Figure, DataFrame
        The table as it came.
    """
    groups = list(dict.fromkeys(table["group"]))
    series = list(dict.fromkeys(table["series"]))
    figure, axes = figures.new(7, 3.5)
    for i, name in enumerate(series):
        rows = table[table["series"] == name]
        place = rows["group"].map(groups.index) + 0.18 * (i - (len(series) - 1) / 2)
        axes.vlines(place, rows["low"], rows["high"], color=marks.colour(i), linewidth=3, alpha=0.45)
        axes.scatter(
            place, rows["median"], color=marks.colour(i), marker=marks.marker(i), s=44, zorder=3, label=name
        )
    n = table.groupby("group")["n"].sum()
    axes.set_xticks(range(len(groups)), [f"{group}\nn={n[group]}" for group in groups], fontsize=8)
    axes.set(
        xlabel="dose (µM)",
        ylabel="strength (root mean square z)",
        ylim=(0, None),
        xlim=(-0.6, len(groups) - 0.4),
    )
    if len(series) > 1:
        axes.legend(loc="lower right", fontsize=marks.SMALL, frameon=False)
    marks.grid_lines(axes, "y")
    return figure, table


def replicates(joined: pd.DataFrame) -> tuple[Figure, pd.DataFrame]:
    """Draw how far wells of one treatment agree, and how strong the signature is that they give.

    Parameters
    ----------
    joined : DataFrame, (signature,)
        From ``plates.signatures_of``.

    Returns
    -------
    Figure, DataFrame
        The table as it came.
    """
    figure, axes = figures.new(7, 3.8)
    for i, (kind, text) in enumerate((("drug", "a drug at high dose"), ("control", "wells without a drug"))):
        rows = joined[joined["kind"] == kind]
        axes.scatter(
            rows["agreement"],
            rows["strength"],
            color=marks.colour(i),
            marker=marks.marker(i),
            s=36,
            alpha=0.8,
            linewidths=0,
            label=text,
        )
    axes.axvline(0, color=figures.GREY, linewidth=1, linestyle=":")
    axes.set(
        xlabel="agreement of its wells (mean Spearman correlation)",
        ylabel="strength of the signature",
        ylim=(0, None),
    )
    axes.legend(loc="lower left", bbox_to_anchor=(-0.02, 1.0), ncols=2, **LEGEND)
    marks.grid_lines(axes, "both")
    return figure, joined


def leak(seen: pd.DataFrame, recall: pd.DataFrame) -> tuple[Figure, pd.DataFrame]:
    """Draw what training has seen of the test rows, and what a nearest neighbour makes of it.

    Parameters
    ----------
    seen : DataFrame
        From ``leaks.seen``: scheme, what, share_seen.
    recall : DataFrame
        From ``leaks.neighbour_recall``: scheme, pcl, n, recall.

    Returns
    -------
    Figure, DataFrame
        The table: ``scheme``, ``what``, ``value``; the recall of each class is one of ``what``.
    """
    figure, (left, right) = figures.new(7.4, 3.3, ncols=2)
    _seen_panel(left, seen)
    _recall_panel(right, recall)
    for axes, labels in ((left, list(STEPS.values())), (right, [""] * len(STEPS))):
        axes.set_yticks(range(len(STEPS)), labels)
        axes.set(xlim=(-0.05, 1.05), ylim=(len(STEPS) - 0.5, -0.5))
        axes.legend(loc="lower left", bbox_to_anchor=(-0.02, 1.0), ncols=3, **LEGEND)
        marks.grid_lines(axes, "both")
    named = recall.assign(what="recall of " + recall["pcl"], value=recall["recall"])
    shares = seen.rename(columns={"share_seen": "value"})
    return figure, pd.concat([shares, named[["scheme", "what", "value"]]], ignore_index=True)


def _seen_panel(axes: Axes, seen: pd.DataFrame) -> None:
    for i, (what, rows) in enumerate(seen.groupby("what", sort=False)):
        y = rows["scheme"].map(PLACE) + 0.16 * (i - 1)
        axes.scatter(
            rows["share_seen"], y, color=marks.colour(i), marker=marks.marker(i), s=46, label=what, zorder=3
        )
    axes.set_xlabel("share of test signatures whose\n… training has seen")


def _recall_panel(axes: Axes, recall: pd.DataFrame) -> None:
    mean = recall.groupby("scheme")["recall"].mean()
    rank = recall.groupby("scheme").cumcount()
    y = recall["scheme"].map(PLACE) + 0.5 * (rank / max(rank.max(), 1) - 0.5)
    axes.scatter(recall["recall"], y, color=marks.colour(0), s=16, alpha=0.6, linewidths=0, label="a class")
    place, chance = mean.index.map(PLACE), 1 / recall["pcl"].nunique()
    axes.scatter(
        mean, place, color=figures.PALETTE[6], marker="|", s=260, linewidths=2, label="mean", zorder=3
    )
    axes.scatter([chance] * len(place), place, color=figures.GREY, marker="x", s=40, label="one over classes")
    axes.set_xlabel("share of a class whose nearest\nneighbour is of it")
