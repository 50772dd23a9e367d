"""Scores of genes for each tissue from the attributions of a trained model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from reread.core import validate
from reread.maize.data.image import from_image
from reread.maize.data.splits import Split
from reread.maize.data.tables import Expression
from reread.maize.models import baselines, training


@dataclass(frozen=True, eq=False)
class Scores:
    """Scores (tissue, gene) by one method: higher is more specific, NaN without explained samples.

    ``n_used`` (tissue,) counts correctly classified samples, ``residual`` (sample,) is the error of
    additivity (empty for weights), ``accuracy`` is the share of the explained samples classified correctly.
    """

    per_tissue: np.ndarray
    n_used: np.ndarray
    residual: np.ndarray
    accuracy: float


@dataclass(frozen=True)
class Explainer:
    """Settings of an explainer: points a sample, number of reference samples (0: all), seed."""

    n_points: int = 64
    n_references: int = 0
    seed: int = 0


@dataclass(frozen=True, eq=False)
class Task:
    """Reference samples ``train`` and samples ``test`` to explain, over the same genes, with settings."""

    train: Expression
    test: Expression
    settings: Explainer

    def references(self) -> np.ndarray:
        """Values (reference, gene) of the reference samples."""
        values, n = self.train.values, self.settings.n_references
        if not 0 < n < len(values):
            return values
        rows = np.random.default_rng(self.settings.seed).choice(len(values), n, replace=False)
        return values[np.sort(rows)]


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
    methods: Sequence[str],
    data: Expression,
    split: Split,
    *,
    seed: int,
    recipe: training.Recipe,
    order: np.ndarray | None = None,
) -> dict[str, Any]:
    """Train the model of each method once on ``split.train``; models by family (``CNN``, ...)."""
    fits = {"CNN": partial(training.fit, recipe=recipe, order=order), **baselines.MODELS}
    train = data.take(split.train)
    return {
        family: fits[family](train.values, train.tissue, data.n_tissues, seed)
        for family in dict.fromkeys(METHODS[name][0] for name in methods)
    }


def explain(
    methods: Sequence[str],
    models: dict[str, Any],
    data: Expression,
    references: np.ndarray,
    rows: np.ndarray,
    settings: Explainer,
) -> dict[str, Scores]:
    """Scores by each method from the samples ``rows`` (sample,), with ``references`` (sample,) to compare."""
    task = Task(data.take(references), data.take(rows), settings)
    return {name: METHODS[name][1](models[METHODS[name][0]], task) for name in methods}


def _by_gradients(model: training.Network, task: Task, *, which: str) -> Scores:
    """Expected gradients or an explainer of shap, by the name of its function."""
    from reread.maize.models import explainers

    images, references = model.images(task.test.values), model.images(task.references())
    draws = {"n": task.settings.n_points, "seed": task.settings.seed}
    if which == "expected_gradients":
        predicted = model.predict_proba(task.test.values).argmax(axis=1)
        found, residual = explainers.expected_gradients(model.model, images, references, predicted, **draws)
    elif which == "shap_gradients":
        found, residual, predicted = explainers.shap_gradients(model.model, images, references, **draws)
    else:
        found, residual, predicted = explainers.shap_deep(model.model, images, references)
    return _scored(from_image(found, len(task.test.genes), model.order), residual, predicted, task)


def _by_tree_shap(model: baselines.Trees, task: Task) -> Scores:
    predicted = model.predict_proba(task.test.values).argmax(axis=1)
    return _scored(*baselines.tree_shap(model, task.test.values, predicted), predicted, task)


def _by_weights(model: baselines.Linear, task: Task) -> Scores:
    """The weights of a linear model, which are the same for every sample."""
    is_right = model.predict_proba(task.test.values).argmax(axis=1) == task.test.tissue
    n_used = np.bincount(task.test.tissue[is_right], minlength=task.test.n_tissues)
    return Scores(model.weight, n_used, np.zeros(0), float(is_right.mean()))


def _scored(attribution: np.ndarray, residual: np.ndarray, predicted: np.ndarray, task: Task) -> Scores:
    true = task.test.tissue
    scores, n_used = _class_scores(attribution, true, predicted, task.test.n_tissues)
    return Scores(scores, n_used, residual, float((predicted == true).mean()))


# family of the model, and (model, task) to Scores
METHODS: dict[str, tuple[str, Callable[[Any, Task], Scores]]] = {
    "CNN, shap as published": ("CNN", partial(_by_gradients, which="shap_gradients")),
    "CNN, expected gradients": ("CNN", partial(_by_gradients, which="expected_gradients")),
    "CNN, DeepExplainer": ("CNN", partial(_by_gradients, which="shap_deep")),
    "LightGBM, TreeSHAP": ("LightGBM", _by_tree_shap),
    "logistic regression": ("logistic regression", _by_weights),
}
