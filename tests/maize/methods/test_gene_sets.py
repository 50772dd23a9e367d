from __future__ import annotations

import numpy as np
import pytest
from reread.core.errors import DataError, ParameterError
from reread.maize.methods import gene_sets as union


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

    depth, genes = union.union_rule(scores, 0.5)

    expected_depth, expected = rule_row_by_row(scores, 0.5)
    assert depth == expected_depth
    assert genes.tolist() == expected.tolist()


def test_equal_rankings_stop_at_once():
    assert union.union_rule(np.tile(np.arange(9.0), (3, 1)), 0.5)[0] == 0


def test_a_tissue_that_was_not_scored_is_left_out():
    scores = np.random.default_rng(0).normal(size=(4, 30))
    with_gap = np.insert(scores, 2, np.nan, axis=0)

    assert union.union_rule(with_gap)[0] == union.union_rule(scores)[0]
    assert (union.top_union(with_gap, 3) == union.top_union(scores, 3)).all()
    assert (union.rank_top(with_gap, 3)[2] == -1).all()


def test_no_scored_tissue_is_an_error():
    with pytest.raises(DataError, match="at least one sample"):
        union.union_rule(np.full((2, 3), np.nan))


@pytest.mark.parametrize("share", [0.2, 1.0])
def test_a_share_that_never_comes_is_refused(share):
    with pytest.raises(ParameterError, match="share"):
        union.union_rule(np.random.default_rng(0).normal(size=(5, 20)), share)


def test_ranks_go_down_and_ties_to_the_earlier_gene():
    assert union.rank_top(np.array([[1.0, 3, 3, 0], [0, 1, 2, 3]]), 3).tolist() == [[1, 2, 0], [3, 2, 1]]


@pytest.mark.parametrize("k", [0, 5])
def test_an_impossible_top_is_refused(k):
    with pytest.raises(ParameterError, match="1 to 4"):
        union.rank_top(np.zeros((2, 4)), k)


def test_the_null_of_the_published_size_is_3215_rows_and_17681_genes():
    assert union.union_null(21_111, 11) == (3215, 17_681)


@pytest.mark.parametrize(("n_genes", "n_tissues", "share"), [(4000, 12, 0.5), (1500, 8, 0.5), (3000, 5, 0.7)])
def test_the_null_agrees_with_random_rankings_within_two_per_cent(n_genes, n_tissues, share):
    rng = np.random.default_rng(n_genes)
    walks = [union.union_rule(rng.random((n_tissues, n_genes)), share) for _ in range(10)]

    depth, n = union.union_null(n_genes, n_tissues, share)

    assert np.mean([d for d, _ in walks]) == pytest.approx(depth, rel=0.02)
    assert np.mean([len(genes) for _, genes in walks]) == pytest.approx(n, rel=0.02)


def test_a_gene_that_does_not_speak_for_a_tissue_is_not_chosen():
    scores = np.array([[0.0, 0, 0, 0, 2], [-1, 3, 0, 1, 0]])

    assert union.top_union(scores, 3).tolist() == [1, 3, 4]
    with pytest.raises(DataError, match="above 0"):
        union.top_union(-np.abs(scores), 3)
