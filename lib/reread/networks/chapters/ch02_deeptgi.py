"""Figures about one network in training: its loss, and its folds beside names alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from reread.core import figures
from reread.networks import plots as marks
from reread.networks.plots import SCHEME_COLOUR, SCHEME_LABEL, SCHEME_MARKER

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def loss_curves(curves: pd.DataFrame) -> tuple[Figure, pd.DataFrame]:
    """Draw training and test loss of the first fold of each scheme by pass.

    Parameters
    ----------
    curves : DataFrame
        From ``protocol.run``: scheme, fold, epoch, train_loss, test_loss.

    Returns
    -------
    Figure, DataFrame
        The rows drawn, each loss over its own value after the first pass: the training loss of the published
        network has a term for reconstruction that its test loss lacks.
    """
    first = curves[curves["fold"] == curves.groupby("scheme")["fold"].transform("min")].copy()
    for loss in ("train_loss", "test_loss"):
        first[loss] = first[loss] / first.groupby("scheme")[loss].transform("first")
    figure, (left, right) = figures.new(7, 3.2, ncols=2)
    for axes, loss, title in ((left, "train_loss", "training pairs"), (right, "test_loss", "test pairs")):
        for scheme, rows in first.groupby("scheme", sort=False):
            axes.plot(
                rows["epoch"], rows[loss], color=SCHEME_COLOUR[scheme], marker=SCHEME_MARKER[scheme],
                markevery=max(1, len(rows) // 8), markersize=4, linewidth=1.6, label=SCHEME_LABEL[scheme],
            )  # fmt: skip
        axes.set(xlabel="pass over the pairs", title=title)
        marks.grid_lines(axes, "y")
    left.set_ylabel("loss, over that of the first pass")
    right.legend(loc="best", fontsize=marks.SMALL)
    return figure, first.reset_index(drop=True)


def against_names(by_fold: pd.DataFrame, null: str) -> tuple[Figure, pd.DataFrame]:
    """Draw AUROC of each fold for the network and for names alone, scheme by scheme.

    Parameters
    ----------
    by_fold : DataFrame
        From ``protocol.by_fold``: scheme, method, fold, auroc.
    null : str
        Name of the names-only method.

    Returns
    -------
    Figure, DataFrame
        scheme, method, fold, auroc.
    """
    schemes = [name for name in SCHEME_LABEL if name in set(by_fold["scheme"])]
    figure, axes = figures.new(7, 1.5 + 0.55 * len(schemes))
    for place, scheme in enumerate(reversed(schemes)):
        rows = by_fold[by_fold["scheme"] == scheme]
        for i, (method, folds) in enumerate(rows.groupby("method", sort=False)):
            y, shade = place + (0.14 if method == null else -0.14), marks.colour(5 if method == null else 1)
            axes.scatter(
                folds["auroc"], [y] * len(folds), color=shade, marker=marks.marker(i), s=30, alpha=0.6
            )
            axes.scatter(folds["auroc"].mean(), y, color=shade, marker="|", s=380, linewidth=2.5)
    for i, method in enumerate(by_fold["method"].unique()):
        shade = marks.colour(5 if method == null else 1)
        axes.scatter([], [], color=shade, marker=marks.marker(i), s=30, label=method)
    axes.axvline(0.5, color=figures.GREY, linewidth=1, linestyle=":")
    axes.set_yticks(range(len(schemes)), [SCHEME_LABEL[scheme] for scheme in reversed(schemes)])
    axes.set(
        xlabel="AUROC (points: folds; bars: their mean; dotted: chance)", ylim=(-0.6, len(schemes) - 0.4)
    )
    figure.legend(loc="outside upper right", ncols=2)
    marks.grid_lines(axes)
    return figure, by_fold[["scheme", "method", "fold", "auroc"]]
