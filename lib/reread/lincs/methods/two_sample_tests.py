"""Two-sample tests of generated against real signatures, and a test for memorised training data."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.spatial.distance import cdist, pdist
from scipy.stats import binomtest
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from reread.core import validate
from reread.core.errors import DataError
from reread.core.stats import permutation_p

N_COMPONENTS = 20
BLOCK = 500  # rows whose distances to all others are held at once


def mmd2(x: np.ndarray, y: np.ndarray, *, n_permutations: int = 199, seed: int = 0) -> dict[str, float]:
    """Unbiased squared maximum mean discrepancy of two samples (sample, gene), and its permutation p.

    It may be negative. Returns ``mmd2``, ``mmd2_p`` and the ``width`` of the kernel.
    """
    _check_sides(x, y)
    pooled = np.concatenate([x, y]).astype(float)
    width = float(np.median(pdist(pooled)))
    kernel = cdist(pooled, pooled, "sqeuclidean")
    np.exp(-kernel / (2 * width**2), out=kernel)
    np.fill_diagonal(kernel, 0)
    rng = np.random.default_rng(seed)
    is_x = np.zeros((1 + n_permutations, len(pooled)))
    is_x[0, : len(x)] = 1
    for row in is_x[1:]:
        row[rng.permutation(len(pooled))[: len(x)]] = 1
    value = _unbiased(kernel, is_x, len(x), len(y))
    return {"mmd2": float(value[0]), "mmd2_p": permutation_p(value[0], value[1:]), "width": width}


def _unbiased(kernel: np.ndarray, is_x: np.ndarray, n_x: int, n_y: int) -> np.ndarray:
    """Unbiased MMD^2 (permutation,) from a kernel with an empty diagonal; ``is_x`` (permutation, row)."""
    to_x = is_x @ kernel
    within_x = (to_x * is_x).sum(axis=1)
    across = (to_x * (1 - is_x)).sum(axis=1)
    within_y = kernel.sum() - within_x - 2 * across
    return within_x / (n_x * (n_x - 1)) + within_y / (n_y * (n_y - 1)) - 2 * across / (n_x * n_y)


def c2st(
    x: np.ndarray, y: np.ndarray, *, seed: int = 0, n_components: int = N_COMPONENTS
) -> dict[str, float]:
    """Classifier two-sample test: half of the rows (sample, gene) train a classifier, the others test it.

    Returns accuracy ``c2st``, its 95 % interval ``c2st_low`` to ``c2st_high``, and ``c2st_p`` against chance.
    """
    _check_sides(x, y, least=10)
    n = min(len(x), len(y))
    rng = np.random.default_rng(seed)
    rows = np.concatenate([x[rng.permutation(len(x))[:n]], y[rng.permutation(len(y))[:n]]]).astype(float)
    is_y = np.repeat([0, 1], n)
    train = np.zeros(2 * n, dtype=bool)
    for side in (0, 1):
        train[rng.permutation(np.flatnonzero(is_y == side))[: n // 2]] = True
    features = _moments(rows, train, min(n_components, rows.shape[1], int(train.sum()) - 1))
    classifier = make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=500))
    right = classifier.fit(features[train], is_y[train]).predict(features[~train]) == is_y[~train]
    test = binomtest(int(right.sum()), len(right), 0.5, alternative="greater")
    interval = binomtest(int(right.sum()), len(right)).proportion_ci()
    return {
        "c2st": float(right.mean()), "c2st_low": interval.low, "c2st_high": interval.high,
        "c2st_p": test.pvalue,
    }  # fmt: skip


def _moments(rows: np.ndarray, train: np.ndarray, n_components: int) -> np.ndarray:
    """Components of the training rows, their squares, and the log of the residual (sample, feature)."""
    components = PCA(n_components, svd_solver="full").fit(rows[train])
    along = components.transform(rows)
    left = np.square(rows - components.inverse_transform(along)).mean(axis=1)
    return np.column_stack([along, np.square(along), np.log(left + 1e-6)])


def memorised(
    generated: np.ndarray, train: np.ndarray, test: np.ndarray, *, n_permutations: int = 999, seed: int = 0
) -> pd.Series:
    """Test whether generated signatures are nearer to training than to held-out signatures (sample, gene)."""
    _check_sides(train, test)
    _check_sides(generated, train)
    distance, near = _nearest(generated, np.concatenate([train, test]))
    hits = np.bincount(near, minlength=len(train) + len(test)) / len(near)
    is_train = np.arange(len(hits)) < len(train)
    rng = np.random.default_rng(seed)
    null = np.array([hits[rng.permutation(is_train)].sum() for _ in range(n_permutations)])
    share = hits[is_train].sum()
    return pd.Series({
        "nearer_train": share, "expected": is_train.mean(), "p": permutation_p(share, null),
        "distance": np.median(distance), "real_distance": np.median(_nearest(test, train)[0]),
    })  # fmt: skip


def _nearest(rows: np.ndarray, reference: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Distance to the nearest reference row, and its index, (row,) each."""
    distance, index = [], []
    for start in range(0, len(rows), BLOCK):
        apart = cdist(rows[start : start + BLOCK], reference)
        distance.append(apart.min(axis=1))
        index.append(apart.argmin(axis=1))
    return np.concatenate(distance), np.concatenate(index)


