"""Figures of rankings: markers, the union rule, overlaps, stability, enrichment."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from reread.core import figures, marks
from reread.core.errors import DataError
from reread.maize.methods.gene_sets import known_tissues, union_null, union_rule
from reread.maize.methods.ranking_tables import FEW, TOP_SHARE

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# first word of a method to its colour; statistics are the rest
KINDS = {"CNN": 1, "LightGBM": 5, "logistic": 3}


def look_of(method: str) -> dict[str, str]:
    """Colour and marker of a method by its kind: network, trees, regression, statistic."""
    i = KINDS.get(method.replace(",", " ").split()[0], 0)
    return {"color": marks.colour(i), "marker": marks.marker(i)}


def marker_ranks(ranks: pd.DataFrame) -> tuple[Figure, pd.DataFrame]:
    """Draw where each method ranks the genes that are known to be specific.

    Parameters
    ----------
    ranks : DataFrame
        From :func:`reread.maize.methods.ranking_tables.marker_ranks`.

    Returns
    -------
    Figure, DataFrame
        A line of dots a method, rank on a logarithmic axis; the bar is the median, shaded the best 5 %. Up to
        12 genes are told apart: a marker a gene, a colour a tissue, both in the legend.

    Raises
    ------
    DataError
        If no marker is known.
    """
    if ranks.empty:
        raise DataError("No gene of the data is known to be specific, so there is no marker to draw.")
    methods = list(dict.fromkeys(ranks["method"]))
    figure, axes = figures.new(7, 1.2 + 0.33 * len(methods))
    n_genes = float((ranks["rank"] / ranks["share"]).max())
    axes.axvspan(0.8, TOP_SHARE * n_genes, color="#e9f2e9", linewidth=0, zorder=0)
    draw = _named_dots if ranks["marker"].nunique() <= FEW else _many_dots
    for y, method in enumerate(reversed(methods)):
        rows = ranks[ranks["method"] == method].dropna(subset="rank")
        draw(axes, rows, y, method)
        if len(rows):
            axes.vlines(rows["rank"].median(), y - 0.36, y + 0.36, color="black", linewidth=2, zorder=4)
    if draw is _named_dots:
        handles, labels = axes.get_legend_handles_labels()
        known = dict(zip(labels, handles, strict=True))
        figure.legend(
            known.values(), known, loc="outside upper right", ncols=4, fontsize=marks.SMALL, frameon=False
        )
    axes.set_yticks(range(len(methods)), methods[::-1])
    axes.set(xscale="log", xlim=(0.8, n_genes * 1.1), ylim=(-0.6, len(methods) - 0.4))
    axes.set_xlabel(f"rank of a known gene in its tissue, of {n_genes:,.0f}\nbar: median; shaded: best 5 %")
    marks.grid_lines(axes)
    return figure, ranks.reset_index(drop=True)


def _many_dots(axes: Axes, rows: pd.DataFrame, y: int, method: str) -> None:
    rng = np.random.default_rng(y)
    place = y + rng.uniform(-0.25, 0.25, len(rows))
    axes.scatter(rows["rank"], place, s=16, alpha=0.55, linewidth=0, zorder=3, **look_of(method))


def _named_dots(axes: Axes, rows: pd.DataFrame, y: int, method: str) -> None:
    tissues = list(dict.fromkeys(rows["tissue"]))
    for i, row in enumerate(rows.itertuples()):
        look = {"color": marks.colour(2 * tissues.index(row.tissue)), "marker": marks.marker(i)}
        axes.scatter(
            row.rank, y, s=30, alpha=0.8, linewidth=0, zorder=3, label=f"{row.marker} ({row.tissue})", **look
        )


def union_walk(rankings: Mapping[str, np.ndarray], share: float = 0.5) -> tuple[Figure, pd.DataFrame]:
    """Draw the union rule: distinct genes over genes named, row by row, beside random rankings.

    Parameters
    ----------
    rankings : mapping of str to float array, (tissue, gene)
    share : float
        Where the walk stops.

    Returns
    -------
    Figure, DataFrame
        method, depth, distinct (share); a dot where each walk stops, a colour a kind of method, a line a
        method. Random is the closed form.
    """
    figure, axes = figures.new(7, 3.9)
    rows = []
    for i, (method, scores) in enumerate(rankings.items()):
        depth, distinct = _walk(scores)
        rows.append(pd.DataFrame({"method": method, "depth": depth, "distinct": distinct}))
        stop = max(union_rule(scores, share)[0], 1)
        look = {**look_of(method), "marker": marks.marker(i)}
        axes.plot(depth, distinct, color=look["color"], linestyle=marks.line(i), label=method, linewidth=1.8)
        axes.scatter(stop, distinct[stop - 1], s=44, zorder=4, **look)
    n_tissues, n_genes = len(known_tissues(scores)), scores.shape[1]
    depth = np.arange(1, n_genes + 1)
    random = n_genes * (1 - (1 - depth / n_genes) ** n_tissues) / (n_tissues * depth)
    rows.append(pd.DataFrame({"method": "random rankings", "depth": depth, "distinct": random}))
    axes.plot(depth, random, color="black", linewidth=2.2, linestyle=":", label="random rankings")
    axes.scatter(union_null(n_genes, n_tissues, share)[0], share, color="black", marker="X", s=60, zorder=5)
    axes.axhline(share, color=figures.GREY, linewidth=1)
    axes.set(xscale="log", xlim=(1, n_genes), ylim=(0, 1.03))
    axes.set(xlabel="rows kept of each ranking", ylabel="distinct genes over genes named")
    figure.legend(loc="outside lower center", ncols=2, fontsize=marks.SMALL, frameon=False)
    marks.grid_lines(axes, "both")
    return figure, pd.concat(rows, ignore_index=True)


def _walk(scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    known = scores[known_tissues(scores)]
    first = np.argsort(np.argsort(-known, axis=1, kind="stable"), axis=1).min(axis=0)
    depth = np.arange(1, known.shape[1] + 1)
    return depth, np.cumsum(np.bincount(first, minlength=len(depth))) / (len(known) * depth)


def overlap(pairs: pd.DataFrame) -> tuple[Figure, pd.DataFrame]:
    """Draw how much more two methods share than chance, as a triangle of numbers.

    Parameters
    ----------
    pairs : DataFrame
        From :func:`reread.maize.methods.overlap.overlaps`.

    Returns
    -------
    Figure, DataFrame
        Shared over expected; darker is more.
    """
    names = list(dict.fromkeys([*pairs["left"], *pairs["right"]]))
    ratio = np.full((len(names), len(names)), np.nan)
    for row in pairs.itertuples():
        ratio[names.index(row.right), names.index(row.left)] = row.ratio
    return _numbers(
        ratio[1:, :-1], names[1:], names[:-1], "{:.1f}", "shared genes over expected by chance"
    ), pairs


def enrichment(counts: pd.DataFrame) -> tuple[Figure, pd.DataFrame]:
    """Draw the number of enriched terms of each method (row) and tissue (column) as a table of numbers."""
    data = counts.to_numpy(dtype=float)
    title = "terms with q below 0.05 among the top genes"
    return _numbers(data, list(counts.index), list(counts.columns), "{:.0f}", title), counts


def _numbers(values: np.ndarray, rows: list[str], columns: list[str], form: str, title: str) -> Figure:
    """A shaded table of numbers; text turns white where the shade is dark."""
    from matplotlib.colors import LinearSegmentedColormap

    width = 7.2
    figure, axes = figures.new(width, 1.9 + 0.34 * len(rows))
    top = max(float(np.nanmax(values)), 5.0)  # a table of ones is not a table of extremes
    shade = LinearSegmentedColormap.from_list("blues", ["#ffffff", marks.colour(0)])
    axes.imshow(values / top, cmap=shade, vmin=0, vmax=1, aspect="auto")
    size = 9 if len(columns) <= 10 else 8
    for (y, x), value in np.ndenumerate(values):
        if not np.isnan(value):
            dark = value / top > 0.6
            axes.text(
                x,
                y,
                form.format(value),
                ha="center",
                va="center",
                fontsize=size,
                color="white" if dark else "black",
            )
    axes.set_yticks(range(len(rows)), rows, fontsize=9)
    axes.set_xticks(range(len(columns)), columns, rotation=40, ha="right", rotation_mode="anchor", fontsize=9)
    axes.set_title(title, fontsize=10, fontweight="normal")
    axes.tick_params(length=0)
    for side in axes.spines.values():
        side.set_visible(False)
    return figure


def agreement(pairs: pd.DataFrame) -> tuple[Figure, pd.DataFrame]:
    """Draw the overlap of top genes between runs that differ in one thing only.

    Parameters
    ----------
    pairs : DataFrame
        From :func:`reread.maize.methods.gene_rankings.agreement`.

    Returns
    -------
    Figure, DataFrame
        A row a method and difference, a dot a pair of runs, a bar at their mean.

    Raises
    ------
    DataError
        If no two runs can be compared.
    """
    if pairs.empty:
        raise DataError(
            "Runs are compared two by two, but no two differ in one thing. Add a seed or an order."
        )
    groups = list(pairs.groupby(["method", "differs"], sort=False))
    figure, axes = figures.new(7, 1.1 + 0.36 * len(groups))
    for y, ((method, differs), rows) in enumerate(reversed(groups)):
        _dots(axes, rows["jaccard"].to_numpy(), y, look_of(method), is_open=differs == "gene order")
    axes.set_yticks(
        range(len(groups)), [f"{method}: another {differs}" for (method, differs), _ in groups][::-1]
    )
    axes.set(xlim=(0, 1.05), ylim=(-0.6, len(groups) - 0.4))
    axes.set_xlabel("overlap (Jaccard) of the top genes")
    marks.grid_lines(axes)
    return figure, pairs.reset_index(drop=True)


def _dots(axes: Axes, values: np.ndarray, y: float, look: dict[str, str], *, is_open: bool) -> None:
    fill = {"facecolors": "none", "edgecolors": look["color"]} if is_open else {"color": look["color"]}
    axes.scatter(
        values, np.full(len(values), y), s=46, marker=look["marker"], linewidth=1.4, zorder=3, **fill
    )
    axes.vlines(np.nanmean(values), y - 0.3, y + 0.3, color="black", linewidth=1.6, zorder=2)
