from __future__ import annotations

import networkx
import pandas as pd
import pytest
from reread.core.errors import DataError
from reread.networks.data import export


@pytest.fixture
def edges():
    return pd.DataFrame(
        {
            "tf": ["GATA1", "GATA1", "KLF1"],
            "gene": ["KLF1", "Naïve β", "A & <B>"],
            "weight": [0.1, 1 / 3, 2e-9],
            "known": [True, False, True],
        }
    )


def test_graphml_comes_back_edge_by_edge(edges, tmp_path):
    graph = networkx.read_graphml(export.write_network(edges, tmp_path, "net")["graphml"])

    found = [(tf, gene, d["weight"], d["known"]) for tf, gene, d in graph.edges(data=True)]
    assert found == list(edges.itertuples(index=False, name=None))
    assert graph.is_directed()
    assert networkx.get_node_attributes(graph, "kind") == {
        "GATA1": "TF",
        "KLF1": "TF",
        "Naïve β": "gene",
        "A & <B>": "gene",
    }


def test_sif_and_csv_come_back(edges, tmp_path):
    paths = export.write_network(edges, tmp_path / "new folder", "net")

    lines = [line.split("\t") for line in paths["sif"].read_text(encoding="utf-8").splitlines()]
    assert lines == [[tf, "regulates", gene] for tf, gene in zip(edges["tf"], edges["gene"], strict=True)]
    pd.testing.assert_frame_equal(pd.read_csv(paths["csv"]), edges)
    assert set(paths) == {"graphml", "sif", "csv"}


def test_equal_networks_give_equal_bytes(edges, tmp_path):
    one, two = (export.write_network(edges, tmp_path / name, "net") for name in "ab")

    assert all(one[kind].read_bytes() == two[kind].read_bytes() for kind in one)


def test_a_missing_column_is_named(edges, tmp_path):
    with pytest.raises(DataError, match="weight is missing"):
        export.write_network(edges.drop(columns="weight"), tmp_path, "net")


def test_an_edge_listed_twice_is_named(edges, tmp_path):
    with pytest.raises(DataError, match="GATA1 to KLF1"):
        export.write_network(pd.concat([edges, edges.iloc[:1]]), tmp_path, "net")


def test_a_tab_in_a_name_is_refused_and_leaves_no_file(edges, tmp_path):
    edges.loc[0, "gene"] = "KL\tF1"

    with pytest.raises(DataError, match="tab"):
        export.write_network(edges, tmp_path, "net")
    assert list(tmp_path.iterdir()) == []
