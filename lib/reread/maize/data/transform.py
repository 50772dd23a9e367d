"""Take logarithms as published and as usual, and scale genes by what training samples say."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from reread.core import validate as check
from reread.core.errors import DataError

CLIP = 5.0
OFFSET, SHIFT = 0.001, 10.0


def log_published(values: np.ndarray) -> np.ndarray:
    """Take the published logarithm, ``log2(x + 0.001) + 10``.

    Parameters
    ----------
    values : float array, (sample, gene)
        FPKM or TPM, not negative.

    Returns
    -------
    float32 array, (sample, gene)
        0 becomes 0.034, just above the 0 that pads the image. Between a gene that was not seen and one at
        0.1 FPKM lie 6.7 units, as many as between 0.1 and 10: absence is stretched more than presence.

    Notes
    -----
    Source: ``modelling/cnn.py`` and notebook 1 of the authors.
    """
    return (np.log2(np.asarray(values, dtype=np.float32) + np.float32(OFFSET)) + np.float32(SHIFT)).astype(
        np.float32
    )


def log_plus_one(values: np.ndarray) -> np.ndarray:
    """Take ``log2(x + 1)`` of FPKM or TPM, (sample, gene) to float32 (sample, gene); 0 stays 0."""
    return np.log2(np.asarray(values, dtype=np.float32) + np.float32(1)).astype(np.float32)


TRANSFORMS = {"published": log_published, "plus one": log_plus_one}


@dataclass(frozen=True, eq=False)
class Scaler:
    """Mean and spread of each gene in the training samples.

    Attributes
    ----------
    mean, spread : float array, (gene,)
        Units of what was fitted. The spread of a gene that never varies is 1, so that it becomes 0.
    """

    mean: np.ndarray
    spread: np.ndarray

    @classmethod
    def fit(cls, train: np.ndarray) -> Scaler:
        """Learn from training samples alone, (sample, gene).

        Raises
        ------
        DataError
            If there is no sample, or ``train`` has not two axes.
        """
        check.axes(train, "train", sample=None, gene=None)
        if len(train) == 0:
            raise DataError("A scaler learns from training samples, but there is none.\nSplit the data anew.")
        spread = train.std(axis=0, dtype=np.float64)
        return cls(train.mean(axis=0, dtype=np.float64), np.where(spread > 0, spread, 1.0))

    def transform(self, values: np.ndarray) -> np.ndarray:
        """Scale to mean 0 and spread 1 of the training samples, clipped to 5 on both sides.

        Parameters
        ----------
        values : float array, (sample, gene)
            The genes of the training samples, in their order.

        Returns
        -------
        float32 array, (sample, gene)

        Raises
        ------
        DataError
            If the number of genes is another than in training.
        """
        check.axes(values, "values", sample=None, gene=len(self.mean))
        return np.clip((values - self.mean) / self.spread, -CLIP, CLIP).astype(np.float32)
