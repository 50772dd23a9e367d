"""Figures about signatures: how strong they are, how they come about, what a split gives away."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from reread.core import figures, marks

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from reread.lincs.tables import Signatures

STEPS = {"random": "at random", "by drug and line": "by drug and line", "by drug": "by drug"}


def strength_table(signatures: Signatures) -> pd.DataFrame:
    """Strength of signatures: root mean square of the z-scores, by what was done.

    Returns
    -------
    DataFrame, (group,)
        ``group`` (a dose in micromolar, ``knock-down``, ``control`` or ``dose unknown``), ``n``, and the
        ``low`` (25th), ``median`` and ``high`` (75th percentile) strength; controls first, doses ascending.
    """
    meta = signatures.meta
    strength = np.sqrt(np.mean(signatures.values.astype(float) ** 2, axis=1))
    other = {
        "control": (-2.0, "control"),
        "knockdown": (np.inf, "knock-\ndown"),
        "drug": (-1.0, "dose\nunknown"),
    }
    keys = [
        (dose, f"{dose:g}") if kind == "drug" and dose == dose else other[kind]
        for kind, dose in zip(meta["kind"], meta["dose_um"], strict=True)
    ]
    table = pd.DataFrame(
        {"order": [key[0] for key in keys], "group": [key[1] for key in keys], "s": strength}
    )
    found = table.groupby(["order", "group"])["s"].describe(percentiles=[0.25, 0.5, 0.75]).reset_index()
    found = found.rename(columns={"count": "n", "25%": "low", "50%": "median", "75%": "high"})
    return found[["group", "n", "low", "median", "high"]].astype({"n": int})


def dose_strength(table: pd.DataFrame) -> tuple[Figure, pd.DataFrame]:
    """Draw the strength of signatures by dose, from :func:`strength_table`."""
    figure, axes = figures.new(7, 3.4)
    place = np.arange(len(table))
    is_dose = table["group"].str.fullmatch(r"[0-9.e-]+").to_numpy()
    for i, (mask, text) in enumerate(((is_dose, "drugs, by dose (µM)"), (~is_dose, "others"))):
        if mask.any():
            axes.vlines(
                place[mask],
                table["low"][mask],
                table["high"][mask],
                color=marks.colour(i),
                linewidth=3,
                alpha=0.45,
            )
            axes.scatter(
                place[mask],
                table["median"][mask],
                color=marks.colour(i),
                marker=marks.marker(i),
                s=44,
                zorder=3,
                label=text,
            )
    axes.set_xticks(
        place, [f"{g}\nn={n}" for g, n in zip(table["group"], table["n"], strict=True)], fontsize=8
    )
    axes.set(ylabel="strength (root mean square z)", ylim=(0, None), xlim=(-0.6, len(table) - 0.4))
    axes.legend(loc="upper left", fontsize=marks.SMALL)
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
    axes.legend(loc="upper left", fontsize=marks.SMALL)
    marks.grid_lines(axes, "both")
    return figure, joined


def leak(seen: pd.DataFrame, accuracy: pd.DataFrame) -> tuple[Figure, pd.DataFrame]:
    """Draw what training has seen of the test rows, and what a nearest neighbour makes of it.

    Parameters
    ----------
    seen : DataFrame
        From ``leaks.seen``: scheme, what, share_seen.
    accuracy : DataFrame
        From ``leaks.neighbour_accuracy``: scheme, fold, accuracy, chance.

    Returns
    -------
    Figure, DataFrame
        The table: ``scheme``, ``what``, ``value``; accuracy is one of ``what``.
    """
    figure, (left, right) = figures.new(7.4, 3.3, ncols=2)
    place = {scheme: i for i, scheme in enumerate(STEPS)}
    for i, (what, rows) in enumerate(seen.groupby("what", sort=False)):
        shift = (i - 1) * 0.16
        left.scatter(
            rows["share_seen"],
            rows["scheme"].map(place) + shift,
            color=marks.colour(i),
            marker=marks.marker(i),
            s=46,
            label=what,
            zorder=3,
        )
    left.set(xlabel="share of test signatures whose\n… training has seen", xlim=(-0.05, 1.05))
    left.legend(
        loc="lower left",
        bbox_to_anchor=(-0.02, 1.0),
        ncols=3,
        fontsize=marks.SMALL,
        handletextpad=0.1,
        columnspacing=0.8,
    )
    right.scatter(
        accuracy["accuracy"],
        accuracy["scheme"].map(place),
        color=marks.colour(0),
        s=24,
        alpha=0.6,
        label="a fold",
    )
    mean = accuracy.groupby("scheme")["accuracy"].mean()
    right.scatter(
        mean, mean.index.map(place), color=figures.PALETTE[6], marker="|", s=260, label="mean", zorder=3
    )
    chance = accuracy.groupby("scheme")["chance"].mean()
    right.scatter(
        chance, chance.index.map(place), color=figures.GREY, marker="x", s=40, label="largest class"
    )
    right.set(xlabel="share whose nearest neighbour\nis of their class", xlim=(-0.05, 1.05))
    right.legend(
        loc="lower left",
        bbox_to_anchor=(-0.02, 1.0),
        ncols=3,
        fontsize=marks.SMALL,
        handletextpad=0.1,
        columnspacing=0.8,
    )
    for axes, labels in ((left, list(STEPS.values())), (right, [""] * len(STEPS))):
        axes.set_yticks(range(len(STEPS)), labels)
        axes.set_ylim(len(STEPS) - 0.5, -0.5)
        marks.grid_lines(axes, "both")
    table = pd.concat(
        [
            seen.rename(columns={"share_seen": "value"}),
            accuracy.assign(what="accuracy of fold " + accuracy["fold"].astype(str)).rename(
                columns={"accuracy": "value"}
            )[["scheme", "what", "value"]],
        ],
        ignore_index=True,
    )
    return figure, table
