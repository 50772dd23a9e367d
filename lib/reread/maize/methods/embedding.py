"""Coordinates of samples by a set of genes: principal components, or UMAP as published."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from reread.core import validate
from reread.core.errors import DataError, ParameterError, need

UMAP_SEED = 42


def embed_sets(log: np.ndarray, sets: Iterable[np.ndarray], n_dims: int = 10) -> np.ndarray:
    """Principal component scores (set, sample, dim) of log (sample, gene) for each set of genes."""
    validate.axes(log, "log", sample=None, gene=None)
    sets = [np.asarray(genes, dtype=int) for genes in sets]
    if len(log) < 2 or not sets or min(map(len, sets)) == 0:
        raise DataError(
            f"An embedding needs two samples and sets of at least one gene, but there are {len(log)} samples "
            f"and {len(sets)} sets of {min(map(len, sets), default=0)} genes or more."
        )
    grams = np.stack([_gram(log, genes) for genes in sets])
    value, vector = np.linalg.eigh(grams)
    largest = slice(None, -min(n_dims, log.shape[0]) - 1, -1)
    score = vector[:, :, largest] * np.sqrt(np.maximum(value[:, None, largest], 0))
    peak = np.take_along_axis(score, np.abs(score).argmax(axis=1)[:, None, :], axis=1)
    return score * np.where(peak < 0, -1, 1)


def _gram(log: np.ndarray, genes: np.ndarray) -> np.ndarray:
    part = log[:, genes].astype(float)
    centred = part - part.mean(axis=0)
    return centred @ centred.T


def _umap_embed(log: np.ndarray, genes: np.ndarray, seed: int = UMAP_SEED, n_dims: int = 2) -> np.ndarray:
    """UMAP coordinates (sample, dim) with the settings of the authors' notebook 3."""
    umap = need("umap", "maize")
    reducer = umap.UMAP(n_components=n_dims, random_state=seed, n_jobs=1)
    return np.asarray(reducer.fit_transform(log[:, genes]), dtype=float)


def embed(log: np.ndarray, sets: Iterable[np.ndarray], how: str, seed: int = UMAP_SEED) -> np.ndarray:
    """Coordinates (set, sample, dim) by ``pca-10`` or ``umap-2``; the number is that of dimensions."""
    way, _, n_dims = how.partition("-")
    if way not in ("pca", "umap") or not n_dims.isdecimal() or int(n_dims) < 1:
        raise ParameterError(f"embed must be pca or umap and dimensions, such as pca-10, not {how!r}.")
    if way == "pca":
        return embed_sets(log, sets, int(n_dims))
    return np.stack([_umap_embed(log, genes, seed, int(n_dims)) for genes in sets])
