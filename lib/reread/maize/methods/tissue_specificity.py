"""Statistics that rank genes by how specific they are to a tissue; none has a parameter to tune."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from reread.core import validate as check
from reread.core.errors import DataError, ParameterError, did_you_mean
from reread.maize.methods.empirical_bayes import squeeze

Method = Callable[[np.ndarray, np.ndarray, int], np.ndarray]


def tissue_moments(
    log: np.ndarray, tissue: np.ndarray, n_tissues: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mean of each gene in each tissue, its variance within tissues, and the samples of each tissue.

    Parameters
    ----------
    log : float array, (sample, gene)
        Log expression.
    tissue : int array, (sample,)
        Tissue of each sample, 0 to ``n_tissues`` - 1.
    n_tissues : int

    Returns
    -------
    mean : float array, (tissue, gene)
        NaN where a tissue has no sample.
    variance : float array, (gene,)
        Pooled within tissues; its degrees of freedom are samples less tissues that have any.
    count : int array, (tissue,)

    Raises
    ------
    DataError
        If sizes differ, a label is out of range, fewer than two tissues have samples, or none has two.
    """
    check.axes(log, "log", sample=None, gene=None)
    check.axes(tissue, "tissue", sample=len(log))
    if len(tissue) == 0 or tissue.min() < 0 or tissue.max() >= n_tissues:
        raise DataError(f"Tissues must be 0 to {n_tissues - 1}, one for each of {len(log)} samples.")
    count = np.bincount(tissue, minlength=n_tissues)
    if (count > 0).sum() < 2 or count.max() < 2:
        raise DataError(
            f"Tissues are compared by their samples, but the largest has {count.max()} and "
            f"{(count > 0).sum()} have any. Two tissues and one with two samples are needed."
        )
    member = (tissue[None, :] == np.arange(n_tissues)[:, None]).astype(float)
    log = np.asarray(log, dtype=float)
    with np.errstate(invalid="ignore"):
        mean = member @ log / np.where(count, count, np.nan)[:, None]
    residual = log - mean[tissue]
    variance = (residual**2).sum(axis=0) / (len(log) - (count > 0).sum())
    return mean, variance, count


def tau(mean: np.ndarray) -> np.ndarray:
    """Tissue specificity of each gene: 0 for equal expression everywhere, 1 for one tissue only.

    Parameters
    ----------
    mean : float array, (tissue, gene)
        Mean expression, not negative, usually log2(x + 1). Tissues of NaN are left out.

    Returns
    -------
    float array, (gene,)
        0 for a gene that is not expressed.

    Raises
    ------
    DataError
        If a mean is negative, or fewer than two tissues are known.

    Notes
    -----
    Source: Yanai 2005; sum over tissues of 1 - x / max(x), over the number of tissues less one. Which
    statistic of specificity to prefer is the subject of Kryuchkova-Mostacci 2017.
    """
    check.axes(mean, "mean", tissue=None, gene=None)
    known = mean[~np.isnan(mean).all(axis=1)]
    if len(known) < 2:
        raise DataError(
            f"tau compares tissues, but {len(known)} of {len(mean)} have samples. Use two or more."
        )
    if known.min() < 0:
        raise DataError(f"tau needs expression of at least 0, but a mean is {known.min():.3g}.")
    top = known.max(axis=0)
    share = known.sum(axis=0) / np.where(top > 0, top, 1)
    return np.where(top > 0, (len(known) - share) / (len(known) - 1), 0.0)


