"""Figures and sentences of the chapter on baselines."""

from __future__ import annotations

import pandas as pd

from reread.core import charts
from reread.core.figures import Drawn
from reread.networks.methods.benchmark import DEEP, FAMILIES, NAMES
from reread.networks.methods.comparison import LABELS, METHODS, SCHEMES, by_family


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


def answer(table: pd.DataFrame) -> dict[str, float | str]:
    """Count the methods with expression that exceed gene names under the strictest split that was run.

    ``table`` comes from ``benchmark.compare_scores``. A method exceeds gene names if the 95 % interval of its
    AUPRC gain lies above zero. ``network`` is DeepTGI as published, or another that was run in its place;
    ``gain``, ``low``, ``high`` and ``word`` are of its first split.
    """
    strictest = [scheme for scheme in SCHEMES if scheme in set(table["scheme"])][-1]
    rows = table[(table["scheme"] == strictest) & (table["family"] != NAMES)]
    best = rows.loc[rows["auroc"].idxmax()]
    deep = table[table["family"] == DEEP]
    network = deep.iloc[deep["method"].ne("as-published").argmin()]
    gain, low, high = network[["auprc_gain", "auprc_gain_low", "auprc_gain_high"]]
    return {
        "split": SCHEMES[strictest],
        "n_methods": len(rows), "n_above": int((rows["auprc_gain_low"] > 0).sum()),
        "best": METHODS[best["method"]], "best_auroc": best["auroc"],
        "network": METHODS[network["method"]], "network_split": SCHEMES[network["scheme"]],
        "word": "exceeds" if low > 0 else "is below" if high < 0 else "does not differ from",
        "gain": gain, "low": low, "high": high,
    }  # fmt: skip
