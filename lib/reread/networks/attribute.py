"""Which genes carry the predictions for one TF, against a null in which genes have swapped identities."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from reread.core.errors import DataError, did_you_mean


def attribute_tf(
    model: Any, tf: str, genes: tuple[str, ...], *, n_null: int = 50, n_steps: int = 4, seed: int = 0
) -> pd.DataFrame:
    """Attribute a TF's predictions over all targets to the genes that took part as tokens.

    Parameters
    ----------
    model
        With ``attribute(tf, gene, genes=..., n_steps=...) -> (pair, token)``, ``attend(tf, gene) ->
        (pair, head, query token, key token)`` and ``token_genes(tf, gene) -> (pair, token)``.
    tf : str
        Name of the TF. It is asked about every other gene.
    genes : tuple of str, (gene,)
        All gene names.
    n_null : int
        Draws of the null.
    n_steps : int
        Steps of the integrated gradients.
    seed : int
        Of the null.

    Returns
    -------
    DataFrame
        One row a gene that was a token, strongest first: gene, attribution (mean absolute share of
        the logit when present), attention (mean weight the TF gives it), n_pairs, null_mean, null_high (95th
        percentile) and p (share of null draws at least as strong, never 0).

    Raises
    ------
    DataError
        If the TF is not among the genes.

    Notes
    -----
    The null permutes which gene carries which features and keeps tokens and weights. It asks: would a gene in
    this place carry as much whoever it was? A small p says it is this gene's expression, not its place.
    """
    if tf not in genes:
        raise DataError(f"{tf!r} is not a gene of this expression. {did_you_mean(tf, genes)}")
    index = genes.index(tf)
    gene = np.delete(np.arange(len(genes)), index)
    tfs = np.full(len(gene), index)
    tokens = model.token_genes(tfs, gene)
    rng = np.random.default_rng(seed)
    measured = _by_gene(np.abs(model.attribute(tfs, gene, n_steps=n_steps)), tokens, len(genes))
    null = np.stack(
        [
            _by_gene(np.abs(model.attribute(tfs, gene, genes=order, n_steps=n_steps)), tokens, len(genes))
            for order in (rng.permutation(len(genes)) for _ in range(n_null))
        ]
    )
    return _table(
        genes, tokens, measured, null, _by_gene(_tf_attention(model, tfs, gene), tokens, len(genes))
    )


def _tf_attention(model: Any, tfs: np.ndarray, gene: np.ndarray) -> np.ndarray:
    """Attention the TF's own token pays to each token (pair, token), mean over heads."""
    return model.attend(tfs, gene)[:, :, 0].mean(axis=1)


def _by_gene(values: np.ndarray, tokens: np.ndarray, n_genes: int) -> np.ndarray:
    """Mean (gene,) of values (pair, token) over the tokens a gene stands for; NaN if it is no token."""
    total = np.bincount(tokens.ravel(), values.ravel(), n_genes)
    count = np.bincount(tokens.ravel(), minlength=n_genes)
    return np.divide(total, count, out=np.full(n_genes, np.nan), where=count > 0)


def _table(genes, tokens, measured, null, attention) -> pd.DataFrame:
    count = np.bincount(tokens.ravel(), minlength=len(genes))
    seen = np.flatnonzero(count)
    table = pd.DataFrame(
        {
            "gene": np.asarray(genes)[seen],
            "attribution": measured[seen],
            "attention": attention[seen],
            "n_pairs": count[seen],
            "null_mean": null[:, seen].mean(axis=0),
            "null_high": np.quantile(null[:, seen], 0.95, axis=0),
            "p": (1 + (null[:, seen] >= measured[seen]).sum(axis=0)) / (1 + len(null)),
        }
    )
    return table.sort_values("attribution", ascending=False, kind="stable", ignore_index=True)
