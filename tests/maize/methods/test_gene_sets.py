from __future__ import annotations

import numpy as np
import pytest
from reread.core.errors import DataError, ParameterError
from reread.maize.methods import gene_sets
from scipy.stats import fisher_exact

N_GENES = 60
SETS = {"a": np.arange(20), "b": np.arange(10, 45), "c": np.array([1, 12, 13, 50, 50])}


def rule_row_by_row(scores, share):
    """As the notebook walks: count the distinct genes anew at each row."""
    ranks = np.argsort(-scores, axis=1, kind="stable").T
    depth = 0
    while len(np.unique(ranks[: depth + 1])) / ranks[: depth + 1].size > share:
        depth += 1
    return depth, np.unique(ranks[:depth])


@pytest.mark.parametrize("seed", range(4))
def test_the_rule_agrees_with_the_walk_of_the_notebook(seed):
    scores = np.random.default_rng(seed).normal(size=(5, 70)).round(1)

    depth, genes = gene_sets.union_rule(scores, 0.5)

    expected_depth, expected = rule_row_by_row(scores, 0.5)
    assert depth == expected_depth
    assert genes.tolist() == expected.tolist()


def test_equal_rankings_stop_at_once():
    assert gene_sets.union_rule(np.tile(np.arange(9.0), (3, 1)), 0.5)[0] == 0


def test_a_tissue_that_was_not_scored_is_left_out():
    scores = np.random.default_rng(0).normal(size=(4, 30))
    with_gap = np.insert(scores, 2, np.nan, axis=0)

    assert gene_sets.union_rule(with_gap)[0] == gene_sets.union_rule(scores)[0]
    assert (gene_sets.top_union(with_gap, 3) == gene_sets.top_union(scores, 3)).all()
    assert (gene_sets.rank_top(with_gap, 3)[2] == -1).all()


def test_no_scored_tissue_is_an_error():
    with pytest.raises(DataError, match="at least one sample"):
        gene_sets.union_rule(np.full((2, 3), np.nan))


@pytest.mark.parametrize("share", [0.2, 1.0])
def test_a_share_that_never_comes_is_refused(share):
    with pytest.raises(ParameterError, match="share"):
        gene_sets.union_rule(np.random.default_rng(0).normal(size=(5, 20)), share)


def test_ranks_go_down_and_ties_to_the_earlier_gene():
    assert gene_sets.rank_top(np.array([[1.0, 3, 3, 0], [0, 1, 2, 3]]), 3).tolist() == [[1, 2, 0], [3, 2, 1]]


@pytest.mark.parametrize("k", [0, 5])
def test_an_impossible_top_is_refused(k):
    with pytest.raises(ParameterError, match="1 to 4"):
        gene_sets.rank_top(np.zeros((2, 4)), k)


def test_the_null_of_the_published_size_is_3215_rows_and_17681_genes():
    assert gene_sets.union_null(21_111, 11) == (3215, 17_681)


@pytest.mark.parametrize(("n_genes", "n_tissues", "share"), [(4000, 12, 0.5), (1500, 8, 0.5), (3000, 5, 0.7)])
def test_the_null_agrees_with_random_rankings_within_two_per_cent(n_genes, n_tissues, share):
    rng = np.random.default_rng(n_genes)
    walks = [gene_sets.union_rule(rng.random((n_tissues, n_genes)), share) for _ in range(10)]

    depth, n = gene_sets.union_null(n_genes, n_tissues, share)

    assert np.mean([d for d, _ in walks]) == pytest.approx(depth, rel=0.02)
    assert np.mean([len(genes) for _, genes in walks]) == pytest.approx(n, rel=0.02)


def test_a_gene_with_a_score_of_at_most_zero_is_not_selected():
    scores = np.array([[0.0, 0, 0, 0, 2], [-1, 3, 0, 1, 0]])

    assert gene_sets.top_union(scores, 3).tolist() == [1, 3, 4]
    with pytest.raises(DataError, match="above 0"):
        gene_sets.top_union(-np.abs(scores), 3)


def test_every_two_sets_are_counted_with_their_expectation():
    found = gene_sets.overlaps(SETS, N_GENES).set_index(["left", "right"])

    assert found.loc[("a", "b"), ["n_left", "n_right", "shared"]].tolist() == [20, 35, 10]
    assert found.loc[("a", "b"), "expected"] == pytest.approx(20 * 35 / 60)
    assert found.loc[("a", "c"), "jaccard"] == pytest.approx(3 / 21)
    assert len(found) == 3


def test_p_agrees_with_fishers_exact_test():
    found = gene_sets.overlaps(SETS, N_GENES).set_index(["left", "right"])["p"]

    table = [[3, 17], [1, N_GENES - 21]]
    assert found["a", "c"] == pytest.approx(fisher_exact(table, alternative="greater").pvalue)


def test_the_core_of_two_sets_is_their_overlap():
    pair = gene_sets.overlaps(SETS, N_GENES).iloc[0]

    found = gene_sets.core([SETS["a"], SETS["b"]], N_GENES)

    assert (found["n"], found["expected"], found["p"]) == pytest.approx(
        (pair["shared"], pair["expected"], pair["p"])
    )


def test_the_core_of_three_sets_agrees_with_drawing_them():
    rng, sizes = np.random.default_rng(0), [25, 30, 20]
    draws = [
        len(set.intersection(*(set(rng.permutation(N_GENES)[:n].tolist()) for n in sizes)))
        for _ in range(20_000)
    ]
    simulated = np.bincount(draws, minlength=21) / len(draws)

    chance = gene_sets._shared_by_chance(sizes, N_GENES)

    assert np.abs(chance - simulated[: len(chance)]).max() < 0.01
    assert chance.sum() == pytest.approx(1)
    assert chance @ np.arange(len(chance)) == pytest.approx(25 * 30 * 20 / N_GENES**2)


def test_a_core_larger_than_chance_has_a_small_p():
    same = np.arange(8)

    found = gene_sets.core([same, same, same], N_GENES)

    assert found["n"] == 8
    assert found["p"] < 1e-9
