"""Chapter 4: V-measure of the sets of each method, and of random sets by size."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from reread.core import charts
from reread.core.figures import Drawn
from reread.maize.methods.clustering import ALL, compare, independent_sets
from reread.maize.methods.gene_files import Ranked
from reread.maize.methods.published_clustering import Protocol

N_RANDOM = 5  # random sets of each method in a solution


def v_by_set(table: pd.DataFrame) -> Drawn:
    """Draw the V-measure of each set over 95 % of its random sets; dotted: all genes."""
    of_all = float(table.loc[table["method"] == ALL, "v"].iloc[0])
    shown = table[table["method"] != ALL]
    shown = shown.assign(set=[f"{row.method} ({row.set_size:,})" for row in shown.itertuples()])
    labels = {"v": "V-measure", "set": "set (genes)", "band": "95 % of its random sets"}
    return charts.dots(
        shown, "v", "set", band=("null_low", "null_high"), reference={"all genes": of_all}, labels=labels
    )


def by_size(table: pd.DataFrame, n_tissues: int) -> Drawn:
    """Draw the V-measure of random genes by the size of the set, a line for each number of clusters."""
    words = table["clusters"].map(
        lambda k: f"{k} clusters" + (" (one for each tissue)" if k == n_tissues else "")
    )
    labels = {"genes": "random genes in the set", "v": "V-measure (mean and sd)"}
    return charts.lines(
        table.assign(clusters=words, genes=table["genes"].map("{:,}".format)), "genes", "v", hue="clusters",
        low="low", high="high", labels=labels,
    )  # fmt: skip


def solutions(
    log: np.ndarray, tissue: np.ndarray, ranked: Ranked, protocol: Protocol, clustered: str, seed: int
) -> pd.DataFrame:
    """V-measure of the sets of the union rule with one cluster for each tissue, and of their random sets."""
    sets = independent_sets(ranked.sets(0), clustered)
    table, _ = compare(log, tissue, sets, replace(protocol, n_clusters=0), n_null=N_RANDOM, seed=seed)
    return table[["method", "set_size", "v", "null_mean"]].rename(columns={"null_mean": "random"})
