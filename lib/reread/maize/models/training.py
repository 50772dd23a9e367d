"""The network from expression to tissue: settings, transform, image, training."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from reread.core.errors import ParameterError
from reread.maize.data.image import Scaler, log_plus_one, log_published, side_of, to_image

HIGH = 0.9
TRAINING = {
    "published": {"inputs": "published", "rate": 1e-4, "schedule": "published", "validation": 0.1},
    "corrected": {"inputs": "scaled", "rate": 1e-3, "schedule": "constant", "validation": 0.0,
                  "momentum": 0.9},
}  # fmt: skip


@dataclass(frozen=True)
class Recipe:
    """Settings of a network and its training; the defaults are the published values.

    ``inputs`` is ``published``, log2(x + 0.001) + 10, or ``scaled``, log2(x + 1) standardised by the training
    samples. ``widths`` are channels as words. The other fields are those of ``cnn.build`` and ``cnn.train``.
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
        if not self.channels or min(self.channels) < 1:
            raise ParameterError(f"widths must be channels such as '16 32', but are {self.widths!r}.")

    @property
    def channels(self) -> tuple[int, ...]:
        """The widths as numbers."""
        return tuple(int(word) if word.isdecimal() else 0 for word in self.widths.split())


def recipe(training: str, layers: str, **settings: Any) -> Recipe:
    """Combine the settings of a network.

    ``training`` names a protocol of ``TRAINING``; ``layers`` are channels of each
    convolution, then units of the dense layer, as ``16 32 64``; ``settings`` are further fields of
    :class:`Recipe`. Raises ParameterError if layers are not at least two numbers.
    """
    *widths, dense = layers.split() or [""]
    if not widths or not dense.isdecimal():
        raise ParameterError(f"layers must be channels, then units, such as '16 32 64', but are {layers!r}.")
    return Recipe(**{**TRAINING[training], **settings}, widths=" ".join(widths), dense=int(dense))


@dataclass(frozen=True, eq=False)
class Network:
    """A trained Keras model, its inputs, scaler, gene order (None: columns), and curve (losses by epoch)."""

    model: Any
    curve: pd.DataFrame
    inputs: str
    scaler: Scaler
    order: np.ndarray | None = None

    def images(self, values: np.ndarray) -> np.ndarray:
        """FPKM (sample, gene) as the input of the network, (sample, side, side, 1)."""
        is_published = self.inputs == "published"
        log = log_published(values) if is_published else self.scaler.transform(log_plus_one(values))
        return to_image(log, self.order)

    def predict_proba(self, values: np.ndarray) -> np.ndarray:
        """Probability (sample, tissue) from FPKM (sample, gene)."""
        from reread.maize.models.cnn import predict

        return predict(self.model, self.images(values))


def fit(
    values: np.ndarray, tissue: np.ndarray, n_tissues: int, seed: int = 0, *, recipe: Recipe, order:
    np.ndarray | None = None,
) -> Network:  # fmt: skip
    """Train a network on FPKM or TPM (sample, gene); the last samples in random order are for validation."""
    from reread.maize.models import cnn

    rows = np.random.default_rng(seed).permutation(len(values))
    chosen = {name: getattr(recipe, name) for name in ("dense", "dropout", "momentum")}
    model = cnn.build(side_of(values.shape[1]), n_tissues, widths=recipe.channels, seed=seed, **chosen)
    blank = Network(model, pd.DataFrame(), recipe.inputs, Scaler.fit(log_plus_one(values)), order)
    chosen = {name: getattr(recipe, name) for name in ("epochs", "batch", "rate", "validation", "schedule")}
    curve = cnn.train(model, blank.images(values[rows]), tissue[rows], seed=seed, **chosen)
    return Network(model, curve, recipe.inputs, blank.scaler, order)


def layers(network: Network) -> pd.DataFrame:
    """List the layers of a network.

    Columns: layer, kind (class of Keras), output (rows x columns x channels, or units) and parameters
    (number).
    """
    rows = []
    for layer in network.model.layers:
        shape = " x ".join(map(str, layer.output.shape[1:]))
        rows.append((layer.name, type(layer).__name__, shape, layer.count_params()))
    return pd.DataFrame(rows, columns=["layer", "kind", "output", "parameters"])


def final_accuracy(network: Network) -> dict[str, float]:
    """Accuracy of the last epoch and the epoch that first reaches 0.9, for training and validation.

    Keys: ``accuracy.last``, ``accuracy.epoch``, ``val_accuracy.last``, ``val_accuracy.epoch``; a value that
    does not exist is left out.
    """
    values = {}
    for name in ("accuracy", "val_accuracy"):
        reached = network.curve.loc[network.curve[name] >= HIGH, "epoch"]
        last = float(network.curve[name].iloc[-1])
        values |= {f"{name}.epoch": int(reached.iloc[0])} if len(reached) else {}
        values |= {} if np.isnan(last) else {f"{name}.last": last}
    return values


def reload_difference(network: Network, values: np.ndarray, folder: Path, stem: str) -> float:
    """Save a network, read it back, and return the largest difference of a predicted probability, 0 to 1.

    ``values`` (sample, gene) in FPKM are predicted before and after. The files in ``folder`` have the
    authors' names, ``<stem>_model_topology.json`` and ``<stem>_model.weights.h5``.
    """
    from reread.maize.models import cnn

    cnn.save(network.model, folder, stem)
    images = network.images(values)
    before, after = (cnn.predict(model, images) for model in (network.model, cnn.load(folder, stem)))
    return float(np.abs(after - before).max())
