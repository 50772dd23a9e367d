"""Figures and answer of the chapter on the full grid."""

from __future__ import annotations

import pandas as pd

from reread.core import charts
from reread.core.figures import Drawn
from reread.networks.methods import comparison
from reread.networks.methods.comparison import LABELS, SCHEMES, verb

FULL_BIN = 20  # pairs from which on the share of a bin is shown


def answer(table: pd.DataFrame) -> dict[str, float | str]:
    """Compare supervised LightGBM with absolute Spearman under the strictest split, by the AUPRC ratio.

    ``table`` comes from ``full_grid.measure_grid``.
    """
    strictest = [scheme for scheme in SCHEMES if scheme in set(table["scheme"])][-1]
    ratio = table[table["scheme"] == strictest].set_index("method")["auprc_ratio"]
    trained, untrained = ratio["components-lightgbm"], ratio["spearman"]
    word = verb(trained - untrained, margin=0.1)
    return {"split": SCHEMES[strictest], "trained": trained, "untrained": untrained, "word": word}


def calibration(curve: pd.DataFrame) -> Drawn:
    """Draw observed shares of edges by predicted probability, for methods with at least three full bins."""
    full = curve[curve["n"] >= FULL_BIN]
    return comparison.calibration(full[full.groupby("method")["n"].transform("size") >= 3])


def stability(table: pd.DataFrame) -> Drawn:
    """Draw the Jaccard index (0 to 1) of the top edges with those of the first run (``hubs.stability``)."""
    labels = {**LABELS, "jaccard": "Jaccard index"}
    return charts.dots(
        table, x="jaccard", y="method", panel="change", labels=labels, stem=True, limits=(0, 1.04), columns=3
    )
