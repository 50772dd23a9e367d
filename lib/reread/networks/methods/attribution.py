"""Which genes carry the predictions for one TF, against a null in which genes have swapped identities."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from reread.core.errors import DataError, did_you_mean

# The target is a token of its own pair; that it carries its own prediction is no news, so it is left out.
TARGET = 1


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
        One row a gene that took part beside the targets, strongest first: gene, attribution (absolute share
        of the logit, mean over targets), attention (weight the TF gives it, mean over targets and heads),
        n_tokens (how often it took part), null_mean, null_high (95th percentile) and p (share of null draws
        at least as strong, never 0).

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
    n_genes = len(genes)
    tokens = np.delete(model.token_genes(tfs, gene), TARGET, axis=1)
    rng = np.random.default_rng(seed)
    null = [
        _by_gene(model.attribute(tfs, gene, genes=rng.permutation(n_genes), n_steps=n_steps), tokens, n_genes)
        for _ in range(n_null)
    ]
    measured = _by_gene(model.attribute(tfs, gene, n_steps=n_steps), tokens, n_genes)
    attention = _by_gene(model.attend(tfs, gene)[:, :, 0].mean(axis=1), tokens, n_genes)
    return _table(genes, tokens, measured, attention, np.stack(null))


def _by_gene(values: np.ndarray, tokens: np.ndarray, n_genes: int) -> np.ndarray:
    """Absolute values (pair, token) summed over the tokens a gene stands for, mean over pairs: (gene,)."""
    values = np.delete(np.abs(values), TARGET, axis=1)
    return np.bincount(tokens.ravel(), values.ravel(), n_genes) / len(values)


def _table(genes, tokens, measured, attention, null) -> pd.DataFrame:
    count = np.bincount(tokens.ravel(), minlength=len(genes))
    seen = np.flatnonzero(count)
    columns = {
        "gene": np.asarray(genes)[seen],
        "attribution": measured[seen],
        "attention": attention[seen],
        "n_tokens": count[seen],
        "null_mean": null[:, seen].mean(axis=0),
        "null_high": np.quantile(null[:, seen], 0.95, axis=0),
        "p": (1 + (null[:, seen] >= measured[seen]).sum(axis=0)) / (1 + len(null)),
    }
    return pd.DataFrame(columns).sort_values("attribution", ascending=False, kind="stable", ignore_index=True)
