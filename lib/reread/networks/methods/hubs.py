"""Top edges of an inferred network: their stability, the enrichment of hubs, and files for other programs."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd

from reread.core import validate
from reread.core.errors import DataError, ParameterError, need, short
from reread.core.figures import save_table
from reread.core.files import write_text, written_whole
from reread.core.stats import benjamini_hochberg, hypergeometric_p, jaccard
from reread.networks.data.tables import Expression, GRNDataset
from reread.networks.methods.infer import N_TREES, infer_all

EDGE_COLUMNS = ("tf", "gene", "weight", "known")
INTERACTION = "regulates"
CHANGES = ("another-seed", "one-cell-fewer", "resampled-cells")


def top_edges(weights: np.ndarray, n: int) -> np.ndarray:
    """Flat indices of the ``n`` largest weights (tf, gene), largest first; ties go to the lower index."""
    if not 1 <= n <= weights.size:
        raise ParameterError(
            f"The top edges must number 1 to {weights.size} (all TF-gene pairs), but {n} were asked for."
        )
    return np.argsort(-weights, axis=None, kind="stable")[:n]


def stability(
    expression: Expression,
    tfs: np.ndarray,
    methods: Iterable[str],
    *,
    n_runs: int = 5,
    top: int = 500,
    n_trees: int = N_TREES,
    seed: int = 0,
) -> pd.DataFrame:
    """Infer again after each change, and compare the ``top`` edges with those of the first run.

    ``seed`` is that of the first run and of the choice of cells. Columns: method, change (of ``CHANGES``),
    run, jaccard (edges in both lists over edges in either). An unknown method raises ParameterError.
    """
    first = infer_all(expression, tfs, methods, seed=seed, n_trees=n_trees)
    rows = []
    for change in CHANGES:
        for run in range(n_runs):
            cells, run_seed = _changed(change, len(expression.values), seed, run)
            changed = Expression(expression.values[cells], expression.genes, expression.name)
            for method, weights in infer_all(changed, tfs, first, seed=run_seed, n_trees=n_trees).items():
                shared = jaccard(top_edges(first[method], top), top_edges(weights, top))
                rows.append({"method": method, "change": change, "run": run, "jaccard": shared})
    return pd.DataFrame(rows)


def _changed(change: str, n_cells: int, seed: int, run: int) -> tuple[np.ndarray, int]:
    """Cells to keep and the seed of a run; the seed stays unless it is what changes."""
    rng = np.random.default_rng([seed, CHANGES.index(change), run])
    if change == "another-seed":
        return np.arange(n_cells), seed + 1 + run
    if change == "one-cell-fewer":
        return np.delete(np.arange(n_cells), rng.integers(n_cells)), seed
    return rng.integers(n_cells, size=n_cells), seed


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


def write_network(edges: pd.DataFrame, folder: Path, name: str) -> dict[str, Path]:
    """Write ``name.graphml``, ``name.sif`` and ``name.csv`` into ``folder``; return their paths by suffix.

    ``edges`` comes from :func:`edge_table`. GraphML (Cytoscape, Gephi,
    igraph) has the node attribute ``kind`` (TF or gene) and the edge attributes ``weight`` and ``known``; SIF
    has TF, interaction and gene, tab-separated. A missing column, an edge listed twice or a name with a tab
    raises DataError.
    """
    _check(edges)
    paths = {kind: folder / f"{name}.{kind}" for kind in ("graphml", "sif", "csv")}
    lines = [f"{tf}\t{INTERACTION}\t{gene}\n" for tf, gene in zip(edges["tf"], edges["gene"], strict=True)]
    write_text(paths["sif"], "".join(lines))
    graph = _graph(edges)
    with written_whole(paths["graphml"]) as part:
        need("networkx", "networks").write_graphml_xml(graph, part)
    save_table(edges.reset_index(drop=True), paths["csv"])
    return paths


def _graph(edges: pd.DataFrame):
    networkx = need("networkx", "networks")
    columns = {"edge_attr": ["weight", "known"], "create_using": networkx.DiGraph}
    graph = networkx.from_pandas_edgelist(edges.astype(object), "tf", "gene", **columns)
    tfs = set(edges["tf"])
    networkx.set_node_attributes(graph, {name: "TF" if name in tfs else "gene" for name in graph}, "kind")
    return graph


def _check(edges: pd.DataFrame) -> None:
    missing = {"tf", "gene", "weight", "known"} - set(edges.columns)
    if missing:
        raise DataError(
            f"An edge table needs the columns tf, gene, weight and known, but {min(missing)} is missing.\n"
            f"Make it with hubs.edge_table."
        )
    twice = edges[edges.duplicated(["tf", "gene"])]
    if not twice.empty:
        raise DataError(
            f"The edge {twice.iloc[0]['tf']} to {twice.iloc[0]['gene']} is listed twice. Drop one of them."
        )
    with_tab = [name for name in [*edges["tf"], *edges["gene"]] if "\t" in str(name)]
    if with_tab:
        raise DataError(
            f"The name {short(with_tab[0])!r} holds a tab, which SIF cannot store. Rename the gene."
        )
