"""Empirical Bayes shrinkage of the variances of genes, as limma's ``squeezeVar``."""

from __future__ import annotations

import numpy as np
from scipy.special import digamma, polygamma

from reread.core import validate
from reread.core.errors import DataError

MAX_STEPS = 60
SMALLEST = 1e-5  # of the median variance; smaller variances are raised to it before the prior is fitted


def _trigamma_inverse(value: float) -> float:
    """Solve trigamma(y) = value for y > 0 by Newton steps on 1 / trigamma (Smyth 2004, appendix)."""
    guess = 0.5 + 1 / value
    for _ in range(MAX_STEPS):
        trigamma = polygamma(1, guess)
        step = trigamma * (1 - trigamma / value) / polygamma(2, guess)
        guess = guess + step
        if -step / guess < 1e-10:
            break
    return float(guess)


def fit_prior(variance: np.ndarray, freedom: float) -> tuple[float, float]:
    """Degrees of freedom and variance of the prior shared by all genes, by moments of log variances."""
    validate.axes(variance, "variance", gene=None)
    if len(variance) < 2 or not (variance > 0).any():
        raise DataError(
            f"Shrinkage of variances needs two genes of which one varies within tissues, but "
            f"{int((variance > 0).sum())} of {len(variance)} do."
        )
    raised = np.maximum(variance, SMALLEST * (np.median(variance) or 1.0))
    logs = np.log(raised) - digamma(freedom / 2) + np.log(freedom / 2)
    excess = logs.var(ddof=1) - polygamma(1, freedom / 2)
    if excess <= 0:
        return np.inf, float(raised.mean())
    prior = 2 * _trigamma_inverse(excess)
    return prior, float(np.exp(logs.mean() + digamma(prior / 2) - np.log(prior / 2)))


def shrink(variance: np.ndarray, freedom: float) -> np.ndarray:
    """Posterior variances (gene,), all positive, from variances with ``freedom`` degrees of freedom."""
    prior_freedom, prior_variance = fit_prior(variance, freedom)
    if np.isinf(prior_freedom):
        return np.full(len(variance), prior_variance)
    return (prior_freedom * prior_variance + freedom * variance) / (prior_freedom + freedom)
