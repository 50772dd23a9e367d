"""Normalisation from level 3 to 5: robust z-scores on a plate, and their moderated mean over replicates."""

from __future__ import annotations

import numpy as np
from scipy.stats import rankdata

from reread.core import validate
from reread.core.errors import DataError

MAD_TO_SD = 1.4826  # of a normal distribution


def robust_z(
    values: np.ndarray, plate: np.ndarray, *, min_mad: float = 0.1, clip: float = 10.0
) -> np.ndarray:
    """Level 3 to 4: ``(x - median) / (1.4826 * MAD)`` of each gene on the plate of each well, clipped."""
    plate = np.asarray(plate)
    validate.axes(values, "values", well=len(plate), gene=None)
    if not np.isfinite(values).all():
        well, gene = np.argwhere(~np.isfinite(values))[0]
        raise DataError(
            f"values must be finite, but well {well} has {values[well, gene]} at gene {gene}. Drop the "
            "well or fill the gene."
        )
    out = np.empty(values.shape, dtype=np.float32)
    for name in np.unique(plate):
        wells = plate == name
        if wells.sum() < 2:
            raise DataError(f"Plate {str(name)!r} has one well only; a median needs more. Drop it.")
        off = values[wells] - np.median(values[wells], axis=0)
        mad = np.maximum(np.median(np.abs(off), axis=0), min_mad)
        out[wells] = np.clip(off / (MAD_TO_SD * mad), -clip, clip)
    return out


def modz(z: np.ndarray, *, min_weight: float = 0.01) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Level 4 to 5 (MODZ): mean of replicates (replicate, gene) weighted by their Spearman correlations.

    Returns the signature (gene,), the weights (replicate,), and the correlations (replicate, replicate).
    """
    validate.axes(z, "z", replicate=None, gene=None)
    n = len(z)
    if n == 0:
        raise DataError("A signature needs at least one replicate, but z has none.")
    if n == 1:
        return np.asarray(z[0], dtype=float), np.ones(1), np.ones((1, 1))
    if not np.isfinite(z).all():
        bad, gene = np.argwhere(~np.isfinite(z))[0]
        raise DataError(f"Replicate {bad} has {z[bad, gene]} at gene {gene}. Drop it or fill the gene.")
    # a constant replicate agrees with none: correlation 0, and so the least weight
    ranks = rankdata(z, axis=1)
    ranks -= ranks.mean(axis=1, keepdims=True)
    length = np.linalg.norm(ranks, axis=1)
    cc = ranks @ ranks.T / np.maximum(np.outer(length, length), 1e-300)
    np.fill_diagonal(cc, 1)
    agreement = np.maximum(cc, 0) * (1 - np.eye(n))
    raw = np.maximum(agreement.sum(axis=1) / (n - 1), min_weight)
    weights = raw / raw.sum()
    return weights @ z, weights, cc
