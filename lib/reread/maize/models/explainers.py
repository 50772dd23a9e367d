"""Explain the network: expected gradients of the class it names, and the explainers of shap beside them."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from reread.core import validate as check
from reread.core.errors import DataError, ParameterError, need
from reread.maize.models import quiet
from reread.maize.models.cnn import keras, predict, tf

# Points whose slopes are taken at once: keeps the channels of the demo's network near 100 MB.
CHUNK = 400


def expected_gradients(
    model: keras.Model,
    images: np.ndarray,
    references: np.ndarray,
    classes: np.ndarray,
    *,
    n: int = 64,
    seed: int = 0,
) -> tuple[np.ndarray, np.ndarray]:
    """Attribute one probability of each image to its pixels.

    Parameters
    ----------
    model : keras.Model
        Images to probabilities.
    images : float32 array, (sample, side, side, 1)
        What is explained.
    references : float32 array, (reference, side, side, 1)
        What it is compared with: training images.
    classes : int array, (sample,)
        The class whose probability is explained; usually the predicted one.
    n : int
        Points a sample.
    seed : int
        Of the references drawn and of the points between.

    Returns
    -------
    attribution : float32 array, (sample, side, side, 1)
        In units of probability: positive where the pixel speaks for the class.
    residual : float array, (sample,)
        Sum of the attribution, less how far the probability lies above its mean over all references. Zero
        for an exact answer.

    Raises
    ------
    DataError
        If sizes do not fit, there is no reference, or ``n`` is not positive.

    Notes
    -----
    Source: expected gradients (Erion et al. 2021), which ``shap.GradientExplainer`` estimates as well. There
    every class is explained, one sample and 50 points at a time. Here the named class only, many samples at
    once; places between image and reference are stratified, and no reference is drawn twice before all are.
    """
    side = model.input_shape[1]
    for name, value in (("images", images), ("references", references)):
        check.axes(value, name, sample=None, row=side, column=side, channel=1)
    check.axes(classes, "classes", sample=len(images))
    if n < 1 or not len(references):
        raise DataError(f"Expected gradients need points and references, but got {n} and {len(references)}.")
    rng = np.random.default_rng(seed)
    slopes, step = _slopes(model), max(1, CHUNK // n)
    attribution = np.zeros(images.shape, np.float32)
    for start in range(0, len(images), step):
        rows = slice(start, min(start + step, len(images)))
        size = rows.stop - rows.start
        drawn = np.stack([_without_replacement(len(references), n, rng) for _ in range(size)])
        place = ((np.arange(n) + rng.random((size, n))) / n).astype(np.float32)
        chosen = references[drawn].astype(np.float32, copy=False)
        attribution[rows] = slopes(images[rows], chosen, place, classes[rows].astype(np.int32)).numpy()
    return attribution, residual(model, images, references, classes, attribution)


def residual(
    model: keras.Model,
    images: np.ndarray,
    references: np.ndarray,
    classes: np.ndarray,
    attribution: np.ndarray,
) -> np.ndarray:
    """What an attribution fails to explain, (sample,); arguments as for :func:`expected_gradients`."""
    risen = predict(model, images) - predict(model, references).mean(axis=0)
    return attribution.reshape(len(images), -1).sum(axis=1) - risen[np.arange(len(images)), classes]


def shap_gradients(
    model: keras.Model, images: np.ndarray, references: np.ndarray, *, n: int = 200, seed: int = 0
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Attribute the predicted class as published, by ``shap.GradientExplainer``.

    Parameters
    ----------
    model, images, references
        As for :func:`expected_gradients`.
    n : int
        Points a sample; shap's own default is 200.
    seed : int
        Of shap's draws.

    Returns
    -------
    attribution : float32 array, (sample, side, side, 1)
    residual : float array, (sample,)
    classes : int array, (sample,)
        The predicted class.

    Notes
    -----
    Source: notebook 2, which explains all classes and keeps the map of the predicted one. shap draws the same
    points for every class, so asking for the predicted class alone gives the same map.
    """
    shap = _shap()
    with _tensorflow_restored():
        values, ranks = shap.GradientExplainer(model, references).shap_values(
            images, nsamples=n, ranked_outputs=1, rseed=seed
        )
    return _answer(model, images, references, values, ranks)


def shap_deep(
    model: keras.Model, images: np.ndarray, references: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Attribute the predicted class by ``shap.DeepExplainer``; in and out as :func:`shap_gradients`.

    Raises
    ------
    ParameterError
        If shap cannot explain the network, for instance because it has no rule for a layer. TensorFlow works
        as before afterwards.

    Notes
    -----
    Source: DeepLIFT rules over all references (Lundberg and Lee 2017). shap's own check of additivity
    compares the ranked map with class 0 and fails for no reason: it is off, the residual is returned.
    """
    shap = _shap()
    try:
        with _tensorflow_restored():
            explainer = shap.DeepExplainer(model, references)
            values, ranks = explainer.shap_values(images, ranked_outputs=1, check_additivity=False)
    except Exception as error:  # shap and TensorFlow raise many kinds here
        said = str(error).strip().splitlines()[-1].strip()
        raise ParameterError(
            f"shap.DeepExplainer cannot explain this network: {said}\nUse expected gradients instead."
        ) from error
    return _answer(model, images, references, values, ranks)


def _answer(model, images, references, values, ranks) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    classes = np.asarray(ranks)[:, 0].astype(int)
    attribution = np.asarray(values, dtype=np.float32).reshape(images.shape)
    return attribution, residual(model, images, references, classes, attribution), classes


@contextmanager
def _tensorflow_restored() -> Iterator[None]:
    """Put back what shap exchanges inside TensorFlow and, if it fails, forgets.

    Without this one failed DeepExplainer makes every later gradient of the process look for operations called
    ``shap_...``: shap restores ``record_gradient`` on success only.
    """
    from tensorflow.python.eager import backprop, execute

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        execute.record_gradient = backprop.record_gradient


def _shap():
    with quiet.stderr(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return need("shap", "maize")


def _without_replacement(n_references: int, n: int, rng: np.random.Generator) -> np.ndarray:
    """Numbers of ``n`` references; none comes twice before all have come once."""
    rounds = -(-n // n_references)
    return np.concatenate([rng.permutation(n_references) for _ in range(rounds)])[:n]


def _slopes(model: keras.Model):
    """One graph: image, its references, places between, class to the attribution of a few samples."""
    shape = model.input_shape[1:]
    shapes = [
        tf.TensorSpec((None, *shape)),
        tf.TensorSpec((None, None, *shape)),
        tf.TensorSpec((None, None)),
        tf.TensorSpec((None,), tf.int32),
    ]

    @tf.function(input_signature=shapes)
    def slopes(images, references, place, classes):
        size, n = tf.shape(references)[0], tf.shape(references)[1]
        way = images[:, None] - references
        points = references + place[:, :, None, None, None] * way
        points = tf.reshape(points, (size * n, *shape))
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(points)
            probability = model(points, training=False)
            named = tf.gather(probability, tf.repeat(classes, n), axis=1, batch_dims=1)
        slope = tf.reshape(tape.gradient(named, points), (size, n, *shape))
        return tf.reduce_mean(slope * way, axis=1)

    return slopes
