"""Chapter 4: V-measure of the sets of each method by both protocols, and of random sets by size."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from reread.core import charts, diagrams
from reread.core.figures import Drawn
from reread.maize.data.tables import Expression
from reread.maize.methods import clustering
from reread.maize.methods.clustering import ALL, AS_PUBLISHED, CORRECTED, PLANTED, Protocol
from reread.maize.methods.gene_files import Ranked

N_RANDOM = 3  # random sets of each method in a solution
LEVEL = 0.05


def clustering_steps() -> Drawn:
    """Draw the steps from a set of genes to its V-measure as boxes, with the faults of the published ones."""
    columns = [
        ["set of genes", "random set of genes"],
        ["samples x genes of the set", "samples x random genes"],
        ["coordinates: UMAP or principal components"],
        ["clusters: k-means"],
        ["V-measure with the tissues"],
    ]
    arrows = [
        (columns[0][0], columns[1][0]), (columns[0][1], columns[1][1]), (columns[1][0], columns[2][0]),
        (columns[1][1], columns[2][0]), (columns[2][0], columns[3][0]), (columns[3][0], columns[4][0]),
    ]  # fmt: skip
    faults = {
        "random set of genes": "as published: of another size",
        "clusters: k-means": "as published: 29 clusters; labels fed back",
    }
    return diagrams.flow(columns, arrows, marked=faults)


def answer(table: pd.DataFrame) -> dict[str, float | str]:
    """Numbers of methods whose set is better than its random sets, by protocol.

    ``published`` counts sets above the mean of their random sets, ``corrected`` sets with a p below 0.05.
    """
    tested = table[~table["method"].isin((ALL, PLANTED))]
    old, new = (tested[tested["protocol"] == name] for name in (AS_PUBLISHED, CORRECTED))
    best = new.loc[new["v"].idxmax()]
    return {
        "n_published": len(old), "published": int((old["v_over_random"] > 0).sum()),
        "n_corrected": len(new), "corrected": int((new["p"] < LEVEL).sum()),
        "best": best["method"], "best_v": best["v"], "best_random": best["null_mean"],
        "best_all": best["of_all"],
    }  # fmt: skip


def v_by_set(table: pd.DataFrame) -> Drawn:
    """Draw the V-measure (0 to 1) of each set over 95 % of its random sets, published beside corrected."""
    shown = table[table["method"] != ALL]
    labels = {"v": "V-measure", "of_all": "all genes", "band": "95 % of its random sets"}
    return charts.dots(
        shown, "v", "method", panel="protocol", band=("null_low", "null_high"), reference="of_all",
        labels=labels,
    )  # fmt: skip


def gains(table: pd.DataFrame) -> Drawn:
    """Draw the gain in V-measure of the network's set over all genes and random sets, a dot for each seed."""
    labels = {"gain": "gain in V-measure of the network's set", "other": "over"}
    return charts.dots(table, "gain", "other", labels=labels, reference={"no gain": 0.0})


def by_size(table: pd.DataFrame, n_tissues: int) -> Drawn:
    """Draw the V-measure (0 to 1) of random genes by size of the set, a line for each number of clusters."""
    note = {n_tissues: " (one for each tissue)"}
    words = table["clusters"].map(lambda k: f"{k} clusters{note.get(k, '')}")
    labels = {"genes": "random genes in the set", "v": "V-measure (mean and sd)"}
    return charts.lines(
        table.assign(clusters=words, genes=table["genes"].map("{:,}".format)), "genes", "v", hue="clusters",
        low="low", high="high", labels=labels,
    )  # fmt: skip


def solutions(data: Expression, ranked: Ranked, published: Protocol, seed: int) -> pd.DataFrame:
    """V-measure of the sets of the union rule and of random sets, in both exercises.

    Columns: exercise, method, set_size, v, random.
    """
    cases = {
        "1: as published, one cluster for each tissue": ("all", replace(published, n_clusters=0)),
        "2: corrected, union rule": ("held-out", Protocol()),
    }
    parts = []
    for name, (which, protocol) in cases.items():
        log, tissue = clustering.samples_to_cluster(data, ranked.test, which)
        sets = clustering.independent_sets(ranked.sets(0), which)
        table, _ = clustering.compare(log, tissue, sets, protocol, n_null=N_RANDOM, seed=seed)
        parts.append(table.assign(exercise=name))
    columns = ["exercise", "method", "set_size", "v", "null_mean"]
    return pd.concat(parts)[columns].rename(columns={"null_mean": "random"}).reset_index(drop=True)
