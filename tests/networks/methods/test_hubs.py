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
    return hubs.edge_table(infer.pearson(dataset.expression, dataset.tfs), dataset, top=50)


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


def test_scored_pairs_give_the_same_table(dataset):
    rows = np.array([4, 9, 2])

    edges = hubs.pair_edges(dataset, rows, np.array([0.1, 0.9, 0.5]), top=2)

    best = dataset.pairs.take(np.array([9, 2]))
    assert edges["tf"].tolist() == best.tf_names.tolist()
    assert edges["weight"].tolist() == [0.9, 0.5]
    assert edges["known"].tolist() == (best.label == 1).tolist()


def test_enrichment_agrees_with_fishers_exact_test_of_scipy(dataset, edges):
    table = hubs.hub_enrichment(edges, dataset)

    for row in table.itertuples():
        a, b, c = row.n_shared, row.n_inferred - row.n_shared, row.n_reference - row.n_shared
        slow = fisher_exact([[a, b], [c, N_GENES - 1 - a - b - c]], alternative="greater")
        assert row.p == pytest.approx(slow.pvalue)
    assert table["n_inferred"].sum() == len(edges)
    assert table["n_shared"].sum() == edges["known"].sum()


def test_q_values_are_those_of_benjamini_and_hochberg_step_by_step(dataset, edges):
    table = hubs.hub_enrichment(edges, dataset)
    p, n = table["p"].to_numpy(), len(table)
    slow = [min(p[j] * n / (j + 1) for j in range(i, n)) for i in range(n)]

    np.testing.assert_allclose(table["q"], np.minimum(slow, 1))


@pytest.mark.parametrize("wrong", ["empty", "foreign"])
def test_tables_without_edges_or_of_another_world_are_refused(dataset, edges, wrong):
    table = edges.iloc[:0] if wrong == "empty" else edges.assign(tf="NOBODY")

    with pytest.raises(DataError, match="empty" if wrong == "empty" else "NOBODY"):
        hubs.hub_enrichment(table, dataset)


def test_too_many_edges_are_refused(dataset):
    with pytest.raises(ParameterError, match="400"):
        hubs.edge_table(np.zeros((N_TFS, N_GENES)), dataset, top=401)


def test_planted_attention_is_significant_and_shuffled_attention_is_not():
    rng = np.random.default_rng(1)
    related = rng.random((7, 12)) < 0.3
    noise = rng.random((7, 12))

    found, null = hubs.permutation_test(noise + related, related, n_permutations=400)
    chance = [
        hubs.permutation_test(rng.random((7, 12)), related, n_permutations=99)[0]["p"] for _ in range(60)
    ]

    assert found["p"] == pytest.approx(1 / 401)
    assert null.shape == (400,)
    assert abs(null.mean()) < 3 * null.std() / np.sqrt(400) + 0.01
    assert 0.3 < np.mean(chance) < 0.7


def test_the_statistic_is_a_difference_of_means():
    weight, related = np.array([[0.1, 0.5, 0.3]]), np.array([[True, True, False]])

    found, _ = hubs.permutation_test(weight, related, n_permutations=9)

    assert found["observed"] == pytest.approx(0.3 - 0.3)


@pytest.mark.parametrize("fill", [True, False])
def test_a_test_without_two_groups_is_refused(fill):
    with pytest.raises(DataError, match="known targets"):
        hubs.permutation_test(np.ones((2, 3)), np.full((2, 3), fill))


def test_two_runs_agree(dataset, edges):
    weights = infer.pearson(dataset.expression, dataset.tfs)

    pd.testing.assert_frame_equal(hubs.edge_table(weights, dataset, top=50), edges)