def anova_f(log: np.ndarray, tissue: np.ndarray) -> np.ndarray:
    """F statistic of one-way analysis of variance between tissues.

    Parameters
    ----------
    log : float array, (sample, gene)
    tissue : int array, (sample,)

    Returns
    -------
    float array, (gene,)
        0 for a gene without any variance; infinite where it varies between tissues only.

    Raises
    ------
    DataError
        As :func:`tissue_moments`.
    """
    mean, within, count = tissue_moments(log, tissue, int(tissue.max()) + 1)
    used = count > 0
    grand = count[used] @ mean[used] / count.sum()
    between = count[used] @ (mean[used] - grand) ** 2 / (used.sum() - 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(between > 0, between / within, 0.0)


def moderated_t_next(log: np.ndarray, tissue: np.ndarray, n_tissues: int) -> np.ndarray:
    """Moderated t of each tissue against the highest of the others: positive in one tissue only.

    Parameters
    ----------
    log : float array, (sample, gene)
    tissue : int array, (sample,)
    n_tissues : int

    Returns
    -------
    float array, (tissue, gene)
        NaN where the tissue has no sample.

    Raises
    ------
    DataError
        As :func:`tissue_moments`, or if the variances of the genes cannot be shared.

    Notes
    -----
    Source: variances as limma's eBayes (Smyth 2004). The contrast is ours: it asks for a gene that is higher
    here than anywhere else, where limma's usual one against the rest is content with several tissues.
    """
    mean, variance, count = tissue_moments(log, tissue, n_tissues)
    shrunk, _ = squeeze(variance, len(log) - (count > 0).sum())
    filled = np.where(np.isnan(mean), -np.inf, mean)
    order = np.argsort(filled, axis=0, kind="stable")
    best, second = order[-1], order[-2]
    rival = np.where(np.arange(n_tissues)[:, None] == best, second, best)
    gap = mean - np.take_along_axis(mean, rival, axis=0)
    size = np.where(count, count, np.nan)
    return gap / np.sqrt(shrunk * (1 / size[:, None] + 1 / size[rival]))


def moderated_t_rest(log: np.ndarray, tissue: np.ndarray, n_tissues: int) -> np.ndarray:
    """Moderated t of each tissue against the mean of the others, fitted as limma fits a contrast.

    Arguments, result and errors as :func:`moderated_t_next`. Each other tissue counts once, whatever its
    number of samples. The contrast is ours: limma has none of its own, and that of the paper is not known.
    """
    mean, variance, count = tissue_moments(log, tissue, n_tissues)
    shrunk, _ = squeeze(variance, len(log) - (count > 0).sum())
    used = count > 0
    inverse = np.where(used, 1 / np.maximum(count, 1), np.nan)
    n_others = used.sum() - 1
    others = (np.nansum(mean, axis=0) - mean) / n_others
    spread = inverse + (np.nansum(inverse) - inverse) / n_others**2
    return (mean - others) / np.sqrt(shrunk * spread[:, None])


def t_one_vs_rest(log: np.ndarray, tissue: np.ndarray, n_tissues: int) -> np.ndarray:
    """Plain t of the samples of each tissue against all other samples, with their pooled variance.

    Arguments and result as :func:`moderated_t_next`; 0 for a gene that does not vary at all.
    """
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


def _of_best_tissue(statistic: np.ndarray, mean: np.ndarray) -> np.ndarray:
    """Give a statistic (gene,) to the tissue where the gene is highest; below it, tissues by how near."""
    top = np.nanmax(mean, axis=0)
    behind = mean - top
    return np.where(behind == 0, statistic, behind)


def _tau_by_tissue(log: np.ndarray, tissue: np.ndarray, n_tissues: int) -> np.ndarray:
    mean = tissue_moments(log, tissue, n_tissues)[0]
    return _of_best_tissue(tau(mean), mean)


def _f_by_tissue(log: np.ndarray, tissue: np.ndarray, n_tissues: int) -> np.ndarray:
    return _of_best_tissue(anova_f(log, tissue), tissue_moments(log, tissue, n_tissues)[0])


# name to function of log (sample, gene), tissue (sample,), n_tissues; gives (tissue, gene)
METHODS: dict[str, Method] = {
    "moderated t, next": moderated_t_next,
    "moderated t, rest": moderated_t_rest,
    "t, one against rest": t_one_vs_rest,
    "tau": _tau_by_tissue,
    "ANOVA F": _f_by_tissue,
}


def score(method: str, log: np.ndarray, tissue: np.ndarray, n_tissues: int) -> np.ndarray:
    """Score genes by a method of ``METHODS``, (tissue, gene).

    Raises
    ------
    ParameterError
        If the method is unknown.
    """
    if method not in METHODS:
        raise ParameterError(f"There is no statistic {method!r}. {did_you_mean(method, METHODS)}")
    return METHODS[method](log, tissue, n_tissues)
