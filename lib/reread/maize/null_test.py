"""Two tests of a V-measure side by side: the published normal null, and a count among matched random sets."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from scipy.stats import false_discovery_control

from reread.maize.nulls import matched_sets, permutation_p, random_sets
from reread.maize.published_clusters import Protocol, gaussian_null, gaussian_test, v_of_sets


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
    """
    mean, rows, nulls = log.mean(axis=0), [], {}
    observed = v_of_sets(log, tissue, list(sets.values()), protocol, seed).mean(axis=1)
    for (name, genes), v in zip(sets.items(), observed, strict=True):
        drawn = matched_sets(mean, genes, n_null, seed=seed)
        null = nulls[name] = v_of_sets(log, tissue, drawn, protocol, seed).mean(axis=1)
        p = float(permutation_p(v, null))
        rows.append((name, v, null.mean(), null.std(), p))
    table = pd.DataFrame(rows, columns=["method", "v_perm", "null_mean", "null_sd", "p_perm"])
    return table.assign(q_perm=false_discovery_control(table["p_perm"])), nulls


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
) -> pd.DataFrame:
    """Give both tests sets that are random, and note what they say of them.

    Parameters
    ----------
    log : float array, (sample, gene)
    tissue : int array, (sample,)
    protocol : Protocol
        As published; both tests see the same V-measures and differ in their null alone.
    n_genes : int
        Genes of the random sets that are tested: as many as a method's set has.
    size, n_sets : int
        Genes of a random set of the published null, and its random sets.
    n_trials : int
        Sets that are tested; the permutation test compares them with as many others of their size.
    seed : int

    Returns
    -------
    DataFrame
        trial, published, permutation: the p-values of each test. A test that holds its level says less than
        0.05 in one trial of twenty.
    """
    n_all = log.shape[1]
    drawn = random_sets(n_all, min(n_genes, n_all), 2 * n_trials, seed + 1)
    small = random_sets(n_all, min(size, n_all), n_sets, seed)
    gauss = gaussian_null(v_of_sets(log, tissue, small, protocol, seed))
    v = v_of_sets(log, tissue, drawn, protocol, seed).mean(axis=1)
    tested, null = v[:n_trials], v[n_trials:]
    p = {"published": gaussian_test(tested, *gauss)[1], "permutation": permutation_p(tested, null)}
    return pd.DataFrame({"trial": np.arange(n_trials), **p})
