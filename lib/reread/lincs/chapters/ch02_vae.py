"""Figures about networks in training, and about what they hold: curves, bottlenecks, units, codes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from reread.core import figures, marks
from reread.lincs.data.rows import HELD_OUT, RANDOM
from reread.lincs.methods.latent_usage import ACTIVE_NATS, DEAD_NATS
from reread.lincs.methods.reconstruction import CHOSEN, PUBLISHED

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# which split and loss a line is of: colour, line style, label
LOOK = {
    (RANDOM, PUBLISHED): (0, "as published, random split"),
    (HELD_OUT, PUBLISHED): (1, "as published, perturbations held out"),
    (HELD_OUT, CHOSEN): (2, "beta chosen, perturbations held out"),
}


def vae_curves(curves: pd.DataFrame) -> tuple[Figure, pd.DataFrame]:
    """Draw error and information by pass, on rows that teach (thin) and rows that are kept apart (thick).

    Parameters
    ----------
    curves : DataFrame
        From ``spectra.curves``.

    Returns
    -------
    Figure, DataFrame
        The curves of the first seed of each split and method.
    """
    first = curves[curves["seed"] == curves["seed"].min()]
    figure, (left, right) = figures.new(7.4, 3.6, ncols=2)
    for (name, method), rows in first.groupby(["split", "method"], sort=False):
        i, label = LOOK[name, method]
        how = {"color": marks.colour(i), "linestyle": marks.line(i)}
        for axes, value in ((left, "mse"), (right, "kl")):
            axes.plot(rows["epoch"], rows[f"train_{value}"], linewidth=0.9, alpha=0.6, **how)
            axes.plot(rows["epoch"], rows[f"valid_{value}"], linewidth=2, label=label, **how)
    left.set(xlabel="pass over the signatures", ylabel="mean squared error (z²)", title="error")
    right.set(xlabel="pass over the signatures", ylabel="KL, nats a signature", title="information")
    for axes in (left, right):
        axes.xaxis.get_major_locator().set_params(integer=True)
        marks.grid_lines(axes, "y")
    handles, labels = left.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", fontsize=marks.SMALL, ncols=2, frameon=False)
    return figure, first.reset_index(drop=True)


def bottlenecks(table: pd.DataFrame) -> tuple[Figure, pd.DataFrame]:
    """Draw R2 of every method under both splits, and against another replicate where there is one.

    Parameters
    ----------
    table : DataFrame
        From ``reconstruct.over_seeds``.

    Returns
    -------
    Figure, DataFrame
        method, and one column for each kind of R2.
    """
    wide = table.pivot(index="method", columns="split", values="r2")
    wide = wide.assign(replicate=table[table["split"] == HELD_OUT].set_index("method")["r2_replicate"])
    wide = wide.loc[table["method"].unique()]
    kinds = {
        RANDOM: "random split",
        HELD_OUT: "perturbations held out",
        "replicate": "the same, scored on a replicate",
    }
    shown = [kind for kind in kinds if wide[kind].notna().any()]
    figure, axes = figures.new(7, 1.5 + 0.36 * len(wide))
    y = np.arange(len(wide))[::-1]
    axes.axvline(0, color=figures.GREY, linewidth=1, linestyle=":")
    axes.hlines(y, wide[shown].min(axis=1), wide[shown].max(axis=1), color="#b5b5b5", linewidth=1.6)
    for i, kind in enumerate(shown):
        axes.scatter(
            wide[kind], y, color=marks.colour(i), marker=marks.marker(i), s=46, zorder=3, label=kinds[kind],
            edgecolor="white", linewidth=0.6,
        )  # fmt: skip
    axes.set_yticks(y, wide.index)
    axes.set(xlabel="R²: share explained beyond the training mean (dotted: 0)", ylim=(-0.6, len(wide) - 0.4))
    figure.legend(loc="outside upper right", ncols=len(shown), fontsize=marks.SMALL, frameon=False)
    marks.grid_lines(axes)
    return figure, wide[shown].rename_axis(columns=None).reset_index()


def spectrum(table: pd.DataFrame) -> tuple[Figure, pd.DataFrame]:
    """Draw what each latent unit says, units ordered by it.

    Parameters
    ----------
    table : DataFrame
        From ``spectra.spectrum``.

    Returns
    -------
    Figure, DataFrame
        The rows of the first seed of each split and method.
    """
    first = table[table["seed"] == table["seed"].min()]
    figure, axes = figures.new(7, 3.6)
    n_units = int(first["rank"].max())
    for bound, said in ((ACTIVE_NATS, "active above"), (DEAD_NATS, "dead below")):
        axes.hlines(bound, 0, n_units, color=figures.GREY, linewidth=1, linestyle=":")
        marks.note(axes, 1.03 * n_units, bound, said, ha="left", va="center")
    for (name, method), rows in first.groupby(["split", "method"], sort=False):
        i, label = LOOK[name, method]
        axes.plot(
            rows["rank"], rows["kl"], color=marks.colour(i), linestyle=marks.line(i), marker=marks.marker(i),
            markevery=max(1, n_units // 10), markersize=5, linewidth=1.6, label=label,
        )  # fmt: skip
    axes.set(xlabel="latent unit, by what it says", ylabel="KL, nats a signature", yscale="log")
    axes.set_xlim(-0.02 * n_units, 1.2 * n_units)
    axes.set_xticks([1, *(round(share * n_units) for share in (0.25, 0.5, 0.75, 1))])
    figure.legend(loc="outside upper right", ncols=2, fontsize=marks.SMALL, frameon=False)
    marks.grid_lines(axes, "y")
    return figure, first.reset_index(drop=True)


def by_perturbation(table: pd.DataFrame, pca: str, vae: str) -> tuple[Figure, pd.DataFrame]:
    """Draw R2 of each held-out perturbation: through components, against through the network.

    Parameters
    ----------
    table : DataFrame
        From ``reconstruct.by_perturbation``.
    pca, vae : str
        What to call them.

    Returns
    -------
    Figure, DataFrame
        The table.
    """
    figure, axes = figures.new(5.2, 4.6)
    both = table[["r2_pca", "r2_vae"]].to_numpy()
    low, high = max(-1.0, both.min()) - 0.05, min(1.0, both.max() + 0.05)
    axes.plot([low, high], [low, high], color=figures.GREY, linewidth=1, linestyle=":")
    is_better = table["r2_vae"] > table["r2_pca"]
    for i, (mask, said) in enumerate(((~is_better, f"{pca} better"), (is_better, f"{vae} better"))):
        rows = table[mask]
        axes.scatter(
            rows["r2_pca"].clip(low), rows["r2_vae"].clip(low), color=marks.colour(i), marker=marks.marker(i),
            s=34, alpha=0.8, edgecolor="white", label=f"{said}: {int(mask.sum())} of {len(table)}",
        )  # fmt: skip
    axes.set(xlabel=f"R² of {pca}", ylabel=f"R² of {vae}", xlim=(low, high), ylim=(low, high))
    figure.legend(loc="outside upper right", fontsize=marks.SMALL, frameon=False)
    _square_grid(axes)
    return figure, table


def _square_grid(axes: Axes) -> None:
    axes.set_aspect("equal")
    marks.grid_lines(axes, "both")
