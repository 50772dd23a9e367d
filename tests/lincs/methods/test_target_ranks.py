from __future__ import annotations

from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from reread.lincs.methods import retrieval as targets
from sklearn.neighbors import NearestNeighbors

N_QUERY, N_KNOCKDOWN, N_FEATURE = 5, 37, 11


@pytest.fixture
def arrays():
    rng = np.random.default_rng(0)
    is_target = np.zeros(N_KNOCKDOWN, dtype=bool)
    is_target[[3, 17, 30]] = True
    return rng.normal(size=(N_QUERY, N_FEATURE)), rng.normal(size=(N_KNOCKDOWN, N_FEATURE)), is_target


def by_sorting(query, reference, is_target):
    """As published: sort every neighbour, walk to the first target."""
    near = NearestNeighbors(n_neighbors=len(reference), metric="correlation", algorithm="brute").fit(
        reference
    )
    order = near.kneighbors(query, return_distance=False)
    return [next(rank for rank, row in enumerate(line, 1) if is_target[row]) for line in order]


def test_counting_gives_the_ranks_of_the_sorted_neighbours(arrays):
    assert targets.first_target_rank(*arrays).tolist() == by_sorting(*arrays)


def test_blocks_do_not_change_ranks(arrays, monkeypatch):
    whole = targets.first_target_rank(*arrays)
    monkeypatch.setattr(targets, "BLOCK", 2 * N_KNOCKDOWN)

    assert targets.first_target_rank(*arrays).tolist() == whole.tolist()


def test_a_target_equal_to_the_query_has_rank_one_whatever_its_size(arrays):
    query, reference, is_target = arrays
    reference[17] = 3 * query[2] + 1

    assert targets.first_target_rank(query, reference, is_target)[2] == 1


def every_first_rank(n, k):
    """All placements of k targets among n: the slow obvious oracle."""
    return np.array([1 + places[0] for places in combinations(range(n), k)])


@pytest.mark.parametrize(("n", "k"), [(9, 1), (9, 4), (7, 7)])
def test_chance_agrees_with_counting_every_placement(n, k):
    first = every_first_rank(n, k)
    rank = np.arange(1, n + 1)

    assert (n + 1) / (k + 1) == pytest.approx(first.mean())
    np.testing.assert_allclose(
        targets.p_of_rank(rank, n, k), [(first <= one).mean() for one in rank], atol=1e-12
    )


def test_chance_of_the_published_single_target_is_what_was_worked_out_by_hand():
    """116,782 signatures of 4,314 genes are 27 a gene: the mean rank is 4,171, and half are before 2,960."""
    assert targets.p_of_rank(np.array([2960, 4171]), 116_782, 27) == pytest.approx([0.5, 0.63], abs=0.005)


def test_scores_of_genes_are_correlations_of_means():
    rng = np.random.default_rng(1)
    drugs, downs = rng.normal(size=(4, 6)), rng.normal(size=(5, 6))
    names, genes = np.array(["b", "a", "b", "b"]), np.array(["q", "p", "q", "r", "r"])

    meta = pd.DataFrame({
        "kind": ["drug"] * 4 + ["knockdown"] * 5, "pert_name": [*names, *genes],
        "gene": [""] * 4 + genes.tolist(),
    })  # fmt: skip

    found = targets.score_against(np.concatenate([drugs, downs]), meta, "knockdown")

    slow = np.corrcoef(drugs[names == "b"].mean(axis=0), downs[genes == "q"].mean(axis=0))[0, 1]
    assert found.shape == (2, 3)
    assert found.loc["b", "q"] == pytest.approx(slow)
