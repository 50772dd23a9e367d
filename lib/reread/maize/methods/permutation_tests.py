"""Two tests of a V-measure: against the published normal null, and against matched random sets."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from reread.core.stats import benjamini_hochberg, permutation_p
from reread.maize.methods.clustering import REFERENCES, compare
from reread.maize.methods.published_clustering import Protocol, gaussian_null, gaussian_test, v_of_sets
from reread.maize.methods.random_gene_sets import matched_sets, random_sets


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
    """Test every set against a normal null from random sets of one size, as the figure of notebook 4 implies.

    Parameters
    ----------
    log, tissue : float array, (sample, gene), and int array, (sample,)
    sets : mapping of str to int array, (member,)
    protocol : Protocol
        With at least two runs of k-means.
    size, n_sets : int
        Genes of a random set, and random sets.
    seed : int

    Returns
    -------
    DataFrame
        method, v_gauss, z_gauss, p_gauss.
    mean, sd : float
        Of the normal null.

    Raises
    ------
    DataError
        If the protocol has one run.
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
    """Test every set against random sets matched in size and expression.

    Parameters
    ----------
    log, tissue : float array, (sample, gene), and int array, (sample,)
    sets : mapping of str to int array, (member,)
    protocol : Protocol
    n_null : int
        Random sets of each method; the smallest p is 1 / (n_null + 1).
    seed : int

    Returns
    -------
    DataFrame
        method, v_perm, null_mean, null_sd, p_perm, q_perm (Benjamini and Hochberg over methods).
    dict of str to float array, (set,)
        V-measures of the random sets.

    Raises
    ------
    DataError
        If there is no set.
    """
    table, nulls = compare(log, tissue, sets, protocol, n_null=n_null, seed=seed)
    table = table[~table["method"].isin(REFERENCES)].rename(columns={"v": "v_perm", "p": "p_perm"})
    table = table[["method", "v_perm", "null_mean", "null_sd", "p_perm"]]
    return table.assign(q_perm=benjamini_hochberg(table["p_perm"])), nulls


def false_positives(
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
    """Apply the published test to random sets.

    Parameters
    ----------
    log, tissue : float array, (sample, gene), and int array, (sample,)
    protocol : Protocol
    n_genes : int
        Genes of the random sets that are tested.
    size, n_sets : int
        Genes of a random set of the published null, and its random sets.
    n_trials, seed : int
        Sets that are tested.

    Returns
    -------
    float array, (trial,)
        p values. A valid test has p of at most 0.05 in at most one trial of twenty.

    Raises
    ------
    DataError
        If the protocol has one run.
    """
    n_all = log.shape[1]
    tested = random_sets(n_all, min(n_genes, n_all), n_trials, seed + 1)
    small = random_sets(n_all, min(size, n_all), n_sets, seed)
    gauss = gaussian_null(v_of_sets(log, tissue, small, protocol, seed))
    return gaussian_test(v_of_sets(log, tissue, tested, protocol, seed).mean(axis=1), *gauss)[1]


def matched_false_positives(
    log: np.ndarray, tissue: np.ndarray, protocol: Protocol, genes: np.ndarray, *,
    n_null: int = 39, n_trials: int = 100, seed: int = 0,
) -> np.ndarray:  # fmt: skip
    """Apply the permutation test to random sets, each with a null matched to itself.

    Parameters
    ----------
    log, tissue : float array, (sample, gene), and int array, (sample,)
    protocol : Protocol
    genes : int array, (member,)
        Set of a method; the tested sets are matched to it in size and expression.
    n_null : int
        Random sets of each trial; with 39 a p of exactly 0.05 is possible.
    n_trials, seed : int

    Returns
    -------
    float array, (trial,)
        p values.

    Raises
    ------
    DataError
        If the set is empty.
    """
    mean = log.mean(axis=0, dtype=np.float64)
    tested = matched_sets(mean, genes, n_trials, seed=seed + 1)
    nulls = [matched_sets(mean, one, n_null, seed=seed + 2 + i) for i, one in enumerate(tested)]
    v = v_of_sets(log, tissue, np.concatenate([tested, *nulls]), protocol, seed).mean(axis=1)
    return np.asarray(permutation_p(v[:n_trials], v[n_trials:].reshape(n_trials, n_null).T))
