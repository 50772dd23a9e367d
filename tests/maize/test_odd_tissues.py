"""Tissues with one sample, and classes that a split leaves out, in every step."""

from __future__ import annotations

import numpy as np
import pytest
from reread.maize.data.image import from_image, log_plus_one, to_image
from reread.maize.data.splits import split
from reread.maize.methods.leakage import leakage_by_kind
from reread.maize.methods.tissue_specificity import METHODS
from reread.maize.models.baselines import MODELS


@pytest.fixture
def lone_tested(small):
    """A random split whose test holds the only sample of its last tissue."""
    folds = split(small, "random", test=0.3, n_folds=20)
    return next(fold for fold in folds if fold.without_training == ("lone",))


@pytest.mark.parametrize("name", MODELS)
def test_a_class_missing_from_training_keeps_its_number_and_is_never_predicted(small, lone_tested, name):
    train = small.take(lone_tested.train)

    model = MODELS[name](train.values, train.tissue, small.n_tissues, 0)
    probability = model.predict_proba(small.values[lone_tested.test])
    assert probability.shape == (len(lone_tested.test), 5)
    assert probability.sum(axis=1) == pytest.approx(np.ones(len(lone_tested.test)))
    assert (probability[:, 4] == 0).all()


def test_the_leakage_report_of_such_a_split_has_no_gap(small, lone_tested):
    report = leakage_by_kind(small, [lone_tested])

    assert not report.isna().any(axis=None)
    assert report["shared_group"].iloc[0] < 1


@pytest.mark.parametrize("name", METHODS)
def test_a_tissue_with_one_sample_gets_finite_scores(small, name):
    scores = METHODS[name](log_plus_one(small.values), small.tissue, small.n_tissues)

    assert scores.shape == (5, 3)
    assert np.isfinite(scores).all()


@pytest.mark.parametrize("n_genes", [2, 3, 5, 8, 10])
def test_a_number_of_genes_that_is_no_square_goes_through_split_and_image(small, n_genes):
    columns = np.random.default_rng(1).integers(0, 3, n_genes)
    fold = split(small, "group")[0]

    image = to_image(small.values[fold.test][:, columns])
    assert (from_image(image, n_genes) == small.values[fold.test][:, columns]).all()
