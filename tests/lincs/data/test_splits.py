from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from reread.core.errors import DataError, ParameterError
from reread.core.splits import Fold, random_share
from reread.lincs.data import splits as split
from reread.lincs.data.splits import HELD_OUT, RANDOM
from reread.lincs.data.tables import Signatures, meta_frame


@pytest.fixture
def meta():
    """12 drugs of 3 classes (3, 4 and 5 drugs) in 5 lines, 2 replicates: 120 signatures in random order."""
    drug = np.repeat(np.arange(12), 10)
    pcl = np.repeat(["A", "B", "C"], (30, 40, 50))
    frame = meta_frame(
        120, kind="drug", pert_name=[f"d{i}" for i in drug], pcl=pcl,
        pert_id=[f"d{i}-{k % 2}" for k, i in enumerate(drug)], cell=np.tile(np.repeat(list("VWXYZ"), 2), 12),
    )  # fmt: skip
    return frame.sample(frac=1, random_state=0).reset_index(drop=True)


def sides(meta: pd.DataFrame, one: Fold, *by: str) -> tuple[set, set]:
    names = meta[list(by)].agg("/".join, axis=1)
    return set(names.iloc[one.train]), set(names.iloc[one.test])


@pytest.mark.parametrize("by", [("pert_name",), ("cell",), ("pert_name", "cell")])
def test_no_group_is_on_both_sides_and_every_row_is_on_one(meta, by):
    one = split.by_group(meta, by=by, share=0.3)
    train, test = sides(meta, one, *by)

    assert not train & test
    assert sorted([*one.train, *one.test]) == list(range(120))
    split.assert_no_leak(meta, one, by)


def test_every_class_gives_its_share_of_drugs(meta):
    one = split.by_group(meta, share=0.4)
    held = meta.iloc[one.test].groupby("pcl")["pert_name"].nunique()

    assert held.to_dict() == {"A": 1, "B": 2, "C": 2}


def test_every_class_gives_at_least_one_drug_and_keeps_one(meta):
    for share in (0.01, 0.99):
        one = split.by_group(meta, share=share)
        assert set(meta["pcl"].iloc[one.train]) == set(meta["pcl"].iloc[one.test]) == set("ABC")


def test_classes_of_one_drug_are_one_stratum_together(meta):
    lone = meta.assign(pcl=meta["pert_name"])
    one = split.by_group(lone, share=0.25)

    assert lone["pert_name"].iloc[one.test].nunique() == 3


def test_a_seed_fixes_a_split_and_another_one_changes_it(meta):
    held = [split.by_group(meta, seed=seed).test.tolist() for seed in (0, 0, 1)]

    assert held[0] == held[1] != held[2]


def test_a_random_split_leaks_and_the_report_says_how_much(meta):
    columns = ["pert_name", "pert_id", "cell", "plate", "pcl"]
    report = split.overlap(meta, random_share(120, 0.25), by=columns)

    assert (report["pert_name"], report["plate"]) == (1, 0)


def test_the_report_leaves_unknown_values_out():
    meta = meta_frame(5, kind="drug", pert_name=["a", "b", "a", "c", ""], cell=list("xxyyz"))
    report = split.overlap(meta, Fold(0, np.array([0, 1]), np.array([2, 3, 4])), by=["pert_name", "cell"])

    assert report == {"pert_name": 0.5, "cell": 0.0}


def test_a_drug_of_several_ids_leaks_when_ids_are_held_out(meta):
    """Why a drug is known by its name."""
    one = split.by_group(meta, by=("pert_id",))

    with pytest.raises(DataError, match=r"groups by pert_name are in training and in test, such as 'd"):
        split.assert_no_leak(meta, one)


@pytest.mark.parametrize(("by", "n_folds"), [((), 7), (("pert_name",), 4), (("pert_name", "cell"), 5)])
def test_folds_test_every_row_once_and_keep_groups_whole(meta, by, n_folds):
    folds = list(split.folds(meta, by=by, n_folds=n_folds))

    assert len(folds) == n_folds
    assert sorted(np.concatenate([one.test for one in folds]).tolist()) == list(range(120))
    for one in folds:
        assert not set(one.train) & set(one.test)
        if by:
            split.assert_no_leak(meta, one, by)


def test_folds_spread_the_drugs_of_every_class(meta):
    for one in split.folds(meta, by=("pert_name",), n_folds=3):
        assert set(meta["pcl"].iloc[one.test]) == set("ABC")


def test_folds_are_nearly_equal(meta):
    sizes = [len(one.test) for one in split.folds(meta, n_folds=7)]

    assert max(sizes) - min(sizes) <= 3


@pytest.mark.parametrize("share", [0, 1, -0.1, 2, float("nan")])
def test_a_share_that_is_none_is_refused(meta, share):
    with pytest.raises(ParameterError, match="share of test rows must lie between 0 and 1"):
        split.by_group(meta, share=share)


def test_one_drug_cannot_be_split(meta):
    with pytest.raises(DataError, match="has no test row"):
        split.by_group(meta[meta["pert_name"] == "d0"].reset_index(drop=True))


def test_more_folds_than_groups_are_refused(meta):
    with pytest.raises(DataError, match="13 folds need 13 groups, but there are 12"):
        next(split.folds(meta, by=("pert_name",), n_folds=13))
    with pytest.raises(ParameterError, match="at least 2"):
        next(split.folds(meta, n_folds=1))


# the splits of the chapters


@pytest.fixture(scope="module")
def signatures():
    """40 signatures of 8 drugs in two cell lines, and 10 of a drug that the paper excludes."""
    names = [f"drug {i % 8}" for i in range(40)] + ["MG-132"] * 10
    cells = ["A375"] * 30 + ["rare"] * 20
    table = meta_frame(
        50, sig_id=[f"s{i}" for i in range(50)], pert_id=names, pert_name=names, kind="drug", cell=cells
    )
    values = np.random.default_rng(0).normal(size=(50, 3)).astype(np.float32)
    return Signatures(values, ("1", "2", "3"), ("A", "B", "C"), table)


def test_what_the_paper_excludes_is_no_training_row(signatures):
    assert split.training_rows(signatures).tolist() == list(range(40))
    assert split.training_rows(signatures, min_per_line=20).tolist() == list(range(30))


def test_a_random_tenth_and_whole_perturbations_are_held_out(signatures):
    parts = split.both_splits(signatures, share=0.25)

    assert len(parts[RANDOM].test) == 5
    held = set(signatures.meta["pert_name"].iloc[parts[HELD_OUT].test])
    assert held.isdisjoint(signatures.meta["pert_name"].iloc[parts[HELD_OUT].train])
    assert split.sizes(signatures, parts)["held-out.random"] == 5


def test_the_overlap_of_a_random_split_is_counted(signatures):
    found = split.overlaps(signatures, split.both_splits(signatures)).set_index("split")

    assert found.loc[RANDOM, "perturbation"] == 1
    assert found.loc[HELD_OUT, "perturbation"] == 0
    assert found.loc[HELD_OUT, "cell line"] == 1
