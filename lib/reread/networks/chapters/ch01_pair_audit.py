"""Figures about a pair list and about batches."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from reread.core import figures
from reread.core.errors import DataError
from reread.networks import plots as marks
from reread.networks.methods.pair_audit import gene_shares

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from reread.networks.data.tables import Pairs

N_POOL = 50
STILL = 1e-7  # moves of probability below this are rounding


def concentration(pairs: Pairs) -> tuple[Figure, pd.DataFrame]:
    """Draw how few genes hold most negatives, beside what those genes hold of the positives.

    Parameters
    ----------
    pairs : Pairs

    Returns
    -------
    Figure, DataFrame
        The table: genes (most negatives first), negatives and positives (cumulative shares).
    """
    shares = np.stack(gene_shares(pairs))
    negative, positive = (np.concatenate([[0], np.cumsum(share)]) for share in shares[:, shares.any(axis=0)])
    kept = len(negative)
    table = pd.DataFrame({"genes": np.arange(kept), "negatives": negative, "positives": positive})
    figure, axes = figures.new(7, 3.8)
    axes.fill_between(table["genes"], positive, negative, color="#eeeeee", linewidth=0)
    for i, name in enumerate(("negatives", "positives")):
        axes.plot(
            table["genes"], table[name], color=marks.colour(1 - i), linestyle=marks.line(i), linewidth=2.2
        )
        at = int(kept * (0.22 if i == 0 else 0.62))
        axes.annotate(
            name, (at, table[name][at]), xytext=(0, 9) if i == 0 else (4, -14), textcoords="offset points",
            color=marks.colour(1 - i), ha="right" if i == 0 else "left", fontweight="bold",
        )  # fmt: skip
    pool = min(N_POOL, kept - 1)
    axes.axvline(pool, color=figures.GREY, linewidth=1, linestyle=":")
    marks.note(
        axes,
        pool + 0.012 * kept,
        0.04,
        f"{pool} genes: {negative[pool]:.0%} of negatives, {positive[pool]:.0%} of positives",
    )
    axes.set(
        xlabel="genes, those with most negatives first",
        ylabel="share of all",
        xlim=(0, kept - 1),
        ylim=(0, 1.03),
    )
    marks.grid_lines(axes, "y")
    return figure, table


def knob(table: pd.DataFrame) -> tuple[Figure, pd.DataFrame]:
    """Draw what names alone reach as negatives are drawn from ever more genes.

    Parameters
    ----------
    table : DataFrame
        From ``knob.turn``: negatives, dataset, one_hot_auroc, one_hot_auroc_both.

    Returns
    -------
    Figure, DataFrame
        The table as it came.
    """
    settings = table["negatives"].unique().tolist()
    place = table["negatives"].map(settings.index)
    figure, axes = figures.new(7, 3.6)
    for i, (column, text) in enumerate(
        {"one_hot_auroc": "pair split", "one_hot_auroc_both": "both held out"}.items()
    ):
        mean = table.groupby("negatives", sort=False)[column].mean()
        axes.plot(range(len(settings)), mean, color=marks.colour(1 - i), linestyle=marks.line(i), linewidth=2)
        axes.scatter(place, table[column], color=marks.colour(1 - i), marker=marks.marker(i), s=36, zorder=3)
        axes.annotate(
            text,
            (0, mean.iloc[0]),
            xytext=(10, 12),
            textcoords="offset points",
            color=marks.colour(1 - i),
            fontweight="bold",
        )
    axes.axhline(0.5, color=figures.GREY, linewidth=1, linestyle=":")
    axes.set_xticks(range(len(settings)), settings)
    axes.set(
        xlabel="how the negatives were drawn",
        ylabel="AUROC of names alone",
        xlim=(-0.25, len(settings) - 0.75),
    )
    low, high = axes.get_ylim()
    axes.set_ylim(min(low, 0.42), max(high, 0.9))
    marks.grid_lines(axes, "y")
    return figure, table


def batch_dependence(moves: Mapping[str, np.ndarray]) -> tuple[Figure, pd.DataFrame]:
    """Draw how far each prediction of a batch moves when one pair of it is changed.

    Parameters
    ----------
    moves : mapping of str to float array, (pair of the batch,)
        Absolute change of probability for each model, from ``batch.change_one``; entry 0 was changed.

    Returns
    -------
    Figure, DataFrame
        The table: model, pair, move.

    Raises
    ------
    DataError
        If no model is given.
    """
    if not moves:
        raise DataError("Batch dependence needs the moves of at least one model, but there is none.")
    table = pd.concat(
        [
            pd.DataFrame({"model": name, "pair": np.arange(len(move)), "move": move})
            for name, move in moves.items()
        ],
        ignore_index=True,
    )
    figure, panels = figures.new(7, 0.9 + 1.5 * len(moves), nrows=len(moves))
    top = max(table["move"].max() * 3, 1e-3)
    for axes, (name, move) in zip(np.atleast_1d(panels), moves.items(), strict=True):
        _batch_panel(axes, name, np.asarray(move), top)
    np.atleast_1d(panels)[-1].set_xlabel("pair of the batch (pair 1 was changed)")
    return figure, table


def _batch_panel(axes, name: str, move: np.ndarray, top: float) -> None:
    pair, moved = np.arange(1, len(move) + 1), move > STILL
    shade = [marks.colour(1) if i == 0 else marks.colour(0) for i in range(len(move))]
    axes.vlines(pair[moved], STILL, move[moved], color=np.array(shade)[moved], linewidth=2)
    axes.scatter(pair[moved], move[moved], color=np.array(shade)[moved], s=26, zorder=3)
    axes.scatter(pair[~moved], np.full((~moved).sum(), STILL * 2), marker="x", color=figures.GREY, s=24)
    axes.set(yscale="log", ylim=(STILL, top), xlim=(0.3, len(move) + 0.7))
    axes.set_yticks([1e-6, 1e-4, 1e-2])
    axes.set_ylabel("change of\nprobability")
    axes.set_title(f"{name}: {moved.sum()} of {len(move)} predictions move")
