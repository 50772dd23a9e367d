"""Figures about samples: where they lie, how genes become an image, and what a hold-out holds out."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from reread.core import figures, marks
from reread.maize.data.transform import TRANSFORMS, log_plus_one

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from reread.maize.data.splits import Split
    from reread.maize.data.tables import Expression

FORMULA = {"published": "as published: log2(x + 0.001) + 10", "plus one": "here: log2(x + 1)"}
NEAREST = ("a replicate", "same tissue, other group", "another tissue")
SHADES = ("#d9e2ec", "#9aa5b1", figures.PALETTE[1])  # in training, never held out, tested


def samples(data: Expression) -> tuple[Figure, pd.DataFrame]:
    """Draw every sample at its first two principal components, a colour and a marker for each tissue.

    Returns
    -------
    Figure, DataFrame
        The table: sample, tissue, group, first, second.
    """
    log = log_plus_one(data.values).astype(np.float64)
    centred = log - log.mean(axis=0)
    places = two_components(centred)
    tissue = np.asarray(data.tissues, dtype=object)[data.tissue]
    table = pd.DataFrame(
        {"sample": data.samples, "tissue": tissue, "group": data.group, "first": places[:, 0]}
        | {"second": places[:, 1]}
    )
    figure, axes = figures.new(7, 4.2)
    for k, name in enumerate(data.tissues):
        part = table[table["tissue"] == name]
        turn = k + k // len(figures.PALETTE)
        axes.scatter(part["first"], part["second"], s=34, color=marks.colour(k), marker=marks.marker(turn),
                     label=name, edgecolor="white", linewidth=0.5)  # fmt: skip
    axes.set(xlabel="first principal component", ylabel="second principal component")
    axes.legend(loc="center left", bbox_to_anchor=(1.01, 0.5), fontsize=marks.SMALL, frameon=False)
    marks.grid_lines(axes, "both")
    return figure, table


def two_components(centred: np.ndarray) -> np.ndarray:
    """Scores (sample, 2) on the first two principal components, by way of the (sample, sample) products.

    The sign, which is free, is set so that the largest score of each component is positive.
    """
    values, vectors = np.linalg.eigh(centred @ centred.T)
    scores = vectors[:, ::-1][:, :2] * np.sqrt(np.maximum(values[::-1][:2], 0))
    return scores * np.sign(scores[np.abs(scores).argmax(axis=0), [0, 1]])


def transforms(data: Expression, n_bins: int = 60) -> tuple[Figure, pd.DataFrame]:
    """Draw how the published logarithm and the usual one spread the same values.

    Returns
    -------
    Figure, DataFrame
        The table: transform, low and high end of the bin, share of all values.
    """
    figure, panels = figures.new(7, 3.2, ncols=2)
    parts = []
    for i, (axes, (name, transform)) in enumerate(zip(panels, TRANSFORMS.items(), strict=True)):
        share, edges = np.histogram(transform(data.values), bins=n_bins)
        part = pd.DataFrame({"transform": name, "low": edges[:-1], "high": edges[1:]})
        part["share"] = share / data.values.size
        axes.bar(part["low"], part["share"], np.diff(edges), align="edge", color=marks.colour(i))
        axes.set(xlabel=FORMULA[name], yscale="log")
        marks.grid_lines(axes, "y")
        parts.append(part)
    panels[0].set_ylabel("share of all values")
    return figure, pd.concat(parts, ignore_index=True)


def layout(images: Sequence[np.ndarray], titles: Sequence[str], n_genes: int) -> tuple[Figure, pd.DataFrame]:
    """Draw one sample as an image, in one gene order beside another.

    Parameters
    ----------
    images : sequence of float array, (side, side)
        The same sample, written in as many orders.
    titles : sequence of str
        What each order is.
    n_genes : int
        Pixels from this one on are padding; they are hatched.

    Returns
    -------
    Figure, DataFrame
        The table: row, column, is_padding, and a value for each title.
    """
    side = len(images[0])
    figure, panels = figures.new(7, 3.7, ncols=len(images))
    row, column = (part.ravel() for part in np.indices((side, side)))
    table = pd.DataFrame({"row": row, "column": column, "is_padding": row * side + column >= n_genes})
    top = max(float(image.max()) for image in images)
    for axes, image, title in zip(np.atleast_1d(panels), images, titles, strict=True):
        drawn = axes.imshow(image, vmin=0, vmax=top, cmap="viridis", interpolation="nearest")
        _hatch_padding(axes, side, n_genes)
        axes.set(xticks=[], yticks=[])
        axes.set_title(title)
        table[title] = image.ravel()
    figure.colorbar(drawn, ax=panels, label="log2(x + 0.001) + 10", shrink=0.8)
    return figure, table


def hold_outs(data: Expression, splits: Sequence[Split]) -> tuple[Figure, pd.DataFrame]:
    """Draw which samples each fold tests, samples sorted by tissue and then by group.

    Returns
    -------
    Figure, DataFrame
        The table: fold, kind, sample, tissue, group, part (training, never held out, test).
    """
    order = np.lexsort((data.replicate, data.group, data.tissue))
    codes = np.array([_parts(data, one, splits)[order] for one in splits])
    figure, axes = figures.new(7, 1.1 + 0.19 * len(splits))
    from matplotlib.colors import ListedColormap

    axes.imshow(codes, cmap=ListedColormap(SHADES), vmin=0, vmax=2, aspect="auto", interpolation="nearest")
    axes.set_yticks(range(len(splits)), [one.name for one in splits], fontsize=8)
    axes.tick_params(length=0)
    for edge in np.flatnonzero([a.kind != b.kind for a, b in pairwise(splits)]):
        axes.axhline(edge + 0.5, color="white", linewidth=4)
    _mark_tissues(axes, data, order)
    _part_legend(axes)
    words = np.array(["training", "never held out", "test"])
    parts = [_fold_rows(data, one, words[code], order) for one, code in zip(splits, codes, strict=True)]
    return figure, pd.concat(parts, ignore_index=True)


def neighbours(near: pd.DataFrame) -> tuple[Figure, pd.DataFrame]:
    """Draw how like its nearest training sample each test sample is, one strip a kind of hold-out.

    Parameters
    ----------
    near : DataFrame
        From ``leakage.nearest``, all folds below each other.

    Returns
    -------
    Figure, DataFrame
        The table with a column ``nearest_is``.
    """
    of = np.where(near["is_replicate"], 0, np.where(near["has_tissue"], 1, 2))
    table = near.assign(nearest_is=np.array(NEAREST)[of])
    kinds = table["kind"].unique().tolist()
    figure, axes = figures.new(7, 0.9 + 0.9 * len(kinds))
    lift = (np.arange(len(table)) * 0.618034 % 1 - 0.5) * 0.56  # spreads points without a random draw
    place = table["kind"].map(kinds.index).to_numpy() + lift
    for i, name in enumerate(NEAREST):
        is_it = (of == i) & np.isfinite(table["r"])
        label = f"{name} ({int(is_it.sum())})"
        axes.scatter(table["r"][is_it], place[is_it], s=22, color=marks.colour((2, 0, 1)[i]),
                     marker=marks.marker(i), label=label, alpha=0.75, linewidth=0)  # fmt: skip
    axes.set_yticks(range(len(kinds)), [f"{kind}\nhold-out" for kind in kinds])
    axes.set(xlabel="correlation with the nearest training sample", ylim=(len(kinds) - 0.5, -0.5))
    axes.legend(
        title="which is", loc="upper center", bbox_to_anchor=(0.5, -0.22), ncols=3, fontsize=8, frameon=False
    )
    marks.grid_lines(axes, "x")
    return figure, table


def _hatch_padding(axes: Axes, side: int, n_genes: int) -> None:
    """Hatch the pixels behind the last gene: the rest of its row, and the rows below."""
    from matplotlib.patches import Rectangle

    rows, rest = divmod(n_genes, side)
    boxes = [(rest, rows, side - rest, 1), (0, rows + 1, side, side - rows - 1)]
    for left, top, width, height in [box for box in boxes if min(box[2:]) > 0 and n_genes < side * side]:
        place = (left - 0.5, top - 0.5)
        axes.add_patch(Rectangle(place, width, height, fill=False, hatch="////", edgecolor="white", lw=0))


def _parts(data: Expression, one: Split, splits: Sequence[Split]) -> np.ndarray:
    """0 in training, 1 in training in every fold since it cannot be held out, 2 tested, (sample,)."""
    if not one.never_held_out:
        return np.where(np.isin(np.arange(len(data.samples)), one.test), 2, 0)
    ever = np.concatenate([other.test for other in splits if other.kind == one.kind])
    part = np.ones(len(data.samples), dtype=int)
    part[ever] = 0
    part[one.test] = 2
    return part


def _fold_rows(data: Expression, one: Split, words: np.ndarray, order: np.ndarray) -> pd.DataFrame:
    tissue = np.asarray(data.tissues, dtype=object)[data.tissue]
    names = np.asarray(data.samples, dtype=object)
    rows = {"sample": names[order], "tissue": tissue[order], "group": data.group[order], "part": words}
    return pd.DataFrame({"fold": one.name, "kind": one.kind} | rows)


def _mark_tissues(axes: Axes, data: Expression, order: np.ndarray) -> None:
    """Name tissues below the samples, slanted: neighbours may be narrow."""
    tissue = data.tissue[order]
    present = np.unique(tissue)
    middle = [np.flatnonzero(tissue == k).mean() for k in present]
    axes.set_xticks(middle, [data.tissues[k] for k in present], rotation=45, ha="right", fontsize=8)
    for edge in np.flatnonzero(np.diff(tissue)):
        axes.axvline(edge + 0.5, color="white", linewidth=1.2)


def _part_legend(axes: Axes) -> None:
    from matplotlib.patches import Patch

    words = ("training", "cannot be held out", "test")
    patches = [Patch(color=shade, label=word) for shade, word in zip(SHADES, words, strict=True)]
    axes.legend(
        handles=patches, loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=3, fontsize=8, frameon=False
    )
