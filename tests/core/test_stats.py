"""Permutation tests, overlaps, correlations and intervals, against the slow obvious way or scipy."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from reread.core import stats
from reread.core.errors import DataError


@pytest.mark.parametrize(
    ("observed", "larger", "p"), [(3, True, 3 / 5), (3, False, 4 / 5), (9, True, 1 / 5), (0, False, 1 / 5)]
)
def test_a_permutation_p_counts_the_observed_value_as_a_draw(observed, larger, p):
    assert stats.permutation_p(observed, [1, 2, 3, 4], larger=larger) == p


def test_a_permutation_p_of_many_tests_is_that_of_each():
    rng = np.random.default_rng(0)
    observed, null = rng.normal(size=5), rng.normal(size=(19, 5))

    each = [(1 + sum(draw >= value for draw in null[:, i])) / 20 for i, value in enumerate(observed)]
    assert stats.permutation_p(observed, null).tolist() == each
    shared = [(1 + sum(draw >= value for draw in null[:, 0])) / 20 for value in observed]
    assert stats.permutation_p(observed, null[:, 0]).tolist() == shared


def test_a_two_sided_p_is_twice_the_smaller_side_and_at_most_one():
    null = np.arange(1.0, 20.0)

    assert stats.permutation_p(19, null, two_sided=True) == pytest.approx(2 * 2 / 20)
    assert stats.permutation_p(10, null, two_sided=True) == 1.0


@pytest.mark.parametrize("scale", [1e-12, 1.0, 1e9])
def test_sums_that_differ_by_rounding_alone_are_ties(scale):
    observed = scale * (0.1 + 0.2)

    assert stats.permutation_p(observed, [scale * 0.3] * 4) == 1.0
    assert stats.permutation_p(observed, [scale * 0.3] * 4, larger=False) == 1.0
    assert stats.permutation_p(observed, [scale * 0.29] * 4) == 1 / 5


def test_a_value_that_was_not_measured_has_no_p():
    assert np.isnan(stats.permutation_p([1.0, np.nan], [1.0, 2.0])).tolist() == [False, True]


@pytest.mark.parametrize(("observed", "null"), [(1.0, []), (1.0, [np.nan]), ([1.0, 2.0], [[1.0, 2.0, 3.0]])])
def test_a_null_without_draws_or_of_other_tests_is_refused(observed, null):
    with pytest.raises(DataError):
        stats.permutation_p(observed, null)


def test_a_hypergeometric_p_is_the_share_of_all_pairs_of_sets_that_share_as_many():
    pairs = [len({0, 1, 2} & set(other)) for other in combinations(range(8), 4)]

    for shared in range(4):
        assert stats.hypergeometric_p(shared, 8, 3, 4) == pytest.approx(np.mean(np.array(pairs) >= shared))
    assert stats.hypergeometric_p([0, 3], 8, 3, [4, 4]).shape == (2,)


def test_false_discovery_rates_leave_out_tests_that_were_not_made():
    q = stats.benjamini_hochberg([0.01, np.nan, 0.04, 0.03])

    assert q.tolist() == [
        pytest.approx(0.03),
        pytest.approx(np.nan, nan_ok=True),
        pytest.approx(0.04),
        pytest.approx(0.04),
    ]


@pytest.mark.parametrize(
    ("left", "right", "wanted"),
    [
        ({1, 2}, {2, 3}, 1 / 3),
        (np.array([1, 2]), (2, 3), 1 / 3),
        (["a"], ["a"], 1.0),
        ([1], [2], 0.0),
        ([], [], np.nan),
    ],
)
def test_a_jaccard_index_is_of_sets_whatever_holds_them(left, right, wanted):
    assert stats.jaccard(left, right) == pytest.approx(wanted, nan_ok=True)


@pytest.mark.parametrize("method", ["pearson", "spearman"])
def test_correlations_of_rows_agree_with_scipy(method):
    from scipy.stats import pearsonr, spearmanr

    rng = np.random.default_rng(2)
    left, right = rng.integers(0, 5, size=(3, 9)).astype(np.float32), rng.integers(0, 5, size=(4, 9))
    one = {"pearson": pearsonr, "spearman": spearmanr}[method]

    each = [[one(a, b).statistic for b in right] for a in left]
    assert np.allclose(stats.row_correlation(left, right, method=method), each)
    assert stats.row_correlation(left, method=method).shape == (3, 3)


def test_a_constant_row_correlates_with_nothing():
    rows = np.array([[0.1, 0.1, 0.1], [1.0, 2.0, 3.0]])

    assert stats.row_correlation(rows).tolist() == [[0.0, 0.0], [0.0, pytest.approx(1.0)]]


def test_rows_of_other_items_or_with_gaps_are_refused():
    with pytest.raises(DataError, match="items differ"):
        stats.row_correlation(np.ones((2, 3)), np.ones((2, 4)))
    with pytest.raises(DataError, match="NaN"):
        stats.row_correlation(np.array([[1.0, np.nan]]))


def test_ranks_start_at_one_with_the_largest_and_ties_get_the_better():
    assert stats.rank_descending([[3, 9, 3, 1]]).tolist() == [[2, 1, 2, 4]]
