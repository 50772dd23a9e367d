"""Eight charts on tidy tables, for the figures of every study.

Each takes a table with one row for one mark, and names of columns. It returns ``Drawn(figure, table, alt)``,
with the alt text computed from the table::

    page.figure(charts.dots(table, x="auroc", y="method"), "methods", caption="AUROC of each method.")

=================  =====================================================================================
``dots``           one value for each category (and hue); intervals, null bands, repeats with their mean
``lines``          a value along a number or along ordered settings, one line for each hue (and style)
``bars``           as ``dots``, as bars from 0
``heatmap``        a value, or a kind, for each cell of a grid
``distributions``  histograms, or one strip or violin for each category
``curves``         ``lines`` on a square: precision-recall, calibration, share of tests by level
``scatter``        points in a plane, groups by colour and marker
``network``        edges from a few sources to many targets, on two rings
=================  =====================================================================================

Keywords that every chart takes where they make sense (the fields of :class:`reread.core.plot.Look`):

- ``panel``: column; one panel for each of its values. ``columns``: panels side by side.
- ``order``: ``{column: values}`` in the order shown; others follow in the order of the table.
- ``labels``: words for columns and for values alike, ``{"auroc": "AUROC", "pair": "pair split"}``.
- ``low``, ``high``: columns with the ends of an interval.
- ``band``: two columns, a grey band behind each row (95 % of a null); named by ``labels["band"]``.
- ``reference``: ``{"chance": 0.5}``, dotted lines on the value axis; or a column with one value for each row.
- ``shade``: ``{"best 5 %": (0, 0.05)}``, a shaded range of the value axis.
- ``text``: column with words beside each dot or bar, or in each cell.
- ``log``: ``"x"``, ``"y"`` or ``"xy"``. ``limits``: ends of the value axis.
- ``shared=False``: each panel has its own value axis, for several measures.

Colour and a second cue (marker, line style or hatching) show the hue. Lines are named at their ends where
there is room. Where all values are equal or there is none, ``figure`` is None and ``alt`` says so.
A study changes what a chart shows by changing the table (``melt``, ``assign``, ``query``), not by drawing.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from reread.core import alt_text
from reread.core.chart_parts import (
    HATCHES,
    bin_edges,
    cell_texts,
    draw_dots,
    draw_lines,
    group_names,
    histogram,
    intervals,
    kind_scale,
    strips,
    texts,
    value_scale,
)
from reread.core.figures import Drawn, colour, marker
from reread.core.plot import Look, Plot, ticks

CELLS_WITH_NUMBERS = 300


def dots(
    table: pd.DataFrame, x: str, y: str, *, hue: str | None = None, connect: bool = False,
    stem: bool = False, **look: Any,
) -> Drawn:  # fmt: skip
    """Draw a dot for each row: the category on one axis, its value on the other.

    Of two columns of numbers ``x`` is the category. Rows of one category and hue are faint dots over their
    mean. ``connect`` draws a grey line from the least to the largest dot, ``stem`` a line from 0 to each.
    """
    plot = Plot("Dot plot", table, Look(**look), x, y, hue)
    value, category = plot.value_and_category()
    if plot.is_constant(value):
        return plot.sentence(value)
    for axes, rows in plot.panels(plot.category_height(category, is_level=connect)):
        for level, part, place in plot.levels(rows, category, is_level=connect):
            intervals(plot, axes, part, place)
            if stem:
                plot.segment(
                    axes, place, 0 * part[value], part[value], color=plot.shade(level), linewidth=1.6
                )
            draw_dots(plot, axes, part, place, level, value)
        if connect:
            ends = rows.groupby(category, observed=True)[value].agg(["min", "max"])
            at = plot.places(category, pd.Series(ends.index))
            plot.segment(axes, at, ends["min"], ends["max"], color="#b5b5b5", linewidth=1.6, zorder=1)
        plot.category_axis(axes, category, value)
    return plot.finish(alt_text.of_values, value, (category, hue, plot.look.panel))


def bars(table: pd.DataFrame, x: str, y: str, *, hue: str | None = None, **look: Any) -> Drawn:
    """Draw a bar from 0 for each row; columns as in :func:`dots`. Few bars carry their values."""
    plot = Plot("Bar chart", table, Look(**look), x, y, hue)
    value, category = plot.value_and_category()
    if plot.is_constant(value):
        return plot.sentence(value)
    for axes, rows in plot.panels(plot.category_height(category)):
        for level, part, place in plot.levels(rows, category, is_level=False):
            draw = axes.barh if plot.is_flat else axes.bar
            i = plot.number(level)
            draw(place, part[value], plot.slot, color=colour(i), hatch=HATCHES[i % len(HATCHES)],
                 edgecolor="white", linewidth=0, label=plot.name(level), zorder=2)  # fmt: skip
            intervals(plot, axes, part, place, shade="black")
            texts(plot, axes, part, place, part[value], value)
        plot.category_axis(axes, category, value)
        axes.margins(**{"x" if plot.is_flat else "y": 0.12})
    return plot.finish(alt_text.of_values, value, (category, hue, plot.look.panel))


def lines(
    table: pd.DataFrame, x: str, y: str, *, hue: str | None = None, style: str | None = None,
    mark: str | None = None, **look: Any,
) -> Drawn:  # fmt: skip
    """Draw ``y`` along ``x``, a number or settings in their order, a line for each hue and style.

    Rows of one ``x`` are faint dots, and the line is their mean. Rows where the bool column ``mark``
    is true get a marker. ``low`` and ``high`` are a shaded band.
    """
    plot = Plot("Line chart", table, Look(**look), x, y, hue, style, mark)
    if plot.is_constant(y):
        return plot.sentence(y)
    return draw_lines(plot, 3.4, style=style, mark=mark)


def curves(
    table: pd.DataFrame, x: str, y: str, *, hue: str | None = None, size: str | None = None,
    diagonal: bool = False, **look: Any,
) -> Drawn:  # fmt: skip
    """Draw curves whose axes are shares, as precision against recall or observed against predicted.

    ``size`` is a column of counts, shown by the area of the markers; ``diagonal`` is a line of equality.
    """
    plot = Plot("Curve", table, Look(**look), x, y, hue, size)
    if plot.is_constant(y):
        return plot.sentence(y)
    return draw_lines(plot, 4.0, size=size, diagonal=diagonal)


def scatter(
    table: pd.DataFrame, x: str, y: str, *, hue: str | None = None, diagonal: bool = False,
    names: bool = False, **look: Any,
) -> Drawn:  # fmt: skip
    """Draw a point for each row; ``diagonal`` puts both axes on one scale with a line of equality.

    With ``names`` each hue is named at its median, from the outermost on, where there is room.
    """
    plot = Plot("Scatter plot", table, Look(**look), x, y, hue)
    plot.is_plane = True
    if plot.is_constant(y) and plot.is_constant(x):
        return plot.sentence(y)
    size = 34 if len(table) <= 150 else 18
    for axes, rows in plot.panels(4.2):
        for level, part in plot.parts(rows):
            axes.scatter(part[x], part[y], s=size, alpha=0.75, linewidth=0, label=plot.name(level), zorder=2,
                         color=plot.shade(level), marker=marker(plot.number(level)))  # fmt: skip
        plot.value_axes(axes, diagonal)
        if names:
            group_names(plot, axes, rows, x, y)
    return plot.finish(alt_text.of_points, x, y, hue)


def heatmap(
    table: pd.DataFrame, x: str, y: str, value: str, *, numbers: str = ".2f", middle: float | None = None,
    **look: Any,
) -> Drawn:  # fmt: skip
    """Draw the value of each cell by its shade, with numbers in up to 300 cells.

    A value that is not a number is a kind, and has a legend. ``numbers`` is the format of the numbers, empty
    for none. ``middle`` is white, with another colour on each side; 0 where values lie on both sides of it.
    ``limits`` are the ends of the scale.
    """
    plot = Plot("Heat map", table, Look(**look | {"shared": False}), x, y, None, value)
    if plot.is_constant(value):
        return plot.sentence(value)
    columns, rows = plot.values(x), plot.values(y)
    kinds = None if pd.api.types.is_numeric_dtype(table[value]) else plot.values(value)
    scale = kind_scale(plot, kinds) if kinds else value_scale(plot, table[value], middle)
    for axes, part in plot.panels(1.3 + 0.27 * max(len(rows), 4)):
        grid = part.pivot(index=y, columns=x, values=value).reindex(index=rows, columns=columns)
        cells = grid.map(kinds.index, na_action="ignore").astype(float) if kinds else grid
        image = axes.imshow(cells, aspect="auto", interpolation="nearest", **scale)
        axes.grid(False)
        axes.spines[:].set_visible(False)
        axes.tick_params(length=0)
        beside = min(len(plot.split), plot.look.columns)
        ticks(axes.xaxis, [plot.words.value(one) for one in columns], 24 // beside, 55 / beside)
        names = [plot.words.value(one) if plot.is_first_column else "" for one in rows]
        ticks(axes.yaxis, names, 60)
        plot.name_axis(axes, "x", x)
        texts = part.pivot(index=y, columns=x, values=plot.look.text or value).reindex_like(grid)
        if (numbers and not kinds and texts.size * len(plot.split) <= CELLS_WITH_NUMBERS) or plot.look.text:
            cell_texts(axes, image, cells, texts, numbers)
    if not kinds:
        bar = plot.figure.colorbar(image, ax=plot.axes, shrink=0.85, label=plot.words.column(value))
        bar.outline.set_visible(False)
    plot.axes[0].set_ylabel(plot.words.column(y))
    if kinds:
        return plot.finish(alt_text.of_kinds, value, (y, x))
    return plot.finish(alt_text.of_values, value, (y, x, plot.look.panel))


def distributions(
    table: pd.DataFrame, x: str, *, by: str | None = None, hue: str | None = None, weight: str | None = None,
    bins: int = 40, **look: Any,
) -> Drawn:  # fmt: skip
    """Draw how values spread: histograms, or with ``by`` dots or a violin for each category.

    Up to 40 values of a category are drawn as dots over their median. ``weight`` is a column of weights of a
    histogram, for values that were counted before. A ``reference`` that is a column marks one value of each
    panel or row.
    """
    plot = Plot("Strip plot" if by else "Histogram", table, Look(**look), x, by or x, hue, weight)
    plot.is_flat = True
    if plot.is_constant(x):
        return plot.sentence(x)
    edges = bin_edges(table[x].dropna(), bins, is_log="x" in plot.look.log)
    for axes, rows in plot.panels(plot.category_height(by) if by else 2.2):
        if by:
            strips(plot, axes, rows, x, by)
            plot.category_axis(axes, by, x)
        else:
            histogram(plot, axes, rows, x, weight, edges)
            plot.value_axis(axes, x, is_x=True)
    return plot.finish(alt_text.of_groups, x, (by, hue, plot.look.panel), weight)


def network(table: pd.DataFrame, source: str, target: str, *, hue: str | None = None, **look: Any) -> Drawn:
    """Draw edges from sources on an inner ring to targets on an outer one; about 100 edges can be read.

    The table has the places of both ends. They follow from the edges alone, without a random start: both
    rings are ordered by barycentres, which keeps targets beside their sources.
    """
    from reread.core import rings

    plot = Plot("Network", table, Look(**look | {"shared": False}), source, target, hue)
    if table.empty:
        return Drawn(None, table, "No figure is drawn: there is no edge.")
    place = rings.layout(table[source], table[target])
    for axes, rows in plot.panels(7.0):
        rings.draw(plot, axes, rows, place)
    for end, name in (("source", source), ("target", target)):
        at = np.array([place[one] for one in table[name]])
        plot.table = plot.table.assign(**{f"x_{end}": at[:, 0], f"y_{end}": at[:, 1]})
    return plot.finish(alt_text.of_edges, source, target, hue)
