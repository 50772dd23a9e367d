"""V-measure of every method's genes, beside all genes and beside random genes."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from reread.core.errors import DataError, ParameterError, did_you_mean
from reread.maize.data.tables import Expression
from reread.maize.data.transform import log_plus_one
from reread.maize.methods.embedding import place
from reread.maize.methods.gene_rankings import LIMMA, PUBLISHED, TREES
from reread.maize.methods.kmeans import batched_kmeans
from reread.maize.methods.published_clustering import Protocol, v_of_sets
from reread.maize.methods.random_gene_sets import matched_sets, permutation_p, random_sets
from reread.maize.methods.vmeasure import v_measure

SAMPLES = ("all", "held-out")
ALL, PLANTED = "all genes", "planted genes"
REFERENCES = (ALL, PLANTED)
RIVALS = (LIMMA, TREES)  # of the network, in the paper: moderated t stands in for limma


def to_cluster(data: Expression, test: np.ndarray, which: str) -> tuple[np.ndarray, np.ndarray]:
    """Log expression (sample, gene) and tissue (sample,) of the samples that are clustered.

    Parameters
    ----------
    data : Expression
    test : int array, (sample,)
        Rows held out.
    which : str
        ``all``, or ``held-out`` for these alone.

    Raises
    ------
    ParameterError
        If ``which`` is neither.
    """
    if which not in SAMPLES:
        raise ParameterError(f"There are no samples {which!r}. {did_you_mean(which, SAMPLES)}")
    rows = np.arange(len(data.samples)) if which == "all" else test
    return log_plus_one(data.values[rows]), data.tissue[rows]


def with_planted(
    sets: Mapping[str, np.ndarray], data: Expression, k: int, seed: int = 0
) -> dict[str, np.ndarray]:
    """The sets, then up to ``k`` planted genes of each tissue (0: all), drawn at random, if there are any."""
    if data.truth is None:
        return dict(sets)
    order = np.random.default_rng([seed, 5]).permutation(len(data.genes))
    planted = [order[data.truth.tissue_of[order] == t][: k or None] for t in range(data.n_tissues)]
    return {**sets, PLANTED: np.sort(np.concatenate(planted))}


def blind_sets(sets: Mapping[str, np.ndarray], which: str) -> dict[str, np.ndarray]:
    """The sets whose genes were not chosen on the samples that are clustered.

    The published arm explains the held-out samples: where these alone are clustered its set is left out.
    Arguments as :func:`to_cluster`.
    """
    return {name: genes for name, genes in sets.items() if which == "all" or name != PUBLISHED}


def null_name(size: int) -> str:
    """What a null is called in a key: ``fixed`` for random sets of one size, ``matched`` for 0."""
    return "fixed" if size else "matched"


def draw_null(mean: np.ndarray, genes: np.ndarray, *, size: int, n_null: int, seed: int) -> np.ndarray:
    """Random sets to compare a set with, int (set, member).

    Parameters
    ----------
    mean : float array, (gene,)
    genes : int array, (member,)
    size : int
        As published: so many of any genes. 0: as many as ``genes``, and as highly expressed.
    n_null, seed : int
    """
    if size:
        return random_sets(len(mean), min(size, len(mean)), n_null, seed)
    return matched_sets(mean, genes, n_null, seed=seed)


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
    """Cluster the samples by every set, by all genes, and by random sets.

    Parameters
    ----------
    log : float array, (sample, gene)
        Samples to cluster.
    tissue : int array, (sample,)
    sets : mapping of str to int array, (member,)
        Genes of each method.
    protocol : Protocol
    size, n_null, seed : int
        As :func:`draw_null`.

    Returns
    -------
    DataFrame
        method, n_genes, v (mean over runs), v_sd (over runs), null_mean, null_sd (between random sets),
        v_over_random, v_over_all, v_lead (over the better of the paper's other methods), p (one-sided). All
        genes come last, without a null: there is one such set only.
    dict of str to float array, (set,)
        V-measures of the random sets of each method.

    Raises
    ------
    ParameterError, DataError
        If there are more clusters than samples, or there is no set.
    """
    if not sets:
        raise DataError("There is no set of genes to cluster by. Name at least one method.")
    mean, everything = log.mean(axis=0), np.arange(log.shape[1])
    v = v_of_sets(log, tissue, [*sets.values(), everything], protocol, seed)
    nulls, known = {}, {}
    for name, genes in sets.items():
        drawn = draw_null(mean, genes, size=size, n_null=n_null, seed=seed)
        # under one fixed size every method has the same null
        key = drawn.tobytes()
        if key not in known:
            known[key] = v_of_sets(log, tissue, drawn, protocol, seed)
        nulls[name] = known[key].mean(axis=1)
    rows = [_row(name, len(sets[name]), runs, nulls[name]) for name, runs in zip(sets, v, strict=False)]
    rows.append(_row(ALL, len(everything), v[-1], np.array([np.nan])))
    return _with_differences(pd.DataFrame(rows)), nulls


def _row(name: str, n_genes: int, runs: np.ndarray, null: np.ndarray) -> dict:
    is_known = not np.isnan(null).any()
    return {
        "method": name, "n_genes": n_genes, "v": runs.mean(), "v_sd": runs.std(), "null_mean": null.mean(),
        "null_sd": null.std(), "v_over_random": runs.mean() - null.mean(),
        "p": float(permutation_p(runs.mean(), null)) if is_known else np.nan,
    }  # fmt: skip


def _with_differences(table: pd.DataFrame) -> pd.DataFrame:
    """Add what each set has over all genes, and over the better of the paper's other methods."""
    of_all = table.loc[table["method"] == ALL, "v"].iloc[0]
    known = table.set_index("method")["v"]
    rivals = known[known.index.isin(RIVALS)]
    lead = [
        np.nan if name in REFERENCES else v - rivals.drop(name, errors="ignore").max()
        for name, v in known.items()
    ]
    return table.assign(v_over_all=table["v"] - of_all, v_lead=lead)


def by_size(
    log: np.ndarray,
    tissue: np.ndarray,
    sizes: list[int],
    numbers: list[int],
    protocol: Protocol,
    *,
    n_sets: int = 20,
    seed: int = 0,
) -> pd.DataFrame:
    """V-measure of random genes by how many they are and into how many clusters samples are put.

    Parameters
    ----------
    log, tissue, protocol
        As :func:`compare`.
    sizes : list of int
        Genes of a random set; smaller than all genes; others are left out.
    numbers : list of int
        Clusters; 0 for the number of tissues; those above the number of samples are left out.
    n_sets, seed : int

    Returns
    -------
    DataFrame
        n_clusters, n_genes, v (mean over sets), v_sd.
    """
    rows = []
    for n in [n for n in sizes if n < log.shape[1]]:
        sets = random_sets(log.shape[1], n, n_sets, seed)
        points = place(log, sets, protocol.embed)
        for k in [number or len(np.unique(tissue)) for number in numbers]:
            if k <= len(log):
                labels, _ = batched_kmeans(points, k, n_init=protocol.n_init, seed=seed)
                v = v_measure(tissue, labels)[2]
                rows.append({"n_clusters": k, "n_genes": n, "v": v.mean(), "v_sd": v.std()})
    return pd.DataFrame(rows, columns=["n_clusters", "n_genes", "v", "v_sd"])
