"""Figures of the chapter on the inferred network."""

from __future__ import annotations

import numpy as np
import pandas as pd

from reread.core import charts
from reread.core.figures import Drawn

TOP_GENES = 15


def network(edges: pd.DataFrame) -> Drawn:
    """Draw the edges of ``hubs.edge_table``, those of the reference network apart from the others."""
    kinds = ["in the reference", "not in the reference"]
    table = edges.assign(kind=np.where(edges["known"], *kinds))
    labels = {"kind": "edge", "tf": "TF"}
    return charts.network(table, "tf", "gene", hue="kind", order={"kind": kinds}, labels=labels)


def attribution(carried: pd.DataFrame, tf: str) -> Drawn:
    """Draw the 15 other genes with the largest share of the logit for ``tf``, beside 95 % of the null."""
    shown = carried[carried["gene"] != tf].head(TOP_GENES).assign(null_low=0.0)
    kind = np.where(shown["p"] < 0.05, "p < 0.05", "p ≥ 0.05")
    labels = {"attribution": f"mean attribution of the predictions for {tf}", "gene": "gene"}
    labels["band"] = "95 % of the permuted genes"
    return charts.dots(
        shown.assign(kind=kind), x="attribution", y="gene", hue="kind", band=("null_low", "null_high"),
        order={"kind": ["p < 0.05", "p ≥ 0.05"], "gene": shown["gene"].tolist()}, labels=labels,
    )  # fmt: skip
