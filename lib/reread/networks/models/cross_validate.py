"""Train a network on the folds of a split and score the rows it has not seen; resumable, any device."""

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
from reread.networks.data.splits import Fold, split_pairs

if TYPE_CHECKING:
    from reread.networks.data.tables import World

KINDS = ("published", "zeros", "batch", "tokens")
N_COMPONENTS = 32
N_NEIGHBOURS = 4
# The published network writes 200 MB at each checkpoint: too much after every pass of a few seconds.
CHECKPOINT_EVERY = 10


@dataclass(frozen=True, eq=False)
class Trained:
    """What came out of training on one or more folds.

    Attributes
    ----------
    scores : float array, (pair,)
        Probability of each row by the model that had not seen it; NaN for rows that no fold tested.
    curves : DataFrame
        One row a pass: fold, epoch, train_loss, test_loss (the latter for looking at, never for choosing).
    models : tuple
        The trained model of each fold, with ``predict(tf, gene, batch_size=...)``.
    folds : tuple of Fold
        The folds that were run.
    """

    scores: np.ndarray
    curves: pd.DataFrame
    models: tuple
    folds: tuple[Fold, ...]


def nearest(values: np.ndarray, k: int = N_NEIGHBOURS) -> np.ndarray:
    """Find the genes most correlated with each gene, by absolute Pearson correlation over cells.

    Parameters
    ----------
    values : float array, (cell, gene)
        Expression.
    k : int
        Neighbours of each gene.

    Returns
    -------
    int array, (gene, neighbour)
        Nearest first, the gene itself excluded; ties go to the gene that comes first.

    Raises
    ------
    DataError
        If there are not more than ``k`` genes.
    """
    if values.shape[1] <= k:
        raise DataError(f"{k} neighbours need more genes than the {values.shape[1]} given. Ask for fewer.")
    closeness = np.abs(gene_features(values, "pearson"))
    np.fill_diagonal(closeness, -1)
    return np.argsort(-closeness, axis=1, kind="stable")[:, :k]


def prepare(kind: str, world: World) -> dict[str, np.ndarray]:
    """Compute once for each gene what a kind of network reads.

    Returns
    -------
    dict of arrays
        ``tokens``: features (gene, component), principal components, and neighbours (gene, neighbour). Else:
        features (gene, gene), Pearson rows.

    Raises
    ------
    ParameterError
        If the kind is unknown.
    """
    if kind not in KINDS:
        raise ParameterError(f"There is no network {kind!r}. {did_you_mean(kind, KINDS)}")
    values = world.expression.values
    if kind != "tokens":
        return {"features": gene_features(values, "pearson")}
    components = gene_features(values, "pca", n_components=N_COMPONENTS)
    return {"features": components, "neighbours": nearest(values)}


