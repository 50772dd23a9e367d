"""Correlations of predicted and measured expression across genes and across people."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from reread.core.stats import permutation_p
from reread.genomes.methods.genotype_models import row_correlations

Array = npt.NDArray[np.float64]


def fisher_interval(r: npt.ArrayLike, n: int) -> tuple[Array, Array]:
    """The 95 % interval of correlations of ``n`` pairs, by Fisher's transformation."""
    z, half = np.arctanh(np.clip(np.asarray(r, dtype=float), -0.999999, 0.999999)), 1.96 / np.sqrt(n - 3)
    return np.tanh(z - half), np.tanh(z + half)


def across_genes(predicted: dict[str, Array], measured: Array) -> pd.DataFrame:
    """Correlate predicted with measured expression over the genes of one person.

    ``predicted`` and ``measured`` are log expression (gene,). Columns: method, r (Pearson), low and high (95
    %, Fisher's transformation) and n (genes).
    """
    rows = []
    for name, values in predicted.items():
        r = row_correlations(values[None], measured[None])[0]
        low, high = fisher_interval(r, len(measured))
        rows.append((name, r, float(low), float(high), len(measured)))
    return pd.DataFrame(rows, columns=["method", "r", "low", "high", "n"])


def across_people(predicted: Array, measured: Array, genes: npt.ArrayLike) -> pd.DataFrame:
    """Correlation over people of each gene, from (gene, person): columns gene, r, low, high (95 %)."""
    r = row_correlations(predicted, measured)
    low, high = fisher_interval(r, measured.shape[1])
    return pd.DataFrame({"gene": genes, "r": r, "low": low, "high": high})


def sign_null(predicted: Array, measured: Array, *, n: int = 500, seed: int = 0) -> dict[str, float]:
    """Compare the share of genes with a negative correlation with that under permuted people.

    Returns ``negative`` (share of genes), ``null_low`` and ``null_high`` (95 % of permutations), ``p`` (of as
    few negative genes, one-sided), ``median`` and ``median_null_high``.
    """
    rng = np.random.default_rng([seed, 12])
    r = row_correlations(predicted, measured)
    drawn = np.stack([row_correlations(predicted, rng.permuted(measured, axis=1)) for _ in range(n)])
    shares = (drawn < 0).mean(axis=1)
    low, high = np.percentile(shares, (2.5, 97.5))
    return {
        "negative": float((r < 0).mean()),
        "null_low": float(low),
        "null_high": float(high),
        "p": float(permutation_p((r < 0).mean(), shares, larger=False)),
        "median": float(np.median(r)),
        "median_null_high": float(np.percentile(np.median(drawn, axis=1), 97.5)),
    }


def median_interval(r: npt.ArrayLike, *, n_boot: int = 500, seed: int = 0) -> dict[str, float]:
    """Bootstrap interval of the median over genes of correlations.

    ``r`` is (gene,). Keys: low and high, the ends of 95 % of ``n_boot`` samples of genes.
    """
    r, rng = np.asarray(r, dtype=float), np.random.default_rng([seed, 17])
    drawn = np.median(r[rng.integers(0, len(r), (n_boot, len(r)))], axis=1)
    low, high = np.percentile(drawn, (2.5, 97.5))
    return {"low": float(low), "high": float(high)}


def strength_word(r: float) -> str:
    """Say in words how strong a correlation is.

    Returns ``strong`` (at least 0.5), ``moderate`` (0.3), ``weak`` (0.1), or ``absent or negative``.
    """
    return "strong" if r >= 0.5 else "moderate" if r >= 0.3 else "weak" if r >= 0.1 else "absent or negative"
