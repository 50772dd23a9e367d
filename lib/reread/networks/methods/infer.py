"""Infer a network from expression alone: one weight for every TF and gene, and no label seen.

Every method reads the genes in the order of their names and draws its random numbers from a hash of the
target's name, so the answer does not depend on the order of the genes in the file.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from functools import wraps
from typing import TYPE_CHECKING

import numpy as np

from reread.core.errors import ParameterError, did_you_mean
from reread.networks.data.features import gene_features, quantile_bins
from reread.networks.methods import tree_importance as regress

if TYPE_CHECKING:
    from reread.networks.data.tables import Expression

Infer = Callable[..., np.ndarray]

# Below this many cells boosting has too little to hold out, and forests of whole trees rank edges better.
FEW_CELLS = 500


def _in_name_order(method: Infer) -> Infer:
    """Run ``method`` on genes sorted by name; give the weights back in the caller's order.

    Sorting first makes the result bit-identical under any order of genes: sums, ties and random draws
    all see the same array.
    """

    @wraps(method)
    def ordered(expression: Expression, tfs: np.ndarray, *, seed: int = 0, n_jobs: int = 1) -> np.ndarray:
        names = np.asarray(expression.genes, dtype=str)
        order = np.argsort(names, kind="stable")
        place = np.empty_like(order)
        place[order] = np.arange(len(order))
        tf_places = place[np.asarray(tfs, dtype=int)]
        sorted_tfs = np.unique(tf_places)
        values = np.ascontiguousarray(expression.values[:, order], dtype=np.float32)
        weights = method(values, names[order], sorted_tfs, seed=seed, n_jobs=n_jobs)
        weights[np.arange(len(sorted_tfs)), sorted_tfs] = 0.0
        return weights[np.searchsorted(sorted_tfs, tf_places)][:, place]

    return ordered


def seed_of(gene: str, seed: int) -> int:
    """Random seed of one target, from its name: stable between runs, machines and orders of genes."""
    digest = hashlib.blake2b(f"{seed}:{gene}".encode(), digest_size=4).digest()
    return int.from_bytes(digest, "little") >> 1


@_in_name_order
def pearson(values, names, tfs, *, seed, n_jobs):
    """Absolute Pearson correlation over cells.

    Parameters
    ----------
    expression : Expression
        Values (cell, gene), any unit.
    tfs : int array, (tf,)
        Gene indices of the regulators.
    seed, n_jobs : int
        Accepted so that every method is called alike; this one draws nothing and needs one thread.

    Returns
    -------
    float array, (tf, gene)
        Between 0 and 1. Constant genes hold 0, and so does a TF's own column: expression cannot tell
        whether a TF regulates itself.
    """
    return np.abs(gene_features(values, "pearson")[tfs])


@_in_name_order
def spearman(values, names, tfs, *, seed, n_jobs):
    """Absolute Spearman correlation over cells, ties at their mean rank; axes as in ``pearson``."""
    return np.abs(gene_features(values, "spearman")[tfs])


@_in_name_order
def mutual_information(values, names, tfs, *, seed, n_jobs):
    """Mutual information in nats of expression cut into eight quantile bins; axes as in ``pearson``.

    Notes
    -----
    The joint counts of one TF with all genes are one matrix product of indicator columns, equal to
    ``sklearn.metrics.mutual_info_score`` of the binned values.
    """
    n_cells, n_genes = values.shape
    bins = quantile_bins(values)
    n_bins = int(bins.max()) + 1
    indicator = (bins[:, :, None] == np.arange(n_bins)).astype(np.float32).reshape(n_cells, -1)
    share = indicator.mean(axis=0, dtype=np.float64).reshape(n_genes, n_bins)
    rows = []
    for tf in tfs:
        own = indicator[:, tf * n_bins : (tf + 1) * n_bins]
        joint = (own.T @ indicator).reshape(n_bins, n_genes, n_bins).astype(np.float64) / n_cells
        expected = share[tf][:, None, None] * share[None]
        ratio = np.divide(joint, expected, out=np.ones_like(expected), where=joint > 0)
        rows.append((joint * np.log(ratio)).sum(axis=(0, 2)))
    return np.maximum(np.array(rows), 0.0)


def genie3(
    expression: Expression, tfs: np.ndarray, *, seed: int = 0, n_jobs: int = 1, engine: str = "auto"
) -> np.ndarray:
    """Regress each gene on all TFs; a TF's weight is the variance of the gene that its splits explain.

    Parameters
    ----------
    expression : Expression
        Values (cell, gene), any unit: each target is scaled to unit variance.
    tfs : int array, (tf,)
        Gene indices of the regulators; a TF never explains itself.
    seed : int
        Mixed with the name of each target.
    n_jobs : int
        Targets run at once.
    engine : str
        ``extra trees``, ``random forest``, ``lightgbm``, or ``auto``: extra trees below 500 cells, LightGBM
        above.

    Returns
    -------
    float array, (tf, gene)

    Raises
    ------
    ParameterError
        If the engine is not one of these.

    Notes
    -----
    Source: Huynh-Thu et al., PLoS ONE 2010. There 1,000 trees a target; LightGBM on 63 bins ranks single-cell
    edges as well for a small part of the time, but not with few samples.
    """
    if engine == "auto":
        engine = "extra trees" if len(expression.values) < FEW_CELLS else "lightgbm"
    if engine not in regress.ENGINES:
        known = [*regress.ENGINES, "auto"]
        raise ParameterError(f"There is no GENIE3 engine {engine!r}. {did_you_mean(engine, known)}")
    return _each_target(expression, tfs, seed=seed, n_jobs=n_jobs, engine=engine)


def grnboost2(expression: Expression, tfs: np.ndarray, *, seed: int = 0, n_jobs: int = 1) -> np.ndarray:
    """Regress each gene on all TFs by slow boosting that stops when held-out cells no longer gain.

    Axes as in ``genie3``.

    Notes
    -----
    Source: Moerman et al., Bioinformatics 2019 (learning rate 0.01, depth 3, 10 % of TFs a split, 90 % of
    cells a tree, stop after 25 rounds without out-of-bag gain). LightGBM has no out-of-bag loss: here one
    tenth of the cells, drawn for each target, is held out to stop on.
    """
    return _each_target(expression, tfs, seed=seed, n_jobs=n_jobs, engine="boosting")


def _each_target(
    expression: Expression, tfs: np.ndarray, *, seed: int, n_jobs: int, engine: str
) -> np.ndarray:
    @_in_name_order
    def run(values, names, tfs, *, seed, n_jobs):
        seeds = [seed_of(str(name), seed) for name in names]
        return regress.explain_targets(values, tfs, seeds, engine=engine, n_jobs=n_jobs)

    return run(expression, tfs, seed=seed, n_jobs=n_jobs)


METHODS: dict[str, Infer] = {
    "|Pearson|": pearson,
    "|Spearman|": spearman,
    "mutual information": mutual_information,
    "GENIE3": genie3,
    "GRNBoost2": grnboost2,
}


def infer_all(
    expression: Expression, tfs: np.ndarray, methods: Iterable[str], *, seed: int = 0, n_jobs: int = 1
) -> dict[str, np.ndarray]:
    """Weights (tf, gene) of each named method, computed once.

    Raises
    ------
    ParameterError
        If a name is not in ``METHODS``.
    """
    for name in methods:
        if name not in METHODS:
            raise ParameterError(f"There is no inference method {name!r}. {did_you_mean(name, METHODS)}")
    return {name: METHODS[name](expression, tfs, seed=seed, n_jobs=n_jobs) for name in methods}


def weights_at(weights: np.ndarray, tfs: np.ndarray, tf: np.ndarray, gene: np.ndarray) -> np.ndarray:
    """Look up the weight of each pair.

    Parameters
    ----------
    weights : float array, (tf, gene)
    tfs : int array, (tf,)
        Gene index of each row of ``weights``.
    tf, gene : int array, (pair,)
        Gene indices of the pairs.

    Returns
    -------
    float array, (pair,)
    """
    row_of = np.full(weights.shape[1], -1)
    row_of[tfs] = np.arange(len(tfs))
    return weights[row_of[tf], gene]
