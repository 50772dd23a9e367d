"""Two tests of a V-measure: against the published normal null, and against matched random sets."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from reread.core.stats import benjamini_hochberg, permutation_p
from reread.maize.methods.clustering import (
    REFERENCES,
    Protocol,
    compare,
    gaussian_null,
    gaussian_test,
    v_of_sets,
)
from reread.maize.methods.gene_sets import matched_sets, random_sets


def published_test(
    log: np.ndarray, tissue: np.ndarray, sets: Mapping[str, np.ndarray], protocol: Protocol, *, size: int,
    n_sets: int = 10, seed: int = 0,
) -> tuple[pd.DataFrame, tuple[float, float]]:  # fmt: skip
    """Test every set against a normal null from ``n_sets`` random sets of ``size`` genes.

    ``log`` is (sample, gene), ``tissue`` (sample,). Returns method, v_gauss, z_gauss, p_gauss, and the mean
    and standard deviation of the null. Source: the figure of notebook 4 implies this test.
    """
    random = random_sets(log.shape[1], min(size, log.shape[1]), n_sets, seed)
    mean, sd = gaussian_null(v_of_sets(log, tissue, random, protocol, seed))
    observed = v_of_sets(log, tissue, list(sets.values()), protocol, seed).mean(axis=1)
    z, p = gaussian_test(observed, mean, sd)
    return pd.DataFrame({"method": list(sets), "v_gauss": observed, "z_gauss": z, "p_gauss": p}), (mean, sd)


def permutation_test(
    log: np.ndarray, tissue: np.ndarray, sets: Mapping[str, np.ndarray], protocol: Protocol, *, n_null: int =
    999, seed: int = 0,
) -> tuple[pd.DataFrame, dict[str, np.ndarray]]:  # fmt: skip
    """Test every set against ``n_null`` random sets matched in size and expression.

    ``log`` is (sample, gene), ``tissue`` (sample,). Returns method, v_perm, null_mean, null_sd, p_perm,
    q_perm (Benjamini and Hochberg over methods), and the V-measures (set,) of the random sets by method.
    """
    table, nulls = compare(log, tissue, sets, protocol, n_null=n_null, seed=seed)
    table = table[~table["method"].isin(REFERENCES)].rename(columns={"v": "v_perm", "p": "p_perm"})
    table = table[["method", "v_perm", "null_mean", "null_sd", "p_perm"]]
    return table.assign(q_perm=benjamini_hochberg(table["p_perm"])), nulls


def false_positives(
    log: np.ndarray, tissue: np.ndarray, protocol: Protocol, *, n_genes: int, size: int, n_sets: int = 10,
    n_trials: int = 100, seed: int = 0,
) -> np.ndarray:  # fmt: skip
    """Apply the published test to ``n_trials`` random sets of ``n_genes``; return their p values (trial,).

    A valid test has p of at most 0.05 in at most one trial of twenty. Rest as :func:`published_test`.
    """
    n_all = log.shape[1]
    tested = dict(enumerate(random_sets(n_all, min(n_genes, n_all), n_trials, seed + 1)))
    table, _ = published_test(log, tissue, tested, protocol, size=size, n_sets=n_sets, seed=seed)
    return table["p_gauss"].to_numpy()


def matched_false_positives(
    log: np.ndarray, tissue: np.ndarray, protocol: Protocol, genes: np.ndarray, *,
    n_null: int = 39, n_trials: int = 100, seed: int = 0,
) -> np.ndarray:  # fmt: skip
    """Apply the permutation test to ``n_trials`` random sets; return their p values (trial,).

    The sets are matched to ``genes`` (member,) in size and expression, and each has a null of ``n_null`` sets
    matched to itself; with 39 a p of exactly 0.05 is possible.
    """
    mean = log.mean(axis=0, dtype=np.float64)
    tested = matched_sets(mean, genes, n_trials, seed=seed + 1)
    nulls = [matched_sets(mean, one, n_null, seed=seed + 2 + i) for i, one in enumerate(tested)]
    v = v_of_sets(log, tissue, np.concatenate([tested, *nulls]), protocol, seed).mean(axis=1)
    return np.asarray(permutation_p(v[:n_trials], v[n_trials:].reshape(n_trials, n_null).T))
