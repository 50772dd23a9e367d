"""The published network in Keras 3: its layers, its training, and the two files that it is saved in."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np
import pandas as pd

from reread.core import validate
from reread.core.errors import DataError, ParameterError, need
from reread.core.files import write_text, written_whole


@contextmanager
def silence_stderr() -> Iterator[None]:
    """Close file descriptor 2 meanwhile: TensorFlow's C++ part logs there with times and process numbers."""
    sys.stderr.flush()
    kept = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(nowhere)
        os.close(kept)


os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
with silence_stderr():
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
DECAY = 0.01
CHUNK = 256


def build(
    side: int, n_tissues: int, *, widths: Sequence[int] = WIDTHS, dense: int = 512, dropout: float = 0.2,
    momentum: float = 0.99, seed: int = 0,
) -> keras.Model:  # fmt: skip
    """Build the network: images (sample, side, side, 1) to probabilities (sample, tissue)."""
    if n_tissues < 2 or side < 2 ** (len(widths) // 2):
        raise ParameterError(
            f"{len(widths)} convolutions need an image of at least {2 ** (len(widths) // 2)} pixels a side "
            f"and 2 tissues, but there are {side} pixels and {n_tissues} tissues. Keep more genes."
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
    model: keras.Model, images: np.ndarray, tissue: np.ndarray, *, epochs: int, batch: int = 64,
    rate: float = 1e-4, seed: int = 0, validation: float = 0.1, schedule: str = "published",
) -> pd.DataFrame:  # fmt: skip
    """Train in place as notebook 1, without the last ``validation`` share; return the curve by epoch."""
    # written out because model.fit costs a third more on small networks
    _check_images(model, images)
    n_train = int(len(images) * (1 - validation))
    if n_train < 1:
        raise DataError(f"Validation leaves none of {len(images)} samples for training. Add samples.")
    step = _step(model, _optimizer(rate, schedule))
    onehot = np.eye(model.output_shape[-1], dtype=np.float32)[tissue]
    rng, rows = np.random.default_rng(seed), []
    for epoch in range(1, epochs + 1):
        order, total = rng.permutation(n_train), np.zeros(2)
        for start in range(0, n_train, batch):
            taken = order[start : start + batch]
            total += len(taken) * np.array(step(tf.constant(images[taken]), tf.constant(onehot[taken])))
        held_out = _evaluate(model, images[n_train:], tissue[n_train:])
        rows.append((epoch, *(total / n_train), *held_out))
    return pd.DataFrame(rows, columns=["epoch", "loss", "accuracy", "val_loss", "val_accuracy"])


def predict(model: keras.Model, images: np.ndarray) -> np.ndarray:
    """Probability (sample, tissue), without dropout and with the running statistics."""
    _check_images(model, images)
    starts = range(0, len(images), CHUNK)
    parts = [model(tf.constant(images[i : i + CHUNK]), training=False).numpy() for i in starts]
    return np.concatenate(parts) if parts else np.zeros((0, model.output_shape[-1]), np.float32)


def save(model: keras.Model, folder: Path | str, stem: str) -> tuple[Path, Path]:
    """Write both files under the authors' names, but that Keras 3 refuses ``_weights.hdf5``; return paths."""
    topology, weights = _files(folder, stem)
    write_text(topology, model.to_json(indent=1) + "\n")
    with written_whole(weights) as part:
        whole = part.with_name(f"{part.name}.weights.h5")
        model.save_weights(whole)
        whole.rename(part)
    return topology, weights


def load(folder: Path | str, stem: str) -> keras.Model:
    """Read a network that :func:`save` wrote."""
    topology, weights = _files(folder, stem)
    for path in (topology, weights):
        if not path.is_file():
            raise DataError(f"{path} is missing; a network needs {topology.name} and {weights.name}.")
    model = keras.models.model_from_json(topology.read_text(encoding="utf-8"))
    model.load_weights(weights)
    return model


def _files(folder: Path | str, stem: str) -> tuple[Path, Path]:
    return Path(folder) / f"{stem}_model_topology.json", Path(folder) / f"{stem}_model.weights.h5"


def _check_images(model: keras.Model, images: np.ndarray) -> None:
    side = model.input_shape[1]
    validate.axes(images, "images", sample=None, row=side, column=side, channel=1)


def _optimizer(rate: float, schedule: str) -> keras.optimizers.Optimizer:
    if schedule == "published":
        rate = keras.optimizers.schedules.InverseTimeDecay(rate, decay_steps=1, decay_rate=DECAY)
    return keras.optimizers.RMSprop(rate, rho=0.9)


def _step(model: keras.Model, optimizer: keras.optimizers.Optimizer):
    """One training step as a graph: images and one-hot tissues to loss and accuracy."""
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


def _evaluate(model: keras.Model, images: np.ndarray, tissue: np.ndarray) -> tuple[float, float]:
    """Loss and accuracy on held-out samples; NaN without any."""
    if not len(images):
        return np.nan, np.nan
    probability = predict(model, images)
    loss = -np.log(np.clip(probability[np.arange(len(tissue)), tissue], 1e-7, 1))
    return float(loss.mean()), float((probability.argmax(axis=1) == tissue).mean())
