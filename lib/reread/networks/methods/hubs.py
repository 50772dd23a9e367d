"""Top edges of an inferred network: stability, enrichment of hubs, files, and attribution to genes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from reread.core import validate
from reread.core.errors import DataError, ParameterError, did_you_mean, need, short
from reread.core.figures import save_table
from reread.core.files import write_text, written_whole
from reread.core.stats import benjamini_hochberg, hypergeometric_p, jaccard, permutation_p
from reread.networks.data.tables import Expression, GRNDataset
from reread.networks.methods.infer import N_TREES, infer_all

TARGET = 1  # the target is a token of its own pair, so that its share is left out
DECIMALS = 6  # sums in single precision differ between processors beyond them
EDGE_COLUMNS = ("tf", "gene", "weight", "known")
CHANGES = ("another seed", "one cell fewer", "resampled cells")


def top_edges(weights: np.ndarray, n: int) -> np.ndarray:
    """Flat indices of the ``n`` largest weights (tf, gene), largest first; ties go to the lower index."""
    if not 1 <= n <= weights.size:
        raise ParameterError(
            f"The top edges must number 1 to {weights.size} (all TF-gene pairs), but {n} were asked for."
        )
    return np.argsort(-weights, axis=None, kind="stable")[:n]


def stability(
    expression: Expression, tfs: np.ndarray, methods: Iterable[str], *, n_runs: int = 5, top: int = 500,
    n_trees: int = N_TREES, seed: int = 0,
) -> pd.DataFrame:  # fmt: skip
    """Infer again after each change, and compare the ``top`` edges with those of the first run.

    ``seed`` is that of the first run and of the choice of cells. Columns: method, change (of ``CHANGES``),
    run, jaccard (edges in both lists over edges in either). An unknown method raises ParameterError.
    """
    first = infer_all(expression, tfs, methods, seed=seed, n_trees=n_trees)
    n_cells, rows = len(expression.values), []
    for (number, change), run in product(enumerate(CHANGES), range(n_runs)):
        rng, cells, run_seed = np.random.default_rng([seed, number, run]), np.arange(n_cells), seed
        if change == "another seed":
            run_seed = seed + 1 + run
        elif change == "one cell fewer":
            cells = np.delete(cells, rng.integers(n_cells))
        else:
            cells = rng.integers(n_cells, size=n_cells)
        changed = replace(expression, values=expression.values[cells])
        for method, weights in infer_all(changed, tfs, first, seed=run_seed, n_trees=n_trees).items():
            shared = jaccard(top_edges(first[method], top), top_edges(weights, top))
            rows.append({"method": method, "change": change, "run": run, "jaccard": shared})
    return pd.DataFrame(rows)


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
    """Name of the TF with most targets in the reference network.

    Of TFs with equally many targets, the first in the order of ``dataset.tfs`` is returned.
    """
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
    inferred, reference, shared = table[["n_inferred", "n_reference", "n_shared"]].to_numpy().T
    n_possible = len(names) - 1
    neither = n_possible - inferred - reference + shared
    odds = (shared + 0.5) * (neither + 0.5) / ((inferred - shared + 0.5) * (reference - shared + 0.5))
    p = hypergeometric_p(shared, n_possible, reference, inferred)
    expected = inferred * reference / n_possible
    tested = table.assign(expected=expected, odds_ratio=odds, p=p, q=benjamini_hochberg(p))
    return tested.sort_values(["p", "tf"], kind="stable").reset_index(drop=True)


def write_network(edges: pd.DataFrame, folder: Path, name: str) -> dict[str, Path]:
    """Write ``name.graphml``, ``name.sif`` and ``name.csv`` into ``folder``; return their paths by suffix.

    ``edges`` comes from :func:`edge_table`. GraphML has the node attribute ``kind`` (TF or gene) and the edge
    attributes ``weight`` and ``known``; SIF has TF, interaction and gene. A name with a tab raises DataError.
    """
    with_tab = [name for name in [*edges["tf"], *edges["gene"]] if "\t" in str(name)]
    if with_tab:
        raise DataError(
            f"The name {short(with_tab[0])!r} holds a tab, which SIF cannot store. Rename the gene."
        )
    paths = {kind: folder / f"{name}.{kind}" for kind in ("graphml", "sif", "csv")}
    lines = [f"{tf}\tregulates\t{gene}\n" for tf, gene in zip(edges["tf"], edges["gene"], strict=True)]
    write_text(paths["sif"], "".join(lines))
    networkx, tfs = need("networkx", "networks"), set(edges["tf"])
    columns = {"edge_attr": ["weight", "known"], "create_using": networkx.DiGraph}
    graph = networkx.from_pandas_edgelist(edges.astype(object), "tf", "gene", **columns)
    networkx.set_node_attributes(graph, {name: "TF" if name in tfs else "gene" for name in graph}, "kind")
    with written_whole(paths["graphml"]) as part:
        networkx.write_graphml_xml(graph, part)
    save_table(edges.reset_index(drop=True), paths["csv"])
    return paths


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
    n_genes, index, rng = len(genes), genes.index(tf), np.random.default_rng(seed)
    gene = np.delete(np.arange(n_genes), index)
    tfs = np.full(len(gene), index)
    tokens = np.delete(model.token_genes(tfs, gene), TARGET, axis=1)
    seen = np.unique(tokens)

    def by_gene(carried: np.ndarray | None) -> np.ndarray:
        """Absolute attribution summed over the tokens of a gene, mean over targets: (gene seen,)."""
        values = np.abs(model.attribute(tfs, gene, genes=carried, n_steps=n_steps))
        values = np.delete(values, TARGET, axis=1).astype(np.float64)
        return (np.bincount(tokens.ravel(), values.ravel(), n_genes) / len(values))[seen]

    permuted = np.stack([by_gene(rng.permutation(n_genes)) for _ in range(n_null)])
    observed = by_gene(None)
    columns = {
        "gene": np.asarray(genes)[seen],
        "attribution": observed,
        "null_high": np.quantile(permuted, 0.95, axis=0),
        "p": permutation_p(np.round(observed, DECIMALS), np.round(permuted, DECIMALS)),
    }
    return pd.DataFrame(columns).sort_values("attribution", ascending=False, kind="stable", ignore_index=True)
