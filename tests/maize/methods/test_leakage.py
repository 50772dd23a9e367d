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
    one = Split(np.arange(9), np.arange(9, 14), "by hand")

    found = leakage.nearest(small, one)

    slow = slow_nearest(small, one)
    assert found["nearest"].tolist() == [name for name, _ in slow]
    assert found["r"].to_numpy() == pytest.approx([r for _, r in slow], abs=1e-6)


def test_the_report_counts_what_is_shared(small):
    """S01, S06 and S11 leave one of their group and tissue in training; S13 is alone."""
    test = np.array([1, 6, 11, 13])
    report = leakage.leakage_report(small, Split(np.setdiff1d(np.arange(14), test), test, "by hand")).iloc[0]

    assert report["shared_group"] == 0.75
    assert report["has_replicate"] == 0.75
    assert report["shared_accession"] == 0
    assert (report["n_train"], report["n_test"]) == (10, 4)


def test_a_group_of_another_tissue_is_shared_but_no_replicate(small):
    same_study = replace(small, group=np.array(["one"] * 14))
    test = np.array([13])

    report = leakage.leakage_report(same_study, Split(np.arange(13), test, "by hand")).iloc[0]
    assert (report["shared_group"], report["has_replicate"]) == (1, 0)
    assert report["nearest_is_replicate"] == 0


def test_a_copied_sample_is_a_near_copy(small):
    values = small.values.copy()
    values[0] = values[13] * np.float32(1.0001)

    one = Split(np.arange(13), np.array([13]), "by hand")
    report = leakage.leakage_report(replace(small, values=values), one).iloc[0]
    assert report["near_copy"] == 1
    assert report["nearest_has_tissue"] == 0


def test_a_held_out_study_is_shared_with_nobody(crossed):
    found = leakage.leakage_reports(crossed, split(crossed, "group", n_folds=6))

    assert (found[["shared_group", "has_replicate", "nearest_is_replicate"]] == 0).all(axis=None)


def test_under_a_random_split_the_nearest_sample_is_of_the_same_study(crossed):
    found = leakage.leakage_report(crossed, split(crossed, "random")[0]).iloc[0]

    assert found["shared_group"] == 1
    assert found["nearest_is_replicate"] > 0.9


def test_kinds_are_means_over_test_samples(crossed):
    splits = split(crossed, "random", test=0.1) + split(crossed, "random", test=0.4, seed=9)
    reports, near = leakage.leakage_reports(crossed, splits), leakage.all_nearest(crossed, splits)

    pooled = leakage.by_kind(reports).iloc[0]
    assert (pooled["folds"], pooled["n_test"]) == (2, 24 + 96)
    assert pooled["nearest_r"] == pytest.approx(near["r"].mean())
    assert pooled["nearest_is_replicate"] == pytest.approx(near["is_replicate"].mean())
    assert set(leakage.SHARES) < set(reports.columns)


def test_a_sample_without_any_expression_correlates_with_nobody():
    found = leakage.correlations(np.array([[0, 0, 0], [1, 2, 3], [2, 4, 6.5]]))

    assert found[0].tolist() == [0, 0, 0]
    assert found[1, 2] == pytest.approx(np.corrcoef([1, 2, 3], [2, 4, 6.5])[0, 1])


def test_libraries_of_two_sources_meet_by_accession_and_by_expression(crossed):
    one = crossed.take(np.arange(6))
    other = crossed.take(np.array([4, 5, 50, 60, 70]))
    renamed = replace(other, samples=("A1", "S0006", "A3", "A4", "A5"))

    found = leakage.shared_samples(one, renamed.keep_genes(np.arange(1499, 99, -1)))

    assert found["one"].tolist() == ["S0005", "S0006"]
    assert found["other"].tolist() == ["A1", "S0006"]
    assert found["is_same_accession"].tolist() == [False, True]
    assert found["r"].to_numpy() == pytest.approx([1, 1])


def test_independent_sources_share_nothing(crossed):
    other = replace(simulate(seed=2), samples=tuple(f"T{i}" for i in range(240)))

    assert len(leakage.shared_samples(crossed, other)) == 0
