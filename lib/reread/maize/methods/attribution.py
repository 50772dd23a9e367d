"""Attributions of trained models, and rankings of genes by every explainer, seed, order and statistic."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from reread.core import validate
from reread.maize.data.image import from_image, log_plus_one
from reread.maize.data.splits import Split
from reread.maize.data.tables import Expression
from reread.maize.methods import gene_sets, tissue_specificity
from reread.maize.models import baselines, training
from reread.maize.models.training import TRAINING, Recipe

# words of the parameter to names of methods
EXPLAINERS = {
    "shap": "CNN, shap as published",
    "gradients": "CNN, expected gradients",
    "deep": "CNN, DeepExplainer",
    "trees": "LightGBM, TreeSHAP",
    "linear": "logistic regression",
}
PUBLISHED, OURS, TREES = (EXPLAINERS[word] for word in ("shap", "gradients", "trees"))
LIMMA = "moderated t, rest"
ENSEMBLE = "CNN, ensemble"
# settings of the corrected network by size, as in the chapter on the network
_CORRECTED = TRAINING["corrected"]
NETWORKS = {
    "small": Recipe(**_CORRECTED, widths="8 16", dense=64, epochs=8, batch=16),
    "medium": Recipe(**_CORRECTED, widths="16 32", dense=64, epochs=20, batch=16),
    "wide": Recipe(**_CORRECTED, epochs=30),
}
N_REFERENCES = {"small": 25, "medium": 50, "wide": 50}  # training samples that each is compared with
# and of the published one, in smaller batches where there are few samples
AS_PUBLISHED = {
    "small": Recipe(widths="8 16", dense=64, epochs=22, batch=16),
    "medium": Recipe(widths="16 32", dense=64, batch=5),
    "wide": Recipe(),
}


@dataclass(frozen=True, eq=False)
class Scores:
    """Scores (tissue, gene) by one method: higher is more specific, NaN without explained samples.

    ``n_used`` (tissue,) counts correctly classified samples, ``residual`` (sample,) is the error of
    additivity (empty for weights), ``accuracy`` is the share of the explained samples classified correctly.
    ``each`` (sample, gene) are the attributions of the samples ``explained``; kept for the first run only.
    """

    per_tissue: np.ndarray
    n_used: np.ndarray
    residual: np.ndarray
    accuracy: float
    each: np.ndarray | None = None
    explained: Expression | None = None


@dataclass(frozen=True)
class Explainer:
    """Settings of an explainer.

    ``n_points`` are points for each explained sample, ``n_references`` the number of reference samples (0:
    all).
    """

    n_points: int = 64
    n_references: int = 0
    seed: int = 0


@dataclass(frozen=True, eq=False)
class Run:
    """Scores of one method with one seed and one gene order; order 0 is that of the columns."""

    method: str
    seed: int
    order: int
    scores: Scores


def _class_scores(
    attribution: np.ndarray, true: np.ndarray, predicted: np.ndarray, n_tissues: int
) -> tuple[np.ndarray, np.ndarray]:
    """Median attribution (tissue, gene) over the correctly classified samples of each tissue."""
    validate.axes(attribution, "attribution", sample=len(true), gene=None)
    validate.axes(predicted, "predicted", sample=len(true))
    is_right = np.asarray(true) == predicted
    scores = np.full((n_tissues, attribution.shape[1]), np.nan)
    n_used = np.bincount(np.asarray(true)[is_right], minlength=n_tissues)
    for tissue in np.flatnonzero(n_used):
        scores[tissue] = np.median(attribution[is_right & (true == tissue)], axis=0)
    return scores, n_used


def train_models(
    methods: Sequence[str], data: Expression, split: Split, *, seed: int, recipe: training.Recipe, order:
    np.ndarray | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Train the model of each method once on ``split.train``; models by family (``CNN``, ...)."""
    fits = {"CNN": partial(training.fit, recipe=recipe, order=order), **baselines.MODELS}
    train = data.take(split.train)
    return {
        family: fits[family](train.values, train.tissue, data.n_tissues, seed)
        for family in dict.fromkeys(METHODS[name][0] for name in methods)
    }


