from __future__ import annotations

import networkx
import numpy as np
import pandas as pd
import pytest
from reread.core.errors import DataError, ParameterError
from reread.networks.data import load as data
from reread.networks.methods import hubs, infer
from scipy.stats import fisher_exact

N_TFS, N_GENES = 10, 40


@pytest.fixture(scope="module")
def dataset():
    return data.load("simulated", n_cells=80, n_genes=N_GENES, n_tfs=N_TFS, seed=0)


@pytest.fixture(scope="module")
def edges(dataset):
    return hubs.edge_table(infer.infer("pearson", dataset.expression, dataset.tfs), dataset, top=50)


def test_edges_are_the_strongest_without_self_loops_and_know_the_truth(dataset):
    weights = np.zeros((N_TFS, N_GENES))
    weights[3, 3] = 9
    weights[2, 30], weights[5, 7] = 2, 3
    tf, gene = np.argwhere(dataset.truth)[0]
    weights[tf, gene] = 4

    edges = hubs.edge_table(weights, dataset, top=3)

    names = dataset.expression.genes
    assert tuple(edges.loc[0, ["tf", "gene"]]) == (names[tf], names[gene])
    assert edges["weight"].tolist() == [4, 3, 2]
    assert edges["known"][0]


def test_enrichment_agrees_with_fishers_exact_test_of_scipy(dataset, edges):
    table = hubs.hub_enrichment(edges, dataset)

    for row in table.itertuples():
        a, b, c = row.n_shared, row.n_inferred - row.n_shared, row.n_reference - row.n_shared
        slow = fisher_exact([[a, b], [c, N_GENES - 1 - a - b - c]], alternative="greater")
        assert row.p == pytest.approx(slow.pvalue)
    assert table["n_inferred"].sum() == len(edges)
    assert table["n_shared"].sum() == edges["known"].sum()


@pytest.mark.parametrize("wrong", ["empty", "foreign"])
def test_tables_without_edges_or_of_another_world_are_refused(dataset, edges, wrong):
    table = edges.iloc[:0] if wrong == "empty" else edges.assign(tf="NOBODY")

    with pytest.raises(DataError, match="empty" if wrong == "empty" else "NOBODY"):
        hubs.hub_enrichment(table, dataset)


def test_too_many_edges_are_refused(dataset):
    with pytest.raises(ParameterError, match="400"):
        hubs.edge_table(np.zeros((N_TFS, N_GENES)), dataset, top=401)


def test_two_runs_agree(dataset, edges):
    weights = infer.infer("pearson", dataset.expression, dataset.tfs)

    pd.testing.assert_frame_equal(hubs.edge_table(weights, dataset, top=50), edges)


def test_the_tf_with_most_targets_has_the_most_edges_of_the_reference(dataset):
    index = [dataset.expression.genes[tf] for tf in dataset.tfs].index(hubs.tf_with_most_targets(dataset))

    assert dataset.truth[index].sum() == dataset.truth.sum(axis=1).max()


# files for other programs


@pytest.fixture
def listed():
    return pd.DataFrame(
        {
            "tf": ["GATA1", "GATA1", "KLF1"],
            "gene": ["KLF1", "Naïve β", "A & <B>"],
            "weight": [0.1, 1 / 3, 2e-9],
            "known": [True, False, True],
        }
    )


def test_graphml_comes_back_edge_by_edge(listed, tmp_path):
    graph = networkx.read_graphml(hubs.write_network(listed, tmp_path, "net")["graphml"])

    found = [(tf, gene, d["weight"], d["known"]) for tf, gene, d in graph.edges(data=True)]
    assert found == list(listed.itertuples(index=False, name=None))
    assert graph.is_directed()
    assert networkx.get_node_attributes(graph, "kind") == {
        "GATA1": "TF",
        "KLF1": "TF",
        "Naïve β": "gene",
        "A & <B>": "gene",
    }


def test_sif_and_csv_come_back(listed, tmp_path):
    paths = hubs.write_network(listed, tmp_path / "new folder", "net")

    lines = [line.split("\t") for line in paths["sif"].read_text(encoding="utf-8").splitlines()]
    assert lines == [[tf, "regulates", gene] for tf, gene in zip(listed["tf"], listed["gene"], strict=True)]
    pd.testing.assert_frame_equal(pd.read_csv(paths["csv"]), listed)
    assert set(paths) == {"graphml", "sif", "csv"}


def test_equal_networks_give_equal_bytes(listed, tmp_path):
    one, two = (hubs.write_network(listed, tmp_path / name, "net") for name in "ab")

    assert all(one[kind].read_bytes() == two[kind].read_bytes() for kind in one)


def test_a_tab_in_a_name_is_refused_and_leaves_no_file(listed, tmp_path):
    listed.loc[0, "gene"] = "KL\tF1"

    with pytest.raises(DataError, match="tab"):
        hubs.write_network(listed, tmp_path, "net")
    assert list(tmp_path.iterdir()) == []
