"""From weights to a network: the top edges, the hubs a reference confirms, and what chance would give."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.stats import false_discovery_control, hypergeom

from reread.core import validate as check
from reread.core.errors import DataError
from reread.networks.data.tables import World
from reread.networks.methods.stability import top_edges

EDGE_COLUMNS = ("tf", "gene", "weight", "known")


def edge_table(weights: np.ndarray, world: World, top: int) -> pd.DataFrame:
    """List the strongest edges of an inferred network.

    Parameters
    ----------
    weights : float array, (tf, gene)
        Rows as ``world.tfs``, columns as the genes of ``world.expression``.
    world : World
    top : int
        Edges to keep; self loops are never among them.

    Returns
    -------
    DataFrame
        Columns tf, gene (names), weight, known (is the edge in ``world.truth``?), strongest first.

    Raises
    ------
    ParameterError
        If ``top`` is not in 1 to the number of possible edges.
    """
    check.axes(weights, "weights", tf=len(world.tfs), gene=len(world.expression.genes))
    allowed = weights.astype(float).copy()
    allowed[np.arange(len(world.tfs)), world.tfs] = -np.inf
    tf, gene = np.unravel_index(top_edges(allowed, top), weights.shape)
    names = np.asarray(world.expression.genes, dtype=str)
    columns = (names[world.tfs[tf]], names[gene], weights[tf, gene].astype(float), world.truth[tf, gene])
    return pd.DataFrame(dict(zip(EDGE_COLUMNS, columns, strict=True)))


def pair_edges(world: World, rows: np.ndarray, scores: np.ndarray, top: int) -> pd.DataFrame:
    """List the strongest of scored pairs, as ``edge_table`` does for weights.

    Parameters
    ----------
    world : World
    rows : int array, (pair,)
        Rows of ``world.pairs``.
    scores : float array, (pair,)
        Higher means more likely a regulation.
    top : int

    Returns
    -------
    DataFrame
        Columns tf, gene, weight, known (the label), strongest first.
    """
    best = np.asarray(rows)[top_edges(np.asarray(scores), top)]
    pairs = world.pairs.take(best)
    columns = (pairs.tf_names, pairs.gene_names, np.sort(scores)[::-1][:top], pairs.label == 1)
    return pd.DataFrame(dict(zip(EDGE_COLUMNS, columns, strict=True)))


def hub_enrichment(edges: pd.DataFrame, world: World) -> pd.DataFrame:
    """Ask for each TF whether the reference confirms more of its edges than chance would.

    Parameters
    ----------
    edges : DataFrame
        From ``edge_table``.
    world : World
        Its truth is the reference.

    Returns
    -------
    DataFrame
        One row for each TF with an edge, smallest p first: tf, n_inferred, n_reference, n_shared, expected,
        odds_ratio (0.5 added to each count, so that it is finite), p (one-sided Fisher exact), q (Benjamini
        and Hochberg over these TFs).

    Raises
    ------
    DataError
        If there is no edge, or a TF is not in the world.
    """
    if edges.empty:
        raise DataError("Hubs need edges, but the table is empty. Keep at least one top edge.")
    names = np.asarray(world.expression.genes, dtype=str)
    n_reference = pd.Series(world.truth.sum(axis=1), index=names[world.tfs])
    unknown = set(edges["tf"]) - set(n_reference.index)
    if unknown:
        raise DataError(f"TF {min(unknown)} has edges, but is not among the world's {len(world.tfs)} TFs.")
    table = edges.groupby("tf")["known"].agg(n_inferred="size", n_shared="sum").reset_index()
    table.insert(2, "n_reference", n_reference[table["tf"]].to_numpy())
    return _tested(table, n_possible=len(names) - 1)


def _tested(table: pd.DataFrame, n_possible: int) -> pd.DataFrame:
    inferred, reference, shared = (
        table[name].to_numpy() for name in ("n_inferred", "n_reference", "n_shared")
    )
    only_inferred, only_reference = inferred - shared, reference - shared
    neither = n_possible - shared - only_inferred - only_reference
    odds = (shared + 0.5) * (neither + 0.5) / ((only_inferred + 0.5) * (only_reference + 0.5))
    p = np.clip(hypergeom.sf(shared - 1, n_possible, reference, inferred), 0.0, 1.0)
    expected = inferred * reference / n_possible
    tested = table.assign(expected=expected, odds_ratio=odds, p=p, q=false_discovery_control(p))
    return tested.sort_values(["p", "tf"], kind="stable").reset_index(drop=True)


def permutation_test(
    weight: np.ndarray, related: np.ndarray, *, n_permutations: int = 2000, seed: int = 0
) -> tuple[dict[str, float], np.ndarray]:
    """Ask whether attention or attribution favours related items more than shuffled weights would.

    Parameters
    ----------
    weight : float array, (pair, item)
        What a model gives to each item of each pair (attention to neighbours, attribution of genes).
    related : bool array, (pair, item)
        Which items are known to be related: true targets, or planted co-regulators.
    n_permutations : int
        Weights are shuffled inside each pair, so that pairs keep their own scale.
    seed : int

    Returns
    -------
    dict
        observed (mean weight of related items minus mean of the others), null_mean, null_sd, p (one-sided,
        never 0).
    float array, (permutation,)
        The statistic of each shuffle.

    Raises
    ------
    DataError
        If no item, or every item, is related.
    """
    check.axes(weight, "weight", pair=None, item=None)
    check.axes(related, "related", pair=weight.shape[0], item=weight.shape[1])
    related = np.asarray(related, dtype=bool)
    if related.all() or not related.any():
        raise DataError(
            f"A permutation test compares related with other items, but {int(related.sum())} of "
            f"{related.size} are related.\nTake a TF with some known targets."
        )
    contrast = related / related.sum() - ~related / (~related).sum()
    rng = np.random.default_rng(seed)
    null = np.array(
        [(rng.permuted(weight, axis=1) * contrast).sum() for _ in range(n_permutations)], dtype=float
    )
    observed = float((weight * contrast).sum())
    p = (1 + int((null >= observed - 1e-12).sum())) / (1 + n_permutations)
    found = {"observed": observed, "null_mean": float(null.mean()), "null_sd": float(null.std()), "p": p}
    return found, null
