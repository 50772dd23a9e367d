from __future__ import annotations

import keras
import numpy as np
import pytest
import shap
import tensorflow as tf
from reread.core.errors import DataError, ParameterError
from reread.maize.models import cnn, explainers
from tensorflow.python.eager import backprop, execute

SIDE, TISSUES = 6, 4
RNG = np.random.default_rng(0)
IMAGES = RNG.normal(size=(7, SIDE, SIDE, 1)).astype(np.float32)
REFERENCES = RNG.normal(size=(5, SIDE, SIDE, 1)).astype(np.float32)
CLASSES = RNG.integers(0, TISSUES, len(IMAGES))


@pytest.fixture(scope="module")
def network():
    """A trained network, so that its gradients are large enough to differ."""
    network = cnn.build(SIDE, TISSUES, widths=(4, 5), dense=9, momentum=0.5)
    tissue = RNG.integers(0, TISSUES, 40)
    images = RNG.normal(size=(40, SIDE, SIDE, 1)).astype(np.float32)
    images[np.arange(40), tissue] += 3
    cnn.train(network, images, tissue, epochs=20, batch=20, rate=1e-2)
    return network


@pytest.fixture(scope="module")
def linear():
    """A network whose attributions are known: weight times distance from the mean reference."""
    image = keras.Input((SIDE, SIDE, 1))
    return keras.Model(image, keras.layers.Dense(TISSUES)(keras.layers.Flatten()(image)))


def one_point_at_a_time(network, n, seed):
    """The slow obvious way, with the same draws: one sample, one reference, one point."""
    rng, found = np.random.default_rng(seed), []
    step = max(1, explainers.CHUNK // n)
    for start in range(0, len(IMAGES), step):
        part = IMAGES[start : start + step]
        drawn = [explainers._without_replacement(len(REFERENCES), n, rng) for _ in part]
        places = (np.arange(n) + rng.random((len(part), n))) / n
        for i, image in enumerate(part):
            rows = []
            for r, place in zip(drawn[i], places[i], strict=True):
                point = tf.constant(
                    (REFERENCES[r] + place * (image - REFERENCES[r]))[None].astype(np.float32)
                )
                with tf.GradientTape() as tape:
                    tape.watch(point)
                    named = network(point, training=False)[0, CLASSES[start + i]]
                rows.append(tape.gradient(named, point).numpy()[0] * (image - REFERENCES[r]))
            found.append(np.mean(rows, axis=0))
    return np.array(found)


@pytest.mark.parametrize("chunk", [3, 27, 400])
def test_all_points_at_once_agree_with_one_at_a_time(network, monkeypatch, chunk):
    monkeypatch.setattr(explainers, "CHUNK", chunk)
    slow = one_point_at_a_time(network, n=9, seed=3)

    fast, _ = explainers.expected_gradients(network, IMAGES, REFERENCES, CLASSES, n=9, seed=3)

    np.testing.assert_allclose(fast, slow, atol=1e-6)


def test_a_linear_network_is_explained_exactly(linear):
    weight = linear.get_weights()[0][:, CLASSES].T.reshape(IMAGES.shape)
    expected = weight * (IMAGES - REFERENCES.mean(axis=0))

    found, residual = explainers.expected_gradients(linear, IMAGES, REFERENCES, CLASSES, n=10)

    np.testing.assert_allclose(found, expected, atol=1e-5)
    assert np.abs(residual).max() < 1e-5


def test_the_residual_shrinks_with_more_points(network):
    few, many = (
        np.abs(explainers.expected_gradients(network, IMAGES, REFERENCES, CLASSES, n=n)[1]).mean()
        for n in (5, 500)
    )

    assert many < few / 3
    assert many < 0.01


def test_no_reference_is_drawn_twice_before_all_are():
    drawn = explainers._without_replacement(5, 13, np.random.default_rng(1))

    assert len(drawn) == 13
    for start in (0, 5):
        assert sorted(drawn[start : start + 5]) == [0, 1, 2, 3, 4]


def test_nothing_to_compare_with_is_refused(network):
    with pytest.raises(DataError, match="points and references, not 4 and 0"):
        explainers.expected_gradients(network, IMAGES, REFERENCES[:0], CLASSES, n=4)
    with pytest.raises(DataError, match=r"classes must have axes \(sample=7\)"):
        explainers.expected_gradients(network, IMAGES, REFERENCES, CLASSES[:6])


def test_one_ranked_map_is_the_published_map_of_the_predicted_class(network):
    """The authors ask shap for every class and keep one; shap draws the same points for each."""
    whole = shap.GradientExplainer(network, REFERENCES).shap_values(IMAGES, nsamples=20, rseed=5)
    predicted = cnn.predict(network, IMAGES).argmax(axis=1)

    found, residual, classes = explainers.shap_gradients(network, IMAGES, REFERENCES, n=20, seed=5)

    assert classes.tolist() == predicted.tolist()
    np.testing.assert_allclose(found, whole[np.arange(len(IMAGES)), ..., predicted], atol=1e-6)
    assert np.abs(residual).max() > 1e-4


def test_shap_and_expected_gradients_estimate_the_same(network):
    theirs, _, classes = explainers.shap_gradients(network, IMAGES, REFERENCES, n=2000)

    ours, _ = explainers.expected_gradients(network, IMAGES, REFERENCES, classes, n=2000)

    assert np.corrcoef(ours.ravel(), theirs.ravel())[0, 1] > 0.99


def test_deep_explainer_adds_up_on_the_published_layers(network):
    found, residual, classes = explainers.shap_deep(network, IMAGES, REFERENCES)

    assert found.shape == IMAGES.shape
    assert classes.tolist() == cnn.predict(network, IMAGES).argmax(axis=1).tolist()
    assert np.abs(residual).max() < 1e-4


@pytest.fixture
def unsupported():
    """A layer that shap 0.51 has no rule for."""
    image = keras.Input((SIDE, SIDE, 1))
    x = keras.layers.LeakyReLU()(keras.layers.Conv2D(3, 3)(image))
    return keras.Model(image, keras.layers.Dense(TISSUES, activation="softmax")(keras.layers.Flatten()(x)))


def test_a_failed_deep_explainer_does_not_break_later_gradients(unsupported, network):
    with pytest.raises(ParameterError, match=r"no entry for: shap_LeakyRelu\nUse expected gradients"):
        explainers.shap_deep(unsupported, IMAGES, REFERENCES)

    unsupported.compile("sgd", "sparse_categorical_crossentropy")
    unsupported.fit(IMAGES, CLASSES, epochs=1, verbose=0)
    fresh = cnn.build(SIDE, TISSUES, widths=(4, 5), dense=9)
    assert np.isfinite(cnn.train(fresh, IMAGES, CLASSES, epochs=1)["loss"]).all()
    assert np.isfinite(explainers.shap_gradients(network, IMAGES, REFERENCES, n=2)[1]).all()


def test_shap_does_not_restore_tensorflow_after_a_failure(unsupported):
    """The fault that the test before guards against is there: shap forgets what it exchanged."""
    try:
        with pytest.raises(Exception, match="shap_LeakyRelu"):
            shap.DeepExplainer(unsupported, REFERENCES).shap_values(IMAGES)

        assert execute.record_gradient is not backprop.record_gradient
    finally:
        execute.record_gradient = backprop.record_gradient
