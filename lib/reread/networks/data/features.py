"""Describe each gene once; a pair only points into the description."""

from __future__ import annotations

import numpy as np
from scipy.stats import rankdata

from reread.core import validate as check
from reread.core.errors import DataError, ParameterError, did_you_mean

KINDS = ("pearson", "spearman", "pca")
PAIR_KINDS = ("concat", "product")


def gene_features(values: np.ndarray, kind: str = "pearson", *, n_components: int = 32) -> np.ndarray:
    """Describe every gene by its correlations with all genes, or by its principal components over cells.

    Parameters
    ----------
    values : float array, (cell, gene)
        Expression.
    kind : str
        ``pearson`` or ``spearman``: row of the correlation matrix, feature = gene. ``pca``: scores of the
        gene on the first components of the standardised expression, feature = component.
    n_components : int
        Components of ``pca``; at most the smaller of cells and genes are given.

    Returns
    -------
    float32 array, (gene, feature)
        Correlations of a gene that never varies are 0, that with itself too.

    Raises
    ------
    ParameterError
        If ``kind`` is unknown or ``n_components`` is below 1.
    DataError
        If there are fewer than two cells.

    Notes
    -----
    Source: DeepTGI scripts, where "PCC" is Pearson or Spearman by script and undefined correlations become 0.
    There the two rows are copied for every pair; here they are made once for each gene.
    """
    check.axes(values, "values", cell=None, gene=None)
    if kind not in KINDS:
        raise ParameterError(f"There is no kind {kind!r} of gene features. {did_you_mean(kind, KINDS)}")
    if len(values) < 2:
        raise DataError(
            f"Features compare cells, but there is only {len(values)}. Read a table with more cells."
        )
    if kind == "pca":
        return _components(_standardised(values), n_components)
    unit = _standardised(_ranks(values) if kind == "spearman" else values)
    return np.clip(unit.T @ unit, -1.0, 1.0).astype(np.float32)


def pair_features(features: np.ndarray, tf: np.ndarray, gene: np.ndarray, kind: str = "concat") -> np.ndarray:
    """Look up the features of both sides of each pair.

    Parameters
    ----------
    features : float array, (gene, feature)
        From :func:`gene_features`.
    tf, gene : int array, (pair,)
        Gene indices.
    kind : str
        ``concat``: those of the TF beside those of the gene, (pair, 2 x feature). ``product``: one times the
        other.

    Returns
    -------
    array, (pair, feature)
        Same type as ``features``.

    Raises
    ------
    ParameterError
        If ``kind`` is unknown.
    """
    if kind not in PAIR_KINDS:
        raise ParameterError(f"There is no kind {kind!r} of pair features. {did_you_mean(kind, PAIR_KINDS)}")
    check.axes(features, "features", gene=None, feature=None)
    if kind == "product":
        return features[tf] * features[gene]
    n_features = features.shape[1]
    beside = np.empty((len(tf), 2 * n_features), dtype=features.dtype)
    np.take(features, tf, axis=0, out=beside[:, :n_features])
    np.take(features, gene, axis=0, out=beside[:, n_features:])
    return beside


def quantile_bins(values: np.ndarray, n_bins: int = 8) -> np.ndarray:
    """Code each gene's values by quantile, equal values (zeros above all) always in one bin.

    Parameters
    ----------
    values : float array, (cell, gene)
    n_bins : int
        Most bins of a gene; ties leave some empty.

    Returns
    -------
    int array, (cell, gene)
        Codes from 0 to ``n_bins - 1``.
    """
    lowest_rank = rankdata(values, axis=0, method="min") - 1
    return (lowest_rank * n_bins / len(values)).astype(np.int64)


def _standardised(values: np.ndarray) -> np.ndarray:
    """Centred, with length 1 over cells (cell, gene); a gene that never varies is 0 throughout."""
    centred = values - values.mean(axis=0, dtype=np.float64)
    length = np.linalg.norm(centred, axis=0)
    varies = np.ptp(values, axis=0) > 0
    return np.divide(centred, length, out=np.zeros_like(centred), where=varies & (length > 0))


def _ranks(values: np.ndarray) -> np.ndarray:
    """Rank of each cell within each gene, ties at their mean."""
    from scipy.stats import rankdata

    return rankdata(values, axis=0)


def _components(standardised: np.ndarray, n_components: int) -> np.ndarray:
    """Scores (gene, component); the sign of a component is fixed by its largest entry."""
    if n_components < 1:
        raise ParameterError(f"At least one component is needed, but n_components={n_components}.")
    _, size, genes = np.linalg.svd(standardised, full_matrices=False)
    scores = (genes * size[:, None])[:n_components].T
    largest = np.abs(scores).argmax(axis=0)
    sign = np.sign(scores[largest, np.arange(scores.shape[1])])
    return (scores * np.where(sign == 0, 1, sign)).astype(np.float32)
