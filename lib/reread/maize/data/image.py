"""Inputs of the models: logarithms, scaling by training samples, genes as pixels of a square image."""

from __future__ import annotations

import math
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


def side_of(n_genes: int) -> int:
    """Side of the smallest square image that holds all genes, in pixels."""
    if n_genes < 1:
        raise DataError(f"An image needs at least one gene, but n_genes is {n_genes}. Keep more genes.")
    return math.isqrt(n_genes - 1) + 1


def to_image(values: np.ndarray, order: np.ndarray | None = None) -> np.ndarray:
    """Write samples (sample, gene) row by row into square images (sample, side, side, 1), padded with 0.

    ``order`` (gene,) is the gene of pixel 0, 1, 2, ...; by default that of the columns; side is
    ceil(sqrt(gene)). Raises DataError if ``values`` does not have two axes or ``order`` is no permutation of
    the genes. Source: ``modelling/cnn.py`` of the authors, who use the order of the csv.
    """
    validate.axes(values, "values", sample=None, gene=None)
    n_samples, n_genes = values.shape
    side = side_of(n_genes)
    image = np.zeros((n_samples, side * side), dtype=values.dtype)
    image[:, :n_genes] = values if order is None else values[:, _permutation(order, n_genes)]
    return image.reshape(n_samples, side, side, 1)


def from_image(image: np.ndarray, n_genes: int, order: np.ndarray | None = None) -> np.ndarray:
    """Read genes (sample, gene) from images (sample, side, side, 1): the exact inverse of :func:`to_image`.

    ``n_genes`` pixels are genes, the rest is padding; ``order`` (gene,) is that of writing, and genes come
    back in the order of the columns. Raises DataError if the image or the order does not fit ``n_genes``.
    """
    side = side_of(n_genes)
    validate.axes(image, "image", sample=None, row=side, column=side, channel=1)
    pixels = image.reshape(len(image), side * side)[:, :n_genes]
    if order is None:
        return pixels.copy()
    values = np.empty_like(pixels)
    values[:, _permutation(order, n_genes)] = pixels
    return values


def _permutation(order: np.ndarray, n_genes: int) -> np.ndarray:
    order = np.asarray(order)
    validate.axes(order, "order", gene=n_genes)
    if not np.array_equal(np.sort(order), np.arange(n_genes)):
        found = f"{len(np.unique(order))} distinct numbers from {order.min()} to {order.max()}"
        raise DataError(f"order must be a permutation of range({n_genes}), but holds {found}.")
    return order.astype(np.int64)
