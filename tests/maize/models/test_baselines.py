from __future__ import annotations

import numpy as np
import pytest
from reread.core.errors import DataError
from reread.maize.data.image import Scaler, log_plus_one
from reread.maize.models import baselines
from sklearn.linear_model import LogisticRegression

N_TISSUES = 5  # 1 and 4 have no sample


@pytest.fixture(scope="module")
def task():
    rng = np.random.default_rng(0)
    tissue = np.array([0, 2, 3])[np.arange(31) % 3]
    values = rng.gamma(2, 2, (31, 47)).astype(np.float32)
    values[np.arange(31), tissue] += 20
    return values, tissue


def test_logistic_regression_in_sample_coordinates_is_logistic_regression(task):
    values, tissue = task
    log = log_plus_one(values)
    scaled = Scaler.fit(log).transform(log).astype(float)
    slow = LogisticRegression(C=1, max_iter=5000, tol=1e-8).fit(scaled, tissue)

    fast = baselines.logistic_regression(values, tissue, N_TISSUES)

    np.testing.assert_allclose(fast.weight[[0, 2, 3]], slow.coef_, atol=1e-4)
    np.testing.assert_allclose(
        fast.predict_proba(values)[:, [0, 2, 3]], slow.predict_proba(scaled), atol=1e-4
    )
    assert np.isnan(fast.weight[[1, 4]]).all()


def test_two_tissues_are_separated_as_by_scikit_learn(task):
    values, tissue = (part[task[1] != 3] for part in task)
    log = log_plus_one(values)
    scaled = Scaler.fit(log).transform(log).astype(float)
    slow = LogisticRegression(C=1, max_iter=5000, tol=1e-8).fit(scaled, tissue)

    fast = baselines.logistic_regression(values, tissue, N_TISSUES)

    np.testing.assert_allclose(fast.predict_proba(values)[:, [0, 2]], slow.predict_proba(scaled), atol=1e-4)


def test_the_nearest_centroid_is_the_nearest_mean_sample(task):
    values, tissue = task
    log = log_plus_one(values)
    scaled = Scaler.fit(log).transform(log).astype(float)
    centres = {k: scaled[tissue == k].mean(axis=0) for k in np.unique(tissue)}
    slow = [min(centres, key=lambda k: ((row - centres[k]) ** 2).sum()) for row in scaled]

    fast = baselines.nearest_centroid(values, tissue, N_TISSUES)

    assert fast.predict_proba(values).argmax(axis=1).tolist() == slow


@pytest.mark.parametrize("name", baselines.MODELS)
def test_a_tissue_without_training_samples_gets_no_probability_and_keeps_its_place(task, name):
    fitted = baselines.MODELS[name](*task, N_TISSUES, 0)

    probability = fitted.predict_proba(task[0])

    assert probability.shape == (31, N_TISSUES)
    assert (probability[:, [1, 4]] == 0).all()
    np.testing.assert_allclose(probability.sum(axis=1), 1)
    assert (probability.argmax(axis=1) == task[1]).mean() > 0.9


def test_one_tissue_with_training_samples_is_refused(task):
    with pytest.raises(DataError, match="only 1 has any"):
        baselines.logistic_regression(task[0], np.zeros(31, int), N_TISSUES)


@pytest.fixture(scope="module")
def fitted(task):
    return baselines.boosted_trees(*task, N_TISSUES)


def test_contributions_are_those_of_the_class_asked_for(task, fitted):
    """shap's own explainer, which parses the trees in Python, is the oracle."""
    shap = pytest.importorskip("shap")
    values, tissue = task
    slow = shap.TreeExplainer(fitted.booster).shap_values(log_plus_one(values), check_additivity=False)
    slow = np.asarray(slow)  # (sample, gene, class)

    found, residual = baselines.tree_shap(fitted, values, tissue)

    place = np.searchsorted([0, 2, 3], tissue)
    np.testing.assert_allclose(found, slow[np.arange(31), :, place], atol=1e-6)
    assert np.abs(residual).max() < 1e-6


def test_the_marker_of_a_tissue_has_the_largest_contribution(task, fitted):
    values, tissue = task

    found, _ = baselines.tree_shap(fitted, values, tissue)

    mean = [found[tissue == k].mean(axis=0).argmax() for k in (0, 2, 3)]
    assert mean == [0, 2, 3]


def test_equal_seeds_grow_equal_trees(task):
    one, two = (baselines.boosted_trees(*task, N_TISSUES, seed=3).booster.model_to_string() for _ in range(2))

    assert one == two


def test_three_samples_of_a_tissue_are_enough_for_a_tree():
    """With LightGBM's own minimum of 20 samples a leaf every sample would get one answer."""
    rng = np.random.default_rng(1)
    tissue = np.repeat(np.arange(4), 3)
    values = rng.gamma(2, 2, (12, 9)).astype(np.float32)
    values[np.arange(12), tissue] += 50

    fitted = baselines.boosted_trees(values, tissue, 4)

    assert (fitted.predict_proba(values).argmax(axis=1) == tissue).all()
