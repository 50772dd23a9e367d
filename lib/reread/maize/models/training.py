"""The network from expression to tissue: transform, image, training; the settings that belong together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from reread.core.errors import ParameterError, did_you_mean
from reread.maize.data.image import side_of, to_image
from reread.maize.data.transform import Scaler, log_plus_one, log_published

INPUTS = ("published", "scaled")
HIGH = 0.9
TRAINING = {
    "published": {"inputs": "published", "rate": 1e-4, "schedule": "published", "validation": 0.1},
    "corrected": {"inputs": "scaled", "rate": 1e-3, "schedule": "constant", "validation": 0.0},
}


@dataclass(frozen=True)
class Recipe:
    """How a network is built and trained; the defaults are the published values.

    Attributes
    ----------
    inputs : str
        ``published``: log2(x + 0.001) + 10 as it is. ``scaled``: log2(x + 1), each gene at mean 0 and spread
        1 of the training samples.
    widths : str
        Channels of each convolution, as words.
    dense, dropout, momentum
        As ``cnn.model.build``.
    epochs, batch, rate, validation, schedule
        As ``cnn.model.train``.
    """

    inputs: str = "published"
    widths: str = "32 64 128 256"
    dense: int = 512
    dropout: float = 0.2
    momentum: float = 0.99
    epochs: int = 50
    batch: int = 64
    rate: float = 1e-4
    validation: float = 0.1
    schedule: str = "published"

    def __post_init__(self):
        if self.inputs not in INPUTS:
            raise ParameterError(f"There are no inputs {self.inputs!r}. {did_you_mean(self.inputs, INPUTS)}")
        if not self.channels or min(self.channels) < 1:
            raise ParameterError(f"widths are channels such as '16 32', but came as {self.widths!r}.")

    @property
    def channels(self) -> tuple[int, ...]:
        """The widths as numbers."""
        return tuple(int(word) if word.isdecimal() else 0 for word in self.widths.split())


def recipe(training: str, layers: str, **settings: Any) -> Recipe:
    """Settings of a network in few words.

    Parameters
    ----------
    training : str
        ``published`` or ``corrected``: inputs, rate, schedule and validation together, from ``TRAINING``.
    layers : str
        Channels of each convolution, and at the end units of the dense layer: ``16 32 64``.
    **settings
        Further fields of :class:`Recipe`.

    Raises
    ------
    ParameterError
        If the training is unknown or layers are not at least two numbers.
    """
    if training not in TRAINING:
        raise ParameterError(f"There is no training {training!r}. {did_you_mean(training, TRAINING)}")
    *widths, dense = layers.split() or [""]
    if not widths or not dense.isdecimal():
        raise ParameterError(
            f"layers are channels and then units such as '16 32 64', but came as {layers!r}."
        )
    return Recipe(**TRAINING[training], widths=" ".join(widths), dense=int(dense), **settings)


@dataclass(frozen=True, eq=False)
class Network:
    """A trained network with everything that stands between expression and its images.

    Attributes
    ----------
    model : keras.Model
    curve : DataFrame
        epoch, loss, accuracy, val_loss, val_accuracy.
    inputs : str
        As in the recipe.
    scaler : Scaler
        Learnt from the training samples.
    order : int array, (gene,), or None
        Which gene is which pixel.
    """

    model: Any
    curve: pd.DataFrame
    inputs: str
    scaler: Scaler
    order: np.ndarray | None = None

    def images(self, values: np.ndarray) -> np.ndarray:
        """FPKM (sample, gene) as the network sees them, (sample, side, side, 1)."""
        is_published = self.inputs == "published"
        log = log_published(values) if is_published else self.scaler.transform(log_plus_one(values))
        return to_image(log, self.order)

    def predict_proba(self, values: np.ndarray) -> np.ndarray:
        """Probability (sample, tissue) from FPKM (sample, gene)."""
        from reread.maize.models.cnn import predict

        return predict(self.model, self.images(values))


def fit(
    values: np.ndarray,
    tissue: np.ndarray,
    n_tissues: int,
    seed: int = 0,
    *,
    recipe: Recipe | None = None,
    order: np.ndarray | None = None,
) -> Network:
    """Train a network on samples.

    Parameters
    ----------
    values : float array, (sample, gene)
        FPKM or TPM of the training samples.
    tissue : int array, (sample,)
    n_tissues : int
        Classes, also those without a training sample.
    seed : int
        Of weights, dropout, and the order of samples; the last of these are the validation samples.
    recipe : Recipe, optional
        As published when left out.
    order : int array, (gene,), optional
        Which gene goes to pixel 0, 1, 2, ...; the order of the columns when left out.

    Returns
    -------
    Network
    """
    from reread.maize.models import cnn

    recipe = recipe or Recipe()
    rows = np.random.default_rng(seed).permutation(len(values))
    model = cnn.build(
        side_of(values.shape[1]),
        n_tissues,
        widths=recipe.channels,
        dense=recipe.dense,
        dropout=recipe.dropout,
        momentum=recipe.momentum,
        seed=seed,
    )
    blank = Network(model, pd.DataFrame(), recipe.inputs, Scaler.fit(log_plus_one(values)), order)
    curve = cnn.train(
        model,
        blank.images(values[rows]),
        tissue[rows],
        epochs=recipe.epochs,
        batch=recipe.batch,
        rate=recipe.rate,
        seed=seed,
        validation=recipe.validation,
        schedule=recipe.schedule,
    )
    return Network(model, curve, recipe.inputs, blank.scaler, order)


def layers(network: Network) -> pd.DataFrame:
    """What the network is made of: layer, kind, output as rows x columns x channels, parameters."""
    rows = [
        (layer.name, type(layer).__name__, _shape(layer.output.shape[1:]), layer.count_params())
        for layer in network.model.layers
    ]
    return pd.DataFrame(rows, columns=["layer", "kind", "output", "parameters"])


def ends(network: Network) -> dict[str, float]:
    """Where the curve of a network ends, and the pass in which each accuracy first comes to nine tenths.

    Keys: ``accuracy.last``, ``accuracy.pass``, and the same of ``val_accuracy``; what was never reached, or
    has no validation sample, is left out.
    """
    values = {}
    for name in ("accuracy", "val_accuracy"):
        reached = network.curve.loc[network.curve[name] >= HIGH, "epoch"]
        last = float(network.curve[name].iloc[-1])
        values |= {f"{name}.pass": int(reached.iloc[0])} if len(reached) else {}
        values |= {} if np.isnan(last) else {f"{name}.last": last}
    return values


def reload_difference(network: Network, values: np.ndarray, folder: Path, stem: str) -> float:
    """Save a network, read it back, and give the largest difference of a probability of ``values``."""
    from reread.maize.models import cnn

    cnn.save(network.model, folder, stem)
    images = network.images(values)
    before, after = (cnn.predict(model, images) for model in (network.model, cnn.load(folder, stem)))
    return float(np.abs(after - before).max())


def _shape(sizes: Sequence[int]) -> str:
    return " x ".join(map(str, sizes))
