"""Colours, markers and label places that the figures of all studies share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from reread.core.figures import GREY, LINES, MARKERS, PALETTE

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SMALL = 9


def colour(i: int) -> str:
    """The i-th colour, going round."""
    return PALETTE[i % len(PALETTE)]


def line(i: int) -> str:
    """The i-th line style, going round: the second cue beside colour."""
    return LINES[i % len(LINES)]


def marker(i: int) -> str:
    """The i-th marker, going round: the second cue beside colour."""
    return MARKERS[i % len(MARKERS)]


def spread(places: np.ndarray, gap: float) -> np.ndarray:
    """Move places (label,) until neighbours are ``gap`` apart, keeping order and the middle of clusters."""
    places = np.asarray(places, dtype=float)
    order = np.argsort(places, kind="stable")
    # Isotonic regression of the places less their minimal steps is the nearest arrangement without overlap.
    from sklearn.isotonic import isotonic_regression

    steps = gap * np.arange(len(places))
    moved = np.empty_like(places)
    moved[order] = isotonic_regression(places[order] - steps) + steps
    return moved


def label_ends(
    axes: Axes, x: float, ends: np.ndarray, texts: list[str], colours: list[str], gap: float
) -> None:
    """Write a label right of each line's end, moved apart by ``gap`` (units of y)."""
    for y, text, shade in zip(spread(ends, gap), texts, colours, strict=True):
        axes.annotate(
            text, (x, y), xytext=(6, 0), textcoords="offset points", va="center", color=shade,
            fontsize=SMALL, annotation_clip=False,
        )  # fmt: skip


def grid_lines(axes: Axes, axis: str = "x") -> None:
    """Faint lines behind the data."""
    axes.grid(axis=axis, color="#e4e4e4", linewidth=0.8)
    axes.set_axisbelow(True)


def note(axes: Axes, x: float, y: float, text: str, **how) -> None:
    """A grey remark in data coordinates."""
    axes.text(x, y, text, color=GREY, fontsize=SMALL, **how)
