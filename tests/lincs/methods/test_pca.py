from __future__ import annotations

import numpy as np
import pytest
from reread.core.errors import DataError, ParameterError
from reread.lincs.methods.pca import class_means, mse, pca_rebuild, r2, r2_by_drug


@pytest.mark.parametrize("shape", [(30, 8), (7, 12)])
def test_reconstructions_are_those_of_the_singular_value_decomposition(shape):
    x = np.random.default_rng(0).normal(size=shape) * np.arange(1, shape[1] + 1)
    centred = x - x.mean(axis=0)
    left, size, right = np.linalg.svd(centred, full_matrices=False)

    found = pca_rebuild(x, x, [2, 5])

    for k, rebuilt in found.items():
        slow = (left[:, :k] * size[:k]) @ right[:k] + x.mean(axis=0)
        np.testing.assert_allclose(rebuilt, slow, atol=1e-8)


@pytest.mark.parametrize("k", [0, 5])
def test_more_components_than_possible_are_refused(k):
    with pytest.raises(ParameterError, match="k must be 1 to 4 for 5 signatures"):
        pca_rebuild(np.eye(5, 7), np.eye(5, 7), [k])


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
