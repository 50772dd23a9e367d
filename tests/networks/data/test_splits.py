from __future__ import annotations

import numpy as np
import pytest
from reread.core.errors import DataError, ParameterError
from reread.networks.data.splits import SCHEMES, inner_folds, split_pairs
from reread.networks.data.tables import Pairs
from sklearn.model_selection import StratifiedKFold


@pytest.fixture
def pairs():
    """231 pairs of 11 TFs and 21 genes, labels at random."""
    tf, gene = np.divmod(np.arange(231), 21)
    label = np.random.default_rng(0).random(231) < 0.4
    return Pairs(tf, gene + 5, label, tuple(f"G{i:02d}" for i in range(26)))


def test_the_pair_split_is_the_authors_split_row_by_row(pairs):
    np.random.seed(0)  # noqa: NPY002 (the authors' way to the same folds)
    index = np.arange(len(pairs))
    np.random.shuffle(index)  # noqa: NPY002 (as above)
    theirs = [index[test] for _, test in StratifiedKFold(5).split(index, pairs.label[index])]

    folds = split_pairs(pairs, "pair")
    assert [fold.test.tolist() for fold in folds] == [test.tolist() for test in theirs]


@pytest.mark.parametrize("scheme", SCHEMES)
def test_training_and_test_rows_never_overlap(pairs, scheme):
    for fold in split_pairs(pairs, scheme):
        assert not set(fold.train.tolist()) & set(fold.test.tolist())


@pytest.mark.parametrize("scheme", ["pair", "tf", "gene"])
def test_every_row_is_tested_once(pairs, scheme):
    tested = np.concatenate([fold.test for fold in split_pairs(pairs, scheme, n_folds=3)])

    assert sorted(tested.tolist()) == list(range(231))


@pytest.mark.parametrize(("scheme", "sides"), [("tf", ["tf"]), ("gene", ["gene"]), ("both", ["tf", "gene"])])
def test_held_out_names_are_not_in_training(pairs, scheme, sides):
    for fold in split_pairs(pairs, scheme):
        for side in sides:
            names = getattr(pairs, side)
            assert not set(names[fold.train].tolist()) & set(names[fold.test].tolist())


def test_both_drops_exactly_the_pairs_that_share_one_side(pairs):
    for fold in split_pairs(pairs, "both"):
        dropped = np.setdiff1d(np.arange(231), np.concatenate([fold.train, fold.test]))
        shares_tf = np.isin(pairs.tf[dropped], pairs.tf[fold.test])
        shares_gene = np.isin(pairs.gene[dropped], pairs.gene[fold.test])
        assert (shares_tf ^ shares_gene).all()


def test_group_folds_do_not_depend_on_the_order_of_rows_or_genes(pairs):
    order = np.random.default_rng(1).permutation(231)
    renumbered = Pairs(25 - pairs.tf, 25 - pairs.gene, pairs.label, pairs.genes[::-1]).take(order)

    for one, other in zip(split_pairs(pairs, "tf"), split_pairs(renumbered, "tf"), strict=True):
        assert sorted(order[other.test].tolist()) == one.test.tolist()


def test_another_seed_shuffles_the_pair_split(pairs):
    assert split_pairs(pairs, "pair", seed=1)[0].test.tolist() != split_pairs(pairs, "pair")[0].test.tolist()


@pytest.mark.parametrize("scheme", ["pair", "tf"])
def test_inner_folds_stay_inside_the_training_rows(pairs, scheme):
    outer = split_pairs(pairs, "tf")[0]

    inside = inner_folds(pairs, outer.train, scheme, n_folds=3)
    assert sorted(np.concatenate([fold.test for fold in inside]).tolist()) == outer.train.tolist()
    assert all(set(fold.train.tolist()) < set(outer.train.tolist()) for fold in inside)


def test_a_misspelt_scheme_names_the_nearest(pairs):
    with pytest.raises(ParameterError, match="Did you mean 'gene'"):
        split_pairs(pairs, "genes")


def test_an_empty_list_is_refused(pairs):
    with pytest.raises(DataError, match="empty"):
        split_pairs(pairs.take(np.arange(0)), "tf")


def test_a_fold_of_one_class_is_refused_with_its_number(pairs):
    by_tf = Pairs(pairs.tf, pairs.gene, pairs.tf == 0, pairs.genes)

    with pytest.raises(
        DataError,
        match=r"Fold 0 has 168 training pairs \(split: tf\), 0 of them positive; both labels are needed",
    ):
        split_pairs(by_tf, "tf")


def test_fewer_names_than_folds_are_refused(pairs):
    with pytest.raises(DataError, match="20 folds by tf need 20 names, but the list has 11"):
        split_pairs(pairs, "tf", n_folds=20)


def test_fewer_positives_than_folds_are_refused(pairs):
    with pytest.raises(DataError, match="one label has 3"):
        split_pairs(Pairs(pairs.tf, pairs.gene, np.arange(231) < 3, pairs.genes), "pair")
