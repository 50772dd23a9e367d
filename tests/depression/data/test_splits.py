from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from reread.core.errors import DataError
from reread.depression.data import simulate, splits


def test_donors_are_tested_once_and_never_shared(small):
    folds = splits.by_donor(small.cells, 4, seed=3)
    donors = small.cells["donor"].to_numpy()

    assert (np.sum([one.test for one in folds], axis=0) == 1).all()
    for one in folds:
        parts = [set(donors[rows]) for rows in (one.train, one.validation, one.test)]
        assert not parts[0] & parts[1] | parts[0] & parts[2] | parts[1] & parts[2]
        assert (one.train | one.validation | one.test).all()


def test_random_cells_share_donors_and_are_their_own_validation(small):
    (one, *_), donors = splits.by_cell(small.cells, 4, seed=3), small.cells["donor"].to_numpy()

    assert set(donors[one.train]) == set(donors[one.test])
    assert (one.validation == one.test).all() and not (one.train & one.test).any()


def test_a_donor_with_both_labels_is_refused_unless_all_are_paired(small):
    cells = small.cells.assign(condition=np.arange(len(small)) % 2)
    some = cells.where(cells["donor"] < "D04", small.cells)
    with pytest.raises(DataError, match="3 donors have cells of both conditions, for instance D01"):
        splits.by_donor(some, 4)

    for one in splits.by_donor(cells, 4):
        assert not set(cells["donor"][one.train]) & set(cells["donor"][one.test])


def test_too_few_donors_and_one_class_are_refused(small):
    with pytest.raises(DataError, match="one condition has 4"):
        splits.by_donor(small.cells, 5)
    with pytest.raises(DataError, match="one condition only"):
        splits.by_cell(small.cells.assign(condition=1), 3)
    with pytest.raises(DataError, match="one condition has 0"):
        splits.by_donor(small.cells.assign(condition=1), 3)


def test_permuted_labels_are_constant_in_a_donor_and_as_many(small):
    drawn = splits.permuted_donors(small.cells, seed=5)
    by = pd.Series(drawn).groupby(small.cells["donor"])

    assert (by.nunique() == 1).all() and by.first().sum() == 4
    assert (drawn != small.cells["condition"]).any()
    paired = small.cells.assign(condition=np.arange(len(small)) % 2)
    changed = splits.permuted_donors(paired, seed=5) != paired["condition"]
    assert changed.groupby(small.cells["donor"]).mean().sum() == 4


def test_the_simulated_disease_and_donors_are_in_the_counts():
    counts, truth = simulate.simulate_cohort(30, 60, n_genes=60, n_disease_genes=10, log2_fold=2.0, seed=1)
    case = counts.cells["condition"].to_numpy() == 1
    share = counts.matrix.toarray() / counts.cells["n_counts"].to_numpy()[:, None]
    fold = np.log2(share[case].mean(axis=0) / share[~case].mean(axis=0))

    assert (truth["log2_fold"] != 0).sum() == 10
    assert np.corrcoef(fold, truth["log2_fold"])[0, 1] > 0.8
    assert counts.cells.groupby("donor").size().eq(60).all()
    same = simulate.simulate_cohort(30, 60, n_genes=60, n_disease_genes=10, log2_fold=2.0, seed=1)[0]
    assert (same.matrix != counts.matrix).nnz == 0
