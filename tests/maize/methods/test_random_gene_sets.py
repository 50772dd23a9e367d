from __future__ import annotations

import numpy as np
import pytest
from reread.core.errors import DataError, ParameterError
from reread.core.stats import permutation_p
from reread.maize.methods import gene_sets
from scipy import stats

N_GENES = 203


@pytest.fixture(scope="module")
def mean():
    return np.random.default_rng(0).permutation(np.linspace(0, 9, N_GENES))


def test_matched_sets_hold_as_many_genes_of_each_bin_as_the_set(mean):
    genes = np.argsort(mean)[-40:][::2]
    bins = np.empty(N_GENES, dtype=int)
    for number, members in enumerate(np.array_split(np.argsort(mean), 20)):
        bins[members] = number

    drawn = gene_sets.matched_sets(mean, genes, 30, n_bins=20, seed=1)

    assert drawn.shape == (30, len(genes))
    for one in drawn:
        assert len(set(one)) == len(genes)
        assert sorted(bins[one]) == sorted(bins[genes])


def test_matched_sets_differ_and_have_the_expression_of_the_set(mean):
    genes = np.argsort(mean)[-60::4]

    drawn = gene_sets.matched_sets(mean, genes, 50, seed=2)

    assert len({tuple(one) for one in drawn}) == 50
    assert mean[drawn].mean() == pytest.approx(mean[genes].mean(), abs=0.3)


def test_within_a_bin_every_gene_is_drawn_alike(mean):
    genes = np.argsort(mean)[:4]

    drawn = gene_sets.matched_sets(mean, genes, 4000, n_bins=20, seed=3)

    counts = np.bincount(drawn.ravel(), minlength=N_GENES)[np.argsort(mean)[:11]]
    assert stats.chisquare(counts).pvalue > 0.001


def test_a_set_that_fills_its_bins_is_its_own_match(mean):
    assert (gene_sets.matched_sets(mean, np.arange(N_GENES), 2) == np.arange(N_GENES)).all()


@pytest.mark.parametrize("genes", [[], [1, 1], [N_GENES], [-1]])
def test_what_is_no_set_cannot_be_matched(mean, genes):
    with pytest.raises(DataError, match="each once"):
        gene_sets.matched_sets(mean, np.array(genes, dtype=int), 3)


def test_random_sets_hold_each_gene_once():
    drawn = gene_sets.random_sets(50, 49, 7, seed=0)

    assert drawn.shape == (7, 49)
    assert all(len(set(one)) == 49 for one in drawn)


def test_more_genes_than_there_are_cannot_be_drawn():
    with pytest.raises(ParameterError, match="1 to 50"):
        gene_sets.random_sets(50, 51, 1)


def test_p_values_of_sets_drawn_like_the_null_are_uniform(mean):
    """Each trial has its own null: mean expression of a drawn set among matched sets."""
    rng = np.random.default_rng(0)
    weight, genes = rng.normal(size=N_GENES), np.argsort(mean)[::7]
    p = []
    for trial in range(400):
        drawn = gene_sets.matched_sets(mean, genes, 100, n_bins=4, seed=trial)
        statistic = weight[drawn].mean(axis=1)
        p.append(float(permutation_p(statistic[0], statistic[1:])))

    assert stats.kstest(p, "uniform").pvalue > 0.01


def test_the_test_for_uniformity_sees_a_null_of_another_size(mean):
    """The published mistake: the null has fewer genes, so its statistic spreads more."""
    weight = np.random.default_rng(0).normal(size=N_GENES)
    p = []
    for trial in range(400):
        observed = weight[gene_sets.random_sets(N_GENES, 100, 1, seed=trial)[0]].mean()
        null = weight[gene_sets.random_sets(N_GENES, 10, 100, seed=1000 + trial)].mean(axis=1)
        p.append(float(permutation_p(observed, null)))

    assert stats.kstest(p, "uniform").pvalue < 1e-6
