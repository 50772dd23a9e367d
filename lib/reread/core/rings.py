"""Places of a network on two rings, sources inside and targets outside, and its drawing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from reread.core.figures import GREY, colour, line, spread

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from reread.core.plot import Plot

INNER, OUTER = 0.5, 1.0
SWEEPS = 30


def layout(source: pd.Series, target: pd.Series) -> dict[str, np.ndarray]:
    """Place (x, y) of each node: sources on the inner ring, other nodes evenly on the outer one."""
    inner = sorted(set(source))
    outer = sorted(set(target) - set(inner))
    touches = np.zeros((len(inner), len(outer)))
    is_kept = target.isin(outer)
    touches[[inner.index(s) for s in source[is_kept]], [outer.index(t) for t in target[is_kept]]] = 1
    inner_place, outer_place = _barycentres(touches)
    return {name: _on_ring(share, INNER) for name, share in zip(inner, inner_place, strict=True)} | {
        name: _on_ring(share, OUTER) for name, share in zip(outer, outer_place, strict=True)
    }


def draw(plot: Plot, axes: Axes, rows: pd.DataFrame, place: dict[str, np.ndarray]) -> None:
    """Draw the edges, distinguished by hue, and the nodes with their names along the radius."""
    inner = set(rows[plot.x])
    for level, part in plot.parts(rows):
        i = plot.number(level)
        for source, target in zip(part[plot.x], part[plot.y], strict=True):
            _arrow(axes, place[source], place[target], i)
        said = f"{len(part)} edges {plot.name(level) or ''}".strip()
        axes.plot([], [], color=colour(i), linestyle=line(i), label=said)
    size = 8.5 if len(place) - len(inner) <= 60 else 7.0
    for name, at in place.items():
        _node(axes, str(name), at, is_source=name in inner, size=size)
    reach = OUTER + 0.3
    axes.set(xlim=(-reach, reach), ylim=(-reach, reach), aspect="equal")
    axes.axis("off")


def _barycentres(touches: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Share of the circle, 0 to 1, for each row and each column: neighbours near each other."""
    source = _evenly(-touches.sum(axis=1))
    target = np.zeros(touches.shape[1])
    for _ in range(SWEEPS):
        target = _evenly(_mean_place(touches.T, source))
        source = _evenly(_mean_place(touches, target))
    wanted = np.where(touches.any(axis=1), _mean_place(touches, target), source)
    return spread(wanted, min(0.9 / max(len(source), 1), 0.05)), target


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


def _arrow(axes: Axes, start: np.ndarray, end: np.ndarray, i: int) -> None:
    axes.annotate(
        "", end, start,
        arrowprops={
            "arrowstyle": "-|>,head_length=0.35,head_width=0.16", "color": colour(i), "alpha": 0.85,
            "linestyle": line(i), "linewidth": 1.2, "shrinkA": 4, "shrinkB": 4,
            "connectionstyle": "arc3,rad=0.08",
        },
    )  # fmt: skip


def _node(axes: Axes, name: str, at: np.ndarray, *, is_source: bool, size: float) -> None:
    """A dot with its name along the radius, outside for targets, inside for sources, so that none overlap."""
    axes.scatter(*at, s=46 if is_source else 16, color="black" if is_source else GREY, zorder=4)
    angle = np.degrees(np.arctan2(at[1], at[0]))
    is_left = abs(angle) > 90
    inwards = at * (1 - 0.03 / INNER) if is_source else at * (1 + 0.025)
    axes.text(
        *inwards, name, rotation=angle + 180 if is_left else angle, rotation_mode="anchor", va="center",
        ha="right" if is_left != is_source else "left", fontsize=size + 0.5 if is_source else size,
        fontweight="bold" if is_source else "normal", zorder=5,
        bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.75, "pad": 0.4} if is_source else None,
    )  # fmt: skip