def explain(
    methods: Sequence[str], models: dict[str, Any], data: Expression, references: np.ndarray, rows:
    np.ndarray, settings: Explainer,
) -> dict[str, Scores]:  # fmt: skip
    """Scores by each method from the samples ``rows`` (sample,), with ``references`` (sample,) to compare."""
    train, test = data.take(references), data.take(rows)
    return {name: METHODS[name][1](models[METHODS[name][0]], train, test, settings) for name in methods}


def references_of(train: Expression, settings: Explainer) -> np.ndarray:
    """Values (reference, gene) of the training samples that explained samples are compared with."""
    n = settings.n_references
    if not 0 < n < len(train.values):
        return train.values
    rows = np.random.default_rng(settings.seed).choice(len(train.values), n, replace=False)
    return train.values[np.sort(rows)]


def _by_gradients(
    model: training.Network, train: Expression, test: Expression, settings: Explainer, *, which: str
) -> Scores:
    """Expected gradients or an explainer of shap, by the name of its function."""
    from reread.maize.models import explainers

    images, references = model.images(test.values), model.images(references_of(train, settings))
    draws = {"n": settings.n_points, "seed": settings.seed}
    if which == "expected_gradients":
        predicted = model.predict_proba(test.values).argmax(axis=1)
        found, residual = explainers.expected_gradients(model.model, images, references, predicted, **draws)
    elif which == "shap_gradients":
        found, residual, predicted = explainers.shap_gradients(model.model, images, references, **draws)
    else:
        found, residual, predicted = explainers.shap_deep(model.model, images, references)
    return _scored(from_image(found, len(test.genes), model.order), residual, predicted, test)


def _by_tree_shap(model: baselines.Trees, _: Expression, test: Expression, __: Explainer) -> Scores:
    predicted = model.predict_proba(test.values).argmax(axis=1)
    return _scored(*baselines.tree_shap(model, test.values, predicted), predicted, test)


def _by_weights(model: baselines.Linear, _: Expression, test: Expression, __: Explainer) -> Scores:
    """The weights of a linear model, which are the same for every sample."""
    is_right = model.predict_proba(test.values).argmax(axis=1) == test.tissue
    n_used = np.bincount(test.tissue[is_right], minlength=test.n_tissues)
    return Scores(model.weight, n_used, np.zeros(0), float(is_right.mean()))


def _scored(attribution: np.ndarray, residual: np.ndarray, predicted: np.ndarray, test: Expression) -> Scores:
    scores, n_used = _class_scores(attribution, test.tissue, predicted, test.n_tissues)
    return Scores(scores, n_used, residual, float((predicted == test.tissue).mean()), attribution, test)


# family of the model, and (model, training samples, explained samples, settings) to Scores
METHODS: dict[str, tuple[str, Callable[[Any, Expression, Expression, Explainer], Scores]]] = {
    "CNN, shap as published": ("CNN", partial(_by_gradients, which="shap_gradients")),
    "CNN, expected gradients": ("CNN", partial(_by_gradients, which="expected_gradients")),
    "CNN, DeepExplainer": ("CNN", partial(_by_gradients, which="shap_deep")),
    "LightGBM, TreeSHAP": ("LightGBM", _by_tree_shap),
    "logistic regression": ("logistic regression", _by_weights),
}


def _samples_to_explain(data: Expression, rows: np.ndarray, per_tissue: int, seed: int = 0) -> np.ndarray:
    """Up to ``per_tissue`` random samples (sample,) of each tissue among ``rows``, ascending; 0 keeps all."""
    if per_tissue == 0:
        return np.sort(rows)
    shuffled = np.random.default_rng([seed, 2]).permutation(rows)
    kept = [shuffled[data.tissue[shuffled] == t][:per_tissue] for t in range(data.n_tissues)]
    return np.sort(np.concatenate(kept))


def gene_order(n_genes: int, seed: int, number: int) -> np.ndarray:
    """Gene (pixel,) of each pixel in the ``number``-th random gene order."""
    return np.random.default_rng([seed, 3, number]).permutation(n_genes)


