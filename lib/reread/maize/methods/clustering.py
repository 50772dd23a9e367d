"""V-measure of every method's genes, of all genes and of random genes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from reread.core.errors import DataError
from reread.core.stats import permutation_p
from reread.maize.data.tables import Expression
from reread.maize.data.transform import log_plus_one
from reread.maize.methods.embedding import embed
from reread.maize.methods.gene_rankings import LIMMA, PUBLISHED, TREES
from reread.maize.methods.gene_sets import matched_sets, random_sets
from reread.maize.methods.kmeans import batched_kmeans, v_measure
from reread.maize.methods.published_clustering import Protocol, v_of_sets

ALL, PLANTED = "all genes", "planted genes"
REFERENCES = (ALL, PLANTED)
RIVALS = (LIMMA, TREES)  # of the network, in the paper: moderated t stands in for limma


def samples_to_cluster(data: Expression, test: np.ndarray, which: str) -> tuple[np.ndarray, np.ndarray]:
    """Log2(x + 1) (sample, gene) and index of the tissue (sample,) of the samples that are clustered.

    ``which`` is ``all``, or ``held-out`` for the rows ``test`` (sample,) alone.
    """
    rows = np.arange(len(data.samples)) if which == "all" else test
    return log_plus_one(data.values[rows]), data.tissue[rows]


def with_planted(
    sets: Mapping[str, np.ndarray], data: Expression, k: int, seed: int = 0
) -> dict[str, np.ndarray]:
    """Add a set of ``k`` random planted genes of each tissue (0: all), if the data has ground truth."""
    if data.truth is None:
        return dict(sets)
    order = np.random.default_rng([seed, 5]).permutation(len(data.genes))
    planted = [order[data.truth.tissue_of[order] == t][: k or None] for t in range(data.n_tissues)]
    return {**sets, PLANTED: np.sort(np.concatenate(planted))}


def independent_sets(sets: Mapping[str, np.ndarray], which: str) -> dict[str, np.ndarray]:
    """The sets that were not selected on the clustered samples.

    The published variant explains the held-out samples, so it is left out where only these are clustered.
    """
    return {name: genes for name, genes in sets.items() if which == "all" or name != PUBLISHED}


def null_name(size: int) -> str:
    """Word for a null in a key: ``fixed`` for random sets of one size, ``matched`` for 0."""
    return "fixed" if size else "matched"


def compare(
    log: np.ndarray,
    tissue: np.ndarray,
    sets: Mapping[str, np.ndarray],
    protocol: Protocol,
    *,
    size: int = 0,
    n_null: int = 99,
    seed: int = 0,
) -> tuple[pd.DataFrame, dict[str, np.ndarray]]:
    """Cluster samples by every set of genes, by all genes, and by ``n_null`` random sets of each method.

    ``log`` is (sample, gene), ``tissue`` (sample,), a set (member,). Random sets have ``size`` genes, as
    published; 0 matches each set in size and expression. Returns a table and the V-measures (set,) of the
    random sets by method. Columns: method, set_size, v and v_sd (over runs), null_mean, null_sd, null_low,
    null_high (95 % of the random sets), v_over_random, v_over_all, v_lead (over the better of the paper's
    other methods), p (one-sided); all genes come last, without a null. Raises ParameterError if there are
    more clusters than samples, and DataError if there is no set.
    """
    if not sets:
        raise DataError("There is no set of genes to cluster by. Select at least one method.")
    mean, everything = log.mean(axis=0, dtype=np.float64), np.arange(log.shape[1])
    v = v_of_sets(log, tissue, [*sets.values(), everything], protocol, seed)
    nulls, known = {}, {}
    for name, genes in sets.items():
        if size:
            drawn = random_sets(len(mean), min(size, len(mean)), n_null, seed)
        else:
            drawn = matched_sets(mean, genes, n_null, seed=seed)
        # under one fixed size every method has the same null
        key = drawn.tobytes()
        if key not in known:
            known[key] = v_of_sets(log, tissue, drawn, protocol, seed).mean(axis=1)
        nulls[name] = known[key]
    rows = [_row(name, len(sets[name]), runs, nulls[name]) for name, runs in zip(sets, v, strict=False)]
    rows.append({"method": ALL, "set_size": len(everything), "v": v[-1].mean(), "v_sd": v[-1].std()})
    return _with_differences(pd.DataFrame(rows)), nulls


def _row(name: str, n_genes: int, runs: np.ndarray, null: np.ndarray) -> dict:
    low, high = np.percentile(null, [2.5, 97.5])
    return {
        "method": name, "set_size": n_genes, "v": runs.mean(), "v_sd": runs.std(), "null_mean": null.mean(),
        "null_sd": null.std(), "null_low": low, "null_high": high, "v_over_random": runs.mean() - null.mean(),
        "p": permutation_p(runs.mean(), null),
    }  # fmt: skip


def _with_differences(table: pd.DataFrame) -> pd.DataFrame:
    """Add the difference of each set from all genes, and from the better of the paper's other methods."""
    of_all = table.loc[table["method"] == ALL, "v"].iloc[0]
    known = table.set_index("method")["v"]
    rivals = known[known.index.isin(RIVALS)]
    lead = known - [rivals.drop(name, errors="ignore").max() for name in known.index]
    lead[known.index.isin(REFERENCES)] = np.nan
    return table.assign(v_over_all=table["v"] - of_all, v_lead=lead.to_numpy())


def by_size(
    log: np.ndarray,
    tissue: np.ndarray,
    sizes: Sequence[int],
    numbers: Sequence[int],
    protocol: Protocol,
    *,
    n_sets: int = 20,
    seed: int = 0,
) -> pd.DataFrame:
    """V-measure of ``n_sets`` random sets of genes, by the size of the set and the number of clusters.

    ``log`` is (sample, gene), ``tissue`` (sample,). Sizes not below the number of genes are left out, and
    numbers of clusters above that of samples; 0 clusters is the number of tissues. Returns clusters, genes, v
    (mean over sets), low, high (mean less and plus the standard deviation). Raises DataError for fewer than
    two samples.
    """
    rows = []
    for n in [n for n in sizes if n < log.shape[1]]:
        points = embed(log, random_sets(log.shape[1], n, n_sets, seed), protocol.embed)
        for k in [number or len(np.unique(tissue)) for number in numbers]:
            if k <= len(log):
                v = v_measure(tissue, batched_kmeans(points, k, n_init=protocol.n_init, seed=seed)[0])
                rows.append((k, n, v.mean(), v.mean() - v.std(), v.mean() + v.std()))
    return pd.DataFrame(rows, columns=["clusters", "genes", "v", "low", "high"])
