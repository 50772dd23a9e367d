"""Figures about the published weights: loud nodes, near classes, decoded genes, transfer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from reread.core import figures, marks
from reread.lincs.data import annotations
from reread.lincs.data.published_weights import nodes
from reread.lincs.methods.class_codes import leaf_order

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST_NAMED, FEW = 30, 6


def loud_nodes(mu: Mapping[str, np.ndarray]) -> tuple[Figure, pd.DataFrame]:
    """Draw the norm of every latent node's weights, loudest first, with the gap between loud and silent.

    Parameters
    ----------
    mu : mapping of str to float array, (latent, unit)
        Mean heads by data set.

    Returns
    -------
    Figure, DataFrame
        The table: ``data_set``, ``node``, ``rank``, ``norm``, ``is_loud``.
    """
    tables = []
    for name, weight in mu.items():
        norm = np.linalg.norm(weight, axis=1)
        order = np.argsort(-norm, kind="stable")
        is_loud = np.isin(order, nodes(weight))
        rank = np.arange(1, len(order) + 1)
        tables.append(
            pd.DataFrame(
                {"data_set": name, "node": order, "rank": rank, "norm": norm[order], "is_loud": is_loud}
            )
        )
    figure, axes = figures.new(7, 3.6)
    for i, rows in enumerate(tables):
        loud = rows["is_loud"]
        axes.plot(rows["rank"], rows["norm"], color=marks.colour(i), linestyle=marks.line(i), linewidth=1)
        axes.scatter(
            rows["rank"][loud],
            rows["norm"][loud],
            color=marks.colour(i),
            marker=marks.marker(i),
            s=34,
            zorder=3,
            label=f"{rows['data_set'].iloc[0]}: {int(loud.sum())} signature nodes",
        )
    axes.set(
        yscale="log",
        xlabel="latent node, loudest first",
        ylabel="norm of its weights",
        xlim=(0, len(tables[0]) + 1),
    )
    axes.legend(loc="upper right", fontsize=marks.SMALL, frameon=False)
    marks.grid_lines(axes, "y")
    return figure, pd.concat(tables, ignore_index=True)


def class_distances(apart: np.ndarray, pcls: tuple[str, ...]) -> tuple[Figure, pd.DataFrame]:
    """Draw the distances between all classes, near ones side by side.

    Parameters
    ----------
    apart : float array, (pcl, pcl)
        Correlation distances.
    pcls : tuple of str, (pcl,)

    Returns
    -------
    Figure, DataFrame
        The table: the matrix in the order drawn, classes as index and columns.
    """
    order = leaf_order(apart)
    names = [annotations.short(pcls[i]) for i in order]
    drawn = apart[np.ix_(order, order)]
    size = 4.2 if len(pcls) <= MOST_NAMED else 10.6
    figure, axes = figures.new(7.4, size)
    image = axes.imshow(
        drawn,
        cmap="viridis_r",
        vmin=0,
        vmax=max(1.0, float(drawn.max())),
        interpolation="nearest",
        aspect="auto",
    )
    text = 9 if len(pcls) <= MOST_NAMED else 7
    axes.set_yticks(range(len(names)), names, fontsize=text)
    axes.set_xticks([])
    axes.set_xlabel("the same classes in the same order")
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    bar = figure.colorbar(image, ax=axes, shrink=0.5, pad=0.02)
    bar.set_label("correlation distance of the codes")
    bar.outline.set_visible(False)
    return figure, pd.DataFrame(drawn, index=pd.Index(names, name="class"), columns=names)


def decoded_genes(
    profiles: np.ndarray, pcls: tuple[str, ...], ranks: pd.DataFrame
) -> tuple[Figure, pd.DataFrame]:
    """Draw all genes of some classes, and where the gene stands that pharmacology expects.

    Parameters
    ----------
    profiles : float array, (pcl, gene)
        Decoded z-scores.
    pcls : tuple of str, (pcl,)
    ranks : DataFrame, (expectation,)
        From ``codes.textbook_ranks``.

    Returns
    -------
    Figure, DataFrame
        The table ``ranks`` as it came.
    """
    figure, axes = figures.new(7.4, 0.9 + 0.42 * len(ranks))
    for y, row in enumerate(ranks.itertuples(index=False)):
        profile = profiles[pcls.index(row.pcl)]
        axes.scatter(
            profile, np.full(len(profile), y), marker="|", s=90, color="#9a9a9a", linewidths=0.5, alpha=0.6
        )
        down = row.direction == "down"
        axes.scatter(
            row.z, y, color=marks.colour(1 if down else 0), marker="v" if down else "^", s=60, zorder=3
        )
        axes.annotate(
            f"{row.symbol} ({row.rank})",
            (row.z, y),
            xytext=(-7 if down else 7, 0),
            textcoords="offset points",
            ha="right" if down else "left",
            va="center",
            fontsize=marks.SMALL,
            color=marks.colour(1 if down else 0),
        )
    widest = 1.45 * max(np.abs(ranks["z"]).max(), 1)
    axes.set_yticks(range(len(ranks)), [annotations.short(pcl) for pcl in ranks["pcl"]])
    axes.set(xlabel="decoded z-score of each gene", xlim=(-widest, widest), ylim=(len(ranks) - 0.5, -0.5))
    axes.axvline(0, color=figures.GREY, linewidth=1, linestyle=":")
    axes.tick_params(axis="y", length=0)
    return figure, ranks


def class_transfer(
    tables: Mapping[str, pd.DataFrame], chance: float, control: str
) -> tuple[Figure, pd.DataFrame]:
    """Draw how well the class of each drug is ranked, for signatures of several kinds.

    Parameters
    ----------
    tables : mapping of str to DataFrame, (drug,)
        From ``transfer.scores``, with ``pcl``.
    chance : float
        Mean reciprocal rank of a random class.
    control : str
        Class that is expected at chance; its drugs are drawn with a cross.

    Returns
    -------
    Figure, DataFrame
        The table: ``signatures``, and the columns of the tables.
    """
    table = pd.concat([rows.assign(signatures=name) for name, rows in tables.items()], ignore_index=True)
    figure, axes = figures.new(7.4, 1.2 + 1.0 * len(tables))
    for y, rows in enumerate(tables.values()):
        rows = rows.sort_values("mrr", kind="stable")
        spread = y + 0.56 * (np.arange(len(rows)) / max(len(rows) - 1, 1) - 0.5)
        is_control = (rows["pcl"] == control).to_numpy()
        for mask, shade, sign in ((~is_control, marks.colour(0), "o"), (is_control, marks.colour(1), "X")):
            axes.scatter(
                rows["mrr"][mask], spread[mask], color=shade, marker=sign, s=34, alpha=0.85, linewidths=0
            )
        for x, at, name in zip(rows["mrr"], spread, rows["drug"], strict=True):
            if len(rows) <= FEW:
                marks.note(axes, x + 0.012, at, name, va="center")
        axes.scatter(
            rows["mrr"].mean(), y, marker="|", s=700, color=figures.PALETTE[6], linewidths=2, zorder=3
        )
    axes.axvline(chance, color=figures.GREY, linestyle=":", linewidth=1.4)
    marks.note(axes, chance + 0.008, len(tables) - 0.52, f"a random class: {chance:.3f}", va="bottom")
    axes.set_yticks(range(len(tables)), list(tables))
    axes.set(
        xlabel="mean reciprocal rank of the own class, a drug each",
        xlim=(0, 1.03),
        ylim=(len(tables) - 0.5, -0.5),
    )
    marks.grid_lines(axes)
    return figure, table
