"""A network as a picture that people can read: TFs on an inner ring, targets around them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from reread.core import figures
from reread.core.errors import DataError
from reread.networks import plots as marks

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INNER, OUTER = 0.5, 1.0
SWEEPS = 30
KNOWN, UNKNOWN = marks.colour(0), marks.colour(1)


def network(
    edges: pd.DataFrame, known_as: str = "in the reference", unknown_as: str = "not in it"
) -> tuple[Figure, pd.DataFrame]:
    """Draw the edges of a network, those a reference confirms apart from the others.

    Parameters
    ----------
    edges : DataFrame
        Columns tf, gene, weight, known (``hubs.edge_table``); about 100 edges can be read.
    known_as, unknown_as : str
        How to call the two kinds of edges.

    Returns
    -------
    Figure, DataFrame
        The edges with the places of both ends: x_tf, y_tf, x_gene, y_gene.

    Raises
    ------
    DataError
        If there is no edge.

    Notes
    -----
    Places follow from the edges alone (no random start): both rings are ordered by barycentres, which
    keeps targets beside their TFs.
    """
    if edges.empty:
        raise DataError("A network to draw needs edges, but the table is empty. Keep at least one top edge.")
    place = layout(edges)
    figure, axes = figures.new(7, 7.2)
    for edge in edges.itertuples(index=False):
        _arrow(axes, place[edge.tf], place[edge.gene], bool(edge.known))
    tfs = set(edges["tf"])
    for name, at in place.items():
        _node(axes, str(name), at, is_tf=name in tfs, size=_font(len(place) - len(tfs)))
    _say_kinds(axes, edges, known_as, unknown_as)
    reach = OUTER + 0.3
    axes.set(xlim=(-reach, reach), ylim=(-reach, reach), aspect="equal")
    axes.axis("off")
    ends = {
        f"{axis}_{end}": [place[name][k] for name in edges[end]]
        for end in ("tf", "gene")
        for k, axis in enumerate("xy")
    }
    return figure, edges.reset_index(drop=True).assign(**ends)


def layout(edges: pd.DataFrame) -> dict[str, np.ndarray]:
    """Place (x, y) of each gene: TFs on the inner ring, other genes evenly on the outer one."""
    tfs = sorted(set(edges["tf"]))
    genes = sorted(set(edges["gene"]) - set(tfs))
    touches = np.zeros((len(tfs), len(genes)))
    kept = edges[edges["gene"].isin(genes)]
    touches[[tfs.index(tf) for tf in kept["tf"]], [genes.index(gene) for gene in kept["gene"]]] = 1
    tf_place, gene_place = _barycentres(touches)
    angles = {**dict(zip(tfs, tf_place, strict=True)), **dict(zip(genes, gene_place, strict=True))}
    return {name: _on_ring(share, INNER if name in set(tfs) else OUTER) for name, share in angles.items()}


def _barycentres(touches: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Share of the circle, 0 to 1, for each row and each column: neighbours near each other."""
    tf_place = _evenly(-touches.sum(axis=1))
    gene_place = np.zeros(touches.shape[1])
    for _ in range(SWEEPS):
        gene_place = _evenly(_mean_place(touches.T, tf_place))
        tf_place = _evenly(_mean_place(touches, gene_place))
    gap = 0.9 / max(len(tf_place), 1)
    wanted = _mean_place(touches, gene_place)
    apart = marks.spread(np.where(touches.any(axis=1), wanted, tf_place), min(gap, 0.05))
    return apart, gene_place


def _mean_place(touches: np.ndarray, place: np.ndarray) -> np.ndarray:
    return touches @ place / np.maximum(touches.sum(axis=1), 1)


def _evenly(key: np.ndarray) -> np.ndarray:
    """Evenly spaced places in the order of ``key``; ties in the order of names."""
    place = np.empty(len(key))
    place[np.argsort(key, kind="stable")] = (np.arange(len(key)) + 0.5) / max(len(key), 1)
    return place


def _on_ring(share: float, radius: float) -> np.ndarray:
    angle = np.pi / 2 - 2 * np.pi * share
    return radius * np.array([np.cos(angle), np.sin(angle)])


def _font(n_outer: int) -> float:
    return 8.5 if n_outer <= 60 else 7.0


def _arrow(axes: Axes, start: np.ndarray, end: np.ndarray, is_known: bool) -> None:
    axes.annotate(
        "", end, start,
        arrowprops={
            "arrowstyle": "-|>,head_length=0.35,head_width=0.16", "color": KNOWN if is_known else UNKNOWN,
            "linestyle": "-" if is_known else (0, (4, 2)),
            "linewidth": 1.3 if is_known else 1.0,
            "alpha": 0.9 if is_known else 0.75,
            "shrinkA": 4, "shrinkB": 4, "connectionstyle": "arc3,rad=0.08",
        },
    )  # fmt: skip


def _node(axes: Axes, name: str, at: np.ndarray, *, is_tf: bool, size: float) -> None:
    """A dot with its name along the radius, outside for genes and inside for TFs: names cannot overlap."""
    axes.scatter(*at, s=46 if is_tf else 16, color="black" if is_tf else figures.GREY, zorder=4)
    angle = np.degrees(np.arctan2(at[1], at[0]))
    is_left = abs(angle) > 90
    inwards = at * (1 - 0.03 / INNER) if is_tf else at * (1 + 0.025)
    axes.text(
        *inwards, name, rotation=angle + 180 if is_left else angle, rotation_mode="anchor", va="center",
        ha="right" if is_left != is_tf else "left", fontsize=size + 0.5 if is_tf else size,
        fontweight="bold" if is_tf else "normal", zorder=5,
        bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.75, "pad": 0.4} if is_tf else None,
    )  # fmt: skip


def _say_kinds(axes: Axes, edges: pd.DataFrame, known_as: str, unknown_as: str) -> None:
    n_known = int(edges["known"].sum())
    texts = ((f"— {n_known} edges {known_as}", KNOWN), (f"- - {len(edges) - n_known} {unknown_as}", UNKNOWN))
    for i, (text, shade) in enumerate(texts):
        axes.text(
            0.0, 1.0 - 0.035 * i, text, transform=axes.transAxes, color=shade, fontweight="bold", va="top"
        )
