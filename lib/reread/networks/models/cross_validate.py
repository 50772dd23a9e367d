"""Train a network on the folds of a split and score held-out rows; resumable, on any device."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from reread.core.errors import DataError, ParameterError, did_you_mean
from reread.core.files import digest
from reread.networks.data.features import gene_features
from reread.networks.data.splits import Fold

if TYPE_CHECKING:
    from reread.networks.data.tables import GRNDataset

KINDS = ("published", "zeros", "batch", "corrected")
N_COMPONENTS = 32
N_NEIGHBOURS = 4
# A checkpoint of the published network has 200 MB: too much after every epoch of a few seconds.
CHECKPOINT_EVERY = 10


@dataclass(frozen=True, eq=False)
class Trained:
    """Result of training on the ``folds`` that were run.

    ``scores`` (pair,) are probabilities by the model for which a row was held out, NaN for rows that no fold
    tested; ``curves`` has a row an epoch (fold, epoch, train_loss, test_loss; never used to choose).
    """

    scores: np.ndarray
    curves: pd.DataFrame
    models: tuple
    folds: tuple[Fold, ...]


def nearest(values: np.ndarray, k: int = N_NEIGHBOURS) -> np.ndarray:
    """Genes (gene, neighbour) most correlated with each gene over cells, nearest first, itself excluded."""
    if values.shape[1] <= k:
        raise DataError(f"{k} neighbours need more genes than the {values.shape[1]} given. Ask for fewer.")
    closeness = np.abs(gene_features(values, "pearson"))
    np.fill_diagonal(closeness, -1)
    return np.argsort(-closeness, axis=1, kind="stable")[:, :k]


def prepare(kind: str, dataset: GRNDataset) -> dict[str, np.ndarray]:
    """Inputs of a kind of network: features (gene, feature), and for ``corrected`` neighbours."""
    if kind not in KINDS:
        raise ParameterError(f"There is no network {kind!r}. {did_you_mean(kind, KINDS)}")
    values = dataset.expression.values
    if kind != "corrected":
        return {"features": gene_features(values, "pearson")}
    components = gene_features(values, "pca", n_components=N_COMPONENTS)
    return {"features": components, "neighbours": nearest(values)}


def cross_validate(
    kind: str, dataset: GRNDataset, folds: Sequence[Fold], *, epochs: int, seed: int = 0,
    folds_run: int | None = None, checkpoint_folder: Path | str | None = None, device: str = "auto",
    progress: bool = False, **settings: Any,
) -> Trained:  # fmt: skip
    """Train one network for each fold, with ``seed`` plus its number, and score its test rows.

    ``kind`` names the tokens of the attention. ``corrected``: the pair's own genes. ``published``: DeepTGI as
    released, which attends over the pairs of a batch and transposes the wrong axes. ``batch``: the
    transposition corrected, still over the batch. ``zeros``: DeepTGI with its attention output set to 0. The
    last epoch is kept. ``folds_run`` limits the folds. ``checkpoint_folder`` resumes training, under a digest
    of all inputs and settings. ``settings``: ``batch_size`` for ``corrected``, ``latent`` for the others. An
    unknown kind or setting, or ``epochs`` below 1, raises ParameterError.
    """
    if epochs < 1:
        raise ParameterError(f"Training needs at least 1 epoch, but epochs={epochs}.")
    inputs = prepare(kind, dataset)
    settings = {**settings, "epochs": epochs, "seed": seed}
    chosen = tuple(folds)[:folds_run]
    folder = Path(checkpoint_folder) if checkpoint_folder is not None else None
    done = [_train_fold(kind, dataset, inputs, fold, settings, folder, device, progress) for fold in chosen]
    scores = np.full(len(dataset.pairs), np.nan)
    for fold, (model, _) in zip(chosen, done, strict=True):
        scores[fold.test] = model.predict(dataset.pairs.tf[fold.test], dataset.pairs.gene[fold.test])
    curves = [
        pd.DataFrame(curve).assign(fold=fold.name, epoch=np.arange(1, len(curve) + 1))
        for fold, (_, curve) in zip(chosen, done, strict=True)
    ]
    columns = ["fold", "epoch", "train_loss", "test_loss"]
    return Trained(scores, pd.concat(curves, ignore_index=True)[columns], tuple(m for m, _ in done), chosen)


def _train_fold(kind, dataset, inputs, fold, settings, folder, device, progress) -> tuple[Any, list[dict]]:
    from reread.core.training.loop import finish

    recipe, stem, pairs = _recipe(kind, dataset, inputs, fold, settings, device), None, dataset.pairs
    if folder is not None:
        arrays = [*inputs.values(), pairs.tf, pairs.gene, pairs.label, fold.train, fold.test]
        content = [hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest() for array in arrays]
        signature = digest([kind, fold.name, settings, content])[:12]
        stem = folder / f"{kind}-fold-{fold.name}-{signature}"
    epochs = settings["epochs"]
    return recipe, finish(recipe, epochs=epochs, stem=stem, every=CHECKPOINT_EVERY, progress=progress)


def _recipe(kind, dataset, inputs, fold, settings, device):
    rest = {name: value for name, value in settings.items() if name not in ("epochs", "seed")}
    known = ("batch_size",) if kind == "corrected" else ("latent",)
    for name in set(rest) - set(known):
        raise ParameterError(f"The {kind} network has no setting {name!r}. {did_you_mean(name, known)}")
    rest |= {"seed": settings["seed"] + fold.name, "device": device}
    rest |= {"pairs": dataset.pairs, "train": fold.train, "test": fold.test}
    if kind == "corrected":
        from reread.networks.models.token_attention import Tokens

        return Tokens(**inputs, **rest, epochs=settings["epochs"])
    from reread.networks.models.deeptgi import Published

    return Published(**inputs, **rest, attention=kind)
