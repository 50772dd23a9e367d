from __future__ import annotations

import numpy as np
import pytest
from reread.networks.data.splits import Fold
from reread.networks.data.tables import Expression, GRNDataset, Pairs
from reread.networks.methods.calibration import calibrated_scores, network_score, published_measures
from sklearn.metrics import average_precision_score, f1_score, precision_score, recall_score

N_PAIRS = 150


@pytest.fixture(scope="module")
def pairs():
    rng = np.random.default_rng(0)
    genes = tuple(f"g{k}" for k in range(20))
    return Pairs(
        rng.integers(0, 8, N_PAIRS), rng.integers(8, 20, N_PAIRS), rng.integers(0, 2, N_PAIRS), genes
    )


def test_calibration_looks_at_training_rows_only_and_by_new_tfs(pairs):
    asked = []

    def score(pairs, train, test, seed):
        asked.append((train, test))
        return np.sin(test)

    fold = Fold(0, np.arange(120), np.arange(120, N_PAIRS))
    scores = calibrated_scores(score, pairs, fold, n_inner=4)

    *inner, outer = asked
    assert outer == (pytest.approx(fold.train), pytest.approx(fold.test))
    assert len(inner) == 4
    assert np.concatenate([test for _, test in inner]).max() < 120
    assert not any(set(pairs.tf[train]) & set(pairs.tf[test]) for train, test in inner)
    order = np.argsort(scores["raw"])
    assert (np.diff(scores["calibrated"][order]) >= 0).all()


def test_a_network_scores_like_any_other_method(pairs):
    values = np.random.default_rng(1).gamma(2, size=(30, 20)).astype(np.float32)
    dataset = GRNDataset(Expression(values, pairs.genes), pairs, np.arange(8), np.zeros((8, 20), dtype=bool))
    score = network_score("tokens", dataset, epochs=1, device="cpu")

    found = score(pairs, np.arange(120), np.arange(120, N_PAIRS), 3)

    assert found.shape == (30,)
    assert (found == score(pairs, np.arange(120), np.arange(120, N_PAIRS), 3)).all()


def test_published_measures_are_those_of_scikit_learn_at_the_threshold_of_the_authors():
    rng = np.random.default_rng(0)
    label = rng.integers(0, 2, 90)
    score = np.round(label + rng.normal(size=90), 1)
    gap = {t: (score >= t)[label == 1].mean() - (score >= t)[label == 0].mean() for t in np.unique(score)}
    called = score > max(gap, key=lambda t: (gap[t], t))

    found = published_measures(label, score)

    assert found["average_precision"] == pytest.approx(average_precision_score(label, score))
    assert found["accuracy"] == pytest.approx((called == label).mean())
    assert found["recall"] == pytest.approx(recall_score(label, called))
    assert found["precision"] == pytest.approx(precision_score(label, called))
    assert found["f1"] == pytest.approx(f1_score(label, called))


def test_binarised_scores_inflate_the_area_under_precision_and_recall():
    label = np.array([0, 1, 0, 1, 1])
    called = np.array([0.2, 0.9, 0.8, 0.7, 0.1])

    found = published_measures(label, called)

    # Youden's index takes .9 and nothing lies above it: the line runs from (0, 1) to (1, .6)
    assert found["aupr_of_binarised"] == pytest.approx((1 + 0.6) / 2)
    assert found["average_precision"] == pytest.approx((1 + 2 / 3 + 3 / 5) / 3)
