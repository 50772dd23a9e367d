"""Compare every method on the very same rows, and measure what expression adds to the names of the genes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from time import process_time
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from reread.core import score as measure
from reread.core.errors import DataError, ParameterError, did_you_mean
from reread.networks.data.splits import Fold, split_pairs
from reread.networks.methods import gene_name_baselines as names
from reread.networks.methods import infer, supervised

if TYPE_CHECKING:
    from reread.networks.data.tables import World

NAMES, UNSUPERVISED, SUPERVISED, DEEP = (
    "names only",
    "expression, unsupervised",
    "expression, supervised",
    "deep",
)
SCORE_COLUMNS = ("scheme", "fold", "row", "label", "score", "method")
FAMILY = {
    **dict.fromkeys(names.METHODS, NAMES),
    **dict.fromkeys(infer.METHODS, UNSUPERVISED),
    **dict.fromkeys(supervised.METHODS, SUPERVISED),
}

# (fold) -> score of its test rows (test pair,)
ScoreFold = Callable[[Fold], np.ndarray]


def score_methods(
    world: World,
    schemes: Iterable[str],
    methods: Iterable[str],
    *,
    n_folds: int = 5,
    seed: int = 0,
    n_jobs: int = 1,
) -> pd.DataFrame:
    """Score the test rows of every fold of every scheme by every method.

    Parameters
    ----------
    world : World
    schemes : iterable of str
        Of ``split.SCHEMES``.
    methods : iterable of str
        Of ``compare.FAMILY``. What needs no label is inferred once and looked up in each fold.
    n_folds, seed : int
    n_jobs : int
        Targets that a network inference regresses at once.

    Returns
    -------
    DataFrame
        Columns scheme, fold, row (of ``world.pairs``), label, score, method, seconds (CPU time of that method
        in that fold with its share of what was done once; differs between runs).

    Raises
    ------
    ParameterError
        If a method or a scheme is unknown.
    DataError
        As ``split.split_pairs``.
    """
    folds = [
        (scheme, fold)
        for scheme in schemes
        for fold in split_pairs(world.pairs, scheme, n_folds=n_folds, seed=seed)
    ]
    tables = []
    for name in known_methods(methods):
        start = process_time()
        score_fold = scorer_of(name, world, seed=seed, n_jobs=n_jobs)
        share = (process_time() - start) / len(folds)
        tables += [_scored(world, scheme, fold, name, score_fold, share) for scheme, fold in folds]
    return pd.concat(tables, ignore_index=True)


def known_methods(methods: Iterable[str]) -> list[str]:
    """List the names, or refuse one that is not in ``FAMILY``."""
    methods = list(methods)
    for name in methods:
        if name not in FAMILY:
            raise ParameterError(f"No method {name!r} to compare. {did_you_mean(name, FAMILY)}")
    return methods


def scorer_of(method: str, world: World, *, seed: int = 0, n_jobs: int = 1) -> ScoreFold:
    """Bind a method to a world: the function returned takes a fold and scores its test rows.

    What does not depend on the fold (weights, features of genes) is computed here, once.
    """
    pairs = world.pairs
    if method in names.METHODS:
        return lambda fold: names.METHODS[method](pairs, fold.train, fold.test, seed)
    if method in supervised.METHODS:
        prepared = supervised.prepare(world.expression)
        return lambda fold: supervised.METHODS[method](prepared, pairs, fold.train, fold.test, seed)
    weights = infer.METHODS[method](world.expression, world.tfs, seed=seed, n_jobs=n_jobs)
    return lambda fold: infer.weights_at(weights, world.tfs, pairs.tf[fold.test], pairs.gene[fold.test])


def _scored(
    world: World, scheme: str, fold: Fold, method: str, score_fold: ScoreFold, shared_seconds: float
) -> pd.DataFrame:
    start = process_time()
    score = score_fold(fold)
    seconds = process_time() - start + shared_seconds
    columns = (scheme, fold.name, fold.test, world.pairs.label[fold.test], score, method)
    return pd.DataFrame(dict(zip(SCORE_COLUMNS, columns, strict=True)) | {"seconds": seconds})


def compare_methods(
    world: World,
    schemes: Iterable[str],
    methods: Iterable[str],
    *,
    n_folds: int = 5,
    n_boot: int = 500,
    seed: int = 0,
    n_jobs: int = 1,
    extra_scores: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Score and compare in one call: ``score_methods``, then ``compare_scores``."""
    scores = score_methods(world, schemes, methods, n_folds=n_folds, seed=seed, n_jobs=n_jobs)
    return compare_scores(world, scores, n_boot=n_boot, seed=seed, extra_scores=extra_scores)


