"""Figures and sentences of the chapter on baselines."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from reread.core import charts
from reread.networks.methods.benchmark import DEEP, FAMILIES, FAMILY, NAMES
from reread.networks.methods.comparison import LABELS, METHODS, SCHEMES, by_family

if TYPE_CHECKING:
    from reread.core.figures import Drawn

N_RECALLS = 101
N_OF_FAMILY = 2


def gain(table: pd.DataFrame) -> Drawn:
    """Draw the AUPRC gain of each method over the best gene-name baseline, with its interval.

    ``table`` comes from ``benchmark.compare_scores``; the baselines are left out.
    """
    columns = ["scheme", "family", "method", "auprc_gain", "auprc_gain_low", "auprc_gain_high"]
    shown = table.loc[table["family"] != NAMES, columns].reset_index(drop=True)
    order = {"method": by_family(shown), "scheme": list(SCHEMES), "family": list(FAMILIES)}
    return charts.dots(
        shown, x="auprc_gain", y="method", hue="family", panel="scheme", low="auprc_gain_low",
        high="auprc_gain_high", reference={"no gain": 0.0}, order=order, labels=LABELS, columns=2,
    )  # fmt: skip


def precision_recall(scores: pd.DataFrame, scheme: str) -> Drawn:
    """Draw precision against recall under one split: the two best methods of each family.

    ``scores`` comes from ``benchmark.score_methods``. The table has method, recall and precision (mean over
    folds at 101 recalls).
    """
    scores = scores[scores["scheme"] == scheme]
    curves = {method: _mean_curve(rows) for method, rows in scores.groupby("method", sort=False)}
    best = sorted(curves, key=lambda method: -round(float(curves[method].mean()), 10))
    chosen = [
        method
        for family in FAMILIES
        for method in [m for m in best if FAMILY.get(m, DEEP) == family][
            : 1 if family == NAMES else N_OF_FAMILY
        ]
    ]
    recall = np.linspace(0, 1, N_RECALLS)
    rows = [pd.DataFrame({"method": m, "recall": recall, "precision": curves[m]}) for m in chosen]
    table = pd.concat(rows, ignore_index=True)
    reference = {"chance": float(scores["label"].mean())}
    return charts.curves(table, x="recall", y="precision", hue="method", labels=LABELS, reference=reference)


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


def answer(table: pd.DataFrame) -> dict[str, float | str]:
    """Count the methods with expression that exceed gene names under the strictest split that was run.

    ``table`` comes from ``benchmark.compare_scores``. A method exceeds gene names if the 95 % interval of its
    AUPRC gain lies above zero. ``published`` says the same of DeepTGI as published under the pair split.
    """
    strictest = [scheme for scheme in SCHEMES if scheme in set(table["scheme"])][-1]
    rows = table[(table["scheme"] == strictest) & (table["family"] != NAMES)]
    best = rows.loc[rows["auroc"].idxmax()]
    found = {
        "split": SCHEMES[strictest],
        "n_methods": len(rows),
        "n_above": int((rows["auprc_gain_low"] > 0).sum()),
        "best": METHODS[best["method"]],
        "best_auroc": best["auroc"],
    }
    published = table[(table["scheme"] == "pair") & (table["method"] == "as-published")]
    if len(published):
        low, high = published[["auprc_gain_low", "auprc_gain_high"]].iloc[0]
        found["published"] = "exceeds" if low > 0 else "is below" if high < 0 else "does not differ from"
    return found
