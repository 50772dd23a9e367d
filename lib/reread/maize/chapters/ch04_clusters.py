"""Figures of clusters and of their nulls."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from reread.core import figures, marks
from reread.core.errors import DataError
from reread.maize.chapters.ch03_marker_genes import look_of
from reread.maize.methods.clustering import ALL, PLANTED

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

TESTS = {"published": ("published normal null", 1), "permutation": ("counted among random sets", 0)}
LEVEL = 0.05
FEW = 20  # random sets that are drawn one by one


def v_by_set(table: pd.DataFrame, nulls: Mapping[str, np.ndarray]) -> tuple[Figure, pd.DataFrame]:
    """Draw the V-measure of each set over that of its random sets.

    Parameters
    ----------
    table : DataFrame
        From :func:`reread.maize.methods.clustering.compare`.
    nulls : mapping of str to float array, (set,)
        From the same.

    Returns
    -------
    Figure, DataFrame
        A dot a method in the colour of its kind; a grey bar from the 2.5 to the 97.5 percentile of its random
        sets, or these one by one where they are few, and their median. Columns low, median and high are added
        to the table.
    """
    shown = table[table["method"] != ALL]
    reach = pd.DataFrame(
        [np.percentile(nulls[m], [2.5, 50, 97.5]) for m in shown["method"]], columns=["low", "median", "high"]
    )
    shown = pd.concat([shown.reset_index(drop=True), reach], axis=1)
    figure, axes = figures.new(7, 1.5 + 0.34 * len(shown))
    y = np.arange(len(shown))[::-1]
    _null_marks(axes, y, shown, nulls)
    axes.vlines(shown["median"], y - 0.22, y + 0.22, color=figures.GREY, linewidth=1.5)
    for k, row in enumerate(shown.itertuples()):
        is_planted = row.method == PLANTED
        look = {"color": marks.colour(2), "marker": marks.marker(2)} if is_planted else look_of(row.method)
        axes.scatter(row.v, y[k], s=48, zorder=4, **look)
    axes.scatter([], [], color="black", s=48, label="the set, coloured by kind of method")
    of_all = table.loc[table["method"] == ALL, "v"].iloc[0]
    axes.axvline(of_all, color="black", linestyle="--", linewidth=1.5, label="all genes")
    axes.set_yticks(y, [f"{row.method} ({row.n_genes:,})" for row in shown.itertuples()])
    axes.set(ylim=(-0.6, len(shown) - 0.4), xlabel="V-measure (genes of the set in brackets)")
    figure.legend(loc="outside upper right", ncols=3, fontsize=marks.SMALL, frameon=False)
    marks.grid_lines(axes)
    return figure, shown


def _null_marks(axes: Axes, y: np.ndarray, shown: pd.DataFrame, nulls: Mapping[str, np.ndarray]) -> None:
    """Random sets of each method: the middle 95 % as a bar, or a tick each where they are few."""
    sets = [nulls[method] for method in shown["method"]]
    if len(sets[0]) >= FEW:
        axes.hlines(
            y, shown["low"], shown["high"], color="#c4c4c4", linewidth=9, label="95 % of its random sets"
        )
        return
    for k, null in enumerate(sets):
        said = "its random sets" if k == 0 else None
        axes.scatter(
            null, np.full(len(null), y[k]), color="#9a9a9a", marker="|", s=70, linewidth=1.2, label=said
        )


def feedback(runs: pd.DataFrame) -> tuple[Figure, pd.DataFrame]:
    """Draw V-measure run by run, with cluster numbers fed back and without.

    Parameters
    ----------
    runs : DataFrame
        From :func:`reread.maize.methods.published_clustering.feedback_runs`.
    """
    figure, axes = figures.new(7, 3.2)
    for i, (labels, rows) in enumerate(runs.groupby("labels", sort=False)):
        look = {"color": marks.colour(1 - i), "marker": marks.marker(i), "linestyle": marks.line(i)}
        axes.plot(rows["run"], rows["v"], linewidth=1.8, label=f"labels {labels}", clip_on=False, **look)
    axes.set(xlabel="run of k-means on the same set", ylabel="V-measure", xticks=sorted(set(runs["run"])))
    low, high = runs["v"].min(), runs["v"].max()
    room = max(0.15 * (high - low), 0.01)
    axes.set_ylim(low - room, min(high + room, 1))
    figure.legend(loc="outside upper right", ncols=2, fontsize=marks.SMALL, frameon=False)
    marks.grid_lines(axes, "y")
    return figure, runs


def by_size(table: pd.DataFrame) -> tuple[Figure, pd.DataFrame]:
    """Draw V-measure of random genes by how many they are, a line a number of clusters.

    Parameters
    ----------
    table : DataFrame
        From :func:`reread.maize.methods.clustering.by_size`.

    Raises
    ------
    DataError
        If the table is empty.
    """
    if table.empty:
        raise DataError("No size and number of clusters fits these samples, so there is nothing to draw.")
    figure, axes = figures.new(7, 3.4)
    for i, (k, rows) in enumerate(table.groupby("n_clusters", sort=False)):
        look = {"color": marks.colour(i), "marker": marks.marker(i), "linestyle": marks.line(i)}
        axes.errorbar(
            rows["n_genes"], rows["v"], rows["v_sd"], capsize=3, linewidth=1.8, label=f"{k} clusters", **look
        )
    axes.set(xscale="log", xlabel="random genes in the set", ylabel="V-measure, mean and spread of sets")
    sizes = sorted(set(table["n_genes"]))
    axes.set_xticks(sizes, [f"{n:,}" for n in sizes])
    axes.minorticks_off()
    figure.legend(loc="outside upper right", ncols=3, fontsize=marks.SMALL, frameon=False)
    marks.grid_lines(axes, "both")
    return figure, table


def two_nulls(
    table: pd.DataFrame, gauss: tuple[float, float], nulls: Mapping[str, np.ndarray],
    methods: tuple[str, str], settings: tuple[str, str],
) -> tuple[Figure, pd.DataFrame]:  # fmt: skip
    """Draw both nulls on one axis, each with the V-measure that it judges.

    Parameters
    ----------
    table : DataFrame
        method, v_gauss, v_perm.
    gauss : (float, float)
        Mean and standard deviation of the published null.
    nulls : mapping of str to float array, (set,)
        Random sets of the permutation test.
    methods, settings : (str, str)
        Whose genes each test judges, and what is clustered: for the titles.

    Returns
    -------
    Figure, DataFrame
        Above the published normal curve, below a histogram of matched random sets; the line is the set. The
        table: test, x, density.
    """
    rows = table.set_index("method")
    judged = rows.loc[methods[0], "v_gauss"], rows.loc[methods[1], "v_perm"]
    figure, panels = figures.new(7.2, 4.6, nrows=2)
    mean, sd = gauss
    x = np.linspace(mean - 4 * max(sd, 1e-4), mean + 4 * max(sd, 1e-4), 201)
    curve = np.exp(-0.5 * ((x - mean) / max(sd, 1e-9)) ** 2) / (max(sd, 1e-9) * np.sqrt(2 * np.pi))
    panels[0].fill_between(x, curve, color=marks.colour(1), alpha=0.35, linewidth=0)
    density, edges = np.histogram(nulls[methods[1]], bins=24, density=True)
    panels[1].stairs(density, edges, fill=True, color=marks.colour(0), alpha=0.45)
    ends = [x[0], x[-1], edges[0], edges[-1], *judged]
    room = 0.03 * (max(ends) - min(ends))
    tests = ("as published", "matched random sets")
    for axes, v, test, method, said in zip(panels, judged, tests, methods, settings, strict=True):
        axes.axvline(v, color="black", linewidth=2, linestyle="--")
        axes.set(yticks=[], xlim=(min(ends) - room, max(ends) + room))
        axes.set_title(f"{test}: {method}\n{said}", fontsize=10, loc="left", fontweight="normal")
    panels[1].set_xlabel("V-measure")
    parts = [
        pd.DataFrame({"test": "published", "x": x, "density": curve}),
        pd.DataFrame({"test": "permutation", "x": (edges[1:] + edges[:-1]) / 2, "density": density}),
    ]
    return figure, pd.concat(parts, ignore_index=True)


def p_values(table: pd.DataFrame) -> tuple[Figure, pd.DataFrame]:
    """Draw the p value that each test gives each method, on a logarithmic axis that ends at 1 in a million.

    Parameters
    ----------
    table : DataFrame
        method, p_gauss, p_perm.
    """
    figure, axes = figures.new(7, 1.5 + 0.34 * len(table))
    y, floor = np.arange(len(table))[::-1], 1e-6
    clipped = {name: np.maximum(table[name].to_numpy(), floor) for name in ("p_gauss", "p_perm")}
    axes.hlines(y, clipped["p_gauss"], clipped["p_perm"], color="#c4c4c4", linewidth=1.5)
    for (said, i), values in zip(TESTS.values(), clipped.values(), strict=True):
        axes.scatter(values, y, color=marks.colour(i), marker=marks.marker(i), s=46, label=said, zorder=3)
    axes.axvline(LEVEL, color=figures.GREY, linestyle=":", linewidth=1.5)
    axes.set_yticks(y, table["method"])
    axes.set(xscale="log", xlim=(floor / 1.6, 1.4), ylim=(-0.6, len(table) - 0.4))
    axes.set_xlabel("p, one-sided; dotted: 0.05; below one in a million drawn there")
    figure.legend(loc="outside upper right", ncols=2, fontsize=marks.SMALL, frameon=False)
    marks.grid_lines(axes)
    return figure, table


def false_alarms(trials: Mapping[str, np.ndarray]) -> tuple[Figure, pd.DataFrame]:
    """Draw which share of random sets each test calls significant, at every level.

    Parameters
    ----------
    trials : mapping of published and permutation to float array, (trial,)
        p-values, from :func:`reread.maize.methods.permutation_tests.false_alarms` and its matched sister.

    Returns
    -------
    Figure, DataFrame
        test, level, share. A test that holds its level lies on the diagonal.
    """
    figure, axes = figures.new(7, 3.8)
    level, rows = np.linspace(0, 1, 201), []
    axes.plot([0, 1], [0, 1], color=figures.GREY, linewidth=1)
    for name, (said, i) in TESTS.items():
        share = (np.asarray(trials[name])[:, None] <= level).mean(axis=0)
        axes.plot(level, share, color=marks.colour(i), linestyle=marks.line(i), linewidth=2.2, label=said)
        rows.append(pd.DataFrame({"test": name, "level": level, "share": share}))
    axes.axvline(LEVEL, color=figures.GREY, linestyle=":", linewidth=1.5)
    axes.set(xlabel="level of the test (dotted: 0.05)", ylabel="random sets called significant")
    axes.set(xlim=(0, 1), ylim=(0, 1.02))
    figure.legend(loc="outside upper right", ncols=2, fontsize=marks.SMALL, frameon=False)
    marks.grid_lines(axes, "both")
    return figure, pd.concat(rows, ignore_index=True)


def spread(sources: Mapping[str, float]) -> tuple[Figure, pd.DataFrame]:
    """Draw the standard deviation of V from each source of chance.

    Parameters
    ----------
    sources : mapping of str to float
        From :func:`reread.maize.methods.published_clustering.sources_of_spread`.
    """
    words = {
        "runs": "another run of k-means on one set\n(all that the published null counts)",
        "sets": "another random set",
        "seeds": "another seed of the embedding",
    }
    table = pd.DataFrame({"source": list(sources), "sd": list(sources.values())})
    figure, axes = figures.new(7, 2.2)
    shades = [marks.colour(1 if name == "runs" else 0) for name in sources]
    y = np.arange(len(table))[::-1]
    axes.barh(y, table["sd"], color=shades, height=0.6)
    for place, sd in zip(y, table["sd"], strict=True):
        marks.note(axes, sd, place, f"  {sd:.4f}", va="center")
    axes.set_yticks(y, [words[name] for name in sources])
    axes.set(xlim=(0, 1.2 * max(table["sd"].max(), 1e-4)), xlabel="standard deviation of V-measure")
    marks.grid_lines(axes)
    return figure, table
