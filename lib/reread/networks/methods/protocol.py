"""Train DeepTGI, as published or corrected, under named splits, beside the rule that sees names only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from reread.core import score as measure
from reread.networks.data.splits import Fold, split_pairs
from reread.networks.data.tables import World
from reread.networks.methods import gene_name_baselines as names
from reread.networks.methods.calibration import calibrated_scores, network_score, published_measures
from reread.networks.models.cross_validate import cross_validate

METHOD = {"published": "DeepTGI", "zeros": "DeepTGI without attention", "batch": "DeepTGI, transposed right"}
NULL = "names, logistic"
N_BINS = 5  # one fold of a list is a few hundred pairs: ten bins would hold a handful each


@dataclass(frozen=True, eq=False)
class Outcome:
    """What one protocol gave.

    Attributes
    ----------
    scores : DataFrame
        One row for each tested pair and method: scheme, fold, row, label, score, method.
    curves : DataFrame
        One row a pass: scheme, fold, epoch, train_loss, test_loss.
    model, fold
        The model of the first fold of the first scheme, and that fold.
    """

    scores: pd.DataFrame
    curves: pd.DataFrame
    model: Any
    fold: Fold


def run(
    attention: str,
    world: World,
    schemes: Sequence[str],
    *,
    epochs: int,
    folds_run: int = 5,
    seed: int = 0,
    checkpoint_folder: Path | None = None,
    **settings: Any,
) -> Outcome:
    """Train one network a fold under each scheme; score its test rows, and score them by names alone.

    Parameters
    ----------
    attention : str
        ``published``, ``zeros``, ``batch`` or ``tokens``: the kinds of
        :mod:`reread.networks.models.cross_validate`.
    world : World
        Expression (cell, gene) and pairs (pair,).
    schemes : sequence of str
        Of ``pair``, ``tf``, ``gene``, ``both``.
    epochs, folds_run, seed, settings
        As :func:`reread.networks.models.cross_validate.cross_validate`; ``latent`` concerns the published
        network only.
    checkpoint_folder : path, optional
        A run that was killed goes on from here.
    """
    settings = _fitting(attention, settings)
    scores, curves, first = [], [], None
    for scheme in schemes:
        folds = split_pairs(world.pairs, scheme)
        trained = cross_validate(
            attention, world, folds, epochs=epochs, seed=seed, folds_run=folds_run,
            checkpoint_folder=checkpoint_folder, progress=True, **settings,
        )  # fmt: skip
        first = first or (trained.models[0], trained.folds[0])
        curves.append(trained.curves.assign(scheme=scheme))
        scores += [
            _rows(world, scheme, f, trained.scores[f.test], method_of(attention)) for f in trained.folds
        ]
        for fold in trained.folds:
            null = names.METHODS[NULL](world.pairs, fold.train, fold.test, seed)
            scores.append(_rows(world, scheme, fold, null, NULL))
    return Outcome(pd.concat(scores, ignore_index=True), pd.concat(curves, ignore_index=True), *first)


def method_of(attention: str) -> str:
    """Name of the method in tables: what its attention runs over decides it."""
    return METHOD.get(attention, "attention over tokens")


def by_fold(outcome: Outcome) -> pd.DataFrame:
    """Measure every fold as the authors' script does, with true average precision beside its "AUPR".

    Returns
    -------
    DataFrame
        scheme, method, fold, and the measures of
        :func:`reread.networks.methods.calibration.published_measures`.
    """
    groups = outcome.scores.groupby(["scheme", "method", "fold"], sort=False)
    return pd.DataFrame(
        {"scheme": scheme, "method": method, "fold": fold}
        | published_measures(rows["label"].to_numpy(), rows["score"].to_numpy())
        for (scheme, method, fold), rows in groups
    )


def calibration(
    attention: str,
    world: World,
    outcome: Outcome,
    *,
    epochs: int,
    n_inner: int,
    seed: int = 0,
    **settings: Any,
) -> tuple[pd.DataFrame, dict[str, float]]:
    """Ask whether a probability means what it says, raw and after a map fitted on inner folds.

    Parameters
    ----------
    outcome : Outcome
        Of :func:`run`.
    n_inner : int
        Inner TF-held-out folds, each trained anew, that the map is fitted on; the first TF-held-out fold is
        asked. With 0 it is the raw probabilities of the fold that ``outcome`` kept, and nothing is trained.

    Returns
    -------
    DataFrame
        method (raw, calibrated), predicted, observed, n: the curve on test rows that neither has seen.
    dict
        ``brier`` and ``ece`` (expected calibration error) of each, and ``brier.prevalence``, what a constant
        (the share of positives) would get.
    """
    if n_inner:
        fold = split_pairs(world.pairs, "tf")[0]
        score = network_score(attention, world, epochs=epochs, **_fitting(attention, settings))
        found = calibrated_scores(score, world.pairs, fold, n_inner=n_inner, seed=seed)
    else:
        fold, pairs = outcome.fold, world.pairs
        found = {"raw": outcome.model.predict(pairs.tf[fold.test], pairs.gene[fold.test])}
    label = world.pairs.label[fold.test]
    errors, curves = {"brier.prevalence": measure.brier(label, np.full(len(label), label.mean()))}, []
    for version, probability in found.items():
        errors[f"brier.{version}"] = measure.brier(label, probability)
        errors[f"ece.{version}"] = measure.expected_calibration_error(label, probability)
        curves.append(
            pd.DataFrame(measure.calibration_curve(label, probability, N_BINS)).assign(method=version)
        )
    return pd.concat(curves, ignore_index=True), errors


def _fitting(attention: str, settings: dict[str, Any]) -> dict[str, Any]:
    """Settings that this network has: one that attends over tokens has no latent width."""
    return {k: v for k, v in settings.items() if attention != "tokens" or k != "latent"}


def _rows(world: World, scheme: str, fold: Fold, score: np.ndarray, method: str) -> pd.DataFrame:
    row = fold.test
    return pd.DataFrame(
        {"scheme": scheme, "fold": fold.name, "row": row, "label": world.pairs.label[row], "score": score}
    ).assign(method=method)


def summary(by_fold: pd.DataFrame) -> pd.DataFrame:
    """Means over folds of :func:`by_fold`: one row for each scheme and method, with the number of folds."""
    groups = by_fold.groupby(["scheme", "method"], sort=False)
    return groups.mean().drop(columns="fold").join(groups.size().rename("n_folds")).reset_index()


def against_names(summary: pd.DataFrame) -> pd.DataFrame:
    """What the network gains over names on the same rows: scheme, auroc_gain, ap_gain."""
    wide = summary.set_index(["scheme", "method"])[["auroc", "average_precision"]].unstack()
    network = next(m for m in summary["method"].unique() if m != NULL)
    gains = {name: wide[name][network] - wide[name][NULL] for name in ("auroc", "average_precision")}
    return pd.DataFrame(gains).set_axis(["auroc_gain", "ap_gain"], axis=1).reset_index()
