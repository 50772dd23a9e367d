"""Train the networks of the paper, to the end or from a checkpoint."""

from __future__ import annotations

import hashlib
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from reread.core.files import digest
from reread.lincs.models.numpy_weights import Svq, Vae

CHECKPOINT_EVERY = 10


def fit_vae(
    values: np.ndarray, *, train: np.ndarray, valid: np.ndarray, epochs: int = 300,
    checkpoint: Path | None = None, device: str = "auto", **settings: Any,
) -> tuple[Vae, pd.DataFrame]:  # fmt: skip
    """Train :class:`reread.lincs.models.vae.VaeTraining` with its ``settings``; the network and its curve."""
    from reread.lincs.models.vae import VaeTraining

    recipe = VaeTraining(values, train, valid, **settings, device=device)
    curve = _train(recipe, "vae", [values, train, valid], settings, epochs, checkpoint)
    return Vae(recipe.weights()), curve


def fit_svqvae(
    values: np.ndarray, label: np.ndarray, n_codes: int, *, train: np.ndarray, valid: np.ndarray,
    dim: int | None = None, channels: int | None = None, epochs: int = 900, checkpoint: Path | None = None,
    device: str = "auto", **settings: Any,
) -> tuple[Any, pd.DataFrame]:  # fmt: skip
    """Train :class:`reread.lincs.models.svqvae.Svqvae` with its ``settings``; the network and its curve.

    ``label`` (signature,) is 0 to ``n_codes - 1``. Codes have ``dim`` values; with ``channels`` the network
    is that for images of digits.
    """
    from reread.lincs.models.svqvae import ImageCodes, Svqvae, convolutions, dense

    if channels is None:
        kind, sizes = "svqvae", {"dim": dim, "n_codes": n_codes}
        network = partial(dense, values.shape[1], n_codes, dim)
    else:
        kind, sizes, network = "digits", {"channels": channels}, partial(convolutions, n_codes, channels)
    recipe = Svqvae(network, values, label, train, valid, **settings, device=device)
    curve = _train(recipe, kind, [values, label, train, valid], {**settings, **sizes}, epochs, checkpoint)
    return Svq(recipe.weights()) if channels is None else ImageCodes(recipe.network), curve


def _train(recipe, kind, arrays, settings, epochs: int, folder: Path | None) -> pd.DataFrame:
    """Curve of a training: an epoch a row; errors are squared z-scores a gene.

    The name of a checkpoint is a digest of everything that determines the result. Nothing is chosen by the
    validation error.
    """
    from reread.core.training.loop import finish

    stem = None
    if folder is not None:
        content = [hashlib.sha256(np.ascontiguousarray(one).tobytes()).hexdigest() for one in arrays]
        stem = Path(folder) / f"{kind}-{digest([kind, settings, epochs, content])[:12]}"
        stem.parent.mkdir(parents=True, exist_ok=True)
    curve = finish(recipe, epochs=epochs, stem=stem, every=CHECKPOINT_EVERY, progress=True)
    return pd.DataFrame({"epoch": np.arange(1, len(curve) + 1)}).join(pd.DataFrame(curve))
