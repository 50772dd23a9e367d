"""Logarithms as published and as usual, and scaling of genes fitted on training samples."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from reread.core import validate
from reread.core.errors import DataError

CLIP = 5.0
OFFSET, SHIFT = 0.001, 10.0


def log_published(values: np.ndarray) -> np.ndarray:
    """Take the published logarithm ``log2(x + 0.001) + 10`` of FPKM or TPM, float32 (sample, gene).

    0 becomes 0.034, just above the 0 that pads the image. Raises DataError if ``values`` does not have two
    axes. Source: ``modelling/cnn.py`` and notebook 1 of the authors.
    """
    validate.axes(values, "values", sample=None, gene=None)
    shifted = np.log2(np.asarray(values, dtype=np.float32) + np.float32(OFFSET)) + np.float32(SHIFT)
    return shifted.astype(np.float32)


def log_plus_one(values: np.ndarray) -> np.ndarray:
    """Take ``log2(x + 1)`` of FPKM or TPM, (sample, gene) to float32 (sample, gene); 0 stays 0."""
    return np.log2(np.asarray(values, dtype=np.float32) + np.float32(1)).astype(np.float32)


@dataclass(frozen=True, eq=False)
class Scaler:
    """Mean and standard deviation (gene,) of the training samples; 1 for a gene that never varies."""

    mean: np.ndarray
    spread: np.ndarray

    @classmethod
    def fit(cls, train: np.ndarray) -> Scaler:
        """Fit on training samples (sample, gene)."""
        validate.axes(train, "train", sample=None, gene=None)
        if len(train) == 0:
            raise DataError("A scaler needs training samples, but there is none. Use another split.")
        spread = train.std(axis=0, dtype=np.float64)
        return cls(train.mean(axis=0, dtype=np.float64), np.where(spread > 0, spread, 1.0))

    def transform(self, values: np.ndarray) -> np.ndarray:
        """Standardise (sample, gene) by the training samples, clipped to 5 on both sides, as float32."""
        validate.axes(values, "values", sample=None, gene=len(self.mean))
        return np.clip((values - self.mean) / self.spread, -CLIP, CLIP).astype(np.float32)
