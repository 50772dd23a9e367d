"""Variances of many genes that are each estimated from few values, shrunk towards one prior (limma)."""

import numpy as np
import numpy.typing as npt
from scipy.optimize import brentq
from scipy.special import digamma, polygamma

from reread.core import validate
from reread.core.errors import DataError

SMALLEST = 1e-5  # of the median variance; smaller variances are raised to it before the prior is fitted


def fit_prior(variance: npt.NDArray, freedom: float) -> tuple[float, float]:
    """Degrees of freedom and variance of the prior shared by all genes, by moments of log variances.

    ``variance`` (gene,) has ``freedom`` degrees of freedom; those of the prior may be infinite. DataError
    unless two genes are there and one varies. Source: Smyth 2004, ``squeezeVar`` of limma.
    """
    validate.axes(variance, "variance", gene=None)
    if len(variance) < 2 or not (variance > 0).any():
        found = f"{int((variance > 0).sum())} of {len(variance)} do"
        raise DataError(f"Shrinkage needs two genes of which one varies, but {found}.")
    raised = np.maximum(variance, SMALLEST * (np.median(variance) or 1.0))
    logs = np.log(raised) - digamma(freedom / 2) + np.log(freedom / 2)
    excess = logs.var(ddof=1) - polygamma(1, freedom / 2)
    if excess <= 0:
        return np.inf, float(raised.mean())
    prior = 2 * _trigamma_inverse(excess)
    return prior, float(np.exp(logs.mean() + digamma(prior / 2) - np.log(prior / 2)))


def shrink(variance: npt.NDArray, freedom: float) -> tuple[npt.NDArray, float]:
    """Posterior variances (gene,), all positive, and their degrees of freedom; else as :func:`fit_prior`."""
    prior_freedom, prior_variance = fit_prior(variance, freedom)
    if np.isinf(prior_freedom):
        return np.full(len(variance), prior_variance), np.inf
    total = prior_freedom + freedom
    return (prior_freedom * prior_variance + freedom * variance) / total, total


def _trigamma_inverse(value: float) -> float:
    """Solve trigamma(y) = value for y > 0."""
    return float(brentq(lambda y: np.log(polygamma(1, y) / value), 1e-12 + 0.5 / (1 + value), 1 + 1 / value))
