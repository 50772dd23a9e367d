from __future__ import annotations

import numpy as np
import pytest
from reread.core import metrics
from reread.core.errors import DataError
from sklearn import metrics as reference


@pytest.fixture
def ranked():
    """Labels and scores of 57 pairs, a third of the scores tied."""
    rng = np.random.default_rng(3)
    label = (rng.random(57) < 0.3).astype(int)
    return label, np.round(rng.standard_normal(57) + label, 1)


def test_auroc_treats_ties_as_scikit_learn_does(ranked):
    label, values = ranked

    assert metrics.auroc(label, values) == pytest.approx(reference.roc_auc_score(label, values), abs=1e-12)


def test_average_precision_treats_ties_as_scikit_learn_does(ranked):
    label, values = ranked

    wanted = reference.average_precision_score(label, values)
    assert metrics.average_precision(label, values) == pytest.approx(wanted, abs=1e-12)


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (metrics.auroc, reference.roc_auc_score),
        (metrics.average_precision, reference.average_precision_score),
    ],
)
def test_weights_of_many_resamples_agree_with_one_resample_at_a_time(ranked, ours, theirs):
    label, values = ranked
    weight = np.random.default_rng(1).poisson(1.0, (4, 57)).astype(float)

    slow = [theirs(label, values, sample_weight=one) for one in weight]
    assert ours(label, values, weight) == pytest.approx(slow, abs=1e-12)


def test_a_constant_score_is_at_chance_by_every_measure():
    label = np.array([1, 0, 0, 0, 1, 0, 0])

    found = metrics.summary(label, np.zeros(7))
    assert found["auroc"] == 0.5
    assert found["average_precision_ratio"] == pytest.approx(1.0)
    assert found["early_precision_ratio"] == pytest.approx(1.0)


def test_a_perfect_score_has_early_precision_one_over_prevalence():
    label = np.array([1, 0, 0, 0, 1, 0, 0])

    assert metrics.early_precision_ratio(label, label) == pytest.approx(7 / 2)


def test_ties_at_the_border_of_early_precision_count_as_broken_at_random():
    label = np.array([1, 0, 1, 0, 0, 1, 0, 0, 0])
    values = np.array([9, 8, 5, 5, 5, 5, 1, 1, 0])
    rng = np.random.default_rng(0)

    broken = [_early_precision(label, values + 1e-6 * rng.random(9)) for _ in range(4000)]
    assert metrics.early_precision_ratio(label, values) == pytest.approx(np.mean(broken) * 3, abs=0.03)


def _early_precision(label, values):
    """Share of positives among the top k, k the number of positives."""
    return label[np.argsort(-values)[: label.sum()]].mean()


@pytest.mark.parametrize("label", [[1, 1, 1], [0, 0, 0], []])
def test_one_class_only_is_refused(label):
    with pytest.raises(DataError, match="both labels"):
        metrics.auroc(np.array(label), np.zeros(len(label)))


def test_a_missing_score_is_refused_with_its_row():
    with pytest.raises(DataError, match="Row 2 has no score"):
        metrics.average_precision(np.array([0, 1, 1]), np.array([0.1, 0.2, np.nan]))


def test_labels_that_are_not_zero_or_one_are_refused():
    with pytest.raises(DataError, match="0 or 1, but one is 2"):
        metrics.auroc(np.array([0, 1, 2]), np.zeros(3))


def test_sizes_that_differ_are_refused():
    with pytest.raises(DataError, match="one axis"):
        metrics.auroc(np.array([0, 1, 1]), np.zeros(4))


def test_calibration_error_agrees_with_a_loop_over_bins():
    rng = np.random.default_rng(5)
    probability = rng.random(83)
    label = (rng.random(83) < probability**2).astype(int)

    slow = 0.0
    for low in np.arange(10) / 10:
        inside = (probability >= low) & (probability < low + 0.1)
        if inside.any():
            slow += inside.mean() * abs(probability[inside].mean() - label[inside].mean())
    assert metrics.expected_calibration_error(label, probability) == pytest.approx(slow, abs=1e-12)


def test_brier_agrees_with_scikit_learn():
    label, probability = np.array([0, 1, 1, 0]), np.array([0.2, 0.7, 0.4, 0.9])

    assert metrics.brier(label, probability) == pytest.approx(reference.brier_score_loss(label, probability))


