"""Results as tables a reader can take in, and as sentences computed from them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd

from reread.networks.data import load as data
from reread.networks.data.tables import World
from reread.networks.methods.benchmark import DEEP, SCORE_COLUMNS, SUPERVISED
from reread.networks.methods.full_grid import planted_truth
from reread.networks.methods.protocol import METHOD, method_of

AUDIT = {
    "n_pairs": "pairs",
    "n_tfs": "TFs",
    "prevalence": "share of positives",
    "negative_genes": "genes with a negative",
    "positive_genes": "genes with a positive",
    "negative_gene_top50_share": "negatives on the 50 genes with most negatives",
    "positive_gene_top50_share": "positives on the same genes",
    "only_positive_rate": "pairs whose gene is never negative",
    "duplicate_rate": "pairs that repeat another",
    "reversed_rate": "pairs listed the other way round too",
    "self_pairs": "pairs of a TF with itself",
    "names_auroc": "AUROC of names alone, pair split",
}
# One of each kind: the grid has up to 200,000 pairs, and what is left out ranks as its neighbour does.
GRID_METHODS = (
    "names, logistic",
    "TF and gene rate",
    "|Pearson|",
    "|Spearman|",
    "GENIE3",
    "components, LightGBM",
)
DEEP_METHODS = {*METHOD.values(), method_of("tokens")}


def describe(world: World) -> pd.DataFrame:
    """Count what was read: columns what and n."""
    expression, pairs = world.expression, world.pairs
    counts = {
        "cells": len(expression.values),
        "genes": len(expression.genes),
        "zeros among the values": f"{(expression.values == 0).mean():.0%}",
        "TFs with pairs": len(np.unique(pairs.tf)),
        "pairs": len(pairs),
        "positive pairs": int(pairs.label.sum()),
        "edges of the whole network": int(world.truth.sum()),
    }
    return pd.DataFrame(
        {"what": list(counts), "n": [f"{n:,}" if n != str(n) else n for n in counts.values()]}
    )


def audit_table(found: dict[str, float]) -> pd.DataFrame:
    """The audit in words: columns measure and value; shares in per cent."""
    values = []
    for key in AUDIT:
        is_share = key.endswith(("share", "rate")) or key == "prevalence"
        values.append(f"{found[key]:.1%}" if is_share else f"{found[key]:.4g}")
    return pd.DataFrame({"measure": list(AUDIT.values()), "value": values})


def deep_scores(upstream: Iterable, source: str) -> pd.DataFrame:
    """Scores that the deep chapter left behind for one source, as :func:`compare.compare_scores` wants them.

    Parameters
    ----------
    upstream : iterable of Upstream
        Finished pages of the deep chapter.
    source : str
        Pages of other sources are left out.

    Returns
    -------
    DataFrame
        scheme, fold, row, label, score, method.
    """
    tables = [
        pd.read_csv(up.artifact("scores.csv"))
        for up in upstream
        if up.record["parameters"]["source"] == source
    ]
    scores = pd.concat([pd.DataFrame(columns=list(SCORE_COLUMNS)), *tables], ignore_index=True)
    return scores[scores["method"].isin(DEEP_METHODS)].astype(
        {"fold": int, "row": int, "label": int, "score": float}
    )


def wide(table: pd.DataFrame, values: Sequence[str] = ("auroc", "auprc")) -> pd.DataFrame:
    """One row a method, one column a measure and split; methods in the order of ``table``."""
    order = table.drop_duplicates("method")[["family", "method"]]
    columns = {
        f"{value} {scheme}": table[table["scheme"] == scheme].set_index("method")[value]
        for scheme in table["scheme"].unique()
        for value in values
    }
    return order.join(pd.DataFrame(columns), on="method").reset_index(drop=True)


def gains(table: pd.DataFrame) -> pd.DataFrame:
    """Differences in AUROC that claims ask for, on each split.

    Parameters
    ----------
    table : DataFrame
        Columns scheme, method, family, auroc.

    Returns
    -------
    DataFrame
        scheme; ``learnt_over_spearman``, the best supervised or deep method minus |Spearman|;
        ``deep_over_genie3``, DeepTGI as published minus GENIE3, NaN where it was not run.
    """
    rows = []
    for scheme, part in table.groupby("scheme", sort=False):
        auroc = part.set_index("method")["auroc"]
        learnt = part[part["family"].isin([SUPERVISED, DEEP])]["auroc"].max()
        genie3 = auroc.get("GENIE3", np.nan)
        over = {
            "learnt_over_spearman": learnt - auroc.get("|Spearman|", np.nan),
            "deep_over_genie3": auroc.get(METHOD["published"], np.nan) - genie3,
        }
        rows.append({"scheme": scheme, **over})
    return pd.DataFrame(rows)


def truth_over_seeds(source: str, methods: Iterable[str], *, n_seeds: int, seed: int = 0) -> pd.DataFrame:
    """Score what is inferred without labels against the whole network, over seeds.

    Simulated: every seed is a new world. Real: the cells stay, only the seed of the method moves.

    Returns
    -------
    DataFrame
        One row for each seed and method: columns of
        :func:`reread.networks.methods.full_grid.planted_truth`, and seed; the
        planted control is asked in the first simulated world.
    """
    tables = []
    for s in range(seed, seed + n_seeds):
        # the control doubles the cost, and means something only where TFs without targets were planted
        with_control = source == "simulated" and s == seed
        world = data.load(source, seed=s)
        tables.append(planted_truth(world, methods, with_control=with_control, seed=s).assign(seed=s))
    return pd.concat(tables, ignore_index=True)


def mean_and_spread(table: pd.DataFrame, by: Sequence[str], values: Sequence[str]) -> pd.DataFrame:
    """Mean and standard deviation over what is not in ``by``: columns ``value`` and ``value_sd``."""
    groups = table.groupby(list(by), sort=False)[list(values)]
    return groups.mean().join(groups.std(ddof=0), rsuffix="_sd").reset_index()


def busiest(world: World) -> str:
    """Name of the TF with the most targets in the network of the world."""
    return world.expression.genes[int(world.tfs[np.argmax(world.truth.sum(axis=1))])]
