"""Borrow strength for variances: shrink the variance of each gene towards that of all, as limma does."""

from __future__ import annotations

import numpy as np
from scipy.special import digamma, polygamma

from reread.core import validate as check
from reread.core.errors import DataError

MOST_STEPS = 60


def trigamma_inverse(value: np.ndarray) -> np.ndarray:
    """Solve trigamma(y) = value for y > 0 by Newton steps on 1 / trigamma.

    Parameters
    ----------
    value : float array
        Greater than 0.

    Returns
    -------
    float array
        As ``value``.

    Notes
    -----
    Source: Smyth 2004, appendix; the same start as limma's ``trigammaInverse``.
    """
    value = np.asarray(value, dtype=float)
    guess = 0.5 + 1 / value
    for _ in range(MOST_STEPS):
        trigamma = polygamma(1, guess)
        step = trigamma * (1 - trigamma / value) / polygamma(2, guess)
        guess = guess + step
        if np.max(-step / guess) < 1e-10:
            break
    return guess


def prior_of(variance: np.ndarray, freedom: float) -> tuple[float, float]:
    """Fit a scaled F distribution to variances: what they have in common, and how much to trust it.

    Parameters
    ----------
    variance : float array, (gene,)
        Within-tissue variance of each gene, squared units of expression.
    freedom : float
        Degrees of freedom of each variance.

    Returns
    -------
    prior_freedom : float
        Degrees of freedom of the common variance; infinite when the genes do not differ beyond chance.
    prior_variance : float

    Raises
    ------
    DataError
        If fewer than two variances are positive.

    Notes
    -----
    Source: Smyth 2004, section 6.2 (moments of log variances). Variances of zero take no part in the fit.
    """
    positive = variance[variance > 0]
    if len(positive) < 2:
        raise DataError(
            f"Variances are shared among genes, but {len(positive)} of {len(variance)} vary within tissues."
        )
    logs = np.log(positive) - digamma(freedom / 2) + np.log(freedom / 2)
    excess = logs.var(ddof=1) - polygamma(1, freedom / 2)
    if excess <= 0:
        return np.inf, float(np.exp(logs.mean()))
    prior = 2 * float(trigamma_inverse(excess))
    return prior, float(np.exp(logs.mean() + digamma(prior / 2) - np.log(prior / 2)))


def squeeze(variance: np.ndarray, freedom: float) -> tuple[np.ndarray, float]:
    """Move each variance towards the common one, by how little it knows itself.

    Parameters
    ----------
    variance : float array, (gene,)
    freedom : float
        Degrees of freedom of each.

    Returns
    -------
    float array, (gene,)
        Posterior variances, all positive.
    float
        Their degrees of freedom: own plus prior.

    Raises
    ------
    DataError
        As :func:`prior_of`.
    """
    check.axes(variance, "variance", gene=None)
    prior_freedom, prior_variance = prior_of(variance, freedom)
    if np.isinf(prior_freedom):
        return np.full(len(variance), prior_variance), np.inf
    total = prior_freedom + freedom
    return (prior_freedom * prior_variance + freedom * variance) / total, total
