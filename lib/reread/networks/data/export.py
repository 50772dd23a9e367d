"""Write an inferred network for other programs: GraphML, SIF and CSV."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from reread.core.errors import DataError, need, short
from reread.core.figures import save_table
from reread.core.files import write_text, written_whole

if TYPE_CHECKING:
    from networkx import DiGraph

INTERACTION = "regulates"


def write_network(edges: pd.DataFrame, folder: Path, name: str) -> dict[str, Path]:
    """Write ``name.graphml``, ``name.sif`` and ``name.csv`` into ``folder``; return their paths by suffix.

    ``edges`` has the columns tf, gene, weight and known (``hubs.edge_table``). GraphML (Cytoscape, Gephi,
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


def _graph(edges: pd.DataFrame) -> DiGraph:
    graph = need("networkx", "networks").DiGraph()
    tfs = set(edges["tf"])
    for name in dict.fromkeys([*edges["tf"], *edges["gene"]]):
        graph.add_node(str(name), kind="TF" if name in tfs else "gene")
    for edge in edges.itertuples(index=False):
        graph.add_edge(str(edge.tf), str(edge.gene), weight=float(edge.weight), known=bool(edge.known))
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
