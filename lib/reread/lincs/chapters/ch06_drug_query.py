"""Figures about targets: at which rank they are found, beside what chance would give."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from reread.core import figures, marks
from reread.lincs.chapters.ch05_classes_and_targets import BAND, GROUPS, KNOWN, by_group, said
from reread.lincs.data.annotations import short
from reread.lincs.methods.drug_query import Handle

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

TICKS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)


def target_ranks(found: pd.DataFrame, group: Mapping[str, str]) -> tuple[Figure, pd.DataFrame]:
    """Draw the rank of the first target of every drug beside the mean rank in random order.

    Parameters
    ----------
    found : DataFrame
        From ``retrieval.retrieve``.
    group : mapping of str to str
        Drug to what was planted, or ``all``.

    Returns
    -------
    Figure, DataFrame
        The drugs in the order drawn.
    """
    shown = by_group(found, "drug", group, ["rank", "drug"])
    figure, axes = figures.new(7, 3.8)
    for i, name in enumerate(GROUPS):
        for is_found, face, sign in ((True, marks.colour(i), "<"), (False, "white", "≥")):
            dots = shown[(shown["group"] == name) & ((shown["q"] < 0.05) == is_found)]
            axes.scatter(
                dots.index, dots["rank"], color=face, edgecolor=marks.colour(i), marker=marks.marker(i), s=34,
                zorder=3, label=f"{said(name, 'drugs')}, q {sign} 0.05" if len(dots) else None,
            )  # fmt: skip
    axes.plot(
        shown.index, shown["by_chance"], color=figures.GREY, linestyle=":", label="mean in random order"
    )
    axes.set(yscale="log", xlabel="drugs, sorted", ylabel="rank of the first target")
    axes.set_xlim(-1, len(shown))
    axes.invert_yaxis()
    axes.set_xticks([])
    _plain_ticks(axes.yaxis, max(shown["rank"].max(), shown["by_chance"].max()))
    figure.legend(loc="outside upper center", ncols=3, fontsize=marks.SMALL, frameon=False)
    marks.grid_lines(axes, "y")
    return figure, shown


def retrieved(table: pd.DataFrame) -> tuple[Figure, pd.DataFrame]:
    """Draw the mean reciprocal rank of groups of drugs from every representation, beside shuffled names.

    Parameters
    ----------
    table : DataFrame
        representation, and the columns of ``retrieval.by_group``.

    Returns
    -------
    Figure, DataFrame
        The table as it came.
    """
    names = list(dict.fromkeys(table["representation"]))
    groups = [name for name in GROUPS if (table["group"] == name).any()]
    figure, axes = figures.new(7, 1.4 + 0.16 * len(names) * (1 + len(groups)))
    for i, name in enumerate(groups):
        part = table[table["group"] == name].set_index("representation").loc[names]
        y = np.arange(len(names))[::-1] + 0.24 * ((len(groups) - 1) / 2 - i)
        label = "shuffled names, up to 95 %" if i == 0 else None
        axes.hlines(y, 0, part["null_high"], color=BAND, linewidth=6, label=label)
        shade = GROUPS.index(name)
        axes.scatter(
            part["mrr"], y, color=marks.colour(shade), marker=marks.marker(shade), s=40, zorder=3,
            label=said(name, "all drugs"),
        )  # fmt: skip
    axes.set_yticks(np.arange(len(names))[::-1], [KNOWN.get(name, name) for name in names])
    axes.set(xlabel="mean reciprocal rank of the first target", xlim=(0, 1.02))
    axes.set_ylim(-0.6, len(names) - 0.4)
    figure.legend(loc="outside upper right", ncols=4, fontsize=marks.SMALL, frameon=False)
    marks.grid_lines(axes)
    return figure, table


def handle_ranks(handle: Handle) -> tuple[Figure, pd.DataFrame]:
    """Draw the rank of the first target for every signature of each drug, beside random order.

    Parameters
    ----------
    handle : Handle

    Returns
    -------
    Figure, DataFrame
        ``handle.signatures``.
    """
    drugs = list(handle.summary["drug"])
    figure, axes = figures.new(7, 1.7 + 0.75 * len(drugs))
    for row in handle.summary.itertuples():
        _rank_row(axes, handle, row, len(drugs) - 1 - row.Index, labelled=row.Index == 0)
    axes.set_yticks(range(len(drugs)), drugs[::-1])
    axes.set(xscale="log", xlabel="rank of the first target (1 is the nearest)")
    axes.set_ylim(-0.6, len(drugs) - 0.4)
    _plain_ticks(axes.xaxis, axes.get_xlim()[1])
    figure.legend(loc="outside upper center", ncols=2, fontsize=marks.SMALL, frameon=False)
    marks.grid_lines(axes)
    return figure, handle.signatures


def _rank_row(axes: Axes, handle: Handle, row, at: int, *, labelled: bool) -> None:
    """One drug: its signatures, their mean, the null and the mean in random order."""
    rank = handle.signatures.loc[handle.signatures["drug"] == row.drug, "rank"].to_numpy()
    null = handle.null[row.drug]  # few choices have few means: none of them is outside by interpolation
    low, high = np.quantile(null, 0.025, method="lower"), np.quantile(null, 0.975, method="higher")
    texts = ["random names, 95 %", "a signature", "their mean", "mean in random order"]
    null_as, one_as, mean_as, chance_as = texts if labelled else [None] * 4
    axes.barh(at, high - low, left=low, height=0.5, color=BAND, label=null_as)
    spread = 0.3 * np.sin(2.4 * np.arange(len(rank)))  # apart without a random number
    axes.scatter(rank, at + spread, color=marks.colour(0), s=20, alpha=0.7, label=one_as)
    axes.scatter(
        rank.mean(), at, color=marks.colour(1), marker=marks.marker(3), s=90, edgecolor="white", zorder=4,
        label=mean_as,
    )  # fmt: skip
    axes.scatter(row.by_chance, at, color="black", marker="x", s=50, zorder=4, label=chance_as)


def handle_names(handle: Handle, top: int = 10) -> tuple[Figure, pd.DataFrame]:
    """Draw the names most like each drug by mean signature, targets marked.

    Parameters
    ----------
    handle : Handle
    top : int
        Names for each drug.

    Returns
    -------
    Figure, DataFrame
        The rows drawn.
    """
    drugs = list(handle.summary["drug"])
    shown = handle.names[handle.names["rank"] <= top].reset_index(drop=True)
    figure, panels = figures.new(7, 0.6 + len(drugs) * (0.8 + 0.25 * shown["rank"].max()), nrows=len(drugs))
    for axes, drug in zip(np.atleast_1d(panels), drugs, strict=True):
        part = shown[shown["drug"] == drug]
        for is_target, i in ((False, 0), (True, 1)):
            rows = part[part["is_target"] == is_target]
            axes.hlines(-rows["rank"], 0, rows["score"], color=marks.colour(i), linewidth=2)
            axes.scatter(
                rows["score"], -rows["rank"], color=marks.colour(i), marker=marks.marker(i), s=36, zorder=3
            )
        axes.set_yticks(-part["rank"], [short(name) for name in part["name"]])
        axes.axvline(0, color=figures.GREY, linewidth=1)
        axes.set(xlabel="correlation of mean signatures", title=drug)
        marks.grid_lines(axes)
    for i, text in enumerate(("not named", "named as target")):
        np.atleast_1d(panels)[0].scatter(
            [], [], color=marks.colour(i), marker=marks.marker(i), s=36, label=text
        )
    figure.legend(loc="outside upper right", ncols=2, fontsize=marks.SMALL, frameon=False)
    return figure, shown


def _plain_ticks(axis, most: float) -> None:
    """Ranks as whole numbers on a logarithmic axis."""
    ticks = [one for one in TICKS if one <= most]
    axis.set_ticks(ticks, [f"{one:,}" for one in ticks])
    axis.set_ticks([], minor=True)
