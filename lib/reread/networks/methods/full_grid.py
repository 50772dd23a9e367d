"""Every labelled TF against every gene, at the density that networks really have."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

from reread.core import score as measure
from reread.networks.data.splits import Fold, inner_folds, split_pairs
from reread.networks.data.tables import Expression, Pairs, World
from reread.networks.methods import infer
from reread.networks.methods.benchmark import DEEP, FAMILY, UNSUPERVISED, ScoreFold, known_methods, scorer_of


def full_grid(world: World) -> Pairs:
    """Pair every labelled TF with every gene but itself.

    A TF whose only known target is itself has no edge that a method could find, and is left out. A TF that
    was planted without targets stays: its pairs must come out low.

    Parameters
    ----------
    world : World

    Returns
    -------
    Pairs
        Sorted by TF, then by gene; label 1 where ``world.truth`` has an edge.

    Notes
    -----
    Source: BEELINE (Pratapa 2020) scores all TFs of a network against all genes, without self loops.
    """
    positive = np.unique(world.pairs.tf[world.pairs.label == 1])
    is_self_only = np.isin(world.tfs, positive) & world.inert
    rows = np.flatnonzero(~is_self_only)
    n_genes = len(world.expression.genes)
    tf, gene = np.repeat(world.tfs[rows], n_genes), np.tile(np.arange(n_genes), len(rows))
    other = tf != gene
    label = world.truth[rows].ravel()
    return Pairs(tf[other], gene[other], label[other], world.expression.genes)


def grid_world(world: World) -> World:
    """The same world with its full grid as pair list."""
    return World(world.expression, full_grid(world), world.tfs, world.truth)


def score_grid(
    world: World,
    schemes: Iterable[str],
    methods: Iterable[str],
    *,
    n_folds: int = 5,
    n_inner: int = 3,
    calibrated: Iterable[str] = ("tf", "both"),
    seed: int = 0,
    n_jobs: int = 1,
) -> pd.DataFrame:
    """Score the full grid, fold by fold, and turn scores into probabilities.

    Parameters
    ----------
    world : World
        With any pair list; its full grid is scored.
    schemes : iterable of str
        Of ``split.SCHEMES``.
    methods : iterable of str
        Of ``compare.FAMILY``.
    n_folds, n_inner : int
        Outer folds, and inner folds by TF that the calibration is fitted on.
    calibrated : iterable of str
        Schemes whose scores are calibrated; each costs ``n_inner`` more fits a fold.
    seed, n_jobs : int

    Returns
    -------
    DataFrame
        Columns scheme, fold, row (of ``full_grid(world)``), label, score, method, probability (NaN where not
        calibrated).

    Raises
    ------
    DataError, ParameterError
        As ``compare.score_methods``.
    """
    grid, calibrated = grid_world(world), set(calibrated)
    folds = [(s, fold) for s in schemes for fold in split_pairs(grid.pairs, s, n_folds=n_folds, seed=seed)]
    tables = []
    for method in known_methods(methods):
        scorer = scorer_of(method, grid, seed=seed, n_jobs=n_jobs)
        tables += [
            _scored(grid.pairs, scheme, fold, method, scorer, n_inner if scheme in calibrated else 0)
            for scheme, fold in folds
        ]
    return pd.concat(tables, ignore_index=True)


def _scored(
    pairs: Pairs, scheme: str, fold: Fold, method: str, scorer: ScoreFold, n_inner: int
) -> pd.DataFrame:
    score = scorer(fold)
    probability = np.full(len(score), np.nan)
    if n_inner:
        inner_score, inner_label = _inner_scores(pairs, fold, method, scorer, n_inner)
        probability = measure.calibrate(inner_score, inner_label)(score)
    return pd.DataFrame(
        {
            "scheme": scheme,
            "fold": fold.name,
            "row": fold.test,
            "label": pairs.label[fold.test],
            "score": score,
            "method": method,
            "probability": probability,
        }
    )


def _inner_scores(
    pairs: Pairs, fold: Fold, method: str, scorer: ScoreFold, n_inner: int
) -> tuple[np.ndarray, np.ndarray]:
    """Scores of training rows by models that have not seen their TF, and their labels."""
    if FAMILY[method] == UNSUPERVISED:
        return scorer(Fold(fold.name, fold.train, fold.train)), pairs.label[fold.train]
    inside = inner_folds(pairs, fold.train, "tf", n_folds=n_inner)
    rows = np.concatenate([inner.test for inner in inside])
    return np.concatenate([scorer(inner) for inner in inside]), pairs.label[rows]


def measure_grid(scores: pd.DataFrame) -> pd.DataFrame:
    """Measure each method on each scheme, mean over folds.

    Parameters
    ----------
    scores : DataFrame
        From ``score_grid``.

    Returns
    -------
    DataFrame
        One row for each scheme and method: family, auroc, auprc, auprc_ratio and early_precision_ratio (1 at
        chance), brier and calibration_error (NaN where not calibrated), brier_of_prevalence (what a constant
        probability would get), prevalence, auprc_ratio_sd (over folds; large where a fold has few edges).
    """
    folds = pd.DataFrame(
        {"scheme": key[0], "method": key[1], **_measured(rows)}
        for key, rows in scores.groupby(["scheme", "method", "fold"], sort=False)
    )
    by_method = folds.groupby(["scheme", "method"], sort=False)
    table = by_method.mean().reset_index()
    table["auprc_ratio_sd"] = by_method["auprc_ratio"].std(ddof=0).to_numpy()
    table.insert(2, "family", [FAMILY.get(method, DEEP) for method in table["method"]])
    return table


def _measured(rows: pd.DataFrame) -> dict[str, float]:
    label, probability = rows["label"].to_numpy(), rows["probability"].to_numpy()
    is_calibrated = not np.isnan(probability).any()
    found = measure.summary(label, rows["score"].to_numpy(), probability if is_calibrated else None)
    prevalence = found["prevalence"]
    return {
        "auroc": found["auroc"],
        "auprc": found["average_precision"],
        "auprc_ratio": found["average_precision_ratio"],
        "early_precision_ratio": found["early_precision_ratio"],
        "brier": found.get("brier", np.nan),
        "brier_of_prevalence": prevalence * (1 - prevalence),
        "calibration_error": found.get("expected_calibration_error", np.nan),
        "prevalence": prevalence,
    }


def calibration_table(scores: pd.DataFrame, scheme: str, n_bins: int = 10) -> pd.DataFrame:
    """Compare predicted with observed shares of edges, all folds of one scheme together.

    Returns
    -------
    DataFrame
        Columns method, predicted, observed, n (pairs in the bin).
    """
    kept = scores[(scores["scheme"] == scheme) & scores["probability"].notna()]
    curves = [
        pd.DataFrame(measure.calibration_curve(rows["label"], rows["probability"], n_bins)).assign(
            method=method
        )
        for method, rows in kept.groupby("method", sort=False)
    ]
    return pd.concat(curves, ignore_index=True)[["method", "predicted", "observed", "n"]]


def planted_truth(
    world: World, methods: Iterable[str], *, with_control: bool = True, seed: int = 0, n_jobs: int = 1
) -> pd.DataFrame:
    """Score what is inferred without labels against the whole network, and the planted control.

    Parameters
    ----------
    world : World
        With TFs that have no target.
    methods : iterable of str
        Of ``infer.METHODS``.
    with_control : bool
        Infer once more with the cells of the TFs without targets shuffled; meant for simulated worlds, where
        such TFs are planted.
    seed, n_jobs : int

    Returns
    -------
    DataFrame
        One row for each method: auroc, auprc, auprc_ratio, early_precision_ratio; control_auroc (do the TFs
        without targets score higher than the same TFs with their cells shuffled? 0.5 at chance) and
        control_top_ratio (their share of the top edges over their share of pairs; 1 at chance). The last two
        are NaN without control, or in a world without such TFs.
    """
    pairs = full_grid(world)
    asked = {"methods": methods, "seed": seed, "n_jobs": n_jobs}
    found = infer.infer_all(world.expression, world.tfs, **asked)
    asked_again = with_control and world.inert.any()
    shuffled = infer.infer_all(_with_shuffled_control(world, seed), world.tfs, **asked) if asked_again else {}
    rows = []
    for method, weights in found.items():
        score = infer.weights_at(weights, world.tfs, pairs.tf, pairs.gene)
        by_name = measure.summary(pairs.label, score)
        kept = {name: by_name[name] for name in ("auroc", "average_precision_ratio", "early_precision_ratio")}
        control = _control(world, weights, shuffled.get(method), score, pairs)
        rows.append({"method": method, "auprc": by_name["average_precision"], **kept, **control})
    return pd.DataFrame(rows).rename(columns={"average_precision_ratio": "auprc_ratio"})


def _with_shuffled_control(world: World, seed: int) -> Expression:
    """Expression in which the TFs without targets no longer share cells with any gene."""
    rng = np.random.default_rng(seed)
    values = world.expression.values.copy()
    for tf in world.tfs[world.inert]:
        values[:, tf] = rng.permutation(values[:, tf])
    return Expression(values, world.expression.genes, world.expression.name)


def _control(
    world: World, weights: np.ndarray, shuffled: np.ndarray | None, score: np.ndarray, pairs: Pairs
) -> dict[str, float]:
    if shuffled is None:
        return {"control_auroc": np.nan, "control_top_ratio": np.nan}
    inert = world.tfs[world.inert]
    real, null = (np.delete(matrix[world.inert], inert, axis=1).ravel() for matrix in (weights, shuffled))
    is_control = np.isin(pairs.tf, inert)
    top = np.argsort(-score, kind="stable")[: int(pairs.label.sum())]
    return {
        "control_auroc": measure.auroc(np.arange(2 * len(real)) < len(real), np.concatenate([real, null])),
        "control_top_ratio": is_control[top].mean() / is_control.mean(),
    }
