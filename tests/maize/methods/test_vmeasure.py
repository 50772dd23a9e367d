from __future__ import annotations

import numpy as np
import pytest
from reread.core.errors import DataError
from reread.maize.methods.vmeasure import v_measure
from sklearn.metrics import homogeneity_completeness_v_measure

N_SAMPLES = 37


@pytest.mark.parametrize("n_tissues", [1, 2, 11])
def test_a_batch_agrees_with_scikit_learn_one_by_one(n_tissues):
    rng = np.random.default_rng(n_tissues)
    tissue = rng.integers(n_tissues, size=N_SAMPLES)
    labels = np.stack(
        [rng.integers(k, size=N_SAMPLES) for k in (1, 2, 5, 29, 37)] + [tissue, np.arange(N_SAMPLES)]
    )

    found = np.array(v_measure(tissue, labels)).T

    expected = [homogeneity_completeness_v_measure(tissue, one) for one in labels]
    assert np.abs(found - expected).max() < 1e-12


def test_the_names_of_clusters_do_not_matter():
    tissue = np.array([0, 0, 1, 1, 2])
    labels = np.array([[4, 4, 0, 0, 7], [0, 0, 1, 1, 2]])

    assert v_measure(tissue, labels)[2].tolist() == pytest.approx([1, 1])


def test_more_clusters_raise_v_even_at_random():
    rng = np.random.default_rng(0)
    tissue = rng.integers(8, size=60)
    few, many = (np.stack([rng.integers(k, size=60) for _ in range(200)]) for k in (8, 29))

    assert v_measure(tissue, many)[2].mean() > v_measure(tissue, few)[2].mean() + 0.1


@pytest.mark.parametrize("labels", [np.array([[0, -1, 0]]), np.zeros((0, 3), dtype=int), np.array([[0, 0]])])
def test_what_is_no_clustering_is_refused(labels):
    with pytest.raises(DataError):
        v_measure(np.array([0, 1, 1]), labels)
