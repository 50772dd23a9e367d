"""Train DeepTGI as published and corrected on the same folds, beside baselines; test its predictions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from reread.core import metrics
from reread.core.errors import DataError, ParameterError
from reread.core.tables import read_table
from reread.networks.data.splits import Fold, inner_folds, split_pairs
from reread.networks.data.tables import GRNDataset, Pairs
from reread.networks.methods.benchmark import SCORE_COLUMNS, score_rows, scorer_of
from reread.networks.models.cross_validate import cross_validate

METHOD = {
    "published": "as-published",
    "corrected": "corrected",
    "zeros": "without-attention",
    "batch": "axes-corrected",
}
BASELINE = "one-hot-logistic"
BASELINES = (BASELINE, "spearman", "correlation-rows-lightgbm")
N_BINS = 5  # one fold of a list is a few hundred pairs: ten bins would hold a handful each
# Smaller changes are rounding of matrix products; a true dependence is a thousand times larger.
MOVED = 1e-6


@dataclass(frozen=True)
class Plan:
    """How one protocol is run: splits, number of folds and epochs.

    ``settings`` are further keywords of :func:`~reread.networks.models.cross_validate.cross_validate`.
    """

    schemes: Sequence[str]
    n_folds: int
    epochs: int
    settings: Mapping[str, Any] = field(default_factory=dict)


class Outcome(NamedTuple):
    """Results of all protocols; baselines are scored on every fold that any protocol ran."""

    scores: pd.DataFrame  # scheme, fold, row, label, score, method
    curves: pd.DataFrame  # losses, a row an epoch
    models: dict[str, tuple[Any, Fold]]  # by method, that of the first fold of its first scheme, and the fold
    plans: dict[str, Plan]  # by protocol


def run(
    dataset: GRNDataset, protocols: Sequence[str], released: Plan, corrected: Plan, *, seed: int = 0,
    n_inner: int = 0, checkpoint_folder: Any = None,
) -> Outcome:  # fmt: skip
    """Train one network for each protocol, split and fold, and score its test rows; also by ``BASELINES``.

    ``protocols`` are keys of ``METHOD``; all but ``corrected`` are trained by the plan ``released``. Data,
    splits and baselines are shared. ``n_inner`` is what :func:`calibration` will be given: 1 raises
    ParameterError before any training. A fold with one class raises DataError.
    """
    if n_inner == 1:
        raise ParameterError("Calibration needs at least 2 inner folds, but inner_folds=1. Use 0 for none.")
    plans = {name: corrected if name == "corrected" else released for name in protocols}
    schemes = dict.fromkeys(scheme for plan in plans.values() for scheme in plan.schemes)
    folds = {scheme: split_pairs(dataset.pairs, scheme, seed=seed) for scheme in schemes}
    scores, curves, models = [], [], {}
    for protocol, plan in plans.items():
        for scheme in plan.schemes:
            trained = cross_validate(
                protocol, dataset, folds[scheme], epochs=plan.epochs, seed=seed, folds_run=plan.n_folds,
                progress=True, checkpoint_folder=checkpoint_folder, **plan.settings,
            )  # fmt: skip
            models.setdefault(METHOD[protocol], (trained.models[0], trained.folds[0]))
            curves.append(trained.curves.assign(method=METHOD[protocol], scheme=scheme))
            scores += [
                score_rows(dataset, scheme, fold, METHOD[protocol], trained.scores[fold.test])
                for fold in trained.folds
            ]
    for method in BASELINES:
        scorer = scorer_of(method, dataset, seed=seed)
        for scheme in schemes:
            n_folds = max(plan.n_folds for plan in plans.values() if scheme in plan.schemes)
            scores += [score_rows(dataset, scheme, f, method, scorer(f)) for f in folds[scheme][:n_folds]]
    return Outcome(pd.concat(scores, ignore_index=True), pd.concat(curves, ignore_index=True), models, plans)


def by_fold(outcome: Outcome) -> pd.DataFrame:
    """Measure every fold by :func:`published_measures`: scheme, method, fold, and the measures.

    ``null_low`` and ``null_high`` are the central 95 % of the AUROC of a score that is independent of the
    label (normal approximation of the Mann-Whitney statistic).
    """
    keys, rows = ["scheme", "method", "fold"], []
    for key, part in outcome.scores.groupby(keys, sort=False):
        label = part["label"].to_numpy()
        n_positive = int(label.sum())
        spread = 1.96 * np.sqrt((len(label) + 1) / (12 * n_positive * (len(label) - n_positive)))
        null = {"null_low": 0.5 - spread, "null_high": 0.5 + spread}
        measured = published_measures(label, part["score"].to_numpy())
        rows.append(dict(zip(keys, key, strict=True)) | measured | null)
    return pd.DataFrame(rows)


def summary(folds: pd.DataFrame) -> pd.DataFrame:
    """Means over folds of :func:`by_fold`: one row for each scheme and method, with the number of folds.

    ``auroc_gain`` and ``ap_gain`` are means over the same folds of the difference from gene names, so that a
    network that was trained on one fold is compared with gene names on that fold.
    """
    keys = ["scheme", "fold"]
    names = folds[folds["method"] == BASELINE].set_index(keys)[["auroc", "average_precision"]]
    compared = folds.join(names, on=keys, rsuffix="_names")
    for gain, measure in (("auroc_gain", "auroc"), ("ap_gain", "average_precision")):
        compared[gain] = compared[measure] - compared.pop(f"{measure}_names")
    groups = compared.drop(columns=["null_low", "null_high"]).groupby(["scheme", "method"], sort=False)
    return groups.mean().drop(columns="fold").join(groups.size().rename("n_folds")).reset_index()


def calibration(
    dataset: GRNDataset, outcome: Outcome, *, n_inner: int, seed: int = 0
) -> tuple[pd.DataFrame, dict[str, float]]:
    """Measure the calibration of the probabilities of every network, raw and after isotonic regression.

    All are measured on the first fold of the first split that every protocol ran, or of its own first split.
    Scores of the corrected network are calibrated on ``n_inner`` inner folds of the training rows, by the
    same split; 0 leaves this out. Returns the curve (method, predicted, observed, n) and, for each version,
    ``brier`` and ``ece`` (expected calibration error); ``brier.prevalence`` is that of the share of positives
    as constant prediction.
    """
    plans = outcome.plans
    common = [s for s in next(iter(plans.values())).schemes if all(s in p.schemes for p in plans.values())]
    probabilities: dict[str, tuple[np.ndarray, np.ndarray]] = {}
    for protocol, plan in plans.items():
        method, scheme = METHOD[protocol], [*common, *plan.schemes][0]
        own = outcome.scores[(outcome.scores["method"] == method) & (outcome.scores["scheme"] == scheme)]
        own = own[own["fold"] == own["fold"].iloc[0]]
        label, raw = own["label"].to_numpy(), own["score"].to_numpy()
        probabilities[method] = label, raw
        if protocol == "corrected" and n_inner:  # each training row is scored by a network that lacks it
            train = split_pairs(dataset.pairs, scheme, seed=seed)[0].train
            inner = inner_folds(dataset.pairs, train, scheme, n_folds=n_inner, seed=seed)
            settings = {"epochs": plan.epochs, "seed": seed, **plan.settings}
            score = cross_validate(protocol, dataset, inner, **settings).scores
            held_out = np.concatenate([part.test for part in inner])
            fitted = metrics.calibrate(score[held_out], dataset.pairs.label[held_out])
            probabilities[f"{method}-calibrated"] = label, fitted(raw)
    errors, curves = {"brier.prevalence": metrics.brier(label, np.full(len(label), label.mean()))}, []
    for version, (label, probability) in probabilities.items():
        errors[f"brier.{version}"] = metrics.brier(label, probability)
        errors[f"ece.{version}"] = metrics.expected_calibration_error(label, probability)
        curve = metrics.calibration_curve(label, probability, N_BINS)
        curves.append(pd.DataFrame(curve).assign(method=version))
    return pd.concat(curves, ignore_index=True), errors


def published_measures(label: np.ndarray, score: np.ndarray) -> dict[str, float]:
    """AUROC, average precision, and the authors' AUPR: of scores binarised by Youden's index on the test."""
    from sklearn.metrics import auc, precision_recall_curve, roc_curve

    false_rate, true_rate, thresholds = roc_curve(label, score)
    called = score > thresholds[np.argmax(true_rate - false_rate)]
    precision, recall, _ = precision_recall_curve(label, called)
    return {
        "auroc": metrics.auroc(label, score),
        "average_precision": metrics.average_precision(label, score),
        "aupr_of_binarised": float(auc(recall, precision)),
    }


def deep_scores(upstream: Sequence) -> pd.DataFrame:
    """Scores of the networks that finished pages of the DeepTGI chapter saved, without the baselines.

    Columns: scheme, fold, row, label, score, method. A missing or damaged file raises DataError.
    """
    numbers = {"fold": int, "row": int, "label": int, "score": float}
    files = [page.artifact("scores.csv") for page in upstream]
    tables = [read_table(path, columns=SCORE_COLUMNS, numbers=numbers).astype(numbers) for path in files]
    scores = pd.concat(tables, ignore_index=True)
    return scores[scores["method"].isin(METHOD.values())]


def change_one(predict: Callable, pairs: Pairs, test: np.ndarray, *, batch_size: int = 32) -> np.ndarray:
    """Absolute change (pair,) of the predictions of the first batch after another pair replaced its first.

    ``predict(tf, gene, batch_size=...)`` gives probabilities. Both genes of the other pair are different.
    """
    batch, later = test[:batch_size], test[batch_size:]
    first = batch[0]
    other = later[(pairs.tf[later] != pairs.tf[first]) & (pairs.gene[later] != pairs.gene[first])]
    if len(other) == 0:
        raise DataError(
            f"The test of batch dependence needs a pair beyond the first {batch_size} with two other genes, "
            f"but none of the {len(later)} pairs beyond them has.\nAsk for a smaller batch."
        )
    batches = batch, np.concatenate((other[:1], batch[1:]))
    before, after = (predict(pairs.tf[rows], pairs.gene[rows], batch_size=batch_size) for rows in batches)
    return np.abs(after - before)


def batch_dependence(
    predict: Callable, pairs: Pairs, test: np.ndarray, *, batch_size: int = 32, seed: int = 0
) -> dict[str, float]:
    """Predict the same pairs in other batches, and count what changes.

    ``moved`` of ``batch`` predictions change by :func:`change_one`; ``shuffled`` is another order, ``alone``
    one pair a batch. Moves are of the probability, flips of the label at 0.5.
    """
    moves = change_one(predict, pairs, test, batch_size=batch_size)
    tf, gene, label = pairs.tf[test], pairs.gene[test], pairs.label[test]
    before = predict(tf, gene, batch_size=batch_size)
    order = np.random.default_rng(seed).permutation(len(test))
    shuffled = np.empty_like(before)
    shuffled[order] = predict(tf[order], gene[order], batch_size=batch_size)
    alone = predict(tf, gene, batch_size=1)
    found = {"batch": float(len(moves)), "moved": float((moves > MOVED).sum())}
    for name, after in (("shuffled", shuffled), ("alone", alone)):
        move = np.abs(after - before)
        move[move <= MOVED] = 0.0
        after = np.where(move > 0, after, before)
        found[f"{name}_mean_move"], found[f"{name}_largest_move"] = float(move.mean()), float(move.max())
        found[f"{name}_flips"] = float(((before > 0.5) != (after > 0.5)).sum())
        found[f"{name}_auroc_change"] = metrics.auroc(label, after) - metrics.auroc(label, before)
    return found
