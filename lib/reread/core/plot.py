"""The frame of a chart: panels, order and looks of categories, axes, references and legend."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil
from textwrap import fill
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from reread.core import alt_text, figures
from reread.core.errors import ParameterError, did_you_mean
from reread.core.figures import GREY, WIDTH, Drawn

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LETTERS = 62  # letters of all titles beside each other
LETTER = 0.075  # inches of a letter of the legend
SHADE = "#fbeed5"


@dataclass(frozen=True)
class Look:
    """Keywords that every chart takes; :mod:`reread.core.charts` describes them."""

    panel: str | None = None
    columns: int = 3
    order: Mapping[str, Sequence] = field(default_factory=dict)
    labels: Mapping[Any, str] = field(default_factory=dict)
    low: str | None = None
    high: str | None = None
    band: tuple[str, str] | None = None
    reference: Mapping[str, float] | str = field(default_factory=dict)
    shade: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    text: str | None = None
    log: str = ""
    limits: tuple[float | None, float | None] | None = None
    shared: bool = True


class Plot:
    """One chart while it is drawn."""

    def __init__(self, chart: str, table: pd.DataFrame, look: Look, x: str, y: str, *others: str | None):
        self.chart, self.table, self.look, self.x, self.y = chart, table, look, x, y
        self.hue = others[0] if others else None
        self.words = alt_text.Words(look.labels)
        self.order = {column: list(values) for column, values in look.order.items()}
        self.is_plane = False  # whether both axes are values
        self.is_flat = False  # whether the value lies on the horizontal axis
        named = [x, y, *others, look.panel, look.low, look.high, look.text, *(look.band or ())]
        named.append(look.reference if isinstance(look.reference, str) else None)
        for name in filter(None, named):
            if name not in table.columns:
                raise ParameterError(
                    f"The table of this {chart.lower()} has no column {name!r}. "
                    f"{did_you_mean(name, table.columns)}"
                )
        self.split = self.values(look.panel) if look.panel else [None]
        self.hues = self.values(self.hue) if self.hue else [None]
        self.slot = 0.6
        self.kinds: dict[str, str] = {}  # colours of a heat map of kinds

    def values(self, column: str) -> list:
        """Values of a column in the order shown: as asked for, then as in the table."""
        held = self.table[column].dropna()
        found = held.cat.categories if isinstance(held.dtype, pd.CategoricalDtype) else held.unique()
        found = [one for one in found if (held == one).any()]
        wanted = [one for one in self.order.get(column, ()) if one in found]
        return wanted + [one for one in found if one not in wanted]

    def value_and_category(self) -> tuple[str, str]:
        """Names of the value and of the category column; sets which axis is which."""
        is_number = {name: pd.api.types.is_numeric_dtype(self.table[name]) for name in (self.x, self.y)}
        if not any(is_number.values()):
            raise ParameterError(f"One of {self.x!r} and {self.y!r} must be a column of numbers.")
        self.is_flat = is_number[self.x] and not is_number[self.y]
        return (self.x, self.y) if self.is_flat else (self.y, self.x)

    def is_constant(self, value: str) -> bool:
        """Whether the values and what is drawn around them are empty or all equal."""
        drawn = self.table[[value, *filter(None, (self.look.low, self.look.high)), *(self.look.band or ())]]
        return self.table[value].notna().sum() == 0 or drawn.stack().nunique() < 2

    def sentence(self, value: str) -> Drawn:
        """What is returned in place of a figure of constant data."""
        return Drawn(None, self.table, alt_text.constant(self.table, value, self.words))

    def category_height(self, category: str, *, is_level: bool = False) -> float:
        """Inches of a panel: a line for each category, more where hues lie side by side."""
        if not self.is_flat:
            return 3.4
        beside = 0 if is_level or not self._meet(self.table, category) else min(len(self.hues) - 1, 4)
        return 0.75 + len(self.values(category)) * (0.28 + 0.1 * beside)

    def panels(self, height: float) -> Iterator[tuple[Axes, pd.DataFrame]]:
        """Open the figure, and give each panel with its rows; draw what lies behind the data."""
        ncols = min(self.look.columns, len(self.split))
        nrows = ceil(len(self.split) / ncols)
        self.figure, axes = figures.new(WIDTH, nrows * height + 0.35, ncols, nrows)
        self.axes = list(np.atleast_1d(axes).ravel())
        for spare in self.axes[len(self.split) :]:
            spare.remove()
        self.axes = self.axes[: len(self.split)]
        for i, (one, value) in enumerate(zip(self.axes, self.split, strict=True)):
            self.is_first_column, self.is_last_row = i % ncols == 0, i + ncols >= len(self.split)
            rows = self.table if value is None else self.table[self.table[self.look.panel] == value]
            if value is not None:
                letter = f"{chr(97 + i)}  " if len(self.split) > 1 else ""
                one.set_title(fill(f"{letter}{self.words.value(value)}", int(LETTERS / ncols)))
            yield one, rows

    def levels(self, rows: pd.DataFrame, category: str, *, is_level: bool) -> Iterator[tuple]:
        """Each hue with its rows and their places on the category axis, hues side by side where they meet."""
        n = len(self.hues) if self._meet(rows, category) and not is_level else 1
        self.slot = 0.7 / n
        for level, part in self.parts(rows):
            shift = (self.hues.index(level) - (n - 1) / 2) * self.slot if n > 1 else 0.0
            yield level, part, self.places(category, part[category]) + shift

    def _meet(self, rows: pd.DataFrame, category: str) -> bool:
        """Whether a category has several hues."""
        if not self.hue:
            return False
        return bool(rows.groupby(category, observed=True)[self.hue].nunique().max() > 1)

    def parts(self, rows: pd.DataFrame) -> Iterator[tuple[Any, pd.DataFrame]]:
        """Each hue with its rows."""
        for level in self.hues:
            part = rows if level is None else rows[rows[self.hue] == level]
            if len(part):
                yield level, part

    def places(self, category: str, values: pd.Series) -> np.ndarray:
        """Place of each value on the category axis: 0 is the first."""
        place = {one: i for i, one in enumerate(self.values(category))}
        return np.array([place.get(one, np.nan) for one in values], dtype=float)

    def number(self, level: Any) -> int:
        """Number of a hue in the palette."""
        return self.hues.index(level)

    def shade(self, level: Any) -> str:
        """Colour of a hue."""
        return figures.colour(self.number(level))

    def name(self, level: Any) -> str | None:
        """Words of a hue in the legend."""
        return None if level is None else self.words.value(level)

    def xy(self, place: Any, value: Any) -> tuple[Any, Any]:
        """Coordinates of a value at a place of the category axis."""
        return (value, place) if self.is_flat else (place, value)

    def segment(self, axes: Axes, place: Any, low: Any, high: Any, **how: Any) -> None:
        """Lines along the value axis."""
        (axes.hlines if self.is_flat else axes.vlines)(place, low, high, **how)

    def category_axis(self, axes: Axes, category: str, value: str) -> None:
        """Name the categories, and finish the value axis."""
        names, ends = self.values(category), (-0.6, len(self.values(category)) - 0.4)
        texts = [self.words.value(one) for one in names]
        if self.is_flat:
            axes.set_yticks(range(len(names)), texts if self.is_first_column else [""] * len(names))
            axes.set_ylim(ends[::-1])
            figures.grid_lines(axes, "x")
        else:
            is_long = sum(map(len, texts)) * len(self.split) > 75 and not any("\n" in t for t in texts)
            turned = {"rotation": 35, "ha": "right", "rotation_mode": "anchor"} if is_long else {}
            axes.set_xticks(range(len(names)), texts, **turned)
            axes.set_xlim(ends)
            figures.grid_lines(axes, "y")
        axes.tick_params(axis="y" if self.is_flat else "x", length=0)
        is_named = category in self.look.labels or pd.api.types.is_numeric_dtype(self.table[category])
        if is_named and (self.is_first_column or not self.is_flat):
            (axes.set_ylabel if self.is_flat else axes.set_xlabel)(self.words.column(category))
        self.value_axis(axes, value, is_x=self.is_flat)

    def value_axis(self, axes: Axes, value: str, *, is_x: bool) -> None:
        """Label, scale and ends of the value axis, with its references and shaded ranges."""
        axis = "x" if is_x else "y"
        if axis in self.look.log:
            log_axis(axes, axis)
        line, span = (axes.axvline, axes.axvspan) if is_x else (axes.axhline, axes.axhspan)
        for name, (low, high) in self.look.shade.items():
            span(low, high, color=SHADE, linewidth=0, zorder=0, label=name)
        if isinstance(self.look.reference, Mapping):
            for i, (name, at) in enumerate(self.look.reference.items()):
                line(at, color=GREY, linewidth=1.2, linestyle=(":", "--", "-.")[i % 3], zorder=1, label=name)
        if self.look.limits:
            axes.set(**{f"{axis}lim": self.look.limits})
        self.name_axis(axes, axis, value)

    def name_axis(self, axes: Axes, axis: str, column: str) -> None:
        """Words of an axis: once for panels side by side."""
        if axis == "x" and len(self.split) > 1:
            self.figure.supxlabel(self.words.column(column))
        elif axis == "x" or self.is_first_column:
            axes.set(**{f"{axis}label": self.words.column(column)})

    def value_axes(self, axes: Axes, diagonal: bool) -> None:
        """Both axes of numbers, with a line of equality where asked for."""
        if "x" in self.look.log:
            log_axis(axes, "x")
        self.value_axis(axes, self.y, is_x=False)
        self.name_axis(axes, "x", self.x)
        if diagonal:
            ends = [min(axes.get_xlim()[0], axes.get_ylim()[0]), max(axes.get_xlim()[1], axes.get_ylim()[1])]
            axes.plot(ends, ends, color=GREY, linewidth=1, linestyle=":", zorder=1)
            axes.set(xlim=ends, ylim=ends)

    def finish(self, say: Callable[..., str], *columns: Any) -> Drawn:
        """Add the legend, and the alt text from the table."""
        if self.look.shared and not self.kinds:
            for axis in ("x",) if self.is_flat else ("y", "x") if self.is_plane else ("y",):
                ends = np.array([getattr(axes, f"get_{axis}lim")() for axes in self.axes])
                for axes in self.axes:
                    axes.set(**{f"{axis}lim": (ends.min(), ends.max())})
        shown: dict[str, Any] = {}
        for axes in self.axes:
            for handle, text in zip(*axes.get_legend_handles_labels(), strict=True):
                shown.setdefault(text, handle)
        if self.kinds:
            from matplotlib.patches import Patch

            shown |= {text: Patch(color=shade) for text, shade in self.kinds.items()}
        if shown:
            width = max(map(len, shown)) * LETTER + 0.55
            ncols = max(1, min(len(shown), int(WIDTH / width)))
            title = self.words.column(self.hue) if self.hue in self.look.labels else None
            self.figure.legend(
                shown.values(), shown.keys(), loc="outside upper left", ncols=ncols, title=title,
                alignment="left",
            )  # fmt: skip
        return Drawn(
            self.figure, self.table.reset_index(drop=True), say(self.chart, self.table, *columns, self.words)
        )


def log_axis(axes: Axes, axis: str) -> None:
    """A logarithmic axis whose ticks are plain numbers, also between the powers of ten where it is short."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    axes.set(**{f"{axis}scale": "log"})
    low, high = axes.dataLim.intervalx if axis == "x" else axes.dataLim.intervaly
    side = axes.xaxis if axis == "x" else axes.yaxis
    if 0 < low < high and high / low < 1000:
        side.set_major_locator(LogLocator(subs=(1, 2, 5)))
    form = alt_text.number if low >= 1e-3 and high < 1e7 else _power
    side.set_major_formatter(FuncFormatter(lambda value, _: form(value)))
    side.set_minor_formatter(NullFormatter())


def _power(value: float) -> str:
    """A power of ten or its multiple with a raised exponent: no mathematics is read in a figure."""
    digits, _, exponent = f"{value:.0e}".partition("e")
    raised = str(int(exponent)).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
    return f"10{raised}" if digits == "1" else f"{digits}·10{raised}"


def ticks(axis: Any, texts: list[str], most: int, room: float = 55) -> None:
    """Name at most so many places of an axis; slanted where the letters need more than ``room``."""
    step = max(1, ceil(len(texts) / most))
    places = range(0, len(texts), step)
    is_x = axis.axis_name == "x"
    is_long = is_x and max(map(len, texts), default=0) * len(places) > room
    turned = {"rotation": 40, "ha": "right", "rotation_mode": "anchor"} if is_long else {}
    axis.set_ticks(places, [texts[i] for i in places], **turned)
