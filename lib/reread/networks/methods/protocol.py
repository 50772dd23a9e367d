"""Train DeepTGI, as published or corrected, under several splits, beside a gene-name baseline."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from reread.core.errors import ParameterError
from reread.core.metrics import (
    auroc,
    average_precision,
    brier,
    calibrate,
    calibration_curve,
    expected_calibration_error,
)
from reread.core.tables import read_table
from reread.networks.data.splits import Fold, inner_folds, split_pairs
from reread.networks.data.tables import GRNDataset
from reread.networks.methods.benchmark import SCORE_COLUMNS, score_rows
from reread.networks.methods.gene_name_baselines import one_hot_logistic
from reread.networks.models.cross_validate import cross_validate

METHOD = {
    "published": "deeptgi",
    "zeros": "deeptgi-without-attention",
    "batch": "deeptgi-transposed-right",
    "tokens": "attention-over-tokens",
}
BASELINE = "one-hot-logistic"
N_BINS = 5  # one fold of a list is a few hundred pairs: ten bins would hold a handful each


@dataclass(frozen=True, eq=False)
class Outcome:
    """Result of one protocol.

    Attributes
    ----------
    scores : DataFrame
        One row for each tested pair and method: scheme, fold, row, label, score, method.
    curves : DataFrame
        One row an epoch: scheme, fold, epoch, train_loss, test_loss.
    model, fold
        The model of the first fold of the first scheme, and that fold.
    """

    scores: pd.DataFrame
    curves: pd.DataFrame
    model: Any
    fold: Fold


def run(
    attention: str,
    dataset: GRNDataset,
    schemes: Sequence[str],
    *,
    epochs: int,
    folds_run: int = 5,
    n_inner: int = 0,
    seed: int = 0,
    **settings: Any,
) -> Outcome:
    """Train one network for each fold of each scheme; score its test rows, also by gene names.

    ``attention``, ``epochs``, ``folds_run`` and ``settings`` as ``cross_validate``; ``latent`` concerns the
    published network only. ``n_inner`` is what :func:`calibration` will be given: a value of 1 raises
    ParameterError before any training. A fold with one class raises DataError.
    """
    if n_inner == 1:
        raise ParameterError("Calibration needs at least 2 inner folds, but inner_folds=1. Use 0 for none.")
    folds = {scheme: split_pairs(dataset.pairs, scheme, seed=seed) for scheme in schemes}
    settings = _settings_of(attention, settings)
    scores, curves, first = [], [], None
    for scheme in schemes:
        trained = cross_validate(
            attention, dataset, folds[scheme], epochs=epochs, seed=seed, folds_run=folds_run,
            progress=True, **settings,
        )  # fmt: skip
        first = first or (trained.models[0], trained.folds[0])
        curves.append(trained.curves.assign(scheme=scheme))
        for fold in trained.folds:
            scores.append(score_rows(dataset, scheme, fold, METHOD[attention], trained.scores[fold.test]))
        for fold in trained.folds:
            baseline = one_hot_logistic(dataset.pairs, fold.train, fold.test, seed)
            scores.append(score_rows(dataset, scheme, fold, BASELINE, baseline))
    return Outcome(pd.concat(scores, ignore_index=True), pd.concat(curves, ignore_index=True), *first)


def by_fold(outcome: Outcome) -> pd.DataFrame:
    """Measure every fold by :func:`published_measures`: scheme, method, fold, and the measures."""
    groups = outcome.scores.groupby(["scheme", "method", "fold"], sort=False)
    return pd.DataFrame(
        {"scheme": scheme, "method": method, "fold": fold}
        | published_measures(rows["label"].to_numpy(), rows["score"].to_numpy())
        for (scheme, method, fold), rows in groups
    )


def summary(folds: pd.DataFrame) -> pd.DataFrame:
    """Means over folds of :func:`by_fold`: one row for each scheme and method, with the number of folds."""
    groups = folds.groupby(["scheme", "method"], sort=False)
    return groups.mean().drop(columns="fold").join(groups.size().rename("n_folds")).reset_index()


def gain_over_baseline(means: pd.DataFrame) -> pd.DataFrame:
    """Gain of the network over gene names on the same rows: scheme, auroc_gain, ap_gain."""
    wide = means.set_index(["scheme", "method"])[["auroc", "average_precision"]].unstack()
    network = next(m for m in means["method"].unique() if m != BASELINE)
    gains = {name: wide[name][network] - wide[name][BASELINE] for name in ("auroc", "average_precision")}
    return pd.DataFrame(gains).set_axis(["auroc_gain", "ap_gain"], axis=1).reset_index()


def calibration(
    attention: str,
    dataset: GRNDataset,
    outcome: Outcome,
    *,
    epochs: int,
    n_inner: int,
    seed: int = 0,
    **settings: Any,
) -> tuple[pd.DataFrame, dict[str, float]]:
    """Measure the calibration of the probabilities, raw and after isotonic regression on inner folds.

    One network is trained for each of ``n_inner`` inner folds of the first TF-held-out fold, and the map is
    fitted on their held-out scores. With 0, nothing is trained, and the fold that ``outcome`` kept is used.
    Returns the curve (method, predicted, observed, n) on held-out rows, and ``brier`` and ``ece`` (expected
    calibration error) of each version; ``brier.prevalence`` is that of the share of positives as constant
    prediction.
    """
    pairs = dataset.pairs
    if n_inner:
        fold = split_pairs(pairs, "tf")[0]
        settings = {**_settings_of(attention, settings), "epochs": epochs, "seed": seed}
        probabilities = _calibrated(attention, dataset, fold, n_inner, settings)
    else:
        fold = outcome.fold
        probabilities = {"raw": outcome.model.predict(pairs.tf[fold.test], pairs.gene[fold.test])}
    label = pairs.label[fold.test]
    errors, curves = {"brier.prevalence": brier(label, np.full(len(label), label.mean()))}, []
    for version, probability in probabilities.items():
        errors[f"brier.{version}"] = brier(label, probability)
        errors[f"ece.{version}"] = expected_calibration_error(label, probability)
        curve = calibration_curve(label, probability, N_BINS)
        curves.append(pd.DataFrame(curve).assign(method=version))
    return pd.concat(curves, ignore_index=True), errors


def _calibrated(
    attention: str, dataset: GRNDataset, fold: Fold, n_inner: int, settings: dict[str, Any]
) -> dict[str, np.ndarray]:
    """Raw and calibrated probabilities (test pair,); no test label is used."""

    def scored(one: Fold) -> np.ndarray:
        alone = Fold(0, one.train, one.test)
        return cross_validate(attention, dataset, [alone], **settings).scores[one.test]

    inner = inner_folds(dataset.pairs, fold.train, "tf", n_folds=n_inner, seed=settings["seed"])
    held_out = np.concatenate([scored(part) for part in inner])
    label = np.concatenate([dataset.pairs.label[part.test] for part in inner])
    raw = scored(fold)
    return {"raw": raw, "calibrated": calibrate(held_out, label)(raw)}


def published_measures(label: np.ndarray, score: np.ndarray) -> dict[str, float]:
    """Measures of the authors' script for ``label`` and ``score`` (pair,), and average precision of scores.

    The threshold maximises Youden's index on the test labels. ``aupr_of_binarised`` is the area under the
    precision-recall line of the binarised predictions, which the authors report as AUPR.
    """
    from sklearn.metrics import auc, precision_recall_curve, roc_curve

    false_rate, true_rate, thresholds = roc_curve(label, score)
    called = score > thresholds[np.argmax(true_rate - false_rate)]
    hits, n_called, n_positive = int(label[called].sum()), int(called.sum()), int(label.sum())
    precision_line, recall_line, _ = precision_recall_curve(label, called)
    return {
        "auroc": auroc(label, score),
        "average_precision": average_precision(label, score),
        "accuracy": float((called == label).mean()),
        "recall": hits / n_positive,
        "precision": hits / max(n_called, 1),
        "f1": 2 * hits / (n_called + n_positive),
        "aupr_of_binarised": float(auc(recall_line, precision_line)),
    }


def deep_scores(upstream: Sequence) -> pd.DataFrame:
    """Scores that finished pages of the DeepTGI chapter saved, without the gene-name baseline.

    Columns: scheme, fold, row, label, score, method. A missing or damaged file raises DataError.
    """
    numbers = {"fold": int, "row": int, "label": int, "score": float}
    tables = [
        read_table(page.artifact("scores.csv"), columns=SCORE_COLUMNS, numbers=numbers).astype(numbers)
        for page in upstream
    ]
    scores = pd.concat(tables, ignore_index=True)
    return scores[scores["method"].isin(METHOD.values())]


def _settings_of(attention: str, settings: dict[str, Any]) -> dict[str, Any]:
    """Settings that this network has: the one that attends over tokens has no latent width."""
    return {k: v for k, v in settings.items() if attention != "tokens" or k != "latent"}
