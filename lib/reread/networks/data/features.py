"""Compute features once for each gene; a pair looks up those of its two genes."""

from __future__ import annotations

import numpy as np
from scipy.stats import rankdata

from reread.core import validate
from reread.core.errors import DataError, ParameterError, did_you_mean

KINDS = ("pearson", "spearman", "pca")
DECIMALS = 6  # of components, which differ between processors beyond them, and a tree would split there


def gene_features(values: np.ndarray, kind: str = "pearson", *, n_components: int = 32) -> np.ndarray:
    """Describe every gene by its correlations with all genes, or by its principal components over cells.

    ``values`` is (cell, gene). ``pearson`` and ``spearman`` give float32 (gene, gene), 0 for a gene that
    never varies. ``pca`` gives (gene, component): the scores of the standardised expression on at most
    ``n_components`` components. An unknown kind raises ParameterError, fewer than two cells DataError.
    Source: DeepTGI scripts, which name either correlation PCC and copy both rows for every pair.
    """
    validate.axes(values, "values", cell=None, gene=None)
    if kind not in KINDS:
        raise ParameterError(f"There is no kind {kind!r} of gene features. {did_you_mean(kind, KINDS)}")
    if len(values) < 2:
        raise DataError(
            f"Features compare cells, but there is only {len(values)}. Read a table with more cells."
        )
    unit = _standardised(rankdata(values, axis=0) if kind == "spearman" else values)
    if kind != "pca":
        return np.clip(unit.T @ unit, -1.0, 1.0).astype(np.float32)
    if n_components < 1:
        raise ParameterError(f"At least one component is needed, but n_components={n_components}.")
    _, size, genes = np.linalg.svd(unit, full_matrices=False)
    scores = (genes * size[:, None])[:n_components].T
    # the sign of a component is fixed by its largest entry
    sign = np.sign(np.take_along_axis(scores, np.abs(scores).argmax(axis=0)[None], axis=0))
    return np.round(scores * np.where(sign == 0, 1, sign), DECIMALS).astype(np.float32)


def quantile_bins(values: np.ndarray, n_bins: int = 8) -> np.ndarray:
    """Code each gene's values by quantile, int (cell, gene); equal values always share a bin."""
    lowest_rank = rankdata(values, axis=0, method="min") - 1
    return (lowest_rank * n_bins / len(values)).astype(np.int64)


def _standardised(values: np.ndarray) -> np.ndarray:
    """Centred, with length 1 over cells (cell, gene); a gene that never varies is 0 throughout."""
    centred = values - values.mean(axis=0, dtype=np.float64)
    length = np.linalg.norm(centred, axis=0)
    varies = np.ptp(values, axis=0) > 0
    return np.divide(centred, length, out=np.zeros_like(centred), where=varies & (length > 0))