def explain_all(
    data: Expression, split: Split, words: Sequence[str], *, network: str = "small", n_seeds: int = 2,
    n_orders: int = 2, per_tissue: int = 0, settings: Explainer = Explainer(),
) -> list[Run]:  # fmt: skip
    """Train and explain with several seeds, and the network also with several gene orders.

    ``words`` are keys of ``EXPLAINERS``, ``network`` is one of ``NETWORKS``. All methods train on
    ``split.train`` and explain ``per_tissue`` samples of each tissue from it (0: all). The published variant
    runs once and explains ``split.test`` with all training samples as references. ``settings`` holds points a
    sample and the first seed. Raises ParameterError if there are too few genes for the network.
    """
    seed = settings.seed
    methods = [EXPLAINERS[word] for word in words if EXPLAINERS[word] != PUBLISHED]
    rows = _samples_to_explain(data, split.train, per_tissue, seed)
    runs = []
    if "shap" in words:
        models = train_models([PUBLISHED], data, split, seed=seed, recipe=AS_PUBLISHED[network])
        found = explain([PUBLISHED], models, data, split.train, split.test, replace(settings, n_references=0))
        runs.append(Run(PUBLISHED, seed, 0, found[PUBLISHED]))
    plans = [(methods, s, 0) for s in range(seed, seed + n_seeds if methods else seed)]
    plans += [([OURS], seed, number) for number in range(1, n_orders if OURS in methods else 1)]
    for names, s, number in plans:
        order = gene_order(len(data.genes), seed, number) if number else None
        models = train_models(names, data, split, seed=s, recipe=NETWORKS[network], order=order)
        own = replace(settings, n_references=N_REFERENCES[network], seed=s)
        found = explain(names, models, data, split.train, rows, own)
        runs += [Run(name, s, number, scores) for name, scores in found.items()]
    firsts = {run.method: run for run in reversed(runs)}.values()
    return [run if run in firsts else replace(run, scores=replace(run.scores, each=None)) for run in runs]


def rankings(data: Expression, split: Split, runs: Sequence[Run]) -> dict[str, np.ndarray]:
    """Scores (tissue, gene) of each method: first run of an explainer, ensemble, every statistic.

    Statistics use log2(x + 1) of the training samples. The ensemble is the mean relative rank over all runs
    of expected gradients, less one half: above 0 for genes of the upper half.
    """
    found: dict[str, np.ndarray] = {}
    for run in runs:
        found.setdefault(run.method, run.scores.per_tissue)
        if run.method == OURS and ENSEMBLE not in found:
            same = [other.scores.per_tissue for other in runs if other.method == OURS]
            found[ENSEMBLE] = gene_sets.ensemble(same) - 0.5
    log, tissue = log_plus_one(data.values[split.train]), data.tissue[split.train]
    for name in tissue_specificity.METHODS:
        found[name] = tissue_specificity.score(name, log, tissue, data.n_tissues)
    return found


def additivity(runs: Sequence[Run]) -> pd.DataFrame:
    """Accuracy and error of additivity of each explainer.

    Columns: method, runs, accuracy (on the explained samples), samples (correctly classified), residual (mean
    size), residual_max; in probability for the network, in log-odds for trees, NaN for weights.
    """
    rows = []
    for name in dict.fromkeys(run.method for run in runs):
        mine = [run.scores for run in runs if run.method == name]
        sizes = np.abs(np.concatenate([scores.residual for scores in mine]))
        mean, largest = (sizes.mean(), sizes.max()) if len(sizes) else (np.nan, np.nan)
        accuracy = np.mean([scores.accuracy for scores in mine])
        rows.append((name, len(mine), accuracy, int(mine[0].n_used.sum()), mean, largest))
    columns = ["method", "runs", "accuracy", "samples", "residual", "residual_max"]
    return pd.DataFrame(rows, columns=columns)


def agreement(runs: Sequence[Run], k: int) -> pd.DataFrame:
    """Overlap of the top ``k`` genes of every two runs of one method that differ in one thing.

    Columns: method, differs (``seed`` or ``gene order``), left, right (seed and order of each run), jaccard.
    """
    rows = []
    for name in dict.fromkeys(run.method for run in runs):
        mine = [run for run in runs if run.method == name]
        matrix = gene_sets.jaccard([run.scores.per_tissue for run in mine], k)
        for a, b in zip(*np.triu_indices(len(mine), 1), strict=True):
            left, right = mine[a], mine[b]
            if (left.seed == right.seed) == (left.order == right.order):
                continue
            differs = "seed" if left.order == right.order else "gene order"
            names = (f"seed {run.seed}, order {run.order}" for run in (left, right))
            rows.append((name, differs, *names, matrix[a, b]))
    columns = ["method", "differs", "left", "right", "jaccard"]
    return pd.DataFrame(rows, columns=columns).astype({"jaccard": float})
