from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from reread.maize.data.image import log_plus_one
from reread.maize.data.simulate import EASY, HARD, Design, rises, simulate

TINY = Design(n_tissues=5, n_studies=3, n_replicates=2, n_genes=90, n_planted=7, n_decoys=11)


def test_every_study_holds_every_tissue_in_every_replicate():
    data = simulate(TINY)

    found = {*zip(data.group.tolist(), data.tissue.tolist(), data.replicate.tolist(), strict=True)}
    assert data.values.shape == (30, 90)
    assert len(found) == 30
    assert set(data.replicate) == {1, 2}


def test_as_many_genes_are_planted_as_asked_for_and_none_is_a_decoy():
    truth = simulate(TINY).truth

    assert np.bincount(truth.tissue_of + 1).tolist() == [90 - 35, 7, 7, 7, 7, 7]
    assert truth.is_decoy.sum() == 11
    assert not truth.is_decoy[truth.tissue_of >= 0].any()


def test_planted_genes_do_not_lie_side_by_side():
    places = np.flatnonzero(simulate().truth.tissue_of == 0)

    assert np.median(np.diff(places)) > 10


def test_a_seed_gives_the_same_samples_to_the_bit_and_another_others():
    one, same, other = (simulate(TINY, seed=seed).values for seed in (3, 3, 4))

    assert (one == same).all()
    assert (one != other).mean() > 0.5


def test_values_look_like_fpkm():
    values = simulate().values

    assert values.dtype == np.float32
    assert values.min() == 0
    assert 0.01 < (values == 0).mean() < 0.2


@pytest.mark.parametrize("design", [EASY, HARD], ids=["easy", "hard"])
def test_planted_genes_rise_in_their_tissue_and_hardly_any_other_gene_rises_as_far(design):
    """The negative control: genes that are neither planted nor decoys."""
    found = rises(simulate(design, seed=1))

    low, high = design.effect
    assert low < found["rise.planted"] < high
    assert 0 < found["rise.other"] < low


@pytest.mark.parametrize("share", [1.0, 0.03])
def test_other_genes_that_rise_in_a_random_tissue_are_seen(share):
    """A fault: log2(x + 1) of unplanted genes goes up by 2 in one tissue, all of them or one in thirty."""
    data = simulate(seed=0)
    rng = np.random.default_rng(8)
    others = np.flatnonzero((data.truth.tissue_of < 0) & ~data.truth.is_decoy)
    faulty = rng.choice(others, round(share * len(others)), replace=False)
    log = log_plus_one(data.values).astype(float)
    log[:, faulty] += 2.0 * (data.tissue[:, None] == rng.integers(0, 8, len(faulty)))

    found = rises(replace(data, values=(2**log - 1).astype(np.float32)))

    assert found["rise.other"] > EASY.effect[0]
    assert found["rise.planted"] == pytest.approx(rises(data)["rise.planted"], abs=1e-3)


def test_a_design_without_effects_plants_nothing_that_can_be_seen():
    found = rises(simulate(replace(EASY, effect=(0.0, 0.0)), seed=1))

    assert abs(found["rise.planted"]) < 0.1


def test_decoys_rise_in_three_or_four_tissues():
    quiet = replace(EASY, noise=0.05, study=0.0, module_tissue=0.0, module_spread=0.0, effect=(3.0, 4.0))
    data = simulate(quiet)
    log = log_plus_one(data.values)

    mean = np.stack([log[data.tissue == k].mean(axis=0) for k in range(8)])
    n_raised = (mean > np.sort(mean, axis=0)[2] + 1.5).sum(axis=0)
    assert set(n_raised[data.truth.is_decoy]) == {3, 4}
    assert set(n_raised[data.truth.tissue_of >= 0]) == {1}
    assert set(n_raised[(data.truth.tissue_of < 0) & ~data.truth.is_decoy]) == {0}


def test_samples_of_a_study_are_more_alike_than_samples_of_two():
    data = simulate(seed=2)
    log = log_plus_one(data.values[data.tissue == 0])
    group = data.group[data.tissue == 0]

    between = np.corrcoef(log)
    same = (group[:, None] == group[None, :]) & ~np.eye(len(group), dtype=bool)
    assert between[same].mean() > between[group[:, None] != group[None, :]].mean() + 0.01


def test_where_effects_are_small_most_low_genes_are_ordinary():
    """Else a null set of the expression of the planted genes would consist of planted genes."""
    data = simulate(HARD)
    mean = log_plus_one(data.values).mean(axis=0)

    planted = data.truth.tissue_of >= 0
    low = mean < np.quantile(mean[planted], 0.9)
    assert (low & ~planted & ~data.truth.is_decoy).sum() > 3 * (low & planted).sum()


def test_data_without_a_truth_has_no_rises(small):
    assert rises(small) == {}
