"""What a network makes use of: latent units by their information, codes by who is nearest to them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from reread.core import validate as check
from reread.core.errors import ParameterError

# A unit that says less than a tenth of a nat about a signature is called idle, below a hundredth dead: after
# few passes most units of the published loss are on their way from the one to the other.
ACTIVE_NATS, DEAD_NATS = 0.1, 0.01


def unit_kl(mu: np.ndarray, logvar: np.ndarray) -> np.ndarray:
    """Mean Kullback-Leibler divergence of each latent unit from the standard normal.

    Parameters
    ----------
    mu, logvar : float array, (signature, unit)
        Posterior means and log variances.

    Returns
    -------
    float array, (unit,)
        Nats a signature. A dead unit has 0: it says the same of every signature.
    """
    check.axes(logvar, "logvar", signature=len(mu), unit=np.shape(mu)[1])
    mu, logvar = np.asarray(mu, dtype=np.float64), np.asarray(logvar, dtype=np.float64)
    return 0.5 * (np.square(mu) + np.exp(logvar) - 1 - logvar).mean(axis=0)


def perplexity(index: np.ndarray, n: int) -> float:
    """How many of ``n`` codes would be used as evenly as these: exp of the entropy of ``index`` (signature,).

    Notes
    -----
    The authors print it of the *labels* of a batch, where it is a property of the data that no training can
    move. Of codes that are inferred from expression it says what the codebook is used for.

    Raises
    ------
    ParameterError
        If nothing is counted, or an index is not below ``n``.
    """
    index = np.asarray(index)
    if not len(index) or index.min() < 0 or index.max() >= n:
        raise ParameterError(f"perplexity needs indices of 0 to {n - 1} and at least one of them.")
    share = np.bincount(index, minlength=n) / len(index)
    share = share[share > 0]
    return float(np.exp(-(share * np.log(share)).sum()))


def batch_perplexity(label: np.ndarray, n: int, batch: int, *, n_batches: int = 200, seed: int = 0) -> float:
    """What the authors' log shows: mean perplexity of the labels (signature,) of random batches."""
    rng = np.random.default_rng(seed)
    size = min(batch, len(label))
    drawn = (rng.choice(len(label), size, replace=False) for _ in range(n_batches))
    return float(np.mean([perplexity(np.asarray(label)[rows], n) for rows in drawn]))


def code_usage(label: np.ndarray, assigned: np.ndarray, names: Sequence[str]) -> pd.DataFrame:
    """Report for each code how many signatures bear its label, find it nearest, and both.

    Parameters
    ----------
    label, assigned : int array, (signature,)
        Class of each signature, and the index of its nearest code.
    names : sequence of str, (code,)

    Returns
    -------
    DataFrame
        code, labelled, assigned, found (share of the labelled that are nearest to their own code; NaN
        without any), is_dead (nothing is nearest to it).
    """
    check.axes(assigned, "assigned", signature=len(label))
    n = len(names)
    labelled, nearest = np.bincount(label, minlength=n), np.bincount(assigned, minlength=n)
    hits = np.bincount(np.asarray(label)[np.asarray(label) == np.asarray(assigned)], minlength=n)
    found = np.divide(hits, labelled, out=np.full(n, np.nan), where=labelled > 0)
    return pd.DataFrame(
        {
            "code": list(names),
            "labelled": labelled,
            "assigned": nearest,
            "found": found,
            "is_dead": nearest == 0,
        }
    )
