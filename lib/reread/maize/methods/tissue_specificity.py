"""Statistics that rank genes by how specific they are to a tissue; none has a parameter to tune."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from reread.core import validate
from reread.core.errors import DataError
from reread.core.moderated import shrink


def tissue_moments(
    log: np.ndarray, tissue: np.ndarray, n_tissues: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mean (tissue, gene), variance within tissues (gene,), number of samples (tissue,)."""
    validate.axes(log, "log", sample=None, gene=None)
    validate.axes(tissue, "tissue", sample=len(log))
    count = np.bincount(tissue, minlength=n_tissues)
    if (count > 0).sum() < 2 or count.max() < 2:
        found = f"the largest has {count.max()} and {(count > 0).sum()} have any"
        raise DataError(f"Statistics need two tissues, and one with two samples, but {found}.")
    member = (tissue[None, :] == np.arange(n_tissues)[:, None]).astype(float)
    log = np.asarray(log, dtype=float)
    mean = np.where(count[:, None], member @ log / np.maximum(count, 1)[:, None], np.nan)
    residual = log - mean[tissue]
    variance = (residual**2).sum(axis=0) / (len(log) - (count > 0).sum())
    # the mean of equal values is off by rounding; such a variance would be shrunk as if it were one
    return mean, np.where(np.ptp(residual, axis=0) > 1e-12, variance, 0.0), count


def tau(mean: np.ndarray) -> np.ndarray:
    """Tissue specificity (gene,) of means (tissue, gene): 0 for equal expression, 1 for one tissue only."""
    known = mean[~np.isnan(mean).all(axis=1)]
    top = known.max(axis=0)
    share = known.sum(axis=0) / np.where(top > 0, top, 1)
    return np.where(top > 0, (len(known) - share) / (len(known) - 1), 0.0)


def anova_f(log: np.ndarray, tissue: np.ndarray) -> np.ndarray:
    """F statistic (gene,) of one-way analysis of variance between tissues; 0 without any variance."""
    mean, within, count = tissue_moments(log, tissue, int(tissue.max()) + 1)
    used = count > 0
    grand = count[used] @ mean[used] / count.sum()
    between = count[used] @ (mean[used] - grand) ** 2 / (used.sum() - 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(between > 0, between / within, 0.0)


def moderated_t_next(log: np.ndarray, tissue: np.ndarray, n_tissues: int) -> np.ndarray:
    """Moderated t (tissue, gene) of each tissue against the highest other: positive in one tissue only."""
    mean, variance, count = tissue_moments(log, tissue, n_tissues)
    shrunk, _ = shrink(variance, len(log) - (count > 0).sum())
    order = np.argsort(np.where(np.isnan(mean), -np.inf, mean), axis=0, kind="stable")
    best, second = order[-1], order[-2]
    rival = np.where(np.arange(n_tissues)[:, None] == best, second, best)
    gap = mean - np.take_along_axis(mean, rival, axis=0)
    size = np.where(count, count, np.nan)
    return gap / np.sqrt(shrunk * (1 / size[:, None] + 1 / size[rival]))


def moderated_t_rest(log: np.ndarray, tissue: np.ndarray, n_tissues: int) -> np.ndarray:
    """Moderated t (tissue, gene) of each tissue against the mean of the others, each with equal weight."""
    mean, variance, count = tissue_moments(log, tissue, n_tissues)
    shrunk, _ = shrink(variance, len(log) - (count > 0).sum())
    used = count > 0
    inverse = np.where(used, 1 / np.maximum(count, 1), np.nan)
    n_others = used.sum() - 1
    others = (np.nansum(mean, axis=0) - mean) / n_others
    spread = inverse + (np.nansum(inverse) - inverse) / n_others**2
    return (mean - others) / np.sqrt(shrunk * spread[:, None])


def t_one_vs_rest(log: np.ndarray, tissue: np.ndarray, n_tissues: int) -> np.ndarray:
    """Student's t (tissue, gene) of the samples of each tissue against all others, with pooled variance."""
    mean, _, count = tissue_moments(log, tissue, n_tissues)
    n, total = len(log), np.asarray(log, dtype=float).sum(axis=0)
    size = np.where(count, count, np.nan)[:, None]
    rest = (total - size * mean) / (n - size)
    square = (np.asarray(log, dtype=float) ** 2).sum(axis=0)
    pooled = (square - size * mean**2 - (n - size) * rest**2) / (n - 2)
    gap = mean - rest
    # differences of large sums leave a variance a little below zero where the true one is zero
    spread = np.sqrt(np.maximum(pooled, 1e-12) * (1 / size + 1 / (n - size)))
    return np.where(gap == 0, gap, gap / spread)


def _of_best_tissue(log: np.ndarray, tissue: np.ndarray, n_tissues: int, *, statistic: str) -> np.ndarray:
    """Give a statistic (gene,) to the tissue with the highest mean; order the others by their distance."""
    mean = tissue_moments(log, tissue, n_tissues)[0]
    behind = mean - np.nanmax(mean, axis=0)
    return np.where(behind == 0, tau(mean) if statistic == "tau" else anova_f(log, tissue), behind)


# log (sample, gene), tissue (sample,), n_tissues to scores (tissue, gene)
METHODS: dict[str, Callable[[np.ndarray, np.ndarray, int], np.ndarray]] = {
    "moderated t, next": moderated_t_next,
    "moderated t, rest": moderated_t_rest,
    "t, one against rest": t_one_vs_rest,
    "tau": partial(_of_best_tissue, statistic="tau"),
    "ANOVA F": partial(_of_best_tissue, statistic="F"),
}


def score(method: str, log: np.ndarray, tissue: np.ndarray, n_tissues: int) -> np.ndarray:
    """Scores (tissue, gene) of a method, to 12 significant digits, so that rounding errors break no tie."""
    found = METHODS[method](log, tissue, n_tissues)
    size = np.abs(found)
    with np.errstate(divide="ignore", invalid="ignore"):
        unit = 10.0 ** (np.floor(np.log10(size)) - 11)
        return np.where((size > 0) & np.isfinite(size), np.round(found / unit) * unit, found)
