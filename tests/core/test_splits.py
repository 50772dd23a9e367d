"""Folds: nothing in training and in test, whole groups held out, useless folds refused."""

from __future__ import annotations

import numpy as np
import pytest
from reread.core import splits
from reread.core.errors import DataError, ParameterError
from reread.core.splits import Fold

GROUPS = np.array(list("aabbbcdde"))


def test_each_group_is_held_out_once_and_never_on_both_sides():
    folds = splits.by_group(GROUPS, 3)

    assert [fold.name for fold in folds] == [0, 1, 2]
    assert sorted(np.concatenate([fold.test for fold in folds])) == list(range(len(GROUPS)))
    assert all(splits.leaks(GROUPS, fold) == set() for fold in folds)


def test_a_leak_names_the_groups_that_stand_on_both_sides():
    assert splits.leaks(GROUPS, splits.by_mask(np.arange(9) < 3)) == {"b"}


def test_folds_by_label_have_every_label_and_a_seed_shuffles_them():
    label = np.array([0] * 8 + [1] * 4)

    folds = splits.stratified(label, 4)
    assert all(label[fold.test].sum() == 1 for fold in folds)
    tests = {tuple(splits.stratified(label, 4, seed=seed)[0].test) for seed in range(5)}
    assert len(tests) > 1


def test_a_random_share_is_the_split_of_scikit_learn_with_rows_ascending():
    from sklearn.model_selection import train_test_split

    fold = splits.random_share(10, 0.3, seed=4)

    assert fold.test.tolist() == sorted(train_test_split(range(10), test_size=0.3, random_state=4)[1])
    assert (np.diff(fold.train) > 0).all()


def test_rows_of_no_fold_stay_in_training():
    first, second = splits.by_number([0, 1, -1, 1])

    assert (first.test.tolist(), second.test.tolist()) == ([0], [1, 3])
    assert second.train.tolist() == [0, 2]


def test_a_fold_of_a_part_names_rows_of_the_whole():
    fold = splits.by_mask([True, False, False]).within([5, 7, 8])

    assert (fold.test.tolist(), fold.train.tolist()) == ([5], [7, 8])


@pytest.mark.parametrize(
    ("train", "test", "said"),
    [([0, 1], [], "no test row"), ([], [0], "no training row"), ([0, 1], [1], "in training and in test")],
)
def test_a_fold_without_a_side_or_with_a_row_on_both_is_refused(train, test, said):
    with pytest.raises(DataError, match=said):
        Fold(0, np.array(train, dtype=int), np.array(test, dtype=int))


@pytest.mark.parametrize(
    "make",
    [
        lambda: splits.by_group(GROUPS, 6),
        lambda: splits.stratified([0, 0, 0, 1], 2),
        lambda: splits.stratified([], 2),
        lambda: splits.random_share(1, 0.5),
    ],
)
def test_more_folds_than_groups_or_labels_can_fill_are_refused(make):
    with pytest.raises(DataError):
        make()


@pytest.mark.parametrize(
    "make",
    [
        lambda: splits.by_group(GROUPS, 1),
        lambda: splits.random_share(9, 1.0),
        lambda: splits.random_share(9, 0.0),
    ],
)
def test_a_share_or_a_number_of_folds_out_of_range_is_refused(make):
    with pytest.raises(ParameterError):
        make()


def test_a_fold_with_one_label_is_refused_by_part():
    with pytest.raises(DataError, match=r"Fold 0 has 1 test pairs, 1 of them positive"):
        splits.refuse_one_class([splits.by_mask([True, False, False])], [1, 0, 1], "pairs")
