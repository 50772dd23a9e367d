"""Attributions of the network: expected gradients, and the explainers of shap."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from reread.core import validate
from reread.core.errors import DataError, ParameterError, need
from reread.maize.models.cnn import keras, predict, silence_stderr, tf

# Points whose gradients are taken at once: keeps the channels of the demo's network near 100 MB.
CHUNK = 400


def expected_gradients(
    model: keras.Model, images: np.ndarray, references: np.ndarray, classes: np.ndarray, *, n: int = 64, seed:
    int = 0,
) -> tuple[np.ndarray, np.ndarray]:  # fmt: skip
    """Attribute the probability of one class of each image to its pixels, with ``n`` points an image."""
    side = model.input_shape[1]
    for name, value in (("images", images), ("references", references)):
        validate.axes(value, name, sample=None, row=side, column=side, channel=1)
    validate.axes(classes, "classes", sample=len(images))
    if n < 1 or not len(references):
        raise DataError(f"Expected gradients need points and references, not {n} and {len(references)}.")
    rng = np.random.default_rng(seed)
    gradients, step = _gradients(model), max(1, CHUNK // n)
    attribution = np.zeros(images.shape, np.float32)
    for start in range(0, len(images), step):
        rows = slice(start, min(start + step, len(images)))
        size = rows.stop - rows.start
        drawn = np.stack([_without_replacement(len(references), n, rng) for _ in range(size)])
        place = ((np.arange(n) + rng.random((size, n))) / n).astype(np.float32)
        chosen = references[drawn].astype(np.float32, copy=False)
        attribution[rows] = gradients(images[rows], chosen, place, classes[rows].astype(np.int32)).numpy()
    return attribution, residual(model, images, references, classes, attribution)


def residual(
    model: keras.Model, images: np.ndarray, references: np.ndarray, classes: np.ndarray, attribution:
    np.ndarray,
) -> np.ndarray:  # fmt: skip
    """Sum of each attribution less the change of probability it should explain, (sample,)."""
    risen = predict(model, images) - predict(model, references).mean(axis=0)
    return attribution.reshape(len(images), -1).sum(axis=1) - risen[np.arange(len(images)), classes]


def shap_gradients(
    model: keras.Model, images: np.ndarray, references: np.ndarray, *, n: int = 200, seed: int = 0
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Attribution, residual and predicted class of each image by ``shap.GradientExplainer``, as published."""
    with _quiet_shap() as shap:
        values, ranks = shap.GradientExplainer(model, references).shap_values(
            images, nsamples=n, ranked_outputs=1, rseed=seed
        )
    return _answer(model, images, references, values, ranks)


def shap_deep(
    model: keras.Model, images: np.ndarray, references: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Attribution, residual and predicted class of each image by ``shap.DeepExplainer``."""
    with _quiet_shap() as shap:
        try:
            explainer = shap.DeepExplainer(model, references)
            values, ranks = explainer.shap_values(images, ranked_outputs=1, check_additivity=False)
        except Exception as error:  # shap and TensorFlow raise many kinds here
            found = f"shap.DeepExplainer cannot explain this network: {str(error).strip().splitlines()[-1]}"
            raise ParameterError(f"{found.rstrip()}\nUse expected gradients instead.") from error
    return _answer(model, images, references, values, ranks)


def _answer(model, images, references, values, ranks) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    classes = np.asarray(ranks)[:, 0].astype(int)
    attribution = np.asarray(values, dtype=np.float32).reshape(images.shape)
    return attribution, residual(model, images, references, classes, attribution), classes


@contextmanager
def _quiet_shap() -> Iterator[Any]:
    """The library; TensorFlow's ``record_gradient``, which it restores on success only, is put back."""
    from tensorflow.python.eager import backprop, execute

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with silence_stderr():
            shap = need("shap", "maize")
        try:
            yield shap
        finally:
            execute.record_gradient = backprop.record_gradient


def _without_replacement(n_references: int, n: int, rng: np.random.Generator) -> np.ndarray:
    """Indices (n,) of references; none is repeated before all have been used."""
    rounds = -(-n // n_references)
    return np.concatenate([rng.permutation(n_references) for _ in range(rounds)])[:n]


def _gradients(model: keras.Model):
    """A graph: images, references, points between them (0 to 1) and classes to attributions."""
    shape = model.input_shape[1:]
    shapes = [tf.TensorSpec(one) for one in ((None, *shape), (None, None, *shape), (None, None))]

    @tf.function(input_signature=[*shapes, tf.TensorSpec((None,), tf.int32)])
    def gradients(images, references, place, classes):
        size, n = tf.shape(references)[0], tf.shape(references)[1]
        path = images[:, None] - references
        points = references + place[:, :, None, None, None] * path
        points = tf.reshape(points, (size * n, *shape))
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(points)
            probability = model(points, training=False)
            named = tf.gather(probability, tf.repeat(classes, n), axis=1, batch_dims=1)
        gradient = tf.reshape(tape.gradient(named, points), (size, n, *shape))
        return tf.reduce_mean(gradient * path, axis=1)

    return gradients
