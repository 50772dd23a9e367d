from __future__ import annotations

import numpy as np
import pytest
from reread.core.errors import ParameterError
from reread.maize.data.image import log_plus_one, log_published
from reread.maize.models import training
from reread.maize.models.training import Recipe

SMALL = {"widths": "3 4", "dense": 8, "epochs": 3, "batch": 10, "momentum": 0.5, "rate": 1e-2}
N_TISSUES = 4  # the last one has no sample


@pytest.fixture(scope="module")
def task():
    """30 samples of 3 tissues, 23 genes: a 5 x 5 image with 2 pixels of padding."""
    rng = np.random.default_rng(0)
    tissue = np.arange(30) % 3
    values = rng.gamma(2, 2, (30, 23)).astype(np.float32)
    values[np.arange(30), tissue] += 40
    return values, tissue


def test_the_defaults_are_the_published_values():
    assert Recipe() == Recipe("published", "32 64 128 256", 512, 0.2, 0.99, 50, 64, 1e-4, 0.1, "published")
    assert Recipe().channels == (32, 64, 128, 256)


@pytest.mark.parametrize("widths", ["", "16 x", "0 16", "16, 32"])
def test_widths_that_are_no_channels_are_refused(widths):
    with pytest.raises(ParameterError, match="widths must be channels such as '16 32'"):
        Recipe(widths=widths)


def test_published_training_with_the_published_layers_is_the_default():
    published = training.recipe("published", "32 64 128 256 512")

    assert published == Recipe()
    assert training.recipe("corrected", "3 4 8", epochs=5).inputs == "scaled"


@pytest.mark.parametrize("layers", ["", "16", "16 32 x", "x 16"])
def test_layers_that_are_no_network_are_refused(layers):
    with pytest.raises(ParameterError, match="such as '16 32"):
        training.recipe("published", layers)


def test_published_inputs_are_the_logarithm_alone_and_scaled_ones_use_training_samples(task):
    values, tissue = task
    published, scaled = (
        training.fit(values[:20], tissue[:20], N_TISSUES, recipe=Recipe(inputs=inputs, **SMALL))
        for inputs in ("published", "scaled")
    )
    mean, spread = (getattr(log_plus_one(values[:20]), what)(axis=0) for what in ("mean", "std"))

    as_published, as_scaled = (one.images(values[20:]).reshape(10, 25) for one in (published, scaled))

    np.testing.assert_allclose(as_published[:, :23], log_published(values[20:]), rtol=1e-6)
    np.testing.assert_allclose(
        as_scaled[:, :23], np.clip((log_plus_one(values[20:]) - mean) / spread, -5, 5), atol=1e-4
    )
    assert (as_published[:, 23:] == 0).all()
    assert (as_scaled[:, 23:] == 0).all()


def test_an_order_moves_pixels(task):
    order = np.random.default_rng(1).permutation(23)
    recipe = Recipe(**SMALL)
    plain, moved = (training.fit(*task, N_TISSUES, recipe=recipe, order=one) for one in (None, order))

    pixels = plain.images(task[0]).reshape(30, 25)

    assert (moved.images(task[0]).reshape(30, 25)[:, :23] == pixels[:, order]).all()


def test_a_tissue_without_a_sample_keeps_its_place(task):
    fitted = training.fit(*task, N_TISSUES, recipe=Recipe(**SMALL))

    probability = fitted.predict_proba(task[0])

    assert probability.shape == (30, N_TISSUES)
    np.testing.assert_allclose(probability.sum(axis=1), 1, atol=1e-5)


def test_equal_seeds_fit_equal_networks(task):
    one, two, other = (training.fit(*task, N_TISSUES, seed, recipe=Recipe(**SMALL)) for seed in (3, 3, 4))

    assert one.curve.equals(two.curve)
    assert (one.predict_proba(task[0]) == two.predict_proba(task[0])).all()
    assert not one.curve.equals(other.curve)


def test_the_final_accuracy_is_that_of_the_curve_and_a_saved_network_reloads_exactly(task, tmp_path):
    fitted = training.fit(*task, N_TISSUES, recipe=Recipe(**SMALL | {"epochs": 20}))

    found = training.final_accuracy(fitted)

    assert found["accuracy.last"] == fitted.curve["accuracy"].iloc[-1]
    first = fitted.curve.loc[fitted.curve["accuracy"] >= 0.9, "epoch"].iloc[0]
    assert found["accuracy.epoch"] == first
    assert training.reload_difference(fitted, task[0], tmp_path, "imbalanced") == 0
    assert (tmp_path / "imbalanced_model_topology.json").exists()


def test_without_validation_there_is_no_validation_accuracy(task):
    fitted = training.fit(*task, N_TISSUES, recipe=Recipe(**SMALL, validation=0.0))

    assert set(training.final_accuracy(fitted)) <= {"accuracy.last", "accuracy.epoch"}


def test_the_layers_add_up_to_the_parameters(task):
    fitted = training.fit(*task, N_TISSUES, recipe=Recipe(**SMALL))

    table = training.layers(fitted)

    assert table["parameters"].sum() == fitted.model.count_params()
    assert table.set_index("layer").loc["conv2", "output"] == "5 x 5 x 4"
