"""Train the two networks of the paper and return them as NumPy weights."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from reread.core import validate
from reread.core.errors import DataError, ParameterError, did_you_mean
from reread.core.files import digest
from reread.lincs.models.numpy_weights import Svq, Vae

LOSSES = ("published", "explicit")
CODEBOOKS = ("published", "ema")
CHECKPOINT_EVERY = 10


@dataclass(frozen=True, eq=False)
class Trained:
    """A trained network (Vae or Svq) and its curve.

    ``history`` has one row for each epoch: epoch, train_mse and valid_mse (squared z-scores a gene) and
    the other losses. Nothing is chosen by the validation error.
    """

    network: Any
    history: pd.DataFrame


def beta_by_averaging(n_genes: int, latent: int) -> float:
    """Beta implied by the published averages, ``n_genes / (2 * latent)``: 4.89 for 978 and 100."""
    return n_genes / (2 * latent)


def fit_vae(
    values: np.ndarray, *, train: np.ndarray, valid: np.ndarray, loss: str = "published", epochs: int = 300,
    device: str = "auto", checkpoint: Path | None = None, progress: bool = False, **settings: Any,
) -> Trained:  # fmt: skip
    """Train the variational autoencoder on z-scores (signature, gene), clipped to +-10.

    ``settings``: those of :class:`reread.lincs.models.vae.VaeTraining`, whose defaults are as published.
    """
    _check_choice("loss", loss, LOSSES)
    _check_task(values, train, epochs)
    from reread.lincs.models.vae import VaeTraining

    settings = {**settings, "loss": loss}
    recipe = VaeTraining(values, train, valid, **settings, device=device)
    history = train_recipe(recipe, "vae", [values, train, valid], settings, epochs, checkpoint, progress)
    return Trained(Vae(recipe.weights()), history)


def fit_svqvae(
    values: np.ndarray, label: np.ndarray, n_codes: int, *, train: np.ndarray, valid: np.ndarray,
    dim: int = 1000, codebook: str = "published", epochs: int = 900, device: str = "auto",
    checkpoint: Path | None = None, progress: bool = False, **settings: Any,
) -> Trained:  # fmt: skip
    """Train the supervised vector-quantised autoencoder; ``label`` (signature,) is 0 to ``n_codes - 1``.

    ``settings``: those of :class:`reread.lincs.models.svqvae.Svqvae`, whose defaults are as published.
    """
    _check_choice("codebook", codebook, CODEBOOKS)
    _check_task(values, train, epochs)
    _check_labels(label, len(values), n_codes)
    from reread.lincs.models.svqvae import Svqvae, dense

    settings = {**settings, "codebook": codebook}
    network = partial(dense, values.shape[1], n_codes, dim)
    recipe = Svqvae(network, values, label, train, valid, **settings, device=device)
    named, arrays = {**settings, "dim": dim, "n_codes": n_codes}, [values, label, train, valid]
    history = train_recipe(recipe, "svqvae", arrays, named, epochs, checkpoint, progress)
    return Trained(Svq(recipe.weights()), history)


def train_recipe(recipe, kind, arrays, settings, epochs, folder, progress=True) -> pd.DataFrame:
    """Train to the end; the name of a checkpoint is a digest of everything that determines the result."""
    from reread.core.training.loop import finish

    stem = None
    if folder is not None:
        content = [hashlib.sha256(np.ascontiguousarray(one).tobytes()).hexdigest() for one in arrays]
        stem = Path(folder) / f"{kind}-{digest([kind, settings, epochs, content])[:12]}"
        stem.parent.mkdir(parents=True, exist_ok=True)
    curve = finish(recipe, epochs=epochs, stem=stem, every=CHECKPOINT_EVERY, progress=progress)
    return pd.DataFrame({"epoch": np.arange(1, len(curve) + 1)}).join(pd.DataFrame(curve))


def _check_choice(name: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise ParameterError(f"{name} must be one of {', '.join(known)}. {did_you_mean(value, known)}")


def _check_task(values, train, epochs: int) -> None:
    validate.axes(values, "values", signature=None, gene=None)
    if epochs < 1:
        raise ParameterError(f"Training needs at least 1 epoch, but epochs={epochs}.")
    if not np.isfinite(values).all():
        raise DataError("values must be finite. Drop or fill what is missing first.")
    if not len(train):
        raise DataError("There is no signature to train on: train is empty.")


def _check_labels(label, n: int, n_codes: int) -> None:
    validate.axes(label, "label", signature=n)
    if np.min(label) < 0 or np.max(label) >= n_codes:
        raise DataError(
            f"label must be 0 to {n_codes - 1}, but holds {int(np.min(label))} to {int(np.max(label))}."
        )
