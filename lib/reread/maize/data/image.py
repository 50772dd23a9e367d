"""Genes as pixels of a square image, and the exact way back."""

from __future__ import annotations

import math

import numpy as np

from reread.core import validate
from reread.core.errors import DataError


def side_of(n_genes: int) -> int:
    """Side of the smallest square image that holds all genes, in pixels."""
    if n_genes < 1:
        raise DataError(f"An image needs at least one gene, but n_genes is {n_genes}. Keep more genes.")
    return math.isqrt(n_genes - 1) + 1


def to_image(values: np.ndarray, order: np.ndarray | None = None) -> np.ndarray:
    """Write each sample into a square image, row by row, and pad its end with 0.

    Parameters
    ----------
    values : float array, (sample, gene)
    order : int array, (gene,), optional
        Gene of pixel 0, 1, 2, ...; by default the order of the columns.

    Returns
    -------
    array, (sample, side, side, 1)
        ``side = ceil(sqrt(gene))``.

    Raises
    ------
    DataError
        If ``values`` does not have two axes, or ``order`` is no permutation of the genes.

    Notes
    -----
    Source: ``modelling/cnn.py`` of the authors, who use the order of the csv. Here any order can be given.
    """
    validate.axes(values, "values", sample=None, gene=None)
    n_samples, n_genes = values.shape
    side = side_of(n_genes)
    image = np.zeros((n_samples, side * side), dtype=values.dtype)
    image[:, :n_genes] = values if order is None else values[:, _permutation(order, n_genes)]
    return image.reshape(n_samples, side, side, 1)


def from_image(image: np.ndarray, n_genes: int, order: np.ndarray | None = None) -> np.ndarray:
    """Read genes back from images: the exact inverse of :func:`to_image`.

    Parameters
    ----------
    image : array, (sample, side, side, 1)
    n_genes : int
        Pixels that are genes; the rest is padding.
    order : int array, (gene,), optional
        The order that the image was written in.

    Returns
    -------
    array, (sample, gene)
        Genes in the order of the columns they came from.

    Raises
    ------
    DataError
        If the image is not the square that ``n_genes`` genes need, or the order does not fit.
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
        raise DataError(
            f"order must be a permutation of range({n_genes}), but holds {len(np.unique(order))} distinct "
            f"numbers from {order.min()} to {order.max()}."
        )
    return order.astype(np.int64)
