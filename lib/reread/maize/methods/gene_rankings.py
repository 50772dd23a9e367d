"""Rank genes by every explainer, seed and gene order, and by every statistic, on training samples only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from reread.core.errors import ParameterError, did_you_mean
from reread.maize.data.splits import Split
from reread.maize.data.tables import Expression
from reread.maize.data.transform import log_plus_one
from reread.maize.methods import attribution as attribute
from reread.maize.methods import rank_stability as stability
from reread.maize.methods import tissue_specificity as specificity
from reread.maize.methods.attribution import Scores
from reread.maize.models.training import TRAINING

# words of the parameter to names of methods
EXPLAINERS = {
    "shap": "CNN, shap as published",
    "gradients": "CNN, expected gradients",
    "deep": "CNN, DeepExplainer",
    "trees": "LightGBM, TreeSHAP",
    "linear": "logistic regression",
}
PUBLISHED, OURS, TREES, LIMMA = (
    *(EXPLAINERS[word] for word in ("shap", "gradients", "trees")),
    "moderated t, rest",
)
ENSEMBLE = "CNN, ensemble"
# layers of the network by size; both trainings of a size share them; fields of network.Recipe
_LAYERS = {
    "small": {"widths": "8 16", "dense": 64},
    "medium": {"widths": "16 32", "dense": 64},
    "wide": {"widths": "32 64 128 256", "dense": 512},
}
_CORRECTED = {**TRAINING["corrected"], "momentum": 0.9}
# settings of the corrected network of the chapter before
NETWORKS = {
    "small": {**_CORRECTED, **_LAYERS["small"], "epochs": 8, "batch": 16},
    "medium": {**_CORRECTED, **_LAYERS["medium"], "epochs": 20, "batch": 16},
    "wide": {**_CORRECTED, **_LAYERS["wide"], "epochs": 30, "batch": 64},
}
# settings of the published one, as that chapter trains it: in steps of fewer samples where there are few
AS_PUBLISHED = {
    "small": {**TRAINING["published"], **_LAYERS["small"], "epochs": 30, "batch": 16},
    "medium": {**TRAINING["published"], **_LAYERS["medium"], "epochs": 50, "batch": 5},
    "wide": {**TRAINING["published"], **_LAYERS["wide"], "epochs": 50, "batch": 64},
}
N_REFERENCES = 50  # training samples that a corrected explanation compares with; as published, all


@dataclass(frozen=True, eq=False)
class Run:
    """Scores of one method under one seed and one order of the genes; order 0 is that of the columns."""

    method: str
    seed: int
    order: int
    scores: Scores


def samples_to_explain(data: Expression, rows: np.ndarray, per_tissue: int, seed: int = 0) -> np.ndarray:
    """Draw up to ``per_tissue`` samples of each tissue among ``rows``; 0 keeps all; int (sample,), ascending.

    The published arm explains its test samples. All others choose genes on samples of training, so that
    samples are left to cluster that their genes were not chosen on.
    """
    if per_tissue == 0:
        return np.sort(rows)
    rng = np.random.default_rng([seed, 2])
    shuffled = rng.permutation(rows)
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
    n_points: int = 200,
    seed: int = 0,
) -> list[Run]:
    """Train and explain under several seeds, and the network also under several orders of the genes.

    The published arm is run once, as the authors did: its own training, all training samples to compare with,
    and the test samples explained.

    Parameters
    ----------
    data : Expression
    split : Split
        Its training samples teach, are compared with, and are explained; in the published arm its test
        samples are.
    words : sequence of str
        Keys of ``EXPLAINERS``.
    network : str
        Of ``NETWORKS``: widths and length of training.
    n_seeds : int
        Seeds for every method but the published one, with genes in the order of the columns.
    n_orders : int
        Orders of the genes for expected gradients, that of the columns among them.
    per_tissue : int
        Training samples of each tissue that are explained; 0 is all.
    n_points : int
        Points a sample, for gradients.
    seed : int
        The first seed; also draws the orders and the samples.

    Returns
    -------
    list of Run

    Raises
    ------
    ParameterError
        If a word is unknown.
    """
    for word, known in [*((word, EXPLAINERS) for word in words), (network, NETWORKS)]:
        if word not in known:
            raise ParameterError(f"There is no {word!r} to explain with. {did_you_mean(word, known)}")
    settings = {**NETWORKS[network], "n_points": n_points, "n_references": N_REFERENCES}
    methods = [EXPLAINERS[word] for word in words if EXPLAINERS[word] != PUBLISHED]
    part = replace(split, test=samples_to_explain(data, split.train, per_tissue, seed))
    runs = []
    if "shap" in words:
        as_published = {**AS_PUBLISHED[network], "n_points": n_points, "n_references": 0}
        runs.append(
            Run(PUBLISHED, seed, 0, attribute.scores_of(PUBLISHED, data, split, seed=seed, **as_published))
        )
    for s in range(seed, seed + n_seeds if methods else seed):
        found = attribute.scores_of_all(methods, data, part, seed=s, **settings)
        runs += [Run(name, s, 0, scores) for name, scores in found.items()]
    for number in range(1, n_orders if OURS in methods else 1):
        order = np.random.default_rng([seed, 3, number]).permutation(len(data.genes))
        scores = attribute.scores_of(OURS, data, part, seed=seed, order=order, **settings)
        runs.append(Run(OURS, seed, number, scores))
    return runs


def rankings(data: Expression, split: Split, runs: Sequence[Run]) -> dict[str, np.ndarray]:
    """One ranking a method: the first run of an explainer, their ensemble, and every statistic.

    Returns
    -------
    dict of str to float array, (tissue, gene)
        Statistics are of log2(x + 1) in the training samples. The ensemble is the mean rank over all runs of
        expected gradients, less one half: above 0 for genes of the upper half.
    """
    found: dict[str, np.ndarray] = {}
    for run in runs:
        found.setdefault(run.method, run.scores.per_tissue)
        if run.method == OURS and ENSEMBLE not in found:
            same = [other.scores.per_tissue for other in runs if other.method == OURS]
            found[ENSEMBLE] = stability.ensemble(same) - 0.5
    log, tissue = log_plus_one(data.values[split.train]), data.tissue[split.train]
    for name in specificity.METHODS:
        found[name] = specificity.score(name, log, tissue, data.n_tissues)
    return found


def explained(runs: Sequence[Run]) -> pd.DataFrame:
    """How well each explainer adds up: method, runs, accuracy, samples, residual (mean size), residual_max.

    The accuracy is that of naming the explained samples, and samples are those named rightly; the residual is
    in units of probability for the
    network, of log-odds for trees, and missing for weights, which add up to nothing.
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
    """Overlap of the top ``k`` genes between every two runs of one method.

    Returns
    -------
    DataFrame
        method, differs (``seed`` or ``gene order``), left, right (seed and order of each run), jaccard.
    """
    rows = []
    for name in dict.fromkeys(run.method for run in runs):
        mine = [run for run in runs if run.method == name]
        matrix = stability.jaccard([run.scores.per_tissue for run in mine], k)
        for a, b in zip(*np.triu_indices(len(mine), 1), strict=True):
            left, right = mine[a], mine[b]
            if (left.seed == right.seed) == (left.order == right.order):
                continue  # both moved, so neither could be blamed
            differs = "seed" if left.order == right.order else "gene order"
            rows.append((name, differs, _label(left), _label(right), matrix[a, b]))
    return pd.DataFrame(rows, columns=["method", "differs", "left", "right", "jaccard"])


def _label(run: Run) -> str:
    return f"seed {run.seed}, order {run.order}"
