from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from reread.core.errors import DataError, ParameterError
from reread.maize.data.simulate import simulate
from reread.maize.data.splits import KINDS, split, split_all
from sklearn.model_selection import train_test_split


@pytest.fixture(scope="module")
def crossed():
    return simulate(seed=3)


@pytest.mark.parametrize("kind", KINDS)
def test_training_and_test_never_overlap_and_are_all_samples(small, kind):
    for fold in split(small, kind, n_folds=2):
        assert sorted([*fold.train, *fold.test]) == list(range(14))


@pytest.mark.parametrize("kind", KINDS)
def test_a_seed_gives_the_same_split_again(small, kind):
    one, other = (split(small, kind, seed=4, n_folds=2) for _ in range(2))

    assert [fold.test.tolist() for fold in one] == [fold.test.tolist() for fold in other]


def test_the_random_split_is_the_authors_call_with_a_seed(crossed):
    theirs = train_test_split(np.arange(240), test_size=0.2, random_state=7)[1]

    found = split(crossed, "random", seed=7)
    assert found[0].test.tolist() == sorted(theirs.tolist())
    assert len(found[0].test) == 48


def test_no_draw_of_one_seed_is_a_draw_of_the_next(crossed):
    folds = [fold for seed in range(3) for fold in split(crossed, "random", seed=seed, n_folds=5)]

    assert len({tuple(fold.test.tolist()) for fold in folds}) == 15


def test_a_tissue_that_no_test_sample_has_is_named(small):
    fold = split(small, "random", test=0.1, seed=1)[0]

    tested = {small.tissues[k] for k in small.tissue[fold.test]}
    assert set(fold.untested) == set(small.tissues) - tested
    assert len(fold.untested) >= 3


def test_a_tissue_with_one_sample_is_tested_without_training_or_not_at_all(small):
    """A random draw that puts it into the test says so, and no number of a tissue moves."""
    folds = split(small, "random", test=0.3, n_folds=30)

    is_tested = [13 in fold.test for fold in folds]
    assert 0 < sum(is_tested) < 30
    assert [("lone" in fold.without_training) for fold in folds] == is_tested
    assert [("lone" in fold.untested) for fold in folds] == [not yes for yes in is_tested]


def test_a_tissue_without_any_sample_is_untested_but_not_without_training(small):
    fold = split(small.take(np.arange(13)), "random", test=0.3)[0]

    assert "lone" in fold.untested
    assert fold.without_training == ()


def test_one_replicate_is_held_out_the_last_first(small):
    last, first = split(small, "replicate", n_folds=9)

    assert (last.name, first.name) == ("replicate 2", "replicate 1")
    assert set(small.replicate[last.test]) == {2}
    assert last.test.tolist() == [1, 3, 5, 7, 10, 12]


def test_a_tissue_with_one_replicate_stays_in_training(small):
    for fold in split(small, "replicate", n_folds=2):
        assert 13 in fold.train
        assert fold.never_held_out == ("replicate 1 of lone",)


@pytest.mark.parametrize("n_folds", [1, 2, 3])
def test_a_group_is_on_one_side_only_and_every_tissue_has_training_samples(small, n_folds):
    for seed in range(20):
        for fold in split(small, "group", seed=seed, n_folds=n_folds, test=0.4):
            assert not set(small.group[fold.train]) & set(small.group[fold.test])
            assert set(small.tissue[fold.train]) == set(range(5))
            assert fold.without_training == ()


def test_every_group_that_can_be_is_held_out_once(small):
    """Groups h and i are the only ones of their tissues."""
    folds = split(small, "group", n_folds=3, seed=2)

    tested = np.concatenate([small.group[fold.test] for fold in folds])
    assert sorted(tested) == list("aabbccddefg")
    assert folds[0].never_held_out == ("h", "i")


def test_one_fold_of_groups_comes_near_the_share_asked_for(crossed):
    fold = split(crossed, "group", test=0.3)[0]

    assert len(fold.test) == 80
    assert len(set(crossed.group[fold.test])) == 2


def test_a_study_that_holds_every_tissue_is_held_out_whole(crossed):
    folds = split(crossed, "group", n_folds=6)

    assert [len(fold.test) for fold in folds] == [40] * 6
    assert all(fold.untested == () for fold in folds)


@pytest.mark.parametrize(
    ("changes", "asked", "says"),
    [
        ({}, {"kind": "group", "n_folds": 8}, "only 7 of 9 leave"),
        ({"group": np.array(["a"] * 14)}, {"kind": "group"}, "only 0 of 1 leave"),
        ({"replicate": np.ones(14, dtype=int)}, {"kind": "replicate"}, "No replicate can be held out"),
        ({}, {"kind": "random", "test": 0.95}, "leaves none"),
    ],
)
def test_a_hold_out_that_is_not_there_is_refused(small, changes, asked, says):
    with pytest.raises(DataError, match=says):
        split(replace(small, **changes), **asked)


def test_one_sample_cannot_be_split(small):
    with pytest.raises(DataError, match="leaves none"):
        split(small.take(np.array([0])), "random")


def test_split_all_gives_one_kind_after_the_other(small):
    found = split_all(small, ["group", "random"], n_folds=2, seed=3)

    assert [one.kind for one in found] == ["group", "group", "random", "random"]
    assert found[0].test.tolist() == split(small, "group", n_folds=2, seed=3)[0].test.tolist()


def test_an_unknown_kind_and_an_impossible_share_are_refused(small):
    with pytest.raises(ParameterError, match="Did you mean 'group'"):
        split(small, "groups")
    with pytest.raises(ParameterError, match="between 0 and 1"):
        split(small, "random", test=1.5)
    with pytest.raises(ParameterError, match="n_folds be at least 1"):
        split(small, "random", n_folds=0)