def compare_scores(
    world: World,
    scores: pd.DataFrame,
    *,
    n_boot: int = 500,
    seed: int = 0,
    extra_scores: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Measure each method on each scheme, and its lift over the best that names alone can do.

    Parameters
    ----------
    world : World
        Its pairs say which TF a row belongs to.
    scores : DataFrame
        From ``score_methods``; one of the methods at least is names only.
    n_boot : int
        Resamples of whole TFs, for the interval of the lift.
    seed : int
    extra_scores : DataFrame, optional
        Columns scheme, fold, row, label, score, method: scores made elsewhere (a deep model), on folds that
        ``scores`` has. Where they cover some folds only, names and model meet on those alone.

    Returns
    -------
    DataFrame
        One row for each scheme and method: family, auroc, auroc_sd, auprc, auprc_sd (means and standard
        deviations over folds), prevalence, best_null (its name) and best_null_auprc on the same folds,
        lift = auprc - best_null_auprc, lift_low, lift_high (95 %, bootstrap clustered by TF), n_folds.

    Raises
    ------
    DataError
        If no names-only method was scored, or the rows of an extra score differ from the fold's.
    """
    scores = _joined(scores, extra_scores)
    rows = [
        _compared(world, table, method, n_boot, seed)
        for _, table in scores.groupby("scheme", sort=False)
        for method in table["method"].unique()
    ]
    return pd.DataFrame(rows)


def fold_table(scores: pd.DataFrame) -> pd.DataFrame:
    """Measure every fold: scheme, method, fold, auroc, auprc, prevalence, n (rows), seconds where given."""
    return pd.DataFrame(
        {
            "scheme": scheme,
            "method": method,
            "fold": fold,
            "auroc": measure.auroc(rows["label"], rows["score"]),
            "auprc": measure.average_precision(rows["label"], rows["score"]),
            "prevalence": rows["label"].mean(),
            "n": len(rows),
            "seconds": rows["seconds"].iloc[0] if "seconds" in rows else np.nan,
        }
        for (scheme, method, fold), rows in scores.groupby(["scheme", "method", "fold"], sort=False)
    )


def _joined(scores: pd.DataFrame, extra: pd.DataFrame | None) -> pd.DataFrame:
    """Scores below each other, sorted by row inside each fold, and only if all share the rows."""
    together = scores if extra is None else pd.concat([scores, extra[list(SCORE_COLUMNS)]])
    together = together.sort_values("row", kind="stable").reset_index(drop=True)
    reference = {
        key: rows["row"].to_numpy()
        for key, rows in scores[scores["method"] == scores["method"].iloc[0]]
        .sort_values("row")
        .groupby(["scheme", "fold"])
    }
    for (scheme, fold, method), rows in together.groupby(["scheme", "fold", "method"]):
        wanted = reference.get((scheme, fold), np.array([]))
        if not np.array_equal(rows["row"], wanted):
            raise DataError(
                f"{method} scored {len(rows)} rows in fold {fold} of scheme {scheme}, but the fold has "
                f"{len(wanted)} test rows and they differ.\n"
                f"Score the folds of split_pairs with the same seed and number of folds."
            )
    return together


def _compared(world: World, table: pd.DataFrame, method: str, n_boot: int, seed: int) -> dict:
    own = table[table["method"] == method].sort_values(["fold", "row"])
    null = _best_null(table[table["fold"].isin(own["fold"].unique())])
    folds = fold_table(own)
    null_folds = fold_table(null)
    low, high, _ = measure.clustered_bootstrap(
        measure.average_precision,
        own["label"].to_numpy(),
        own["score"].to_numpy(),
        null["score"].to_numpy(),
        world.pairs.tf[own["row"].to_numpy()],
        folds=own["fold"].to_numpy(),
        n_boot=n_boot,
        seed=seed,
    )
    auprc, null_auprc = folds["auprc"].mean(), null_folds["auprc"].mean()
    return {
        "scheme": own["scheme"].iloc[0],
        "method": method,
        "family": FAMILY.get(method, DEEP),
        "auroc": folds["auroc"].mean(),
        "auroc_sd": folds["auroc"].std(ddof=0),
        "auprc": auprc,
        "auprc_sd": folds["auprc"].std(ddof=0),
        "prevalence": own["label"].mean(),
        "best_null": null["method"].iloc[0],
        "best_null_auprc": null_auprc,
        "lift": auprc - null_auprc,
        "lift_low": low,
        "lift_high": high,
        "n_folds": len(folds),
    }


def _best_null(table: pd.DataFrame) -> pd.DataFrame:
    """Rows of the names-only method with the highest mean AUPRC over folds, sorted by fold and row."""
    nulls = table[table["method"].isin(list(names.METHODS))]
    if nulls.empty:
        raise DataError(
            f"The lift needs a names-only method in scheme {table['scheme'].iloc[0]}, but there is none.\n"
            f"Add one of: {', '.join(names.METHODS)}."
        )
    best = fold_table(nulls).groupby("method", sort=False)["auprc"].mean().idxmax()
    return nulls[nulls["method"] == best].sort_values(["fold", "row"])
