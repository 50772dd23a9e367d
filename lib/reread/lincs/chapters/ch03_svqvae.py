"""Figures about codebooks of classes: their training, what they find, which codes are used."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from reread.core import figures, marks
from reread.lincs.data.annotations import short
from reread.lincs.methods.codebooks import HELD, MEAN, TAUGHT

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def code_curves(history: pd.DataFrame, given: pd.DataFrame) -> tuple[Figure, pd.DataFrame]:
    """Draw error by pass over the floor that the class means set, and the loss of the codebook.

    Parameters
    ----------
    history : DataFrame
        Of one :class:`reread.lincs.methods.codebooks.CodeRun`.
    given : DataFrame
        From ``codebooks.given_label``.

    Returns
    -------
    Figure, DataFrame
        The history, with the two floors as columns.
    """
    floor = given[given["method"] == MEAN].set_index("rows")["mse"]
    table = history.assign(train_floor=floor[TAUGHT], valid_floor=floor[HELD])
    figure, (left, right) = figures.new(7.4, 3.4, ncols=2)
    for i, (name, said) in enumerate((("train", TAUGHT), ("valid", HELD))):
        how = {"color": marks.colour(i), "linewidth": 1.8}
        left.plot(table["epoch"], table[f"{name}_mse"], linestyle=marks.line(i), label=f"code, {said}", **how)
        left.plot(table["epoch"], table[f"{name}_floor"], linestyle=":", label=f"class mean, {said}", **how)
    right.plot(table["epoch"], table["codebook_loss"], color=marks.colour(2), linewidth=1.8)
    right.axhline(0, color=figures.GREY, linewidth=1, linestyle=":")
    left.set(xlabel="pass over the signatures", ylabel="mean squared error (z²)", title="given the class")
    right.set(xlabel="pass over the signatures", ylabel="loss of the codebook", title="codebook")
    for axes in (left, right):
        marks.grid_lines(axes, "y")
    figure.legend(loc="outside lower center", ncols=2, fontsize=marks.SMALL, frameon=False)
    return figure, table


def found(table: pd.DataFrame, n_classes: int) -> tuple[Figure, pd.DataFrame]:
    """Draw how often the nearest code, or class mean, is that of the class: a dot for each seed.

    Parameters
    ----------
    table : DataFrame
        From ``codebooks.inferred``.
    n_classes : int
        For chance.

    Returns
    -------
    Figure, DataFrame
        rows, method, metric, seed, recall.
    """
    ways = table[["method", "metric"]].drop_duplicates().to_records(index=False).tolist()
    figure, axes = figures.new(7, 1.5 + 0.5 * len(ways))
    for place, (method, metric) in enumerate(reversed(ways)):
        own = table[(table["method"] == method) & (table["metric"] == metric)]
        for i, where in enumerate((TAUGHT, HELD)):
            recall = own.loc[own["rows"] == where, "recall"]
            y = [place + 0.12 - 0.24 * i] * len(recall)
            axes.scatter(
                recall, y, color=marks.colour(i), marker=marks.marker(i), s=44, edgecolor="white",
                label=where if place == 0 else None, zorder=3,
            )  # fmt: skip
    axes.axvline(1 / n_classes, color=figures.GREY, linewidth=1, linestyle=":")
    names = {"euclid": "by distance", "cosine": "by direction"}
    axes.set_yticks(range(len(ways)), [f"{method}, {names[metric]}" for method, metric in reversed(ways)])
    axes.set(
        xlabel="recall, mean over classes (dotted: chance)", xlim=(0, 1.03), ylim=(-0.6, len(ways) - 0.4)
    )
    figure.legend(loc="outside upper right", ncols=2, fontsize=marks.SMALL, frameon=False)
    marks.grid_lines(axes)
    return figure, table[["rows", "method", "metric", "seed", "recall"]]


def code_usage(report: pd.DataFrame, most: int = 25) -> tuple[Figure, pd.DataFrame]:
    """Draw for each code how many held-out signatures bear its label, fall to it, and both.

    Parameters
    ----------
    report : DataFrame
        From ``codebooks.usage``.
    most : int
        Codes drawn, those with most labels; the table holds all.

    Returns
    -------
    Figure, DataFrame
        The report.
    """
    shown = report.sort_values(["labelled", "code"], ascending=[False, True], kind="stable").head(most)
    right = shown["found"].fillna(0) * shown["labelled"]
    figure, axes = figures.new(7, 1.4 + 0.3 * len(shown))
    y = np.arange(len(shown))[::-1]
    axes.barh(y, shown["labelled"], height=0.7, color="#dddddd", label="bear the label")
    axes.barh(y, right, height=0.7, color=marks.colour(0), label="and fall to its code")
    axes.scatter(
        shown["assigned"],
        y,
        color=marks.colour(1),
        marker="D",
        s=34,
        zorder=3,
        label="fall to it in all",
    )
    axes.set_yticks(y, [short(code) for code in shown["code"]], fontsize=marks.SMALL)
    axes.set(xlabel="held-out signatures", ylim=(-0.6, len(shown) - 0.4))
    figure.legend(loc="outside upper right", ncols=3, fontsize=marks.SMALL, frameon=False)
    marks.grid_lines(axes)
    return figure, report
