"""Rank genes by every explainer, seed and gene order, and by every statistic, on training samples only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from reread.maize.data.splits import Split
from reread.maize.data.tables import Expression
from reread.maize.data.transform import log_plus_one
from reread.maize.methods import gene_sets, tissue_specificity
from reread.maize.methods.attribution import Explainer, Scores, explain, train_models
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
_CORRECTED = {**TRAINING["corrected"], "momentum": 0.9}
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
class Run:
    """Scores of one method with one seed and one gene order; order 0 is that of the columns."""

    method: str
    seed: int
    order: int
    scores: Scores


def _samples_to_explain(data: Expression, rows: np.ndarray, per_tissue: int, seed: int = 0) -> np.ndarray:
    """Up to ``per_tissue`` random samples (sample,) of each tissue among ``rows``, ascending; 0 keeps all."""
    if per_tissue == 0:
        return np.sort(rows)
    shuffled = np.random.default_rng([seed, 2]).permutation(rows)
    kept = [shuffled[data.tissue[shuffled] == t][:per_tissue] for t in range(data.n_tissues)]
    return np.sort(np.concatenate(kept))


def explain_all(
    data: Expression,
    split: Split,
    words: Sequence[str],
    *,
    network: str = "small",
    n_seeds: int = 2,
    n_orders: int = 2,
    per_tissue: int = 0,
    settings: Explainer | None = None,
) -> list[Run]:
    """Train and explain with several seeds, and the network also with several gene orders.

    ``words`` are keys of ``EXPLAINERS``, ``network`` is one of ``NETWORKS``. All methods train on
    ``split.train`` and explain ``per_tissue`` samples of each tissue from it (0: all). The published variant
    runs once and explains ``split.test`` with all training samples as references. ``settings`` holds points a
    sample and the first seed. Raises ParameterError if there are too few genes for
    the network.
    """
    settings = settings or Explainer()
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
        rng = np.random.default_rng([seed, 3, number])
        order = rng.permutation(len(data.genes)) if number else None
        models = train_models(names, data, split, seed=s, recipe=NETWORKS[network], order=order)
        own = replace(settings, n_references=N_REFERENCES[network], seed=s)
        found = explain(names, models, data, split.train, rows, own)
        runs += [Run(name, s, number, scores) for name, scores in found.items()]
    return runs


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
        rows.append(
            {
                "method": name, "runs": len(mine), "accuracy": np.mean([scores.accuracy for scores in mine]),
                "samples": int(mine[0].n_used.sum()),
                "residual": sizes.mean() if len(sizes) else np.nan,
                "residual_max": sizes.max() if len(sizes) else np.nan,
            }
        )  # fmt: skip
    return pd.DataFrame(rows)


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
    return pd.DataFrame(rows, columns=["method", "differs", "left", "right", "jaccard"])
