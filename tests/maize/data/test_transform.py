from __future__ import annotations

import numpy as np
import pytest
from reread.core.errors import DataError
from reread.maize.data.image import Scaler, log_plus_one, log_published


def test_the_published_logarithm_is_the_authors_formula():
    values = np.array([[0, 0.1, 1, 10, 1000.0]])

    expected = [[np.log2(x + 0.001) + 10 for x in row] for row in values]
    assert log_published(values) == pytest.approx(np.array(expected), abs=1e-5)
    assert log_published(np.zeros((1, 1)))[0, 0] == pytest.approx(0.0342, abs=1e-4)


def test_zero_is_as_far_from_a_tenth_as_a_tenth_from_ten():
    nothing, little, some = log_published(np.array([[0, 0.1, 10.0]]))[0]

    assert little - nothing == pytest.approx(some - little, abs=0.05)


def test_the_usual_logarithm_keeps_zero():
    assert log_plus_one(np.array([[0, 1, 3.0]])).tolist() == [[0, 1, 2]]
    assert log_plus_one(np.array([[0, 1, 3.0]])).dtype == np.float32


def test_a_scaler_knows_its_training_samples_only():
    rng = np.random.default_rng(0)
    train, test = rng.normal(3, 2, (40, 5)), rng.normal(5, 9, (7, 5))

    scaler = Scaler.fit(train)

    assert scaler.transform(train).mean(axis=0) == pytest.approx(np.zeros(5), abs=0.01)
    slow = [[(x - train[:, g].mean()) / train[:, g].std() for g, x in enumerate(row)] for row in test]
    assert scaler.transform(test) == pytest.approx(np.clip(slow, -5, 5), abs=1e-5)
    assert (scaler.transform(test).min(), scaler.transform(test).max()) == (-5, 5)


def test_a_gene_that_never_varies_becomes_zero():
    scaler = Scaler.fit(np.full((3, 2), 7.0))

    assert scaler.transform(np.full((4, 2), 7.0)).tolist() == [[0, 0]] * 4


def test_other_genes_than_in_training_are_refused():
    with pytest.raises(
        DataError, match=r"values must have axes \(sample, gene=5\), but its shape is \(2, 4\)"
    ):
        Scaler.fit(np.ones((3, 5))).transform(np.ones((2, 4)))


def test_a_scaler_without_a_sample_is_refused():
    with pytest.raises(DataError, match="there is none"):
        Scaler.fit(np.ones((0, 5)))
