"""Attribute the predictions for one TF to genes, with a null of permuted gene identities."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from reread.core.errors import DataError, did_you_mean
from reread.core.stats import permutation_p

# The target is a token of its own pair, so its own share is left out.
TARGET = 1
DECIMALS = 6  # sums in single precision differ between processors beyond them


def attribute_tf(
    model: Any, tf: str, genes: tuple[str, ...], *, n_null: int = 50, n_steps: int = 4, seed: int = 0
) -> pd.DataFrame:
    """Attribute a TF's predictions over all targets to the genes that are tokens of its pairs.

    ``model`` is ``models.token_attention.Tokens``; ``n_steps`` are those of the integrated gradients. Returns
    one row for each gene that is a token beside the target, strongest first: ``attribution`` (absolute share
    of the logit, mean over targets), null_high (95th percentile) and p. The ``n_null`` permutations exchange
    which gene carries which features, and keep tokens and weights: a small p means that the attribution
    depends on the expression of this gene and not only on its position as a neighbour. An unknown TF raises
    DataError.
    """
    if tf not in genes:
        raise DataError(f"{tf!r} is not a gene of this expression. {did_you_mean(tf, genes)}")
    index = genes.index(tf)
    gene = np.delete(np.arange(len(genes)), index)
    tfs = np.full(len(gene), index)
    n_genes = len(genes)
    tokens = np.delete(model.token_genes(tfs, gene), TARGET, axis=1)
    rng = np.random.default_rng(seed)
    null = [
        _by_gene(model.attribute(tfs, gene, genes=rng.permutation(n_genes), n_steps=n_steps), tokens, n_genes)
        for _ in range(n_null)
    ]
    measured = _by_gene(model.attribute(tfs, gene, n_steps=n_steps), tokens, n_genes)
    seen = np.unique(tokens)
    observed, permuted = measured[seen], np.stack(null)[:, seen]
    columns = {
        "gene": np.asarray(genes)[seen],
        "attribution": observed,
        "null_high": np.quantile(permuted, 0.95, axis=0),
        "p": permutation_p(np.round(observed, DECIMALS), np.round(permuted, DECIMALS)),
    }
    return pd.DataFrame(columns).sort_values("attribution", ascending=False, kind="stable", ignore_index=True)


def _by_gene(values: np.ndarray, tokens: np.ndarray, n_genes: int) -> np.ndarray:
    """Absolute values (pair, token) summed over the tokens of a gene, mean over pairs: (gene,)."""
    values = np.delete(np.abs(values), TARGET, axis=1).astype(np.float64)
    return np.bincount(tokens.ravel(), values.ravel(), n_genes) / len(values)
