"""Find the target of a drug among knock-downs: ranks by counting, with what chance alone would give."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from scipy.special import gammaln
from scipy.stats import false_discovery_control

from reread.core import check
from reread.core.errors import DataError

BLOCK = 8_000_000  # correlations held at once: 64 MB
HITS = (1, 5, 10)


def unit_rows(values: np.ndarray) -> np.ndarray:
    """Rows centred and scaled to length one, so that a product is a correlation; a flat row becomes 0."""
    check.axes(values, "values", signature=None, feature=None)
    centred = np.asarray(values, dtype=float)
    centred = centred - centred.mean(axis=1, keepdims=True)
    length = np.linalg.norm(centred, axis=1, keepdims=True)
    return np.divide(centred, length, out=np.zeros_like(centred), where=length > 0)


def first_target_rank(query: np.ndarray, reference: np.ndarray, is_target: np.ndarray) -> np.ndarray:
    """Rank of the most similar target, 0 for the nearest of all, by counting what is nearer.

    Parameters
    ----------
    query : float array, (signature, feature)
        Signatures of one drug.
    reference : float array, (knockdown, feature)
        Signatures of knock-downs, in the same representation.
    is_target : bool array, (knockdown,)
        Which of them knock a target of the drug down.

    Returns
    -------
    int array, (signature,)
        How many knock-downs are more correlated with the query than its best target is.

    Raises
    ------
    DataError
        If features differ in number or no knock-down is of a target.

    Notes
    -----
    Source: the authors' analysis notebook, in 92. They sort all 116,782 neighbours of each signature and look
    for the first target; counting needs no sort and gives the same rank.
    """
    check.axes(query, "query", signature=None, feature=None)
    check.axes(reference, "reference", knockdown=len(is_target), feature=query.shape[1])
    is_target = np.asarray(is_target, dtype=bool)
    if not is_target.any():
        raise DataError("None of the knock-downs is of a target. Name genes that were knocked down.")
    asked, known = unit_rows(query), unit_rows(reference).T
    rank = np.empty(len(asked), dtype=np.int64)
    step = max(1, BLOCK // known.shape[1])
    for start in range(0, len(asked), step):
        alike = asked[start : start + step] @ known
        best = alike[:, is_target].max(axis=1, keepdims=True)
        rank[start : start + step] = (alike > best).sum(axis=1)
    return rank


def mean_rank_by_chance(n: int, k: int) -> float:
    """Mean rank, counted from 0, of the first of k targets among n in random order: (n + 1) / (k + 1) - 1."""
    if not 1 <= k <= n:
        raise DataError(f"Between 1 and all of the {n} knock-downs can be of targets, but {k} are.")
    return (n + 1) / (k + 1) - 1


def p_of_rank(rank: np.ndarray, n: int, k: np.ndarray) -> np.ndarray:
    """Chance that the first of k targets among n in random order has this rank (from 0) or a better one."""
    rank, k = np.asarray(rank, dtype=float), np.asarray(k, dtype=float)
    behind = np.maximum(n - rank - 1, 0)  # places that are left when no target is at this rank or before
    is_possible = behind >= k
    behind = np.where(is_possible, behind, k)
    missed = gammaln(behind + 1) - gammaln(behind - k + 1) - gammaln(n + 1) + gammaln(n - k + 1)
    return np.where(is_possible, 1 - np.exp(missed), 1.0)


def score_genes(
    drugs: np.ndarray, names: np.ndarray, knockdowns: np.ndarray, genes: np.ndarray
) -> pd.DataFrame:
    """Correlation of the mean signature of each drug with that of each knocked-down gene.

    Parameters
    ----------
    drugs : float array, (signature, feature)
    names : array of str, (signature,)
        Drug of each row.
    knockdowns : float array, (knockdown, feature)
    genes : array of str, (knockdown,)
        Gene of each row.

    Returns
    -------
    DataFrame, (drug, gene)
        Both sorted by name. A mean over lines and hairpins is freer of their off-target effects than the
        best of many single signatures.

    Raises
    ------
    DataError
        If sizes do not fit.
    """
    check.axes(drugs, "drugs", signature=len(names), feature=None)
    check.axes(knockdowns, "knockdowns", knockdown=len(genes), feature=drugs.shape[1])
    (rows, row_names), (columns, column_names) = _means(drugs, names), _means(knockdowns, genes)
    return pd.DataFrame(unit_rows(rows) @ unit_rows(columns).T, index=row_names, columns=column_names)


def _means(values: np.ndarray, names: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    known, code = np.unique(np.asarray(names, dtype=str), return_inverse=True)
    total = np.zeros((len(known), values.shape[1]))
    np.add.at(total, code, values)
    return total / np.bincount(code)[:, None], known


def retrieve(scores: pd.DataFrame, targets: Mapping[str, Sequence[str]]) -> pd.DataFrame:
    """Rank of the first target of each drug among all genes.

    Parameters
    ----------
    scores : DataFrame, (drug, gene)
        Higher is more alike.
    targets : mapping of str to sequence of str
        Genes of each drug; genes that were not knocked down are left out, and drugs without any other.

    Returns
    -------
    DataFrame
        drug, n_targets, rank (from 1), by_chance (mean rank in random order, from 1), reciprocal, hit1, hit5,
        hit10, p (random order), q (Benjamini and Hochberg).

    Raises
    ------
    DataError
        If no drug has a target among the genes.
    """
    is_target = target_matrix(scores, targets)
    kept = is_target.any(axis=1)
    if not kept.any():
        raise DataError("No drug has a target among the genes that were knocked down.")
    rank = _first_ranks(scores.to_numpy(), is_target)[kept]
    n, k = scores.shape[1], is_target.sum(axis=1)[kept]
    p = p_of_rank(rank - 1, n, k)
    table = pd.DataFrame({
        "drug": scores.index[kept], "n_targets": k, "rank": rank, "by_chance": (n + 1) / (k + 1),
        "reciprocal": 1 / rank, **{f"hit{hit}": rank <= hit for hit in HITS}, "p": p,
        "q": false_discovery_control(p),
    })  # fmt: skip
    return table.reset_index(drop=True)


def target_matrix(scores: pd.DataFrame, targets: Mapping[str, Sequence[str]]) -> np.ndarray:
    """Bool (drug, gene): which gene is a target of which drug."""
    genes = [set(targets.get(str(drug), ())) for drug in scores.index]
    return np.array([[gene in wanted for gene in scores.columns] for wanted in genes], dtype=bool)


def _first_ranks(scores: np.ndarray, is_target: np.ndarray) -> np.ndarray:
    """Rank from 1 (drug,) of the best target; a drug without one gets the number of genes plus one."""
    best = np.where(is_target, scores, -np.inf).max(axis=1, keepdims=True)
    return (scores > best).sum(axis=1) + 1


def mrr_null(
    scores: pd.DataFrame, targets: Mapping[str, Sequence[str]], *, n_permutations: int = 999, seed: int = 0
) -> pd.Series:
    """Mean reciprocal rank and hits at 1, 5, 10, beside what genes of shuffled names would give.

    Parameters
    ----------
    scores, targets
        As in :func:`retrieve`.
    n_permutations, seed : int
        Draws of the null, and their random seed. Shuffling names keeps drugs that share targets together, and
        keeps genes that are alike to everything.

    Returns
    -------
    Series
        ``mrr``, ``hit1``, ``hit5``, ``hit10``, ``null_mrr`` (mean), ``null_high`` (95th percentile), ``p``,
        ``n`` (drugs).

    Raises
    ------
    DataError
        As :func:`retrieve`.
    """
    found = retrieve(scores, targets)
    is_target = target_matrix(scores, targets)
    kept = is_target.any(axis=1)
    values, is_target = scores.to_numpy()[kept], is_target[kept]
    rng = np.random.default_rng(seed)
    null = np.array([
        (1 / _first_ranks(values, is_target[:, rng.permutation(values.shape[1])])).mean()
        for _ in range(n_permutations)
    ])  # fmt: skip
    mrr = found["reciprocal"].mean()
    return pd.Series({
        "mrr": mrr, **{f"hit{hit}": found[f"hit{hit}"].mean() for hit in HITS}, "null_mrr": null.mean(),
        "null_high": np.quantile(null, 0.95), "p": (1 + (null >= mrr - 1e-12).sum()) / (1 + n_permutations),
        "n": len(found),
    })  # fmt: skip
