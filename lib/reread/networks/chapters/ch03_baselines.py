"""Figures that compare methods over splits."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from reread.core import figures
from reread.core.errors import DataError
from reread.networks import plots as marks
from reread.networks.methods.benchmark import DEEP, FAMILY, NAMES
from reread.networks.plots import FAMILIES, SCHEME_LABEL

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

AXIS = {"auroc": "AUROC", "auprc": "AUPRC (average precision)", "auprc_ratio": "AUPRC over density"}
CHANCE = {"auroc": 0.5, "auprc_ratio": 1.0}
N_RECALLS = 101


def leak(table: pd.DataFrame, measure: str = "auroc") -> tuple[Figure, pd.DataFrame]:
    """Draw what is left of each method once TFs, genes, or both are held out.

    Parameters
    ----------
    table : DataFrame
        From ``compare.compare_scores``.
    measure : str
        ``auroc``, ``auprc`` or, from ``grid.measure_grid``, ``auprc_ratio``.

    Returns
    -------
    Figure, DataFrame
        The table: family, method, and one column a scheme. The band reaches to the best of names alone under
        the pair split.
    """
    wide = _wide(table, measure)
    schemes = [name for name in SCHEME_LABEL if name in wide]
    figure, axes = figures.new(7, 1.3 + 0.3 * len(wide))
    chance = CHANCE.get(measure, float(table["prevalence"].mean()))
    if "pair" in wide:
        best = wide.loc[wide["family"] == NAMES, "pair"].max()
        axes.axvspan(chance, best, color="#fbeed5", linewidth=0, zorder=0)
    axes.axvline(chance, color=figures.GREY, linewidth=1, linestyle=":")
    y = len(wide) - 1 - np.arange(len(wide)) - 0.45 * _family_steps(wide)
    axes.hlines(y, wide[schemes].min(axis=1), wide[schemes].max(axis=1), color="#b5b5b5", linewidth=1.6)
    for scheme in schemes:
        axes.scatter(
            wide[scheme], y, color=marks.SCHEME_COLOUR[scheme], marker=marks.SCHEME_MARKER[scheme], s=44,
            label=SCHEME_LABEL[scheme], zorder=3, edgecolor="white", linewidth=0.6,
        )  # fmt: skip
    axes.set_yticks(y, wide["method"])
    for text, family in zip(axes.get_yticklabels(), wide["family"], strict=True):
        text.set_color(_dark(family))
    axes.set_xlabel(f"{AXIS[measure]}\ndotted: chance; shaded: reached by names alone under the pair split")
    figure.legend(
        loc="outside upper right", ncols=len(schemes), handletextpad=0.2, columnspacing=1.2, frameon=False
    )
    marks.grid_lines(axes)
    return figure, wide


def _wide(table: pd.DataFrame, measure: str) -> pd.DataFrame:
    """One row a method, one column a scheme; families together in their order."""
    wide = table.pivot(index=["family", "method"], columns="scheme", values=measure).reset_index()
    rank = wide["family"].map(list(FAMILIES).index)
    order = {name: i for i, name in enumerate(table["method"].drop_duplicates())}
    wide = wide.assign(rank=rank, place=wide["method"].map(order)).sort_values(["rank", "place"])
    return wide.drop(columns=["rank", "place"]).reset_index(drop=True).rename_axis(None, axis=1)


def _family_steps(wide: pd.DataFrame) -> np.ndarray:
    """How many families stand above each row: the gaps between groups."""
    return (wide["family"] != wide["family"].shift()).cumsum().to_numpy() - 1


def _dark(family: str) -> str:
    # The orange of names is too light for small text.
    return "#8a6100" if family == NAMES else marks.FAMILY_COLOUR[family]


def auprc_gain(table: pd.DataFrame) -> tuple[Figure, pd.DataFrame]:
    """Draw what expression adds to names: AUPRC less that of the best names-only rule, with its interval."""
    shown = table.loc[
        table["family"] != NAMES,
        ["scheme", "family", "method", "auprc_gain", "auprc_gain_low", "auprc_gain_high"],
    ]
    if shown.empty:
        raise DataError(
            "A auprc_gain is drawn for methods that see expression, but the table holds none. Add one."
        )
    methods = _wide(shown, "auprc_gain")[["family", "method"]]
    schemes = [name for name in SCHEME_LABEL if name in set(shown["scheme"])]
    figure, panels = figures.new(7.4, 1.35 + 0.29 * len(methods), ncols=len(schemes))
    panels = np.atleast_1d(panels)
    reach = 1.08 * np.nanmax(np.abs(shown[["auprc_gain_low", "auprc_gain_high"]].to_numpy()))
    y = len(methods) - 1 - np.arange(len(methods)) - 0.45 * _family_steps(methods)
    for axes, scheme in zip(panels, schemes, strict=True):
        rows = methods.merge(shown[shown["scheme"] == scheme], on=["family", "method"], how="left")
        _forest(axes, rows, y)
        axes.set_title(SCHEME_LABEL[scheme], fontsize=10)
        axes.set(xlim=(-reach, reach), ylim=(y.min() - 0.6, y.max() + 0.6))
        axes.set_yticks(y, methods["method"] if axes is panels[0] else [""] * len(y))
    said = "expression auprc_gain: AUPRC less that of the best names-only rule (95 % interval over TFs)"
    figure.supxlabel(said, fontsize=10)
    return figure, shown.reset_index(drop=True)


def _forest(axes, rows: pd.DataFrame, y: np.ndarray) -> None:
    axes.axvline(0, color="black", linewidth=1)
    for place, row in zip(y, rows.itertuples(), strict=True):
        shade, mark = marks.FAMILY_COLOUR[row.family], marks.FAMILY_MARKER[row.family]
        axes.hlines(place, row.auprc_gain_low, row.auprc_gain_high, color=shade, linewidth=2)
        axes.scatter(row.auprc_gain, place, color=shade, marker=mark, s=34, zorder=3)
    axes.tick_params(labelsize=9)
    marks.grid_lines(axes)


def precision_recall(
    scores: pd.DataFrame, scheme: str, methods: Iterable[str] | None = None
) -> tuple[Figure, pd.DataFrame]:
    """Draw precision against recall under one scheme, over the band of names-only rules.

    Parameters
    ----------
    scores : DataFrame
        From ``compare.score_methods`` (and, below it, scores of deep models).
    scheme : str
    methods : iterable of str, optional
        Lines to draw; if left out, the two best of each family that sees expression.

    Returns
    -------
    Figure, DataFrame
        The table: method, recall, precision (mean over folds at 101 recalls).

    Raises
    ------
    DataError
        If the scheme was not scored.
    """
    scores = scores[scores["scheme"] == scheme]
    if scores.empty:
        raise DataError(f"No method was scored under scheme {scheme!r}. Add it to the schemes.")
    curves = {method: _mean_curve(rows) for method, rows in scores.groupby("method", sort=False)}
    wanted = _best_of_each_family(curves) if methods is None else list(methods)
    figure, axes = figures.new(7, 3.8)
    _null_band(axes, [curve for method, curve in curves.items() if FAMILY.get(method) == NAMES])
    recall = np.linspace(0, 1, N_RECALLS)
    for i, name in enumerate(sorted(wanted, key=lambda m: -curves[m].mean())):
        look = {"color": marks.colour(i), "linestyle": marks.line(i)}
        axes.plot(recall, curves[name], linewidth=2, label=name, **look)
    density = float(scores["label"].mean())
    axes.axhline(density, color=figures.GREY, linewidth=1, linestyle=":", label="chance")
    axes.set(xlabel="recall", ylabel="precision", xlim=(0, 1), ylim=(max(0, density - 0.1), 1.02))
    figure.legend(loc="outside right center", fontsize=marks.SMALL, frameon=False)
    marks.grid_lines(axes, "both")
    rows = [pd.DataFrame({"method": name, "recall": recall, "precision": c}) for name, c in curves.items()]
    return figure, pd.concat(rows, ignore_index=True)


def _best_of_each_family(curves: dict[str, np.ndarray]) -> list[str]:
    best = sorted(curves, key=lambda m: -curves[m].mean())
    of_family = {family: [m for m in best if FAMILY.get(m, DEEP) == family] for family in FAMILIES}
    return [m for family, found in of_family.items() if family != NAMES for m in found[:2]]


def _null_band(axes: Axes, curves: list[np.ndarray]) -> None:
    if curves:
        low, high = np.min(curves, axis=0), np.max(curves, axis=0)
        axes.fill_between(
            np.linspace(0, 1, N_RECALLS), low, high, color="#fbeed5", linewidth=0, label="names alone"
        )


def _mean_curve(rows: pd.DataFrame) -> np.ndarray:
    """Precision (recall,) at even recalls, mean over folds; each the best at that recall or beyond."""
    from sklearn.metrics import precision_recall_curve

    curves = []
    for _, fold in rows.groupby("fold"):
        precision, recall, _ = precision_recall_curve(fold["label"], fold["score"])
        best = np.maximum.accumulate(precision[:-1])
        at = np.searchsorted(recall[:-1][::-1], np.linspace(0, 1, N_RECALLS), side="left")
        curves.append(best[::-1][np.minimum(at, len(best) - 1)])
    return np.mean(curves, axis=0)
