from __future__ import annotations

import numpy as np
import pytest
from reread.core.errors import DataError
from reread.maize.data.simulate import Design, simulate
from reread.maize.data.splits import split
from reread.maize.methods import attribution
from reread.maize.methods.attribution import Explainer, _class_scores, explain, train_models
from reread.maize.methods.ranking_tables import recovery
from reread.maize.models.training import Recipe

OURS, TREES = "CNN, expected gradients", "LightGBM, TreeSHAP"
RECIPE = Recipe("scaled", "4 6", 16, 0.2, 0.9, 12, 16, 3e-3, 0.0, "constant")


@pytest.fixture(scope="module")
def planted():
    """96 samples of 4 tissues, 150 genes in a 13 x 13 image, 10 planted for each tissue."""
    design = Design(n_tissues=4, n_studies=4, n_replicates=6, n_genes=150, n_planted=10, n_decoys=20)
    return simulate(design, seed=3)


@pytest.fixture(scope="module")
def fold(planted):
    return split(planted, "group", seed=1)[0]


def trained(methods, data, fold, **order):
    return train_models(methods, data, fold, seed=0, recipe=RECIPE, **order)


@pytest.fixture(scope="module")
def scores(planted, fold):
    methods = list(attribution.METHODS)
    return explain(
        methods, trained(methods, planted, fold), planted, fold.train, fold.test, Explainer(n_points=32)
    )


def test_a_class_score_is_the_median_over_correctly_classified_samples():
    values = np.array([[1.0, 0], [3, 0], [2, 0], [90, 9], [5, 7]])
    true, predicted = np.array([0, 0, 0, 0, 2]), np.array([0, 0, 0, 1, 2])

    found, n_used = _class_scores(values, true, predicted, 3)

    assert found[0].tolist() == [2, 0]
    assert np.isnan(found[1]).all()
    assert found[2].tolist() == [5, 7]
    assert n_used.tolist() == [3, 0, 1]


def test_sizes_that_do_not_fit_are_refused():
    with pytest.raises(DataError, match=r"attribution must have axes \(sample=2, gene\)"):
        _class_scores(np.zeros((3, 5)), np.zeros(2, int), np.zeros(2, int), 2)


@pytest.mark.parametrize("method", attribution.METHODS)
def test_every_method_scores_every_gene_and_finds_planted_ones(planted, scores, method):
    found = scores[method]

    assert found.per_tissue.shape == (4, 150)
    assert found.n_used.sum() == round(found.accuracy * 24)
    measured = recovery(found.per_tissue, planted.truth, k=10)
    assert measured["precision"] > 4 * measured["chance"]


@pytest.mark.parametrize("method", ["CNN, DeepExplainer", "LightGBM, TreeSHAP"])
def test_exact_explainers_add_up(scores, method):
    assert len(scores[method].residual) == 24
    assert np.abs(scores[method].residual).max() < 1e-3


def test_a_shuffled_order_gives_scores_in_the_order_of_the_columns(planted, fold):
    order = np.random.default_rng(0).permutation(150)

    models = trained([OURS], planted, fold, order=order)
    found = explain([OURS], models, planted, fold.train, fold.test, Explainer(n_points=32))[OURS]

    assert recovery(found.per_tissue, planted.truth, k=10)["precision"] > 0.5


def test_a_tissue_that_is_not_tested_has_no_score(planted, fold):
    from dataclasses import replace

    kept = replace(fold, test=fold.test[planted.tissue[fold.test] != 2])

    models = trained([TREES], planted, kept)
    found = explain([TREES], models, planted, kept.train, kept.test, Explainer())[TREES]

    assert np.isnan(found.per_tissue[2]).all()
    assert np.isfinite(found.per_tissue[[0, 1, 3]]).all()


def test_references_are_drawn_from_training_samples(planted, fold):
    train = planted.take(fold.train)

    some = attribution.references_of(train, Explainer(n_references=7, seed=5))

    assert some.shape == (7, 150)
    assert all((train.values == row).all(axis=1).any() for row in some)
    assert attribution.references_of(train, Explainer()) is train.values
