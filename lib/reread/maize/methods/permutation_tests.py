"""Two tests of a V-measure side by side: the published normal null, and a count among matched random sets."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from scipy.stats import false_discovery_control

from reread.maize.methods.clustering import REFERENCES, compare
from reread.maize.methods.published_clustering import Protocol, gaussian_null, gaussian_test, v_of_sets
from reread.maize.methods.random_gene_sets import matched_sets, permutation_p, random_sets


def published_test(
    log: np.ndarray,
    tissue: np.ndarray,
    sets: Mapping[str, np.ndarray],
    protocol: Protocol,
    *,
    size: int,
    n_sets: int = 10,
    seed: int = 0,
) -> tuple[pd.DataFrame, tuple[float, float]]:
    """Test every set as notebook 4 draws it: against a normal null around random sets of one size.

    Parameters
    ----------
    log : float array, (sample, gene)
    tissue : int array, (sample,)
    sets : mapping of str to int array, (member,)
    protocol : Protocol
        As published, or with its runs of k-means at least two.
    size, n_sets : int
        Genes of a random set, and random sets.
    seed : int

    Returns
    -------
    DataFrame
        method, v_gauss, z_gauss, p_gauss.
    mean, sd : float
        Of the normal null.
    """
    random = random_sets(log.shape[1], min(size, log.shape[1]), n_sets, seed)
    mean, sd = gaussian_null(v_of_sets(log, tissue, random, protocol, seed))
    observed = v_of_sets(log, tissue, list(sets.values()), protocol, seed).mean(axis=1)
    z, p = gaussian_test(observed, mean, sd)
    return pd.DataFrame({"method": list(sets), "v_gauss": observed, "z_gauss": z, "p_gauss": p}), (mean, sd)


def permutation_test(
    log: np.ndarray,
    tissue: np.ndarray,
    sets: Mapping[str, np.ndarray],
    protocol: Protocol,
    *,
    n_null: int = 999,
    seed: int = 0,
) -> tuple[pd.DataFrame, dict[str, np.ndarray]]:
    """Test every set against sets of its number and expression.

    Parameters
    ----------
    log, tissue, sets, protocol, seed
        As :func:`published_test`.
    n_null : int
        Random sets of each method; the smallest p is 1 / (n_null + 1).

    Returns
    -------
    DataFrame
        method, v_perm, null_mean, null_sd, p_perm, q_perm (Benjamini and Hochberg over methods).
    dict of str to float array, (set,)
        V-measures of the random sets.

    Notes
    -----
    The V-measures are those of :func:`reread.maize.methods.clustering.compare`.
    """
    table, nulls = compare(log, tissue, sets, protocol, n_null=n_null, seed=seed)
    table = table[~table["method"].isin(REFERENCES)].rename(columns={"v": "v_perm", "p": "p_perm"})
    table = table[["method", "v_perm", "null_mean", "null_sd", "p_perm"]]
    return table.assign(q_perm=false_discovery_control(table["p_perm"])), nulls


def in_words(n_genes: int, tissue: np.ndarray, protocol: Protocol) -> str:
    """What is clustered and how, for a title: numbers of genes, samples and clusters."""
    return f"{n_genes:,} genes, {len(tissue)} samples, {protocol.k(tissue)} clusters"


def false_alarms(
    log: np.ndarray,
    tissue: np.ndarray,
    protocol: Protocol,
    *,
    n_genes: int,
    size: int,
    n_sets: int = 10,
    n_trials: int = 100,
    seed: int = 0,
) -> np.ndarray:
    """Give the published test sets that are random, and note what it says of them.

    Parameters
    ----------
    log : float array, (sample, gene)
    tissue : int array, (sample,)
    protocol : Protocol
        As published.
    n_genes : int
        Genes of the random sets that are tested: as many as a method's set has.
    size, n_sets : int
        Genes of a random set of the published null, and its random sets.
    n_trials : int
        Sets that are tested.
    seed : int

    Returns
    -------
    float array, (trial,)
        p-values. A test that holds its level says 0.05 or less in one trial of twenty.
    """
    n_all = log.shape[1]
    tested = random_sets(n_all, min(n_genes, n_all), n_trials, seed + 1)
    small = random_sets(n_all, min(size, n_all), n_sets, seed)
    gauss = gaussian_null(v_of_sets(log, tissue, small, protocol, seed))
    return gaussian_test(v_of_sets(log, tissue, tested, protocol, seed).mean(axis=1), *gauss)[1]


def matched_false_alarms(
    log: np.ndarray, tissue: np.ndarray, protocol: Protocol, genes: np.ndarray, *,
    n_null: int = 39, n_trials: int = 100, seed: int = 0,
) -> np.ndarray:  # fmt: skip
    """Give the permutation test sets drawn like a method's set, each against a null matched to itself.

    Parameters
    ----------
    log, tissue, protocol, n_trials, seed
        As :func:`false_alarms`, with the corrected protocol.
    genes : int array, (member,)
        Set of a method, that the tested sets equal in number and expression.
    n_null : int
        Random sets of each trial; 39 can say 0.025 or 0.05, so that a level of 0.05 can be met.

    Returns
    -------
    float array, (trial,)
        p-values.
    """
    mean = log.mean(axis=0)
    tested = matched_sets(mean, genes, n_trials, seed=seed + 1)
    nulls = [matched_sets(mean, one, n_null, seed=seed + 2 + i) for i, one in enumerate(tested)]
    v = v_of_sets(log, tissue, np.concatenate([tested, *nulls]), protocol, seed).mean(axis=1)
    null = v[n_trials:].reshape(n_trials, n_null)
    return np.array([permutation_p(one, its) for one, its in zip(v[:n_trials], null, strict=True)])