def cross_validate(
    kind: str,
    world: World,
    folds: Sequence[Fold],
    *,
    epochs: int,
    seed: int = 0,
    folds_run: int | None = None,
    checkpoint_folder: Path | str | None = None,
    device: str = "auto",
    progress: bool = False,
    **settings: Any,
) -> Trained:
    """Train one network a fold and score its test rows.

    Parameters
    ----------
    kind : str
        What the attention runs over. ``tokens``: the pair's own genes. ``published``: DeepTGI as released; it
        mixes the pairs of a batch by a transposition fault. ``batch``: that fault repaired, still over the
        batch. ``zeros``: DeepTGI with its attention put to 0.
    world : World
        Expression (cell, gene) and pairs (pair,).
    folds : sequence of Fold
        As :func:`reread.networks.data.splits.split_pairs` gives them; the order of rows matters to the draws.
    epochs : int
        Passes over the training pairs; the last one is kept, nothing is chosen by test rows.
    seed : int
        Fold k draws from ``seed + k``.
    folds_run : int, optional
        Run the first so many folds only.
    checkpoint_folder : path, optional
        A run that was killed goes on from here; a fold that was finished is read back. Files are named by
        everything that decides the result, so that a changed parameter never meets an old checkpoint.
    device : str
        ``auto``, ``cpu`` or ``cuda``.
    progress : bool
        Print a line for each tenth of the passes.
    **settings
        ``batch_size`` of ``tokens``; ``latent`` of all others.

    Returns
    -------
    Trained

    Raises
    ------
    ParameterError
        If the kind or a setting is unknown, or no pass is asked for.
    """
    if epochs < 1:
        raise ParameterError(f"Training needs at least 1 pass over the pairs, but epochs={epochs}.")
    inputs = prepare(kind, world)
    settings = {**settings, "epochs": epochs, "seed": seed}
    chosen = tuple(folds)[:folds_run]
    folder = Path(checkpoint_folder) if checkpoint_folder is not None else None
    done = [_train_fold(kind, world, inputs, fold, settings, folder, device, progress) for fold in chosen]
    scores = np.full(len(world.pairs), np.nan)
    for fold, (model, _) in zip(chosen, done, strict=True):
        scores[fold.test] = model.predict(world.pairs.tf[fold.test], world.pairs.gene[fold.test])
    curves = [
        pd.DataFrame(curve).assign(fold=fold.name, epoch=np.arange(1, len(curve) + 1))
        for fold, (_, curve) in zip(chosen, done, strict=True)
    ]
    columns = ["fold", "epoch", "train_loss", "test_loss"]
    return Trained(scores, pd.concat(curves, ignore_index=True)[columns], tuple(m for m, _ in done), chosen)


def score_schemes(
    kind: str, world: World, schemes: Sequence[str], *, n_folds: int = 5, **arguments: Any
) -> pd.DataFrame:
    """Cross-validate under several split schemes.

    Parameters
    ----------
    kind, world
        As :func:`cross_validate`, which takes the other ``arguments`` too.
    schemes : sequence of str
        Of ``pair``, ``tf``, ``gene``, ``both``.
    n_folds : int
        Folds of each scheme.

    Returns
    -------
    DataFrame
        One row for each tested pair: scheme, fold, row, label, score.
    """
    tables = []
    for scheme in schemes:
        trained = cross_validate(kind, world, split_pairs(world.pairs, scheme, n_folds=n_folds), **arguments)
        for fold in trained.folds:
            row = fold.test
            columns = {"row": row, "label": world.pairs.label[row], "score": trained.scores[row]}
            tables.append(pd.DataFrame({"scheme": scheme, "fold": fold.name, **columns}))
    return pd.concat(tables, ignore_index=True)


def _train_fold(kind, world, inputs, fold, settings, folder, device, progress) -> tuple[Any, list[dict]]:
    from reread.core.training.loop import finish

    recipe = _recipe(kind, world, inputs, fold, settings, device)
    stem = None
    if folder is not None:
        stem = folder / f"{kind}-fold-{fold.name}-{_signature(kind, world, inputs, fold, settings)}"
    epochs = settings["epochs"]
    return recipe, finish(recipe, epochs=epochs, stem=stem, every=CHECKPOINT_EVERY, progress=progress)


def _recipe(kind, world, inputs, fold, settings, device):
    rest = {name: value for name, value in settings.items() if name not in ("epochs", "seed")}
    known = ("batch_size",) if kind == "tokens" else ("latent",)
    for name in set(rest) - set(known):
        raise ParameterError(f"The {kind} network has no setting {name!r}. {did_you_mean(name, known)}")
    rest |= {"seed": settings["seed"] + fold.name, "device": device}
    rest |= {"pairs": world.pairs, "train": fold.train, "test": fold.test}
    if kind == "tokens":
        from reread.networks.models.token_attention import Tokens

        return Tokens(**inputs, **rest, epochs=settings["epochs"])
    from reread.networks.models.deeptgi import Published

    return Published(**inputs, **rest, attention=kind)


def _signature(kind, world, inputs, fold, settings) -> str:
    arrays = [*inputs.values(), world.pairs.tf, world.pairs.gene, world.pairs.label, fold.train, fold.test]
    content = [hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest() for array in arrays]
    return digest([kind, fold.name, settings, content])[:12]
