from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from reread.maize.data.simulate import simulate
from reread.maize.data.splits import Split, split
from reread.maize.methods import leakage


@pytest.fixture(scope="module")
def crossed():
    return simulate(seed=1)


def slow_nearest(data, one):
    """One test sample at a time, one training sample at a time."""
    log = np.log2(data.values.astype(float) + 1)
    found = []
    for i in one.test:
        r = [np.corrcoef(log[i], log[j])[0, 1] for j in one.train]
        found.append((data.samples[one.train[int(np.argmax(r))]], max(r)))
    return found


def test_the_nearest_sample_is_the_one_with_the_largest_correlation(small):
    one = Split("by hand", np.arange(9), np.arange(9, 14))

    found = leakage.all_nearest(small, [one])

    slow = slow_nearest(small, one)
    assert found["nearest"].tolist() == [name for name, _ in slow]
    assert found["r"].to_numpy() == pytest.approx([r for _, r in slow], abs=1e-6)


def test_the_report_counts_what_is_shared(small):
    """S01, S06 and S11 leave one of their group and tissue in training; S13 is alone."""
    test = np.array([1, 6, 11, 13])
    report = leakage.leakage_by_kind(small, [Split("by hand", np.setdiff1d(np.arange(14), test), test)]).iloc[
        0
    ]

    assert report["shared_group"] == 0.75
    assert report["has_replicate"] == 0.75
    assert report["shared_accession"] == 0
    assert (report["folds"], report["n_test"]) == (1, 4)


def test_a_group_of_another_tissue_is_shared_but_no_replicate(small):
    same_study = replace(small, group=np.array(["one"] * 14))
    test = np.array([13])

    report = leakage.leakage_by_kind(same_study, [Split("by hand", np.arange(13), test)]).iloc[0]
    assert (report["shared_group"], report["has_replicate"]) == (1, 0)
    assert report["nearest_is_replicate"] == 0


def test_a_copied_sample_is_a_near_copy(small):
    values = small.values.copy()
    values[0] = values[13] * np.float32(1.0001)

    one = Split("by hand", np.arange(13), np.array([13]))
    report = leakage.leakage_by_kind(replace(small, values=values), [one]).iloc[0]
    assert report["near_copy"] == 1
    assert report["nearest_has_tissue"] == 0


def test_a_held_out_study_is_shared_with_nobody(crossed):
    found = leakage.leakage_by_kind(crossed, split(crossed, "group", n_folds=6))

    assert (found[["shared_group", "has_replicate", "nearest_is_replicate"]] == 0).all(axis=None)


def test_under_a_random_split_the_nearest_sample_is_of_the_same_study(crossed):
    found = leakage.leakage_by_kind(crossed, split(crossed, "random")).iloc[0]

    assert found["shared_group"] == 1
    assert found["nearest_is_replicate"] > 0.9


def test_a_kind_is_the_mean_over_the_test_samples_of_its_folds(crossed):
    splits = split(crossed, "random", test=0.4, seed=9, n_folds=2)
    near = leakage.all_nearest(crossed, splits)

    pooled = leakage.leakage_by_kind(crossed, splits).iloc[0]
    assert (pooled["folds"], pooled["n_test"]) == (2, 192)
    assert pooled["nearest_r"] == pytest.approx(near["r"].mean())
    assert pooled["nearest_is_replicate"] == pytest.approx(near["is_replicate"].mean())


def test_accessions_are_compared_without_case_and_version(small):
    names = ("SRR000001.1", " srr000001", *(f"S{i}" for i in range(2, 14)))
    one = Split("by hand", np.arange(1, 14), np.array([0]))

    report = leakage.leakage_by_kind(replace(small, samples=names), [one]).iloc[0]

    assert report["shared_accession"] == 1
