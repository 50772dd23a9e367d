"""What charts are made of: dots, lines, intervals, histograms, cells of a grid, and the words beside them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from reread.core import alt_text
from reread.core.figures import BAND, GREY, PALETTE, SMALL, Drawn, colour, line, marker, spread
from reread.core.plot import Plot, log_axis, ticks

if TYPE_CHECKING:
    from matplotlib.axes import Axes

HATCHES = ("", "//", "..", "xx", "\\\\", "++")
MANY = 12  # repeats of one row from which on their dots are small and spread
FEW = 40  # values of a group up to which each is drawn
LEAST = 3  # values of a group from which on its median and its violin are drawn
GOLDEN = 0.618034  # steps that spread dots evenly, without a random draw
LINE_LABELS = 6
DIVERGING, SEQUENTIAL = "PuOr_r", "Blues"
KINDS = ("#dde4ea", "#9aa5b1", *PALETTE[1:])  # shades of kinds: the first two stay behind the others


def intervals(plot: Plot, axes: Axes, part: pd.DataFrame, place: np.ndarray, shade: str = "") -> None:
    """The grey band of the null, the interval, and the reference of each row."""
    look = plot.look
    if look.band:
        low, high = look.band
        width = 9 if plot.slot > 0.4 else 6
        plot.segment(axes, place, part[low], part[high], color=BAND, linewidth=width, zorder=1,
                     label=plot.words.labels.get("band", "95 % of the null"))  # fmt: skip
    if look.low and look.high:
        level = part[plot.hue].iloc[0] if plot.hue else None
        plot.segment(axes, place, part[look.low], part[look.high], color=shade or plot.shade(level),
                     linewidth=1.5 if shade else 2, zorder=3 if shade else 2)  # fmt: skip
    if isinstance(look.reference, str):
        axes.scatter(*plot.xy(place, part[look.reference]), marker="|" if plot.is_flat else "_", s=160,
                     color=GREY, linewidth=2, zorder=2, label=plot.words.column(look.reference))  # fmt: skip


def draw_dots(plot: Plot, axes: Axes, part: pd.DataFrame, place: np.ndarray, level: Any, value: str) -> None:
    """Dots of one hue; repeats of one category are faint, with a bar at their mean."""
    held = part[value].groupby(place)
    n = int(held.size().max())
    how = {"color": plot.shade(level), "marker": marker(plot.number(level)), "s": 46}
    if n > 1:
        how |= {"alpha": 0.55, "s": 30 if n <= MANY else 14}
        spread = held.cumcount().to_numpy() * GOLDEN % 1 - 0.5 if n > MANY else 0.0
        place = place + 0.7 * plot.slot * spread
        mean = held.mean()
        reach = min(0.4 * plot.slot + 0.06, 0.3)
        (axes.vlines if plot.is_flat else axes.hlines)(
            mean, mean.index - reach, mean.index + reach, color="black", linewidth=2, zorder=4
        )
    axes.scatter(*plot.xy(place, part[value]), linewidth=0, label=plot.name(level), zorder=3, **how)
    texts(plot, axes, part, place, part[value], None)


def texts(
    plot: Plot, axes: Axes, part: pd.DataFrame, place: np.ndarray, ends: pd.Series, value: str | None
) -> None:
    """Words beside the marks: the column ``text``, or the values of up to 12 bars."""
    column = plot.look.text or (value if len(plot.table) <= MANY else None)
    if not column:
        return
    last = part[plot.look.high].combine(ends, max) if plot.look.high else ends
    offset, where = ((7, 0), {"va": "center"}) if plot.is_flat else ((0, 5), {"ha": "center"})
    for at, end, text in zip(place, last, part[column], strict=True):
        if not pd.isna(text) and not pd.isna(end):
            axes.annotate(plot.words.value(text), plot.xy(at, end), xytext=offset, fontsize=SMALL,
                          textcoords="offset points", color="#333333", **where)  # fmt: skip


def draw_lines(
    plot: Plot, height: float, *, style: str | None = None, mark: str | None = None, size: str | None = None,
    diagonal: bool = False,
) -> Drawn:  # fmt: skip
    """Lines of every panel, named at their ends where one panel has few of them."""
    styles = plot.values(style) if style else [None]
    is_named = not (style or size) and len(plot.split) == 1 and 1 < len(plot.hues) <= LINE_LABELS
    for axes, rows in plot.panels(height):
        ends = []
        for level, part in plot.parts(rows):
            for i, one in enumerate(styles):
                own = part if one is None else part[part[style] == one]
                if len(own):
                    kind = line(i if style else plot.number(level))
                    texts = filter(None, (plot.name(level), plot.words.value(one) if style else None))
                    label = ", ".join(texts) or None
                    ends.append((level, label, *_line(plot, axes, own, level, kind, mark, size)))
        if not pd.api.types.is_numeric_dtype(plot.table[plot.x]):
            ticks(axes.xaxis, [plot.words.value(one) for one in plot.values(plot.x)], 12)
        plot.value_axes(axes, diagonal)
        if pd.api.types.is_integer_dtype(plot.table[plot.x]) and "x" not in plot.look.log:
            axes.xaxis.get_major_locator().set_params(integer=True)  # no half epoch
        _name_lines(plot, axes, ends, is_named)
    return plot.finish(alt_text.of_lines, plot.x, plot.y, (plot.hue, style, plot.look.panel))


def _line(
    plot: Plot, axes: Axes, own: pd.DataFrame, level: Any, kind: str, mark: str | None, size: str | None
) -> tuple[Any, float, float]:
    """One line with its band and dots; its handle and its end."""
    x, y, look, shade = plot.x, plot.y, plot.look, plot.shade(level)
    is_number = pd.api.types.is_numeric_dtype(own[x])
    own = own.assign(_at=own[x] if is_number else plot.places(x, own[x])).dropna(subset=[y])
    dot = {"color": shade, "marker": marker(plot.number(level))}
    mean = own.groupby("_at")[y].mean() if own["_at"].duplicated().any() else own.set_index("_at")[y]
    has_dots = len(mean) <= 20 or mark or size
    if look.low and look.high:
        axes.fill_between(own["_at"], own[look.low], own[look.high], color=shade, alpha=0.18, linewidth=0)
    if len(mean) < len(own):
        axes.scatter(own["_at"], own[y], s=20, alpha=0.45, linewidth=0, **dot)
    shown = own[own[mark]] if mark else own if size else own.iloc[:0] if not has_dots else None
    look_of_line = {"color": shade} if shown is not None else dot | {"markersize": 5}
    (handle,) = axes.plot(mean.index, mean, linestyle=kind, linewidth=1.8, **look_of_line)
    if shown is not None and len(shown):
        area = 16 + 110 * np.sqrt(shown[size] / plot.table[size].max()) if size else 40
        axes.scatter(shown["_at"], shown[y], s=area, zorder=4, **dot)
    return handle, mean.index[-1], mean.iloc[-1]


def _name_lines(plot: Plot, axes: Axes, ends: list[tuple], is_named: bool) -> None:
    """Names at the ends of lines that reach the right edge together, else in the legend."""
    lasts = [x for *_, x, _ in ends]
    axes.autoscale_view()  # the transform below does not see limits that are still to be computed
    to_right = (axes.transScale + axes.transLimits).transform([(x, y) for *_, x, y in ends])
    gaps = np.diff(np.sort(to_right[:, 1]))
    if is_named and len(set(lasts)) == 1 and gaps.min() > 0.02:
        for y, (level, label, *_) in zip(spread(to_right[:, 1], 0.065), ends, strict=True):
            axes.annotate(label, (1.0, y), xytext=(6, 0), textcoords="offset points", va="center",
                          xycoords="axes fraction", color=plot.shade(level), fontsize=SMALL)  # fmt: skip
        return
    for _, label, handle, *_ in ends:
        handle.set_label(label)


def group_names(plot: Plot, axes: Axes, rows: pd.DataFrame, x: str, y: str) -> None:
    """Each hue at its median, outermost first, without those whose name would lie on another."""
    middles = rows.groupby(plot.hue, observed=True)[[x, y]].median()
    size = np.ptp(rows[[x, y]].dropna().to_numpy(), axis=0)
    far = np.square((middles - rows[[x, y]].mean()) / size).sum(axis=1)
    shown: dict[str, np.ndarray] = {}
    for level in far.sort_values(ascending=False, kind="stable").index:
        text, at = plot.words.value(level), middles.loc[level].to_numpy()
        room = [np.array([0.02 + 0.009 * len(text + other), 0.06]) * size for other in shown]
        if all((np.abs(at - shown[other]) > gap).any() for other, gap in zip(shown, room, strict=True)):
            shown[text] = at
            under = {"facecolor": "white", "alpha": 0.75, "edgecolor": "none", "pad": 0.8}
            axes.text(*at, text, fontsize=SMALL, ha="center", va="center", zorder=5, bbox=under)


def value_scale(plot: Plot, values: pd.Series, middle: float | None) -> dict[str, Any]:
    """Colour map and its ends: two colours where values lie on both sides of the middle."""
    low, high = plot.look.limits or (None, None)
    low = values.min() if low is None else low
    high = values.max() if high is None else high
    middle = 0.0 if middle is None and low < 0 < high else middle
    if middle is None:
        return {"cmap": SEQUENTIAL, "vmin": min(0.0, low) if plot.look.limits is None else low, "vmax": high}
    reach = max(high - middle, middle - low)
    return {"cmap": DIVERGING, "vmin": middle - reach, "vmax": middle + reach}


def kind_scale(plot: Plot, kinds: list) -> dict[str, Any]:
    """Colour map of kinds; each takes its place in the legend when the figure is finished."""
    from matplotlib.colors import ListedColormap

    shades = KINDS[: len(kinds)]
    plot.kinds = dict(zip(map(plot.words.value, kinds), shades, strict=True))
    return {"cmap": ListedColormap(shades), "vmin": -0.5, "vmax": len(kinds) - 0.5}


def cell_texts(axes: Axes, image: Any, cells: pd.DataFrame, texts: pd.DataFrame, form: str) -> None:
    """A number in each cell, white where the shade is dark."""
    size = 8 if cells.shape[1] > 10 else SMALL
    for (row, column), value in np.ndenumerate(cells.to_numpy(dtype=float)):
        text = texts.iat[row, column]
        if np.isnan(value) or pd.isna(text):
            continue
        dark = np.dot(image.to_rgba(value)[:3], (0.299, 0.587, 0.114)) < 0.55
        said = text if isinstance(text, str) else format(text, form)
        axes.text(
            column, row, said, ha="center", va="center", fontsize=size, color="white" if dark else "black"
        )


def bin_edges(values: pd.Series, bins: int, *, is_log: bool) -> np.ndarray:
    """Ends of bins of one width, or of one ratio on a logarithmic axis."""
    ends = values.min(), values.max()
    return np.geomspace(*ends, bins + 1) if is_log else np.linspace(*ends, bins + 1)


def histogram(
    plot: Plot, axes: Axes, rows: pd.DataFrame, x: str, weight: str | None, edges: np.ndarray
) -> None:
    """Shares of values by bin, outlined; the hue, or else the panel, has the colour."""
    for level, part in plot.parts(rows):
        weights = part[weight] if weight else np.full(len(part), 1 / len(part))
        share, _ = np.histogram(part[x], edges, weights=weights)
        one = plot.number(level) if plot.hue else plot.axes.index(axes)
        axes.stairs(share, edges, fill=True, color=colour(one), alpha=0.35, linewidth=0)
        kind = line(one) if plot.hue else "-"
        axes.stairs(share, edges, color=colour(one), linestyle=kind, linewidth=1.4, label=plot.name(level))
    if isinstance(plot.look.reference, str):
        axes.axvline(rows[plot.look.reference].iloc[0], color="black", linewidth=2, linestyle="--",
                     label=plot.words.column(plot.look.reference))  # fmt: skip
    if "y" in plot.look.log:
        log_axis(axes, "y")
    if plot.is_first_column:
        axes.set_ylabel(plot.words.labels.get("share", "share of values"))


def strips(plot: Plot, axes: Axes, rows: pd.DataFrame, x: str, by: str) -> None:
    """Dots over their median; a violin behind them where one category has more than 40.

    Fewer than three values of a category and hue have neither: they are large dots that nothing covers.
    """
    groups = rows.groupby([by, *([plot.hue] if plot.hue else [])], observed=True)[x]
    many = groups.size().max() > FEW
    for level, part, place in plot.levels(rows, by, is_level=False):
        n = part[x].groupby(place).transform("count").to_numpy()
        if many and (n >= LEAST).any():
            _violins(plot, axes, part[n >= LEAST], place[n >= LEAST], x, level)
        turn = np.where(n < LEAST, 0.0, np.arange(len(part)) * GOLDEN % 1 - 0.5)
        size = np.where(n < LEAST, 34, 5 if many else 26)
        look = {"color": plot.shade(level), "marker": marker(plot.number(level)), "linewidth": 0}
        fade = np.where(n < LEAST, 1.0, 0.35 if many else 0.7)
        axes.scatter(part[x], place + 0.6 * plot.slot * turn, s=size, alpha=fade, zorder=3, **look)
        axes.scatter([], [], s=30, label=plot.name(level), **look)
        middle = part[x][n >= LEAST].groupby(place[n >= LEAST]).median()
        reach = 0.4 * plot.slot
        axes.vlines(middle, middle.index - reach, middle.index + reach, color="black", linewidth=2, zorder=4)
        if isinstance(plot.look.reference, str):
            intervals(plot, axes, part.drop_duplicates(by), plot.places(by, part.drop_duplicates(by)[by]))


def _violins(plot: Plot, axes: Axes, part: pd.DataFrame, place: np.ndarray, x: str, level: Any) -> None:
    import seaborn  # about a second of CPU time, so only where a violin is drawn

    shown = pd.DataFrame({"value": part[x].to_numpy(), "place": place})
    look = {"inner": None, "cut": 0, "linewidth": 0.8, "alpha": 0.35, "legend": False}
    look["log_scale"] = ("x" in plot.look.log, False)  # the density is that of what is shown
    seaborn.violinplot(shown, x="value", y="place", orient="h", native_scale=True, ax=axes,
                       color=plot.shade(level), width=0.9 * plot.slot, **look)  # fmt: skip
    axes.set(xlabel="", ylabel="")
