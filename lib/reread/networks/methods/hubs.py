"""Top edges of an inferred network, and enrichment of each TF's edges in the reference network."""

from __future__ import annotations

import numpy as np
import pandas as pd

from reread.core import validate
from reread.core.errors import DataError
from reread.core.stats import benjamini_hochberg, hypergeometric_p
from reread.networks.data.tables import GRNDataset
from reread.networks.methods.stability import top_edges

EDGE_COLUMNS = ("tf", "gene", "weight", "known")


def edge_table(weights: np.ndarray, dataset: GRNDataset, top: int) -> pd.DataFrame:
    """List the ``top`` strongest edges of inferred ``weights`` (tf, gene), without self loops.

    Columns tf, gene (names), weight, known (is the edge in ``dataset.truth``?), strongest first. A ``top``
    below 1 or above the number of edges raises ParameterError.
    """
    validate.axes(weights, "weights", tf=len(dataset.tfs), gene=len(dataset.expression.genes))
    allowed = weights.astype(float).copy()
    allowed[np.arange(len(dataset.tfs)), dataset.tfs] = -np.inf
    tf, gene = np.unravel_index(top_edges(allowed, top), weights.shape)
    names = np.asarray(dataset.expression.genes, dtype=str)
    columns = (names[dataset.tfs[tf]], names[gene], weights[tf, gene].astype(float), dataset.truth[tf, gene])
    return pd.DataFrame(dict(zip(EDGE_COLUMNS, columns, strict=True)))


def tf_with_most_targets(dataset: GRNDataset) -> str:
    """Name of the TF with most targets in the reference network; the first of equals."""
    return dataset.expression.genes[int(dataset.tfs[np.argmax(dataset.truth.sum(axis=1))])]


def hub_enrichment(edges: pd.DataFrame, dataset: GRNDataset) -> pd.DataFrame:
    """Test for each TF whether the reference contains more of its edges than expected by chance.

    ``edges`` comes from ``edge_table``. Returns one row for each TF with an edge, smallest p first: tf,
    n_inferred, n_reference, n_shared, expected, odds_ratio (0.5 added to each count), p (one-sided Fisher
    exact test), q (Benjamini and Hochberg over these TFs). No edge, or an unknown TF, raises DataError.
    """
    if edges.empty:
        raise DataError("Enrichment needs edges, but the table is empty. Keep at least one top edge.")
    names = np.asarray(dataset.expression.genes, dtype=str)
    n_reference = pd.Series(dataset.truth.sum(axis=1), index=names[dataset.tfs])
    unknown = set(edges["tf"]) - set(n_reference.index)
    if unknown:
        raise DataError(f"TF {min(unknown)} has edges, but is not among the {len(dataset.tfs)} labelled TFs.")
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
    p = hypergeometric_p(shared, n_possible, reference, inferred)
    expected = inferred * reference / n_possible
    tested = table.assign(expected=expected, odds_ratio=odds, p=p, q=benjamini_hochberg(p))
    return tested.sort_values(["p", "tf"], kind="stable").reset_index(drop=True)
