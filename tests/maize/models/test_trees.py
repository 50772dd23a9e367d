from __future__ import annotations

import numpy as np
import pytest
from reread.maize.data.transform import log_plus_one
from reread.maize.models import trees

N_TISSUES = 5  # 1 has no sample


@pytest.fixture(scope="module")
def task():
    rng = np.random.default_rng(0)
    tissue = np.array([0, 2, 3, 4])[np.arange(44) % 4]
    values = rng.gamma(2, 2, (44, 13)).astype(np.float32)
    values[np.arange(44), tissue] += 20
    return values, tissue


@pytest.fixture(scope="module")
def fitted(task):
    return trees.fit(*task, N_TISSUES)


def test_contributions_are_those_of_the_class_asked_for(task, fitted):
    """shap's own explainer, which parses the trees in Python, is the oracle."""
    shap = pytest.importorskip("shap")
    values, tissue = task
    slow = shap.TreeExplainer(fitted.booster).shap_values(log_plus_one(values), check_additivity=False)
    slow = np.asarray(slow)  # (sample, gene, class)

    found, residual = trees.tree_shap(fitted, values, tissue)

    place = np.searchsorted([0, 2, 3, 4], tissue)
    np.testing.assert_allclose(found, slow[np.arange(44), :, place], atol=1e-6)
    assert np.abs(residual).max() < 1e-6


def test_the_gene_that_marks_a_tissue_speaks_for_it(task, fitted):
    values, tissue = task

    found, _ = trees.tree_shap(fitted, values, tissue)

    mean = [found[tissue == k].mean(axis=0).argmax() for k in (0, 2, 3, 4)]
    assert mean == [0, 2, 3, 4]


def test_equal_seeds_grow_equal_trees(task):
    one, two = (trees.fit(*task, N_TISSUES, seed=3).booster.model_to_string() for _ in range(2))

    assert one == two


def test_three_samples_of_a_tissue_are_enough_for_a_tree():
    """With LightGBM's own minimum of 20 samples a leaf every sample would get one answer."""
    rng = np.random.default_rng(1)
    tissue = np.repeat(np.arange(4), 3)
    values = rng.gamma(2, 2, (12, 9)).astype(np.float32)
    values[np.arange(12), tissue] += 50

    fitted = trees.fit(values, tissue, 4)

    assert (fitted.predict_proba(values).argmax(axis=1) == tissue).all()
