"""Write an inferred network for other programs: GraphML, SIF and CSV."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from reread.core.errors import DataError, need
from reread.core.figures import save_table
from reread.core.files import write_text, written_whole

if TYPE_CHECKING:
    from networkx import DiGraph

INTERACTION = "regulates"


def to_graph(edges: pd.DataFrame) -> DiGraph:
    """Make a directed graph of an edge table."""
    _check(edges)
    graph = need("networkx", "networks").DiGraph()
    tfs = set(edges["tf"])
    for name in dict.fromkeys([*edges["tf"], *edges["gene"]]):
        graph.add_node(str(name), kind="TF" if name in tfs else "gene")
    for edge in edges.itertuples(index=False):
        graph.add_edge(str(edge.tf), str(edge.gene), weight=float(edge.weight), known=bool(edge.known))
    return graph


def write_graphml(edges: pd.DataFrame, path: Path) -> Path:
    """Write GraphML whole, for Cytoscape, Gephi, igraph and networkx; errors as ``to_graph``."""
    graph = to_graph(edges)
    with written_whole(path) as part:
        need("networkx", "networks").write_graphml_xml(graph, part)
    return path


def write_sif(edges: pd.DataFrame, path: Path) -> Path:
    """Write Cytoscape's simple interaction format whole: TF, interaction and gene, tab-separated."""
    _check(edges)
    bad = [name for name in [*edges["tf"], *edges["gene"]] if "\t" in str(name)]
    if bad:
        raise DataError(
            f"The name {bad[0]!r} holds a tab, which SIF cannot store. Rename the gene, or use GraphML."
        )
    lines = [f"{tf}\t{INTERACTION}\t{gene}\n" for tf, gene in zip(edges["tf"], edges["gene"], strict=True)]
    return write_text(path, "".join(lines))


def write_network(edges: pd.DataFrame, folder: Path, name: str) -> dict[str, Path]:
    """Write ``name.graphml``, ``name.sif`` and ``name.csv``, each whole; errors as ``to_graph``."""
    paths = {kind: folder / f"{name}.{kind}" for kind in ("graphml", "sif", "csv")}
    write_graphml(edges, paths["graphml"])
    write_sif(edges, paths["sif"])
    save_table(edges.reset_index(drop=True), paths["csv"])
    return paths


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
