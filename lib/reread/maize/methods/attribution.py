"""What each gene adds to the tissue that a model names, and one score for each tissue and gene from it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from reread.core import validate as check
from reread.core.errors import DataError, ParameterError, did_you_mean
from reread.maize.data.image import from_image
from reread.maize.models import baselines as simple
from reread.maize.models import training as network
from reread.maize.models import trees
from reread.maize.models.training import Recipe

if TYPE_CHECKING:
    from reread.maize.data.splits import Split
    from reread.maize.data.tables import Expression

STATISTICS = {"median": np.median, "mean": np.mean}


@dataclass(frozen=True, eq=False)
class Scores:
    """How a method ranks genes, tissue by tissue.

    Attributes
    ----------
    per_tissue : float array, (tissue, gene)
        Higher means more specific. NaN for a tissue that has no sample to explain.
    n_used : int array, (tissue,)
        Explained samples behind each row: those that the model named rightly.
    residual : float array, (sample,)
        What the attribution of each explained sample fails to add up to; empty where nothing is added up.
    accuracy : float
        Share of the explained samples that the model named rightly; no test accuracy where these taught it.
    """

    per_tissue: np.ndarray
    n_used: np.ndarray
    residual: np.ndarray
    accuracy: float


@dataclass(frozen=True, eq=False)
class Task:
    """What is explained, and how: samples to compare with, samples to explain, settings of the explainer.

    Attributes
    ----------
    train, test : Expression
        Over the same genes. Samples of ``test`` are explained, also where a page explains some that taught.
    n_points : int
        Points a sample, for gradients.
    n_references : int
        Training samples that gradients compare with, drawn with the seed; 0 is all.
    stat : str
        As :func:`class_scores`.
    seed : int
    """

    train: Expression
    test: Expression
    n_points: int = 64
    n_references: int = 0
    stat: str = "median"
    seed: int = 0

    def __post_init__(self):
        if self.train.genes != self.test.genes:
            raise DataError(
                "Training and test samples have different genes, so a pixel would change its meaning.\n"
                "Bring them to the genes of the training samples with data.aligned."
            )

    def references(self) -> np.ndarray:
        """Values (reference, gene) of the training samples to compare with."""
        values = self.train.values
        if not 0 < self.n_references < len(values):
            return values
        rows = np.random.default_rng(self.seed).choice(len(values), self.n_references, replace=False)
        return values[np.sort(rows)]


def class_scores(
    attribution: np.ndarray,
    true: np.ndarray,
    predicted: np.ndarray,
    n_tissues: int,
    *,
    stat: str = "median",
    correct_only: bool = True,
) -> tuple[np.ndarray, np.ndarray]:
    """Take one score for each tissue and gene from the attributions of its samples.

    Parameters
    ----------
    attribution : float array, (sample, gene)
        What each gene adds to the predicted class.
    true, predicted : int array, (sample,)
        Tissues.
    n_tissues : int
    stat : str
        ``median`` (published) or ``mean`` over the samples of a tissue, with sign.
    correct_only : bool
        Leave out samples that were named wrongly, as published: their map speaks for another tissue.

    Returns
    -------
    scores : float array, (tissue, gene)
        NaN for a tissue without a sample.
    n_used : int array, (tissue,)
        Samples of each tissue that counted.

    Raises
    ------
    DataError
        If sizes do not fit.
    ParameterError
        If the statistic is unknown.

    Notes
    -----
    Source: notebook 2 of the authors: the median over the rightly named test samples of a tissue.
    """
    check.axes(attribution, "attribution", sample=len(true), gene=None)
    check.axes(predicted, "predicted", sample=len(true))
    if stat not in STATISTICS:
        raise ParameterError(f"There is no statistic {stat!r}. {did_you_mean(stat, STATISTICS)}")
    counts = (np.asarray(true) == predicted) | (not correct_only)
    scores = np.full((n_tissues, attribution.shape[1]), np.nan)
    n_used = np.bincount(np.asarray(true)[counts], minlength=n_tissues)
    for tissue in np.flatnonzero(n_used):
        scores[tissue] = STATISTICS[stat](attribution[counts & (true == tissue)], axis=0)
    return scores, n_used


def scores_of(
    method: str,
    data: Expression,
    split: Split,
    *,
    seed: int = 0,
    order: np.ndarray | None = None,
    **settings: Any,
) -> Scores:
    """Train one model on a split, explain ``split.test``, and score genes; see :func:`scores_of_all`."""
    return scores_of_all([method], data, split, seed=seed, order=order, **settings)[method]


def scores_of_all(
    methods: Sequence[str],
    data: Expression,
    split: Split,
    *,
    seed: int = 0,
    order: np.ndarray | None = None,
    n_points: int = 64,
    n_references: int = 0,
    stat: str = "median",
    **settings: Any,
) -> dict[str, Scores]:
    """Train each model once, explain ``split.test`` in every way asked for, and score genes.

    Parameters
    ----------
    methods : sequence of str
        Names from ``METHODS``.
    data : Expression
    split : Split
        ``train`` teaches, and is what an explanation compares with; ``test`` is explained.
    seed : int
        Of training and of every draw of an explainer.
    order : int array, (gene,), optional
        Which gene is which pixel; the order of the columns when left out. Scores always are in the order of
        the columns.
    n_points, n_references, stat
        As :class:`Task`.
    **settings
        Fields of ``network.Recipe``.

    Returns
    -------
    dict of str to Scores

    Raises
    ------
    ParameterError
        If a method is unknown.
    """
    for name in methods:
        if name not in METHODS:
            raise ParameterError(f"There is no method {name!r} to score genes. {did_you_mean(name, METHODS)}")
    train, test = data.take(split.train), data.take(split.test)
    task = Task(train, test, n_points, n_references, stat, seed)
    fits = {"CNN": partial(network.fit, recipe=Recipe(**settings), order=order), **simple.MODELS}
    models = {
        family: fits[family](train.values, train.tissue, data.n_tissues, seed)
        for family in dict.fromkeys(METHODS[name][0] for name in methods)
    }
    return {name: explained(name, models[METHODS[name][0]], task) for name in methods}


def explained(method: str, model: Any, task: Task) -> Scores:
    """Explain the samples of ``task.test`` by a trained model (``Network``, ``Trees`` or ``Linear``)."""
    return METHODS[method][1](model, task)


def _expected_gradients(model: network.Network, task: Task) -> Scores:
    from reread.maize.models.explainers import expected_gradients

    images, references = model.images(task.test.values), model.images(task.references())
    predicted = model.predict_proba(task.test.values).argmax(axis=1)
    found, residual = expected_gradients(
        model.model, images, references, predicted, n=task.n_points, seed=task.seed
    )
    return _scored(from_image(found, len(task.test.genes), model.order), residual, predicted, task)


def _shap(model: network.Network, task: Task, *, which: str) -> Scores:
    from reread.maize.models import explainers as gradients

    images, references = model.images(task.test.values), model.images(task.references())
    draws = {"n": task.n_points, "seed": task.seed} if which == "shap_gradients" else {}
    found, residual, predicted = getattr(gradients, which)(model.model, images, references, **draws)
    return _scored(from_image(found, len(task.test.genes), model.order), residual, predicted, task)


def _tree_shap(model: trees.Trees, task: Task) -> Scores:
    predicted = model.predict_proba(task.test.values).argmax(axis=1)
    return _scored(*trees.tree_shap(model, task.test.values, predicted), predicted, task)


def _weights(model: simple.Linear, task: Task) -> Scores:
    """The weights themselves: a gene speaks for a tissue alike in every sample."""
    is_right = model.predict_proba(task.test.values).argmax(axis=1) == task.test.tissue
    n_used = np.bincount(task.test.tissue[is_right], minlength=task.test.n_tissues)
    return Scores(model.weight, n_used, np.zeros(0), float(is_right.mean()))


def _scored(attribution: np.ndarray, residual: np.ndarray, predicted: np.ndarray, task: Task) -> Scores:
    true = task.test.tissue
    scores, n_used = class_scores(attribution, true, predicted, task.test.n_tissues, stat=task.stat)
    return Scores(scores, n_used, residual, float((predicted == true).mean()))


# which model is explained, and how: (model, task) -> Scores
METHODS: dict[str, tuple[str, Callable[[Any, Task], Scores]]] = {
    "CNN, shap as published": ("CNN", partial(_shap, which="shap_gradients")),
    "CNN, expected gradients": ("CNN", _expected_gradients),
    "CNN, DeepExplainer": ("CNN", partial(_shap, which="shap_deep")),
    "LightGBM, TreeSHAP": ("LightGBM", _tree_shap),
    "logistic regression": ("logistic regression", _weights),
}