def test_scores_that_are_no_probabilities_are_refused_with_the_cure():
    with pytest.raises(DataError, match="Calibrate the scores first"):
        metrics.brier(np.array([0, 1]), np.array([-0.2, 1.4]))


def test_calibration_makes_overconfident_scores_honest():
    rng = np.random.default_rng(7)
    chance = rng.random(4000)
    label = (rng.random(4000) < 0.25 + 0.5 * chance).astype(int)
    fitted, fresh = slice(0, 2000), slice(2000, 4000)

    honest = metrics.calibrate(chance[fitted], label[fitted])(chance[fresh])
    before = metrics.expected_calibration_error(label[fresh], chance[fresh])
    assert metrics.expected_calibration_error(label[fresh], honest) < before / 2


def test_calibrated_scores_keep_their_order_and_stay_in_range():
    to_probability = metrics.calibrate(np.array([1.0, 2, 3, 4, 5]), np.array([0, 1, 0, 1, 1]))

    found = to_probability(np.array([-9.0, 1.5, 3.5, 99.0]))
    assert (np.diff(found) >= 0).all()
    assert found[0] == 0.0
    assert found[-1] == 1.0


@pytest.fixture
def two_scores():
    """Labels, a good and a poor score of 60 pairs of 6 TFs, with 3 folds."""
    rng = np.random.default_rng(11)
    label = rng.permutation(np.arange(60) % 3 == 0).astype(int)
    groups, folds = np.arange(60) % 6, np.arange(60) // 20
    return label, label + rng.normal(0, 0.5, 60), rng.normal(0, 1, 60), groups, folds


def test_the_clustered_bootstrap_agrees_with_drawing_rows_one_resample_at_a_time(two_scores):
    label, good, poor, groups, _ = two_scores
    drawn = np.random.default_rng(0).multinomial(6, np.full(6, 1 / 6), 50)

    slow = []
    for times in drawn:
        rows = np.concatenate([np.flatnonzero(groups == g) for g, n in enumerate(times) for _ in range(n)])
        precision = [reference.average_precision_score(label[rows], s[rows]) for s in (good, poor)]
        slow.append(precision[0] - precision[1])
    found = metrics.clustered_bootstrap(
        metrics.average_precision, label, good, poor, groups, n_boot=50, seed=0
    )
    assert found == pytest.approx((*np.percentile(slow, (2.5, 97.5)), np.mean(slow)), abs=1e-12)


def test_a_clear_difference_has_an_interval_above_zero_and_none_has_it_around_zero(two_scores):
    label, good, poor, groups, folds = two_scores

    low, _, _ = metrics.clustered_bootstrap(metrics.auroc, label, good, poor, groups, folds=folds, n_boot=200)
    same = metrics.clustered_bootstrap(metrics.auroc, label, good, good, groups, folds=folds, n_boot=200)
    assert low > 0
    assert same == (0.0, 0.0, 0.0)


def test_folds_keep_scores_of_different_fits_apart(two_scores):
    label, good, _, groups, folds = two_scores
    shifted = good + 100 * folds

    compared = metrics.clustered_bootstrap(
        metrics.auroc, label, good, shifted, groups, folds=folds, n_boot=40
    )
    assert compared == pytest.approx((0.0, 0.0, 0.0), abs=1e-12)


def test_a_bootstrap_in_small_pieces_gives_the_same_bits(two_scores, monkeypatch):
    label, good, poor, groups, _ = two_scores
    arguments = (metrics.auroc, label, good, poor, groups)
    whole = metrics.clustered_bootstrap(*arguments, n_boot=70)

    monkeypatch.setattr(metrics, "CHUNK", 500)
    assert metrics.clustered_bootstrap(*arguments, n_boot=70) == whole


def test_a_bootstrap_of_one_group_is_refused(two_scores):
    label, good, poor, _, _ = two_scores

    with pytest.raises(DataError, match="only 1"):
        metrics.clustered_bootstrap(metrics.auroc, label, good, poor, np.zeros(60))


def test_a_bootstrap_of_unequal_sizes_is_refused(two_scores):
    label, good, poor, groups, _ = two_scores

    with pytest.raises(DataError, match="same rows"):
        metrics.clustered_bootstrap(metrics.auroc, label, good, poor, groups[:50])
