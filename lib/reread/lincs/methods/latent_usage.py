"""Usage of latent units (KL) and of codes (assigned signatures)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from reread.core import validate
from reread.core.errors import ParameterError

# Nats a signature. A unit above the first is called active, one below the second collapsed.
ACTIVE_NATS, DEAD_NATS = 0.1, 0.01


def unit_kl(mu: np.ndarray, logvar: np.ndarray) -> np.ndarray:
    """Mean KL divergence (unit,) of posterior means and log variances (signature, unit) from the prior."""
    validate.axes(logvar, "logvar", signature=len(mu), unit=np.shape(mu)[1])
    mu, logvar = np.asarray(mu, dtype=np.float64), np.asarray(logvar, dtype=np.float64)
    return 0.5 * (np.square(mu) + np.exp(logvar) - 1 - logvar).mean(axis=0)


def perplexity(index: np.ndarray, n: int) -> float:
    """Exponential of the entropy of ``index`` (signature,): how many of ``n`` codes are effectively used."""
    index = np.asarray(index)
    if not len(index) or index.min() < 0 or index.max() >= n:
        raise ParameterError(f"perplexity needs indices of 0 to {n - 1} and at least one of them.")
    share = np.bincount(index, minlength=n) / len(index)
    share = share[share > 0]
    return float(np.exp(-(share * np.log(share)).sum()))


def batch_perplexity(label: np.ndarray, n: int, batch: int, *, n_batches: int = 200, seed: int = 0) -> float:
    """Mean perplexity of the labels (signature,) of random batches, which the authors' log shows."""
    rng = np.random.default_rng(seed)
    size = min(batch, len(label))
    batches = (rng.choice(len(label), size, replace=False) for _ in range(n_batches))
    return float(np.mean([perplexity(np.asarray(label)[rows], n) for rows in batches]))


def code_usage(label: np.ndarray, assigned: np.ndarray, names: Sequence[str]) -> pd.DataFrame:
    """Count for each code the signatures with its label, those assigned to it, and those with both."""
    validate.axes(assigned, "assigned", signature=len(label))
    n, label = len(names), np.asarray(label)
    labelled, nearest = np.bincount(label, minlength=n), np.bincount(assigned, minlength=n)
    hits = np.bincount(label[label == np.asarray(assigned)], minlength=n)
    recall = np.divide(hits, labelled, out=np.full(n, np.nan), where=labelled > 0)
    columns = {"code": list(names), "labelled": labelled, "assigned": nearest, "correct": hits}
    return pd.DataFrame({**columns, "recall": recall, "is_dead": nearest == 0})
