"""Predict the test labels of a published split from gene names."""

from __future__ import annotations

import pandas as pd

from reread.core.metrics import auroc, average_precision
from reread.networks.data.tables import LabelSplit
from reread.networks.methods.gene_name_baselines import METHODS

PUBLISHED = "published-predictions"


def label_split_table(split: LabelSplit) -> pd.DataFrame:
    """Score the test labels of a published split by gene names, beside the published predictions.

    Columns: method, auroc, auprc, auprc_ratio.
    """
    pairs, train, test = split.joined()
    scores = {name: score(pairs, train, test, 0) for name, score in METHODS.items()}
    if split.published_scores is not None:
        scores[PUBLISHED] = split.published_scores
    label = pairs.label[test]
    rows = [(name, auroc(label, score), average_precision(label, score)) for name, score in scores.items()]
    table = pd.DataFrame(rows, columns=["method", "auroc", "auprc"])
    return table.assign(auprc_ratio=table["auprc"] / label.mean())


def published_over_baseline(by_names: pd.DataFrame) -> dict[str, float]:
    """AUROC of the published predictions minus that of the best gene-name baseline; empty without them."""
    by_method = by_names.set_index("method")["auroc"]
    if PUBLISHED not in by_method:
        return {}
    return {"published_over_baseline": float(by_method[PUBLISHED] - by_method.drop(PUBLISHED).max())}
