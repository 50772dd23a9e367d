"""Place samples by a set of genes: principal components of many sets at once, or UMAP of one as published."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from reread.core import validate as check
from reread.core.errors import DataError, ParameterError, need

UMAP_SEED = 42


def embed_sets(log: np.ndarray, sets: Iterable[np.ndarray], n_dims: int = 10) -> np.ndarray:
    """Principal components of the samples, for each set of genes.

    Parameters
    ----------
    log : float array, (sample, gene)
        Log expression.
    sets : iterable of int array, (member,)
        Sets of genes, of any sizes.
    n_dims : int
        Components kept; fewer come back where there are fewer samples.

    Returns
    -------
    float array, (set, sample, dim)
        Scores, the component of largest variance first; the sign of each makes its largest entry positive.

    Raises
    ------
    DataError
        If there is no set, a set is empty, or there are fewer than two samples.

    Notes
    -----
    The scores are eigenvectors of the (sample, sample) matrix of inner products times the root of their
    eigenvalues. With far fewer samples than genes that is much cheaper than decomposing (sample, gene).
    """
    check.axes(log, "log", sample=None, gene=None)
    grams = np.stack([_gram(log, genes) for genes in _checked(log, sets)])
    value, vector = np.linalg.eigh(grams)
    largest = slice(None, -min(n_dims, log.shape[0]) - 1, -1)
    score = vector[:, :, largest] * np.sqrt(np.maximum(value[:, None, largest], 0))
    peak = np.take_along_axis(score, np.abs(score).argmax(axis=1)[:, None, :], axis=1)
    return score * np.where(peak < 0, -1, 1)


def _checked(log: np.ndarray, sets: Iterable[np.ndarray]) -> list[np.ndarray]:
    sets = [np.asarray(genes, dtype=int) for genes in sets]
    if len(log) < 2 or not sets or min(map(len, sets)) == 0:
        smallest = min(map(len, sets), default=0)
        raise DataError(
            f"Placing samples needs two of them and sets of at least one gene, but {len(log)} samples came, "
            f"and {len(sets)} sets of {smallest} genes or more."
        )
    return sets


def _gram(log: np.ndarray, genes: np.ndarray) -> np.ndarray:
    part = log[:, genes]
    centred = part - part.mean(axis=0)
    return (centred @ centred.T).astype(float)


def umap_embed(log: np.ndarray, genes: np.ndarray, seed: int = UMAP_SEED, n_dims: int = 2) -> np.ndarray:
    """UMAP of the samples by one set of genes, (sample, dim), with the settings of the authors' notebook 3.

    Raises
    ------
    MissingExtra
        If umap-learn is not installed.
    """
    umap = need("umap", "maize")
    reducer = umap.UMAP(n_components=n_dims, random_state=seed, n_jobs=1)
    return np.asarray(reducer.fit_transform(log[:, genes]), dtype=float)


def place(log: np.ndarray, sets: Iterable[np.ndarray], how: str, seed: int = UMAP_SEED) -> np.ndarray:
    """Place samples by each set, (set, sample, dim): ``pca-10``, ``umap-2``, with the dimensions at the end.

    Raises
    ------
    ParameterError
        If ``how`` is neither of both.
    """
    way, _, n_dims = how.partition("-")
    if way not in ("pca", "umap") or not n_dims.isdecimal() or int(n_dims) < 1:
        raise ParameterError(f"Samples are placed by pca or umap and dimensions, as pca-10, not by {how!r}.")
    if way == "pca":
        return embed_sets(log, sets, int(n_dims))
    return np.stack([umap_embed(log, genes, seed, int(n_dims)) for genes in sets])
