"""Figures about models that name tissues: training, the hold-out ladder, the order of the genes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from reread.core import figures, marks
from reread.maize.data.splits import KINDS
from reread.maize.methods.gene_order import FILE

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

RUNG_LABEL = {"random": "random", "replicate": "replicate held out", "group": "group held out"}
RUNG_SHADE = dict(zip(KINDS, (figures.PALETTE[5], figures.PALETTE[2], figures.PALETTE[0]), strict=True))
RUNG_MARKER = dict(zip(KINDS, ("^", "s", "o"), strict=True))
DIFFERS = {"seed": "another\nseed", "order": "another\norder", "both": "both"}
PARTS = {"": "training, with dropout", "val_": "validation"}


def curves(curve: pd.DataFrame) -> tuple[Figure, pd.DataFrame]:
    """Draw loss and accuracy by pass, training and, where samples were set aside, validation.

    Parameters
    ----------
    curve : DataFrame
        epoch, loss, accuracy, val_loss, val_accuracy, as ``cnn.model.train`` returns it.

    Returns
    -------
    Figure, DataFrame
        The curve.
    """
    figure, panels = figures.new(7, 3, ncols=2)
    for axes, name in zip(panels, ("loss", "accuracy"), strict=True):
        for i, (prefix, label) in enumerate(PARTS.items()):
            values = curve[prefix + name]
            if values.notna().any():
                axes.plot(curve["epoch"], values, color=marks.colour(i), linestyle=marks.line(i), label=label,
                          linewidth=1.8)  # fmt: skip
        axes.set(xlabel="pass over the training samples", title=name)
        marks.grid_lines(axes, "y")
    panels[0].set_ylim(bottom=0)
    panels[1].set_ylim(0, 1.03)
    panels[1].legend(loc="lower right", fontsize=marks.SMALL, frameon=False)
    return figure, curve


def ladder(summary: pd.DataFrame) -> tuple[Figure, pd.DataFrame]:
    """Draw macro-F1 of each model on each rung, from the easiest hold-out to the hardest.

    Parameters
    ----------
    summary : DataFrame
        From ``ladder.summary``: kind, model, accuracy, macro_f1, low, high, n_test.

    Returns
    -------
    Figure, DataFrame
        The summary.
    """
    models, kinds = list(summary["model"].unique()), [k for k in KINDS if k in set(summary["kind"])]
    figure, axes = figures.new(7, 1.3 + 0.55 * len(models))
    gap = 0.2
    for j, kind in enumerate(kinds):
        rows = summary[summary["kind"] == kind].set_index("model").loc[models]
        y = np.arange(len(models))[::-1] - gap * (j - (len(kinds) - 1) / 2)
        axes.hlines(y, rows["low"], rows["high"], color=RUNG_SHADE[kind], linewidth=2)
        axes.scatter(rows["macro_f1"], y, s=46, color=RUNG_SHADE[kind], marker=RUNG_MARKER[kind], zorder=3,
                     label=f"{RUNG_LABEL[kind]} (n = {rows['n_test'].iloc[0]})")  # fmt: skip
    axes.set_yticks(range(len(models)), models[::-1])
    axes.set(xlabel="macro-F1 (line: least to largest over seeds)", ylim=(-0.6, len(models) - 0.4))
    axes.set_xlim(min(0.5, summary["low"].min() - 0.05), 1.02)
    figure.legend(loc="outside upper left", ncols=len(kinds), fontsize=marks.SMALL, frameon=False)
    marks.grid_lines(axes)
    return figure, summary


def order(runs: pd.DataFrame, pairs: pd.DataFrame, chance: float) -> tuple[Figure, pd.DataFrame]:
    """Draw what the order of the genes changes: accuracy hardly, top genes much.

    Parameters
    ----------
    runs : DataFrame
        From ``order.sensitivity``: order, seed, accuracy.
    pairs : DataFrame
        From ``order.overlaps``: one, other, differs, jaccard.
    chance : float
        Jaccard of two random sets of genes.

    Returns
    -------
    Figure, DataFrame
        The pairs, with the accuracy of both.
    """
    figure, (left, right) = figures.new(7, 3.1, ncols=2)
    _accuracies(left, runs)
    kinds = [kind for kind in DIFFERS if kind in set(pairs["differs"])]
    for x, kind in enumerate(kinds):
        values = pairs.loc[pairs["differs"] == kind, "jaccard"]
        places = x + np.linspace(-0.12, 0.12, len(values)) * (len(values) > 1)
        right.scatter(places, values, color=marks.colour(x), marker=marks.marker(x), s=34)
        right.hlines(values.mean(), x - 0.25, x + 0.25, color=marks.colour(x), linewidth=2.5)
    right.axhline(chance, color=figures.GREY, linestyle=":", linewidth=1.2)
    marks.note(right, len(kinds) - 0.5, chance, "chance ", ha="right", va="bottom")
    right.set_xticks(range(len(kinds)), [DIFFERS[kind] for kind in kinds])
    right.set(xlim=(-0.5, len(kinds) - 0.5), ylim=(0, 1.03), title="top genes shared", ylabel="Jaccard")
    marks.grid_lines(right, "y")
    named = runs.assign(name=[f"{r.order}, seed {r.seed}" for r in runs.itertuples()]).set_index("name")
    return figure, pairs.assign(
        accuracy_one=named.loc[pairs["one"], "accuracy"].to_numpy(),
        accuracy_other=named.loc[pairs["other"], "accuracy"].to_numpy(),
    )


def _accuracies(axes: Axes, runs: pd.DataFrame) -> None:
    names = list(runs["order"].unique())
    for x, name in enumerate(names):
        values = runs.loc[runs["order"] == name, "accuracy"]
        is_file = name == FILE
        places = x + np.linspace(-0.12, 0.12, len(values)) * (len(values) > 1)
        axes.scatter(places, values, s=34, color=marks.colour(5 if is_file else 6),
                     marker=marks.marker(0 if is_file else 3))  # fmt: skip
    axes.set_xticks(range(len(names)), names)
    axes.set(xlim=(-0.5, len(names) - 0.5), ylim=(0, 1.03), title="accuracy", ylabel="share named rightly")
    marks.grid_lines(axes, "y")


def confusion(table: pd.DataFrame) -> tuple[Figure, pd.DataFrame]:
    """Draw which tissue is named for which, as shares of the predictions for a tissue.

    Parameters
    ----------
    table : DataFrame
        From ``ladder.confusion``: tissue, predicted, n, share.

    Returns
    -------
    Figure, DataFrame
        The table.
    """
    names = list(dict.fromkeys(table["tissue"])), list(dict.fromkeys(table["predicted"]))
    shares = table.pivot(index="tissue", columns="predicted", values="share").loc[names[0], names[1]]
    counts = table.pivot(index="tissue", columns="predicted", values="n").loc[names[0], names[1]]
    figure, axes = figures.new(7, 1.6 + 0.27 * len(names[0]))
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1, aspect="auto")
    for (i, j), n in np.ndenumerate(counts.to_numpy()):
        if n:
            shade = "white" if shares.iat[i, j] > 0.55 else "black"
            axes.text(j, i, str(n), ha="center", va="center", color=shade, fontsize=marks.SMALL)
    axes.set_xticks(range(len(names[1])), names[1], rotation=40, ha="right", rotation_mode="anchor")
    axes.set_yticks(range(len(names[0])), names[0])
    axes.set(xlabel="named", ylabel="true")
    axes.tick_params(length=0)
    return figure, table
