"""Alt text of a figure, computed from the table behind it: chart type, axes, n, and what stands out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pandas as pd

from reread.core.figures import ALT_LENGTH

NAME_LENGTH = 32


class Words:
    """Words for the columns and values of a table: those given, else the name itself."""

    def __init__(self, labels: Mapping[str, str] | None = None):
        self.labels = dict(labels or {})

    def column(self, name: str | None) -> str:
        """The words of a column; its name without underscores where none are given."""
        return "" if name is None else self.labels.get(name, str(name).replace("_", " "))

    def named(self, name: str | None) -> str:
        """The words of a column in a sentence: its own name where its axis has an empty label."""
        return self.column(name) or ("" if name is None else str(name).replace("_", " "))

    def value(self, value: object) -> str:
        """The words of a value; numbers in their shortest form."""
        if value in self.labels:
            return self.labels[value]
        return number(value) if isinstance(value, (int, float, np.number)) else str(value)

    def brief(self, value: object) -> str:
        """The words of a value on one line, cut at 32 characters."""
        text = " ".join(self.value(value).split())
        return text if len(text) <= NAME_LENGTH else text[: NAME_LENGTH - 1] + "…"


def number(value: float) -> str:
    """A number as a reader wants it: three significant digits, thousands apart, counts as counts."""
    value = float(value)
    if np.isnan(value):
        return "not measured"
    if value.is_integer():
        return f"{int(value):,}"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def fitted(clauses: Iterable[str]) -> str:
    """Join clauses by semicolons as far as 250 characters reach; the first one is always there."""
    text = ""
    for clause in clauses:
        longer = f"{text}; {clause}" if text else clause
        if len(longer) + 1 <= ALT_LENGTH[1]:
            text = longer
        elif not text:
            text = longer[: ALT_LENGTH[1] - 2] + "…"
    return f"{text}."


def of_values(chart: str, table: pd.DataFrame, value: str, by: Sequence[str | None], words: Words) -> str:
    """Alt text of one value for each combination of ``by``: its number, highest and lowest, group means."""
    by = [name for name in by if name]
    known = table.dropna(subset=[value])
    axes = " and ".join(filter(None, (", ".join(map(words.named, by[:-1])), words.named(by[-1]))))
    head = f"{chart} of {words.named(value)} by {axes}, {_count(len(known), 'value')}"
    if known.empty:
        return fitted([head])
    high, low = known.loc[known[value].idxmax()], known.loc[known[value].idxmin()]
    ends = [f"{end} {number(row[value])} ({', '.join(words.brief(row[name]) for name in by)})"
            for end, row in (("highest", high), ("lowest", low))]  # fmt: skip
    clauses = [head, *ends]
    means = known.groupby(by[-1], sort=False, observed=True)[value].mean() if len(by) > 1 else ()
    if 1 < len(means) < 6:
        clauses.append("means: " + ", ".join(f"{words.brief(k)} {number(v)}" for k, v in means.items()))
    return fitted(clauses)


def of_lines(chart: str, table: pd.DataFrame, x: str, y: str, by: Sequence[str | None], words: Words) -> str:
    """Alt text of lines: their number, and where each begins and ends."""
    by = [name for name in by if name]
    known = table.dropna(subset=[y])
    parts = list(known.groupby(by, sort=False, observed=True)) if by else [((), known)]
    head = f"{chart} of {words.named(y)} against {words.named(x)}, {_count(len(parts), 'line')}"
    clauses = [head]
    for key, rows in parts:
        ends = rows.groupby(x, sort=rows[x].dtype.kind in "ifu", observed=True)[y].mean()
        first, last = ends.iloc[0], ends.iloc[-1]
        verb = "rises" if last > first else "falls" if last < first else "stays"
        way = (
            f"{verb} from {number(first)} to {number(last)}" if last != first else f"stays at {number(last)}"
        )
        name = ", ".join(words.brief(one) for one in (key if isinstance(key, tuple) else (key,)))
        clauses.append(f"{name} {way}".strip())
    return fitted(clauses)


def of_points(chart: str, table: pd.DataFrame, x: str, y: str, hue: str | None, words: Words) -> str:
    """Alt text of points in a plane: their number and groups, their ranges and their correlation."""
    known = table.dropna(subset=[x, y])
    of = f"in {_count(known[hue].nunique(), 'group')} ({words.named(hue)})" if hue else ""
    head = (
        f"{chart} of {words.named(y)} against {words.named(x)}, {_count(len(known), 'point')} {of}".rstrip()
    )
    ranges = [f"{words.named(c)} from {number(known[c].min())} to {number(known[c].max())}" for c in (y, x)]
    clauses = [head, ", ".join(ranges)]
    if len(known) > 2 and known[x].nunique() > 1 and known[y].nunique() > 1:
        clauses.insert(1, f"Pearson correlation {np.corrcoef(known[x], known[y])[0, 1]:.2f}")
    return fitted(clauses)


def of_groups(
    chart: str, table: pd.DataFrame, value: str, by: Sequence[str | None], weight: str | None, words: Words,
) -> str:  # fmt: skip
    """Alt text of distributions: how many values, and the median and middle nine tenths of each group."""
    by = [name for name in by if name]
    known = table.dropna(subset=[value])
    head = f"{chart} of {words.named(value)}, {_count(len(known), 'bin' if weight else 'value')}"
    parts = list(known.groupby(by, sort=False, observed=True)) if by else [("", known)]
    clauses = [head + (" by " + " and ".join(map(words.named, by)) if by else "")]
    for key, rows in parts:
        rows = rows.sort_values(value)
        share = (rows[weight] if weight else pd.Series(1.0, rows.index)).cumsum()
        at = [rows[value].iloc[int((share < q * share.iloc[-1]).sum())] for q in (0.05, 0.5, 0.95)]
        at[1] = at[1] if weight else rows[value].median()
        name = ", ".join(words.brief(one) for one in (key if isinstance(key, tuple) else (key,)))
        ends = f"median {number(at[1])}, nine tenths from {number(at[0])} to {number(at[2])}"
        clauses.append(f"{name} {ends}".strip())
    return fitted(clauses)


def of_kinds(chart: str, table: pd.DataFrame, value: str, by: Sequence[str], words: Words) -> str:
    """Alt text of a grid of kinds: its size, and how many cells are of each kind."""
    size = " by ".join(_count(table[name].nunique(), words.named(name)) for name in by)
    counts = table[value].value_counts()
    each = ", ".join(f"{count:,} {words.brief(kind)}" for kind, count in counts.items())
    return fitted([f"{chart} of {words.named(value)}, {size}, {_count(len(table), 'cell')}", each])


def of_edges(chart: str, table: pd.DataFrame, source: str, target: str, hue: str | None, words: Words) -> str:
    """Alt text of a network: its edges and nodes, the kinds of edges, the source with most targets."""
    n = table[source].value_counts()
    clauses = [f"{chart} of {len(table)} edges from {_count(len(n), words.named(source))} to "
               f"{_count(table[target].nunique(), words.named(target))}"]  # fmt: skip
    if hue:
        kinds = table[hue].value_counts(sort=False)
        clauses.append(", ".join(f"{count} {words.brief(kind)}" for kind, count in kinds.items()))
    return fitted([*clauses, f"{words.brief(n.index[0])} has most edges, {n.iloc[0]}"])


def constant(table: pd.DataFrame, value: str, words: Words) -> str:
    """The sentence in place of a chart whose data are empty or all equal."""
    known = table[value].dropna()
    if known.empty:
        return f"No figure is drawn: there is no value of {words.named(value)}."
    n = "one value" if len(known) == 1 else f"all {len(known):,} values"
    verb = "is" if len(known) == 1 else "are"
    return f"No figure is drawn: {n} of {words.named(value)} {verb} {words.value(known.iloc[0])}."


def _count(n: int, what: str) -> str:
    return f"{n:,} {what}" + ("" if n == 1 or what.endswith("s") else "s")
