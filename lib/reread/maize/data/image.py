"""Lay genes out as a square image, and read them back without any loss."""

from __future__ import annotations

import math

import numpy as np

from reread.core import validate as check
from reread.core.errors import DataError


def side_of(n_genes: int) -> int:
    """Side of the smallest square image that holds all genes, in pixels."""
    if n_genes < 1:
        raise DataError(f"An image needs at least one gene, but there are {n_genes}.\nRead the data anew.")
    return math.isqrt(n_genes - 1) + 1


def to_image(values: np.ndarray, order: np.ndarray | None = None) -> np.ndarray:
    """Write each sample into a square image, row by row, and pad its end with 0.

    Parameters
    ----------
    values : float array, (sample, gene)
    order : int array, (gene,), optional
        Which gene goes to pixel 0, 1, 2, ...; the order of the columns when left out.

    Returns
    -------
    array, (sample, side, side, 1)
        ``side = ceil(sqrt(gene))``.

    Raises
    ------
    DataError
        If ``values`` has not two axes, or ``order`` does not name every gene once.

    Notes
    -----
    Source: ``modelling/cnn.py`` of the authors, who use the order of the csv: what lies side by side in the
    image is side by side in the file, and one row up whatever stands a side length earlier. Our departure:
    any order can be given.
    """
    check.axes(values, "values", sample=None, gene=None)
    n_samples, n_genes = values.shape
    side = side_of(n_genes)
    image = np.zeros((n_samples, side * side), dtype=values.dtype)
    image[:, :n_genes] = values if order is None else values[:, checked_order(order, n_genes)]
    return image.reshape(n_samples, side, side, 1)


def from_image(image: np.ndarray, n_genes: int, order: np.ndarray | None = None) -> np.ndarray:
    """Read genes back from images: the exact inverse of :func:`to_image`.

    Parameters
    ----------
    image : array, (sample, side, side, 1)
    n_genes : int
        How many pixels are genes; the rest is padding.
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
    check.axes(image, "image", sample=None, row=side, column=side, channel=1)
    pixels = image.reshape(len(image), side * side)[:, :n_genes]
    if order is None:
        return pixels.copy()
    values = np.empty_like(pixels)
    values[:, checked_order(order, n_genes)] = pixels
    return values


def checked_order(order: np.ndarray, n_genes: int) -> np.ndarray:
    """Return ``order`` as integers (gene,), or refuse it.

    Raises
    ------
    DataError
        If it does not name every gene once: a gene would be lost, another stand twice.
    """
    order = np.asarray(order)
    check.axes(order, "order", gene=n_genes)
    if not np.array_equal(np.sort(order), np.arange(n_genes)):
        raise DataError(
            f"order must name each of the {n_genes} genes once, but names {len(np.unique(order))} of them.\n"
            f"Draw it as a permutation of range({n_genes})."
        )
    return order.astype(np.int64)
