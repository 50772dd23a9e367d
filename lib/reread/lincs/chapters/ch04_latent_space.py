"""Figures about a latent space: real and generated signatures, nodes that speak, classes that are alike."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.spatial.distance import pdist, squareform

from reread.core import figures, marks
from reread.lincs.data.annotations import short
from reread.lincs.methods import latent_space as latent

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST_POINTS = 400


def real_against_generated(
    real: np.ndarray, generated: Mapping[str, np.ndarray]
) -> tuple[Figure, pd.DataFrame]:
    """Draw real and generated signatures on the two first components of the real ones, a panel a generator.

    Of each as many are drawn as there are of the fewest, real ones on top.

    Parameters
    ----------
    real : float array, (signature, gene)
    generated : mapping of str to float array, (sample, gene)

    Returns
    -------
    Figure, DataFrame
        The points drawn: panel, kind, pc1, pc2.
    """
    places, explained = latent.flat_map(real, *generated.values())
    figure, panels = figures.new(7, 3.5, ncols=len(generated))
    n, rows = min(MOST_POINTS, *(len(one) for one in places)), []
    for axes, name, place in zip(np.atleast_1d(panels), generated, places[1:], strict=True):
        for i, (kind, points) in ((1, (name, place)), (0, ("real", places[0]))):
            shown = points[np.linspace(0, len(points) - 1, n).astype(int)]
            axes.scatter(
                shown[:, 0], shown[:, 1], s=14 if i == 0 else 20, color=marks.colour(i), alpha=0.55,
                marker="ox"[i], linewidth=1 if i else 0, label=kind,
            )  # fmt: skip
            rows.append(pd.DataFrame({"panel": name, "kind": kind, "pc1": shown[:, 0], "pc2": shown[:, 1]}))
        axes.set_xlabel(f"first component ({explained[0]:.0%})")
        axes.set_title(name)
        axes.legend(
            loc="upper right",
            fontsize=marks.SMALL,
            handletextpad=0.1,
            borderaxespad=0,
            frameon=False,
        )
    np.atleast_1d(panels)[0].set_ylabel(f"second component ({explained[1]:.0%})")
    limits = np.concatenate([places[0], *places[1:]])
    for axes in np.atleast_1d(panels):
        axes.set(xlim=_padded(limits[:, 0], 0.05), ylim=_padded(limits[:, 1], 0.16))
    return figure, pd.concat(rows, ignore_index=True)


def told_apart(table: pd.DataFrame) -> tuple[Figure, pd.DataFrame]:
    """Draw both two-sample tests for every comparison.

    Parameters
    ----------
    table : DataFrame
        From ``generation.calibrated``.

    Returns
    -------
    Figure, DataFrame
        The table as it came.
    """
    y = np.arange(len(table))[::-1]
    is_real = table["compared"].str.startswith("real").to_numpy()
    figure, (left, right) = figures.new(7, 1.3 + 0.38 * len(table), ncols=2)
    for mask, i in ((is_real, 0), (~is_real, 1)):
        part, at = table[mask], y[mask]
        left.hlines(at, part["c2st_low"], part["c2st_high"], color=marks.colour(i), linewidth=2)
        left.scatter(part["c2st"], at, color=marks.colour(i), marker=marks.marker(i), s=46, zorder=3)
        right.hlines(at, 0, part["mmd2"], color=marks.colour(i), linewidth=2)
        right.scatter(part["mmd2"], at, color=marks.colour(i), marker=marks.marker(i), s=46, zorder=3)
    widest = max(table["mmd2"].max(), 1e-3)
    for value, p, at in zip(table["mmd2"], table["mmd2_p"], y, strict=True):
        marks.note(right, max(value, 0) + 0.05 * widest, at, f"p {p:.3f}", va="center")
    left.axvline(0.5, color=figures.GREY, linewidth=1, linestyle=":")
    right.axvline(0, color=figures.GREY, linewidth=1, linestyle=":")
    left.set_yticks(y, table["compared"])
    right.set_yticks(y, [""] * len(y))
    left.set(
        xlabel="share told apart (dotted: guessing)",
        xlim=(min(0.4, table["c2st_low"].min() - 0.03), 1.03),
        ylim=(-0.6, len(y) - 0.4),
    )
    right.set(xlabel="MMD$^2$", xlim=(-0.08 * widest, 1.35 * widest), ylim=(-0.6, len(y) - 0.4))
    for axes, title in ((left, "classifier"), (right, "kernel")):
        axes.set_title(title)
        marks.grid_lines(axes)
    return figure, table


def node_means(means: pd.DataFrame, order: list[str]) -> tuple[Figure, pd.DataFrame]:
    """Draw the mean of every signature node in every class.

    Parameters
    ----------
    means : DataFrame, (pcl, node)
        From ``latent.by_class``; columns are numbers of nodes.
    order : list of str
        Classes from top to bottom.

    Returns
    -------
    Figure, DataFrame
        The means in that order.
    """
    shown = means.loc[order]
    figure, axes = figures.new(7, 1.4 + 0.26 * len(shown))
    limit = float(np.abs(shown.to_numpy()).max())
    image = axes.imshow(shown, cmap="PuOr_r", vmin=-limit, vmax=limit, aspect="auto")
    axes.set_yticks(range(len(shown)), [short(name) for name in shown.index])
    step = max(1, int(np.ceil(shown.shape[1] / 24)))
    ticks = range(0, shown.shape[1], step)
    axes.set_xticks(ticks, [str(shown.columns[i]) for i in ticks], rotation=90 if step > 1 else 0)
    axes.set_xlabel("signature node" + ("" if step == 1 else f" (every {step}th is named)"))
    figure.colorbar(image, ax=axes, label="mean of the node", shrink=0.9)
    return figure, shown


def latent_map(places: np.ndarray, pcl: np.ndarray, explained: np.ndarray) -> tuple[Figure, pd.DataFrame]:
    """Draw signatures on the two first components of the latent means, each class by colour and marker.

    Classes are named at their medians, from the outermost on, where there is room for the name.

    Parameters
    ----------
    places : float array, (signature, 2)
        From ``latent.flat_map``.
    pcl : array of str, (signature,)
    explained : float array, (2,)
        Share of variance.

    Returns
    -------
    Figure, DataFrame
        pcl, x, y.
    """
    figure, axes = figures.new(7, 4.6)
    pcl = np.asarray(pcl, dtype=str)
    names = [name for name in np.unique(pcl) if name]
    axes.scatter(*places[pcl == ""].T, s=8, color="#cccccc", label="no class" if (pcl == "").any() else None)
    for i, name in enumerate(names):
        shown = places[pcl == name]
        axes.scatter(
            shown[:, 0], shown[:, 1], s=16, color=marks.colour(i), marker=marks.marker(i + i // 7), alpha=0.7,
            linewidth=0, label=short(name),
        )  # fmt: skip
    for name, (x, y) in _standing_apart(places, pcl, names).items():
        axes.text(x, y, _shorter(name), fontsize=marks.SMALL, ha="center", va="center", zorder=4,
                  bbox={"facecolor": "white", "alpha": 0.75, "edgecolor": "none", "pad": 0.8})  # fmt: skip
    axes.set(xlabel=f"first component of the latent means ({explained[0]:.0%})",
             ylabel=f"second ({explained[1]:.0%})")  # fmt: skip
    figure.legend(
        loc="outside right center", fontsize=marks.SMALL, markerscale=1.6, handletextpad=0.1, frameon=False
    )
    return figure, pd.DataFrame({"pcl": pcl, "x": places[:, 0], "y": places[:, 1]})


def _standing_apart(places: np.ndarray, pcl: np.ndarray, names: list[str]) -> dict[str, np.ndarray]:
    """Medians of the classes, outermost first, without those whose name would lie on another."""
    middles = np.array([np.median(places[pcl == name], axis=0) for name in names]).reshape(-1, 2)
    size = np.ptp(places, axis=0)
    shown: dict[str, np.ndarray] = {}
    for i in np.argsort(-np.square((middles - places.mean(axis=0)) / size).sum(axis=1), kind="stable"):
        # of a name, generously: half of either width, and a line
        room = [(0.02 + 0.01 * len(_shorter(names[i]) + _shorter(name)), 0.06) * size for name in shown]
        if all((np.abs(middles[i] - shown[name]) > far).any() for name, far in zip(shown, room, strict=True)):
            shown[names[i]] = middles[i]
    return shown


def _shorter(name: str) -> str:
    """A name on a map: what is inhibited; the legend has the whole."""
    return short(name).removesuffix(" inhibitor")


def class_tree(codes: pd.DataFrame) -> tuple[Figure, pd.DataFrame]:
    """Draw the tree of class codes beside their correlation distances.

    Parameters
    ----------
    codes : DataFrame, (pcl, feature)

    Returns
    -------
    Figure, DataFrame
        Distances (pcl, pcl) in the order of the leaves.
    """
    from scipy.cluster.hierarchy import dendrogram

    linkage, order = latent.class_tree(codes)
    distance = squareform(pdist(codes.loc[order].to_numpy(dtype=float), "correlation"))
    n, drawn = len(order), dendrogram(linkage, no_plot=True)
    figure, axes = figures.new(7, 1.2 + 0.27 * n)
    image = axes.imshow(distance, cmap="cividis_r", vmin=0, aspect="auto", extent=(0, n, n, 0))
    for leaf, height in zip(drawn["icoord"], drawn["dcoord"], strict=True):
        # leaves stand at 5, 15, 25, ...; the tree grows to the left of the map
        axes.plot(-0.6 * n * np.array(height) / linkage[-1, 2], np.array(leaf) / 10, color=marks.colour(0))
    axes.yaxis.tick_right()
    axes.set_yticks(np.arange(n) + 0.5, [short(name) for name in order])
    axes.set_xticks([])
    axes.set_xlabel("tree of classes, and distances (columns in the order of rows)", fontsize=marks.SMALL)
    axes.set(xlim=(-0.63 * n, n), ylim=(n, 0))
    for side in ("left", "bottom"):
        axes.spines[side].set_visible(False)
    figure.colorbar(image, ax=axes, label="correlation distance", shrink=0.9, location="left")
    return figure, pd.DataFrame(distance, index=order, columns=order)


def _padded(values: np.ndarray, share: float) -> tuple[float, float]:
    low, high = float(values.min()), float(values.max())
    return low - 0.05 * (high - low), high + share * (high - low)
