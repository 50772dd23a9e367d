from __future__ import annotations

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
