from __future__ import annotations

import numpy as np
import pytest
from reread.core.errors import DataError
from reread.maize.data.transform import Scaler, log_plus_one
from reread.maize.models import baselines as simple
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

    fast = simple.logistic_regression(values, tissue, N_TISSUES)

    np.testing.assert_allclose(fast.weight[[0, 2, 3]], slow.coef_, atol=1e-4)
    np.testing.assert_allclose(
        fast.predict_proba(values)[:, [0, 2, 3]], slow.predict_proba(scaled), atol=1e-4
    )
    assert np.isnan(fast.weight[[1, 4]]).all()


def test_two_tissues_are_told_apart_as_scikit_learn_does(task):
    values, tissue = (part[task[1] != 3] for part in task)
    log = log_plus_one(values)
    scaled = Scaler.fit(log).transform(log).astype(float)
    slow = LogisticRegression(C=1, max_iter=5000, tol=1e-8).fit(scaled, tissue)

    fast = simple.logistic_regression(values, tissue, N_TISSUES)

    np.testing.assert_allclose(fast.predict_proba(values)[:, [0, 2]], slow.predict_proba(scaled), atol=1e-4)


def test_the_nearest_centroid_is_the_nearest_mean_sample(task):
    values, tissue = task
    log = log_plus_one(values)
    scaled = Scaler.fit(log).transform(log).astype(float)
    centres = {k: scaled[tissue == k].mean(axis=0) for k in np.unique(tissue)}
    slow = [min(centres, key=lambda k: ((row - centres[k]) ** 2).sum()) for row in scaled]

    fast = simple.nearest_centroid(values, tissue, N_TISSUES)

    assert fast.predict_proba(values).argmax(axis=1).tolist() == slow


@pytest.mark.parametrize("name", simple.MODELS)
def test_a_tissue_that_was_not_taught_gets_no_probability_and_keeps_its_place(task, name):
    fitted = simple.MODELS[name](*task, N_TISSUES, 0)

    probability = fitted.predict_proba(task[0])

    assert probability.shape == (31, N_TISSUES)
    assert (probability[:, [1, 4]] == 0).all()
    np.testing.assert_allclose(probability.sum(axis=1), 1)
    assert (probability.argmax(axis=1) == task[1]).mean() > 0.9


def test_one_tissue_cannot_be_told_from_itself(task):
    with pytest.raises(DataError, match="1 has training samples"):
        simple.logistic_regression(task[0], np.zeros(31, int), N_TISSUES)
