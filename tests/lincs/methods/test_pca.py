from __future__ import annotations

import numpy as np
import pytest
from reread.core.errors import DataError, ParameterError
from reread.lincs.methods.pca import class_means, mse, pca_fit, r2, r2_by_drug
from sklearn.decomposition import PCA


@pytest.mark.parametrize("shape", [(30, 8), (7, 12)])
def test_components_agree_with_scikit_learn(shape):
    x = np.random.default_rng(0).normal(size=shape) * np.arange(1, shape[1] + 1)
    fitted, theirs = pca_fit(x, 5), PCA(5, svd_solver="full").fit(x)

    np.testing.assert_allclose(np.abs(fitted.axes), np.abs(theirs.components_), atol=1e-8)
    np.testing.assert_allclose(fitted.rebuild(x), theirs.inverse_transform(theirs.transform(x)), atol=1e-8)


def test_signs_of_components_are_fixed():
    x = np.random.default_rng(0).normal(size=(20, 6))
    axes = pca_fit(x, 4).axes

    assert (axes[np.arange(4), np.abs(axes).argmax(axis=1)] > 0).all()
    np.testing.assert_allclose(pca_fit(-x, 4).axes, axes, atol=1e-9)


def test_fewer_components_are_the_first_of_more():
    x = np.random.default_rng(0).normal(size=(20, 6))

    np.testing.assert_allclose(pca_fit(x, 5).first(2).rebuild(x), pca_fit(x, 2).rebuild(x))


@pytest.mark.parametrize("k", [0, 5])
def test_more_components_than_there_are_is_refused(k):
    with pytest.raises(ParameterError, match="k must be 1 to 4 for 5 signatures"):
        pca_fit(np.eye(5, 7), k)


def test_class_means_agree_with_a_loop():
    rng = np.random.default_rng(0)
    values, label = rng.normal(size=(30, 4)), np.arange(30) % 3

    slow = [values[label == k].mean(axis=0) for k in range(3)]

    np.testing.assert_allclose(class_means(values, label, 3), slow)


def test_a_class_without_a_signature_is_refused():
    with pytest.raises(DataError, match="Class 1 of 3"):
        class_means(np.zeros((2, 4)), np.array([0, 2]), 3)


def test_the_training_mean_explains_nothing_and_the_truth_everything():
    values, centre = np.random.default_rng(0).normal(size=(6, 4)), np.full(4, 0.3)

    assert r2(values, np.tile(centre, (6, 1)), centre) == pytest.approx(0)
    assert r2(values, values, centre) == 1
    assert mse(values, np.zeros((6, 4))) == pytest.approx((values**2).mean())


def test_each_drug_has_its_own_r2():
    values, centre = np.array([[1.0, 0], [0, 1], [2, 2]]), np.zeros(2)
    rebuilt = np.array([[1.0, 0], [0, 1], [0, 0]])

    found = r2_by_drug(values, rebuilt, ["b", "b", "a"], centre)

    assert found.to_dict("list") == {"name": ["b", "a"], "n": [2, 1], "r2": [1.0, 0.0]}
