"""Boxes and arrows: architectures, the way of the data, what a simulator adds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from textwrap import fill
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from reread.core.alt_text import fitted
from reread.core.errors import ParameterError, did_you_mean
from reread.core.figures import GREY, SMALL, WIDTH, Drawn, new

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.patches import FancyBboxPatch

LETTERS = 11.0  # characters in an inch of a line
WIDE, NARROW = 0.76, 0.62  # width of a box in a column: without and with words at arrows
LINE = 0.165  # inches
GAP = 0.24  # inches between boxes of one column
HEAD = 0.32  # inches
FILL, EDGE = "#eaf2f8", "#0072B2"
MARKED_FILL, MARKED_EDGE = "#fdeee3", "#D55E00"


def flow(
    columns: Sequence[Sequence[str]],
    arrows: Sequence[tuple[str, ...]],
    *,
    marked: Mapping[str, str] | None = None,
    heads: Sequence[str] = (),
) -> Drawn:
    """Draw boxes in columns from left to right, and arrows between them.

    ``columns`` are the words of the boxes, from top to bottom; each is its box's name. An arrow is ``(from,
    to)`` or ``(from, to, words)``. ``marked`` gives boxes a dashed orange outline and says what is below
    each: the fault of a published network. ``heads`` are headings of the columns. The table has one row for
    each arrow: from, to, words. ParameterError if a box occurs twice, or an arrow or a mark names no box.
    """
    marked = dict(marked or {})
    boxes = [box for column in columns for box in column]
    _check(boxes, [*(end for arrow in arrows for end in arrow[:2]), *marked])
    table = pd.DataFrame([(*arrow, "")[:3] for arrow in arrows], columns=["from", "to", "words"])
    width = NARROW if table["words"].any() else WIDE
    inch = WIDTH / len(columns)
    wrapped = partial(fill, width=max(8, int(LETTERS * inch * width) - 1), break_long_words=False)
    texts = {box: wrapped(box) for box in boxes}
    notes = {box: fill(text, max(10, int(LETTERS * inch))) for box, text in marked.items()}
    top = HEAD if any(heads) else 0
    high = {box: _height(texts[box]) + (_height(notes[box]) - 0.05 if box in notes else 0) for box in boxes}
    tall = max(sum(high[box] + GAP for box in column) for column in columns) + top
    figure, axes = new(height_in=max(tall, 0.9))
    axes.set(xlim=(0, len(columns)), ylim=(tall, 0))
    axes.axis("off")
    patches: dict[str, FancyBboxPatch] = {}
    for x, column in enumerate(columns):
        if x < len(heads):
            axes.text(x + 0.5, HEAD / 2, heads[x], ha="center", va="center", weight="bold", fontsize=SMALL)
        step = (tall - top - sum(high[box] for box in column)) / len(column)
        y = top + step / 2
        for box in column:
            patches[box] = _draw_box(axes, x + 0.5, y, width, texts[box], notes.get(box, ""))
            y += high[box] + step
    for start, end, words in table.itertuples(index=False):
        letters = int(LETTERS * inch * (1 - width))
        _draw_arrow(axes, patches[start], patches[end], fill(words, max(letters, 7), break_long_words=False))
    return Drawn(figure, table, _alt(columns, marked))


def _check(boxes: list[str], named: list[str]) -> None:
    for box in boxes:
        if boxes.count(box) > 1:
            raise ParameterError(f"The box {box!r} occurs {boxes.count(box)} times; its words are its name.")
    for name in named:
        if name not in boxes:
            raise ParameterError(f"There is no box {name!r}. {did_you_mean(name, boxes)}")


def _height(text: str) -> float:
    return LINE * (text.count("\n") + 1) + 0.16


def _draw_box(axes: Axes, x: float, y: float, width: float, text: str, note: str) -> FancyBboxPatch:
    """A box with its words, ``y`` at its top in inches; one with a note is marked, the note is below it."""
    from matplotlib.patches import FancyBboxPatch

    height = _height(text)
    patch = FancyBboxPatch(
        (x - width / 2, y), width, height, boxstyle="round,pad=0,rounding_size=0.06", mutation_aspect=1,
        facecolor=MARKED_FILL if note else FILL, edgecolor=MARKED_EDGE if note else EDGE,
        linestyle="--" if note else "-", linewidth=1.3, zorder=2,
    )  # fmt: skip
    axes.add_patch(patch)
    axes.text(x, y + height / 2, text, ha="center", va="center", fontsize=SMALL, linespacing=1.15, zorder=3)
    if note:
        axes.text(x, y + height + 0.03, note, ha="center", va="top", fontsize=SMALL - 1, color="#a04000",
                  style="italic", linespacing=1.1)  # fmt: skip
    return patch


def _draw_arrow(axes: Axes, start: FancyBboxPatch, end: FancyBboxPatch, words: str) -> None:
    """An arrow between the sides of two boxes that face each other."""
    (x0, y0, w0, h0), (x1, y1, w1, h1) = (
        (p.get_x(), p.get_y(), p.get_width(), p.get_height()) for p in (start, end)
    )
    if abs(x0 - x1) < 0.01:
        down = y1 > y0
        ends = [(x0 + w0 / 2, y0 + (h0 if down else 0)), (x1 + w1 / 2, y1 + (0 if down else h1))]
    else:
        right = x1 > x0
        ends = [(x0 + (w0 if right else 0), y0 + h0 / 2), (x1 + (0 if right else w1), y1 + h1 / 2)]
    axes.annotate(
        "", ends[1], ends[0], zorder=1,
        arrowprops={"arrowstyle": "-|>", "color": GREY, "linewidth": 1.2, "shrinkA": 0, "shrinkB": 0},
    )  # fmt: skip
    if words:
        middle = np.mean(ends, axis=0)
        axes.text(middle[0], middle[1] - 0.04, words, ha="center", va="bottom", fontsize=SMALL - 1,
                  color="#444444", linespacing=1.1, zorder=4,
                  bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.3, "alpha": 0.8})  # fmt: skip


def _alt(columns: Sequence[Sequence[str]], marked: Mapping[str, str]) -> str:
    """The boxes in their order, then what is marked."""
    first = f"Flow diagram, {len(columns)} steps from left to right: {' and '.join(columns[0])}"
    steps = [f"then {' and '.join(column)}" for column in columns[1:]]
    return fitted([first, *(f"marked {box}: {text}" for box, text in marked.items()), *steps])
