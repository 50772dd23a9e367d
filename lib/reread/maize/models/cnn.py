"""The published network in Keras 3: its layers, its training, and the two files that it is saved in."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np
import pandas as pd

from reread.core import validate as check
from reread.core.errors import DataError, ParameterError, did_you_mean, need
from reread.core.files import write_text, written_whole
from reread.maize.models import quiet

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
with quiet.stderr():
    tf = need("tensorflow", "maize")
    keras = need("keras", "maize")
    # One thread and fixed kernels: equal seeds give equal weights. Threads can only be set at the start.
    with suppress(RuntimeError):
        tf.config.threading.set_intra_op_parallelism_threads(1)
        tf.config.threading.set_inter_op_parallelism_threads(1)
    tf.config.experimental.enable_op_determinism()
    # Each network has graphs of its own, which TensorFlow takes for the same one traced again and again.
    tf.get_logger().setLevel("ERROR")

WIDTHS = (32, 64, 128, 256)
SCHEDULES = ("published", "constant")
DECAY = 0.01
CHUNK = 256


def build(
    side: int,
    n_tissues: int,
    *,
    widths: Sequence[int] = WIDTHS,
    dense: int = 512,
    dropout: float = 0.2,
    momentum: float = 0.99,
    seed: int = 0,
) -> keras.Model:
    """Lay out the network: 3 x 3 convolutions, each normalised and rectified, and two dense layers.

    Parameters
    ----------
    side : int
        Pixels along one side of the image.
    n_tissues : int
        Classes.
    widths : sequence of int
        Channels of each convolution; after every second one, pixels are pooled 2 x 2.
    dense : int
        Units of the layer before the classes.
    dropout : float
        Share of units dropped in training, before and after that layer.
    momentum : float
        Of the running mean and variance of batch normalisation. 0.99 is Keras' own and the published one: it
        takes hundreds of steps until the running statistics fit the data.
    seed : int
        Of the initial weights and of dropout.

    Returns
    -------
    keras.Model
        Images (sample, side, side, 1) to probabilities (sample, tissue). Layers have names of their own, so
        that equal networks give equal topology files.

    Raises
    ------
    ParameterError
        If pooling would leave no pixel, or there are fewer than two tissues.

    Notes
    -----
    Source: notebook 1 of the authors' repository (facts only): 32, 64, 128 and 256 channels, 512 units,
    dropout 0.2.
    """
    if n_tissues < 2 or side < 2 ** (len(widths) // 2):
        raise ParameterError(
            f"{len(widths)} convolutions need an image of at least {2 ** (len(widths) // 2)} pixels a side "
            f"and 2 tissues, but were given {side} pixels and {n_tissues} tissues. Keep more genes."
        )
    keras.utils.set_random_seed(seed)
    layers = keras.layers
    image = x = keras.Input((side, side, 1), name="image")
    for number, width in enumerate(widths, start=1):
        x = layers.Conv2D(width, 3, padding="same", name=f"conv{number}")(x)
        x = layers.BatchNormalization(momentum=momentum, name=f"normal{number}")(x)
        x = layers.ReLU(name=f"relu{number}")(x)
        if number % 2 == 0:
            x = layers.MaxPooling2D(2, name=f"pool{number}")(x)
    x = layers.Dropout(dropout, seed=seed, name="drop1")(layers.Flatten(name="flat")(x))
    x = layers.Dense(dense, name="dense")(x)
    x = layers.BatchNormalization(momentum=momentum, name="normal")(x)
    x = layers.Dropout(dropout, seed=seed + 1, name="drop2")(layers.ReLU(name="relu")(x))
    tissue = layers.Dense(n_tissues, activation="softmax", name="tissue")(x)
    return keras.Model(image, tissue, name="tissue_cnn")


def train(
    model: keras.Model,
    images: np.ndarray,
    tissue: np.ndarray,
    *,
    epochs: int,
    batch: int = 64,
    rate: float = 1e-4,
    seed: int = 0,
    validation: float = 0.1,
    schedule: str = "published",
) -> pd.DataFrame:
    """Train in place, by RMSprop on the categorical cross-entropy.

    Parameters
    ----------
    model : keras.Model
        From :func:`build`.
    images : float32 array, (sample, side, side, 1)
    tissue : int array, (sample,)
    epochs : int
        Passes over the training samples.
    batch : int
        Samples a step.
    rate : float
        Learning rate of the first step.
    seed : int
        Of the order of samples in each pass.
    validation : float
        The last share of the samples is set aside and only looked at; 0 sets none aside.
    schedule : str
        ``published``: the rate of step t is ``rate / (1 + 0.01 t)``. ``constant``: it stays.

    Returns
    -------
    DataFrame
        One row a pass: epoch, loss, accuracy, val_loss, val_accuracy. As in Keras, the first two are means
        over the pass, with dropout, while the weights move; the last two come after it, NaN without
        validation.

    Raises
    ------
    ParameterError
        If the schedule is unknown.
    DataError
        If images do not fit the model, or validation leaves nothing to train on.

    Notes
    -----
    Source: notebook 1: RMSprop, rho 0.9, rate 1e-4 with a decay of 0.01 a step, batches of 64, 50 epochs, the
    last tenth for validation. The loop is written out because ``model.fit`` costs a third more on networks
    as small as the demo's.
    """
    if schedule not in SCHEDULES:
        raise ParameterError(f"There is no schedule {schedule!r}. {did_you_mean(schedule, SCHEDULES)}")
    _check_images(model, images)
    n_train = int(len(images) * (1 - validation))
    if n_train < 1:
        raise DataError(f"Of {len(images)} samples validation leaves none to train on. Add samples.")
    step = _step(model, _optimizer(rate, schedule))
    onehot = np.eye(model.output_shape[-1], dtype=np.float32)[tissue]
    rng, rows = np.random.default_rng(seed), []
    for epoch in range(1, epochs + 1):
        order, total = rng.permutation(n_train), np.zeros(2)
        for start in range(0, n_train, batch):
            taken = order[start : start + batch]
            total += len(taken) * np.array(step(tf.constant(images[taken]), tf.constant(onehot[taken])))
        seen = _look(model, images[n_train:], tissue[n_train:])
        rows.append((epoch, *(total / n_train), *seen))
    return pd.DataFrame(rows, columns=["epoch", "loss", "accuracy", "val_loss", "val_accuracy"])


def predict(model: keras.Model, images: np.ndarray) -> np.ndarray:
    """Probability of each tissue, (sample, tissue), without dropout and with the running statistics."""
    _check_images(model, images)
    parts = [
        model(tf.constant(images[start : start + CHUNK]), training=False).numpy()
        for start in range(0, len(images), CHUNK)
    ]
    return np.concatenate(parts) if parts else np.zeros((0, model.output_shape[-1]), np.float32)


def save(model: keras.Model, folder: Path | str, stem: str) -> tuple[Path, Path]:
    """Write ``<stem>_model_topology.json`` and ``<stem>_model.weights.h5``; return their paths.

    The names are the authors' but for the end of the second: Keras 3 refuses ``_weights.hdf5``.
    """
    topology, weights = _files(folder, stem)
    write_text(topology, model.to_json(indent=1) + "\n")
    with written_whole(weights) as part:
        whole = part.with_name(f"{part.name}.weights.h5")
        model.save_weights(whole)
        whole.rename(part)
    return topology, weights


def load(folder: Path | str, stem: str) -> keras.Model:
    """Read a network that :func:`save` wrote.

    Raises
    ------
    DataError
        If one of the two files is missing.
    """
    topology, weights = _files(folder, stem)
    for path in (topology, weights):
        if not path.is_file():
            raise DataError(f"{path} is missing; a network is read from {topology.name} and {weights.name}.")
    model = keras.models.model_from_json(topology.read_text(encoding="utf-8"))
    model.load_weights(weights)
    return model


def _files(folder: Path | str, stem: str) -> tuple[Path, Path]:
    return Path(folder) / f"{stem}_model_topology.json", Path(folder) / f"{stem}_model.weights.h5"


def _check_images(model: keras.Model, images: np.ndarray) -> None:
    side = model.input_shape[1]
    check.axes(images, "images", sample=None, row=side, column=side, channel=1)


def _optimizer(rate: float, schedule: str) -> keras.optimizers.Optimizer:
    if schedule == "published":
        rate = keras.optimizers.schedules.InverseTimeDecay(rate, decay_steps=1, decay_rate=DECAY)
    return keras.optimizers.RMSprop(rate, rho=0.9)


def _step(model: keras.Model, optimizer: keras.optimizers.Optimizer):
    """One step as one graph, whatever the size of the batch: images, one-hot tissues to loss and accuracy."""
    optimizer.build(model.trainable_variables)
    shapes = [tf.TensorSpec((None, *model.input_shape[1:])), tf.TensorSpec((None, model.output_shape[-1]))]

    @tf.function(input_signature=shapes)
    def step(images, onehot):
        with tf.GradientTape() as tape:
            probability = model(images, training=True)
            loss = tf.reduce_mean(keras.losses.categorical_crossentropy(onehot, probability))
        slopes = tape.gradient(loss, model.trainable_variables)
        optimizer.apply(slopes, model.trainable_variables)
        is_right = tf.argmax(probability, axis=1) == tf.argmax(onehot, axis=1)
        return loss, tf.reduce_mean(tf.cast(is_right, tf.float32))

    return step


def _look(model: keras.Model, images: np.ndarray, tissue: np.ndarray) -> tuple[float, float]:
    """Loss and accuracy on samples that do not train."""
    if not len(images):
        return np.nan, np.nan
    probability = predict(model, images)
    loss = -np.log(np.clip(probability[np.arange(len(tissue)), tissue], 1e-7, 1))
    return float(loss.mean()), float((probability.argmax(axis=1) == tissue).mean())