def both_tests(
    pairs: dict[str, tuple[np.ndarray, np.ndarray]], *, n_permutations: int = 199, seed: int = 0
) -> pd.DataFrame:
    """Run both tests on several pairs of samples.

    ``pairs``: mapping of str to two float arrays, (sample, gene); two samples by name of the comparison.
    Returns DataFrame: compared, n, mmd2, mmd2_p, c2st, c2st_low, c2st_high, c2st_p.
    DataError if a sample has fewer than ten rows, or genes differ in number.
    """
    rows = []
    for name, (x, y) in pairs.items():
        found = mmd2(x, y, n_permutations=n_permutations, seed=seed) | c2st(x, y, seed=seed)
        rows.append({"compared": name, "n": min(len(x), len(y)), **found})
    return pd.DataFrame(rows).drop(columns="width")


def halves(
    real: np.ndarray, groups: np.ndarray | None = None, *, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Two halves of real signatures (sample, gene): at random, or with whole groups on one side."""
    groups = np.arange(len(real)) if groups is None else np.asarray(groups)
    names = np.unique(groups)
    if len(names) < 2:
        raise DataError(f"Two halves need two groups, but there is only {len(names)}.")
    first = np.random.default_rng(seed).permutation(names)[: len(names) // 2]
    return real[np.isin(groups, first)], real[~np.isin(groups, first)]


def p_values_on_real(real: np.ndarray, *, n: int, n_draws: int, seed: int = 0) -> pd.DataFrame:
    """P values of both tests on two random disjoint sets of real signatures, repeatedly.

    ``real``: float array, (sample, gene). ``n``: signatures in each of the two sets. ``n_draws``: repeats.
    Returns DataFrame: draw, mmd2, mmd2_p, c2st, c2st_p: p of a calibrated test is uniform here.
    DataError if there are fewer than 2n signatures.
    """
    if len(real) < 2 * n:
        raise DataError(f"Two sets of {n} need {2 * n} signatures, but there are {len(real)}.")
    rng, rows = np.random.default_rng(seed), []
    for draw in range(n_draws):
        both = real[rng.permutation(len(real))[: 2 * n]]
        found = mmd2(both[:n], both[n:], n_permutations=99, seed=draw) | c2st(both[:n], both[n:], seed=draw)
        rows.append({"draw": draw, **{name: found[name] for name in ("mmd2", "mmd2_p", "c2st", "c2st_p")}})
    return pd.DataFrame(rows)


def _check_sides(x: np.ndarray, y: np.ndarray, least: int = 2) -> None:
    validate.axes(x, "x", sample=None, gene=None)
    validate.axes(y, "y", sample=None, gene=x.shape[1])
    if min(len(x), len(y)) < least:
        raise DataError(f"Two samples of at least {least} rows are needed, but have {len(x)} and {len(y)}.")
