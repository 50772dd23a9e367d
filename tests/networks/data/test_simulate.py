from __future__ import annotations

import numpy as np
import pytest
from reread.core import metrics as score
from reread.core.errors import DataError, ParameterError
from reread.networks.data import simulate
from reread.networks.data.simulate import sample_pairs
from reread.networks.methods.gene_names import audit_pairs


@pytest.fixture(scope="module")
def network():
    return simulate.simulate_network(seed=1)


@pytest.fixture(scope="module")
def counts(network):
    return simulate.simulate_cells(network, seed=1)


def correlation(values):
    return np.abs(np.corrcoef(values.T))


def test_a_network_has_as_many_regulators_of_a_gene_as_asked_and_mostly_activation(network):
    regulated = network.truth.any(axis=0)

    assert network.truth.sum(axis=0)[regulated].mean() == pytest.approx(2.0, abs=0.25)
    assert (network.weights[network.truth] > 0).mean() == pytest.approx(0.75, abs=0.1)


def test_tfs_are_regulated_only_from_above_and_masters_by_nobody(network):
    among_tfs = network.truth[:, :24]

    assert not np.tril(among_tfs).any()
    assert not among_tfs[:, : network.n_masters].any()


def test_tfs_without_targets_have_neither_targets_nor_regulators(network):
    assert not network.truth[20:].any()
    assert not network.truth[:, 20:24].any()
    assert network.truth[:20].any(axis=1).all()


def test_a_few_tfs_are_hubs(network):
    degree = np.sort(network.truth.sum(axis=1))

    assert degree[-3:].sum() > 0.3 * degree.sum()


def test_correlation_finds_the_planted_edges_as_hard_as_in_real_cells(network, counts):
    values = simulate.normalise(counts)
    off_diagonal = ~np.eye(24, 120, dtype=bool)

    found = score.auroc(network.truth[off_diagonal], correlation(values)[:24][off_diagonal])
    assert 0.62 < found < 0.75


def test_tfs_without_targets_correlate_no_more_than_shuffled_cells(counts):
    values = simulate.normalise(counts)
    rng = np.random.default_rng(0)
    shuffled = rng.permuted(values, axis=0)
    others = np.r_[0:20, 24:120]

    without_targets = correlation(values)[20:24][:, others].mean()
    chance = correlation(np.hstack([shuffled[:, 20:24], values[:, others]]))[:4, 4:].mean()
    assert without_targets < 1.6 * chance


def test_activation_raises_and_repression_lowers_the_target():
    weights = np.zeros((2, 4), dtype=np.float32)
    weights[0, 2], weights[1, 3] = 3.0, -3.0
    network = simulate.Network(weights, ("A", "B", "UP", "DOWN"), 2, 0)

    r = np.corrcoef(simulate.simulate_cells(network, 300, seed=0).T)
    assert r[0, 2] > 0.2
    assert r[1, 3] < -0.2


def test_master_tfs_differ_between_cell_types_and_tfs_without_targets_do_not(counts):
    types = np.arange(600) // 150
    values = simulate.normalise(counts)

    means = np.stack([values[types == k].mean(axis=0) for k in range(4)])
    spread = means.std(axis=0) / values.std(axis=0)
    assert spread[:6].mean() > 3 * spread[20:24].mean()


def test_the_same_seed_gives_the_same_bits_and_another_does_not(network):
    one, again, other = (simulate.simulate_cells(network, 30, seed=s) for s in (4, 4, 5))

    assert (one == again).all()
    assert (one != other).any()


def test_normalised_cells_have_ten_thousand_molecules_and_empty_cells_none(counts):
    emptied = counts.copy()
    emptied[0] = 0

    molecules = np.expm1(simulate.normalise(emptied)).sum(axis=1)
    assert molecules[0] == 0
    assert molecules[1:] == pytest.approx(1e4, rel=1e-4)


@pytest.mark.parametrize(
    "call",
    [
        lambda net: simulate.simulate_network(n_tfs=5, n_tfs_without_targets=4),
        lambda net: simulate.simulate_network(n_tfs=24, n_genes=24),
        lambda net: sample_pairs(net.truth, np.arange(24), net.genes, negatives="pools"),
        lambda net: sample_pairs(net.truth, np.arange(24), net.genes, negatives="pool", pool=0),
    ],
)
def test_impossible_parameters_are_refused(network, call):
    with pytest.raises(ParameterError):
        call(network)


def test_a_network_without_edges_is_refused(network):
    with pytest.raises(DataError, match="no edge"):
        sample_pairs(np.zeros((24, 120), dtype=bool), np.arange(24), network.genes)


@pytest.mark.parametrize("negatives", ["grid", "matched", "pool"])
def test_every_edge_is_a_positive_and_no_negative_is_an_edge_or_a_self_pair(network, negatives):
    pairs = sample_pairs(network.truth, np.arange(24), network.genes, negatives=negatives)

    assert (pairs.label == network.truth[pairs.tf, pairs.gene]).all()
    assert pairs.label.sum() == network.truth.sum()
    assert (pairs.tf != pairs.gene).all()
    assert len(np.unique(120 * pairs.tf + pairs.gene)) == len(pairs)


def test_the_grid_holds_every_pair_also_of_tfs_without_targets(network):
    pairs = sample_pairs(network.truth, np.arange(24), network.genes, negatives="grid")

    assert np.bincount(pairs.tf).tolist() == [119] * 24


def test_the_pool_gives_each_tf_as_many_negatives_as_positives_from_few_genes(network):
    pairs = sample_pairs(network.truth, np.arange(24), network.genes, negatives="pool", pool=16)

    by_label = [np.bincount(pairs.tf[pairs.label == k], minlength=24) for k in (0, 1)]
    assert (by_label[0] == by_label[1]).all()
    assert audit_pairs(pairs, n_top=16)["negative_gene_top50_share"] > 0.6


def test_tfs_that_are_not_the_first_genes_keep_their_index():
    truth = np.zeros((2, 7), dtype=bool)
    truth[0, 1] = truth[1, [0, 2]] = True

    pairs = sample_pairs(truth, np.array([3, 5]), tuple("abcdefg"), negatives="grid")
    assert sorted(set(pairs.tf.tolist())) == [3, 5]
    assert len(pairs) == 12


def test_gene_names_predict_pool_negatives_and_not_matched_negatives():
    def one_hot(**how):
        found = []
        for seed in range(6):
            net = simulate.simulate_network(seed=seed)
            pairs = sample_pairs(net.truth, np.arange(24), net.genes, seed=seed, **how)
            found.append(audit_pairs(pairs)["one_hot_auroc"])
        return np.mean(found)

    assert one_hot(negatives="pool", pool=12) > 0.75
    assert abs(one_hot(negatives="matched") - 0.5) < 0.05
