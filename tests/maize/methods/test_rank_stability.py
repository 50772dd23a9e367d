from __future__ import annotations

import numpy as np
import pytest
from reread.core.errors import DataError
from reread.maize.methods import gene_sets

N_RUNS, N_TISSUES, N_GENES, K = 4, 3, 30, 6


@pytest.fixture
def runs():
    return list(np.random.default_rng(0).normal(size=(N_RUNS, N_TISSUES, N_GENES)))


def tops(scores):
    return [{g for g in np.argsort(-row)[:K] if row[g] > 0} for row in scores]


def test_jaccard_agrees_with_sets(runs):
    found = gene_sets.jaccard(runs, K)

    for a in range(N_RUNS):
        for b in range(N_RUNS):
            pairs = zip(tops(runs[a]), tops(runs[b]), strict=True)
            assert found[a, b] == pytest.approx(np.mean([len(x & y) / len(x | y) for x, y in pairs]))


def test_frequency_counts_runs(runs):
    found = gene_sets.selection_frequency(runs, K)

    for t in range(N_TISSUES):
        for g in range(N_GENES):
            assert found[t, g] == np.mean([g in tops(scores)[t] for scores in runs])


def test_a_tissue_that_one_run_did_not_score_is_compared_by_the_others(runs):
    runs[1][2] = np.nan

    found = gene_sets.jaccard(runs, K)

    expected = np.mean(
        [len(x & y) / len(x | y) for x, y in zip(tops(runs[0])[:2], tops(runs[1])[:2], strict=True)]
    )
    assert found[0, 1] == pytest.approx(expected)
    assert gene_sets.selection_frequency(runs, K)[2].sum() == pytest.approx(K * (N_RUNS - 1) / N_RUNS)


def test_runs_without_a_common_tissue_cannot_be_compared(runs):
    runs[0][:] = np.nan

    assert np.isnan(gene_sets.jaccard(runs, K)[0]).all()


def test_an_ensemble_of_equal_runs_keeps_their_order(runs):
    found = gene_sets.ensemble([runs[0], runs[0] * 9])

    assert (np.argsort(-found, axis=1) == np.argsort(-runs[0], axis=1)).all()
    assert (found.min(), found.max()) == (0, 1)


def test_an_ensemble_leaves_out_what_a_run_did_not_score(runs):
    runs[1][0] = np.nan
    for scores in runs:
        scores[1] = np.nan

    found = gene_sets.ensemble(runs)

    assert found[0] == pytest.approx(gene_sets.ensemble([r for i, r in enumerate(runs) if i != 1])[0])
    assert np.isnan(found[1]).all()


def test_genes_that_tie_at_zero_are_in_no_top():
    """Three and two genes have a score above 0, as for trees: two of three are shared."""
    one, two = np.zeros((2, 1, N_GENES))
    one[0, [3, 7, 20]] = 3, 2, 1
    two[0, [3, 20]] = 1, 2

    found = gene_sets.jaccard([one, two, np.zeros((1, N_GENES))], K)

    assert found[0, 1] == pytest.approx(2 / 3)
    assert found[0, 2] == 0
    assert np.isnan(found[2, 2])
    assert gene_sets.selection_frequency([one, two], K)[0].sum() == pytest.approx(5 / 2)


@pytest.mark.parametrize("wrong", [[], [np.zeros((2, 5)), np.zeros((3, 5))]])
def test_runs_of_different_shape_are_refused(wrong):
    with pytest.raises(DataError, match="one shape"):
        gene_sets.jaccard(wrong, 2)
