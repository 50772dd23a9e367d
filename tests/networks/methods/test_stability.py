from __future__ import annotations

import numpy as np
import pytest
from reread.core.errors import ParameterError
from reread.networks.data import load as data
from reread.networks.methods import hubs


@pytest.fixture(scope="module")
def dataset():
    return data.load("simulated", n_cells=60, n_genes=20, n_tfs=10, seed=0)


def test_top_edges_are_those_of_a_sorted_list_and_ties_go_to_the_first():
    weights = np.array([[0.1, 0.9, 0.5], [0.5, 0.0, 0.9]])

    assert hubs.top_edges(weights, 4).tolist() == [1, 5, 2, 3]


@pytest.mark.parametrize("n", [0, 7])
def test_an_impossible_top_is_refused(n):
    with pytest.raises(ParameterError, match="1 to 6"):
        hubs.top_edges(np.zeros((2, 3)), n)


def test_correlation_ignores_the_seed_and_trees_do_not(dataset):
    found = hubs.stability(dataset.expression, dataset.tfs, ["pearson", "genie3"], n_runs=1, top=30)
    mean = found.groupby(["method", "change"])["jaccard"].mean()

    assert mean["pearson", "another seed"] == 1
    assert mean["genie3", "another seed"] < 1
    assert mean["pearson", "resampled cells"] < mean["pearson", "one cell fewer"]
    assert len(found) == 2 * 3


def test_runs_of_one_change_differ_and_repeat(dataset):
    one, two = (
        hubs.stability(dataset.expression, dataset.tfs, ["pearson"], n_runs=3, top=30, seed=7)
        for _ in range(2)
    )
    drawn = one[one["change"] == "resampled cells"]["jaccard"]

    assert one.equals(two)
    assert drawn.nunique() > 1
