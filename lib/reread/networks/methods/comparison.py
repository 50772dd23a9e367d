"""Words, figures and tables of a comparison of methods, shared by several chapters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from reread.core import charts

if TYPE_CHECKING:
    from reread.core.figures import Drawn

SCHEMES = {"pair": "pair split", "tf": "TF held out", "gene": "gene held out", "both": "both held out"}
METHODS = {
    "tf-rate": "TF rate",
    "gene-rate": "gene rate",
    "tf-and-gene-rate": "TF and gene rate",
    "degree": "degree",
    "one-hot-logistic": "one-hot names, logistic",
    "random-codes-lightgbm": "random codes, LightGBM",
    "pearson": "absolute Pearson r",
    "spearman": "absolute Spearman ρ",
    "mutual-information": "mutual information",
    "genie3": "GENIE3",
    "grnboost2": "GRNBoost2",
    "correlation-rows-logistic": "correlation rows, logistic",
    "components-logistic": "components, logistic",
    "correlation-rows-lightgbm": "correlation rows, LightGBM",
    "components-lightgbm": "components, LightGBM",
    "as-published": "DeepTGI as published",
    "without-attention": "DeepTGI without attention",
    "axes-corrected": "DeepTGI, axes corrected",
    "corrected": "DeepTGI corrected",
    "corrected-calibrated": "corrected, calibrated",
    "pair-statistics": "pair statistics",
    "published-predictions": "published predictions",
}
COLUMNS = {
    "auroc": "AUROC",
    "auprc": "AUPRC",
    "auprc_ratio": "AUPRC over density",
    "auprc_gain": "AUPRC gain",
    "method": "method",
    "scheme": "split",
    "predicted": "predicted probability",
    "observed": "observed share",
}
LABELS = {**COLUMNS, **SCHEMES, **METHODS}
CHANCE = {"auroc": 0.5, "auprc_ratio": 1.0}


def verb(difference: float, margin: float = 0.01) -> str:
    """Say whether a value exceeds another by more than ``margin``, given their difference."""
    if np.isnan(difference):
        return "cannot be compared with"
    word = "exceeds" if difference > 0 else "is below"
    return word if abs(difference) > margin else f"is within {margin:g} of"


def readable(table: pd.DataFrame) -> pd.DataFrame:
    """Replace names of methods by the words of the figures, for a table on a page.

    Returns ``table`` with other words in its column method; a name without words stays as it is.
    """
    return table.assign(method=table["method"].replace(METHODS))


def splits(table: pd.DataFrame, measure: str = "auroc") -> Drawn:
    """Draw one measure of each method under each split.

    ``table`` comes from ``benchmark.compare_scores`` or ``full_grid.measure_grid``; ``measure`` is ``auroc``
    or ``auprc_ratio``. The table of the figure has family, method, scheme and the measure.
    """
    order = {"method": by_family(table), "scheme": list(SCHEMES)}
    look = {"order": order, "labels": LABELS, "reference": {"chance": CHANCE[measure]}}
    shown = table[["family", "method", "scheme", measure]]
    return charts.dots(shown, x=measure, y="method", hue="scheme", connect=True, **look)


def by_family(table: pd.DataFrame) -> list[str]:
    """Methods of a table in the order of ``METHODS``, which keeps families together; others last."""
    found = table["method"].unique().tolist()
    return sorted(found, key=lambda name: list(METHODS).index(name) if name in METHODS else len(METHODS))


def calibration(curve: pd.DataFrame) -> Drawn:
    """Draw observed shares of positives against predicted probabilities; marker area shows pairs in the bin.

    ``curve`` has the columns method, predicted, observed and n.
    """
    look = {"x": "predicted", "y": "observed", "hue": "method", "size": "n"}
    return charts.curves(curve, **look, diagonal=True, labels=LABELS)


def split_columns(table: pd.DataFrame, values: Sequence[str] = ("auroc", "auprc")) -> pd.DataFrame:
    """Reshape to one row a method and one column a measure and split.

    ``table`` has family, method, scheme and the measures ``values``. Returns family, method, and columns such
    as ``auroc pair``, with methods in the order of ``table`` and NaN where a method was not run.
    """
    order = table.drop_duplicates("method")[["family", "method"]]
    of_scheme = {key: part.set_index("method") for key, part in table.groupby("scheme", sort=False)}
    columns = {f"{value} {key}": part[value] for key, part in of_scheme.items() for value in values}
    return order.join(pd.DataFrame(columns), on="method").reset_index(drop=True)


def mean_and_sd(table: pd.DataFrame, by: Sequence[str], values: Sequence[str]) -> pd.DataFrame:
    """Mean and standard deviation within the groups ``by``: columns ``value`` and ``value_sd``.

    A group of one row has no standard deviation (NaN).
    """
    groups = table.groupby(list(by), sort=False)[list(values)]
    spread = groups.std(ddof=0)[groups.size() > 1]
    return groups.mean().join(spread, rsuffix="_sd").reset_index()
