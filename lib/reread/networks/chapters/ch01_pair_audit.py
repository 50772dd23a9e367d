"""Figures and tables of the audit of a pair list."""

from __future__ import annotations

import numpy as np
import pandas as pd

from reread.core import charts, diagrams
from reread.core.figures import Drawn
from reread.networks.data.tables import GRNDataset, Pairs
from reread.networks.methods.gene_names import gene_shares

AUDIT = {
    "n_pairs": "pairs",
    "n_tfs": "TFs",
    "prevalence": "share of positives",
    "negative_genes": "genes with a negative pair",
    "positive_genes": "genes with a positive pair",
    "negative_gene_top50_share": "negatives on the 50 genes with most negatives",
    "positive_gene_top50_share": "positives on the same 50 genes",
    "only_positive_rate": "pairs whose gene has no negative pair",
    "duplicate_rate": "duplicate pairs",
    "reversed_rate": "pairs whose reverse is listed too",
    "self_pairs": "pairs of a TF with itself",
    "one_hot_auroc": "AUROC of gene names, pair split",
}


def dataset_table(dataset: GRNDataset) -> pd.DataFrame:
    """Count cells, genes, TFs, pairs and edges: what, and n as text; zeros are a share in percent."""
    expression, pairs = dataset.expression, dataset.pairs
    counts = {
        "cells": len(expression.values),
        "genes": len(expression.genes),
        "TFs with pairs": len(np.unique(pairs.tf)),
        "pairs": len(pairs),
        "positive pairs": int(pairs.label.sum()),
        "edges of the reference network": int(dataset.truth.sum()),
    }
    shown = {what: f"{n:,}" for what, n in counts.items()}
    if "rows_without_expression" in dataset.report:
        shown["rows left out, whose genes have no expression"] = (
            f"{dataset.report['rows_without_expression']:,}"
        )
    shown["zeros among the values"] = f"{(expression.values == 0).mean():.0%}"
    return pd.DataFrame({"what": list(shown), "n": list(shown.values())})


def audit_table(found: dict[str, float]) -> pd.DataFrame:
    """Format ``gene_names.audit_pairs`` for the page: measure, and value as text, shares in percent."""
    shares = ("share", "rate", "prevalence")
    values = [f"{found[key]:.1%}" if key.endswith(shares) else f"{found[key]:.4g}" for key in AUDIT]
    return pd.DataFrame({"measure": list(AUDIT.values()), "value": values})


def concentration(pairs: Pairs) -> Drawn:
    """Draw the cumulative share of negatives and of positives on the genes with most negatives.

    The table has genes (rank by number of negatives), label and share.
    """
    shares = np.stack(gene_shares(pairs))
    curves = np.cumsum(shares[:, shares.any(axis=0)], axis=1)
    table = pd.DataFrame(curves.T, columns=["negatives", "positives"]).assign(
        genes=range(1, curves.shape[1] + 1)
    )
    table = table.melt("genes", var_name="label", value_name="share")
    labels = {"genes": "genes, ordered by number of negatives", "share": "cumulative share of the pairs"}
    return charts.lines(table, x="genes", y="share", hue="label", labels=labels)


def negative_pools(swept: pd.DataFrame, of_list: float) -> Drawn:
    """Draw the AUROC of gene names by the sampling of negatives, from ``gene_names.negative_pool_sweep``.

    ``of_list`` is the AUROC of the list of the page. The table has negatives, network, split and auroc.
    """
    columns = {"one_hot_auroc": "pair split", "one_hot_auroc_both": "both held out"}
    table = swept.rename(columns=columns).melt(
        ["negatives", "network"], list(columns.values()), "split", "auroc"
    )
    labels = {"negatives": "sampling of the negatives", "auroc": "AUROC of gene names"}
    reference = {"chance": 0.5, "list of this page": of_list}
    return charts.lines(table, x="negatives", y="auroc", hue="split", labels=labels, reference=reference)


def data_flow() -> Drawn:
    """Draw where expression, labels and scores of this study come from, as boxes."""
    cells, chip, sampled = "single cells: expression", "ChIP-seq: positive pairs", "sampled negative pairs"
    features, pairs = "features of each gene", "labelled pairs, split by pairs, TFs, genes or both"
    deep, simple, names = "DeepTGI, two protocols", "correlation, GENIE3, trees", "gene-name baselines"
    scores = "scores of the same test pairs"
    arrows = [(cells, features), (chip, pairs), (sampled, pairs), (features, deep), (features, simple)]
    arrows += [pair for one in (deep, simple, names) for pair in ((pairs, one), (one, scores))]
    return diagrams.flow([[cells, chip, sampled], [features, pairs], [deep, simple, names], [scores]], arrows)


def simulator() -> Drawn:
    """Draw what the simulator samples, and which of it is the known truth, as boxes."""
    types, network = "four cell types: levels of master TFs", "network: TFs activate or repress genes"
    depth, levels = "sequencing depth of each cell", "transcript levels: production, decay, noise"
    counts, pairs = "counts of each gene in each cell", "pair list with sampled negatives"
    truth = "all edges: positive pairs"
    arrows = [(types, levels), (network, levels), (depth, counts), (levels, counts), (network, truth)]
    columns = [[types, network], [depth, levels, truth], [counts, pairs]]
    return diagrams.flow(columns, [*arrows, (truth, pairs)], marked={truth: "known truth"})
