"""A method of the reader's own beside ours: the same cells, splits of donors, baselines and scores."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from reread.core.errors import DataError, ParameterError, did_you_mean
from reread.core.own_method import check_new, digest_of, held_out
from reread.core.splits import Fold
from reread.depression.data import load
from reread.depression.data.counts import Counts
from reread.depression.data.splits import Split, by_cell, by_donor
from reread.depression.methods import baselines, evaluate

SCHEMES = {"donor": by_donor, "cell": by_cell}


def score(
    fit: Callable[[pd.DataFrame, pd.DataFrame], Any],
    predict: Callable[[Any, pd.DataFrame, pd.DataFrame], npt.NDArray],
    *, source: str | load.Cohort = load.SIMULATED, schemes: Sequence[str] = tuple(SCHEMES), n_folds: int = 5,
    name: str = "own", n_permutations: int = 0, seed: int = 0,
) -> pd.DataFrame:  # fmt: skip
    """Score a classifier of cells of your own on held-out donors and on random cells, beside the baselines.

    ``fit(expression, cells)`` returns a model, for each fold anew. ``expression`` has a row for each training
    cell and a column for each gene (log1p of counts in 10,000); ``cells`` has donor, condition (1 for a
    case), cell_type, batch and n_counts of the same cells. ``predict(model, expression, cells)`` returns the
    probability of a case for each test cell; these cells have no condition.

    ``source`` is ``simulated``, ``melanoma`` or ``glioblastoma``, or what ``load.load`` returned; ``schemes``
    hold out whole donors (``donor``) or random cells (``cell``, as published). ``seed`` is that of simulated
    cells and splits; on ``n_permutations`` of the donor labels your method is fitted too.

    Returns for each split and method auroc with its 95 % interval (low, high; bootstrap of donors), accuracy,
    macro_f1, brier, calibration_error, donor_auroc, and the mean null_auroc of your method on permuted
    labels. ParameterError for an unknown source or scheme or a taken ``name``; DataError if ``predict`` gives
    no probability for each test cell, or donors are too few.
    """
    check_new(name, baselines.METHODS)
    cohort = load.load(source, seed=seed) if isinstance(source, str) else source
    counts, label = cohort.counts, cohort.counts.cells["condition"].to_numpy()
    splits = [one for scheme in schemes for one in splits_of(cohort, scheme, n_folds=n_folds, seed=seed)]
    own = {name: partial(_probability, fit, predict)}
    table = evaluate.summary(baselines.run(counts, label, splits, own | baselines.METHODS), seed=seed)
    order = table["split"].map([*schemes].index).argsort(kind="stable")
    table = table.iloc[order].reset_index(drop=True)
    refit = partial(baselines.run, methods=own)
    null = baselines.permuted_null(counts, splits, n_permutations=n_permutations, seed=seed, predict=refit)
    means = null.groupby("split")["auroc"].mean()
    return table.assign(null_auroc=table["split"].map(means).where(table["method"] == name).astype(float))


def splits_of(cohort: load.Cohort, scheme: str, *, n_folds: int = 5, seed: int = 0) -> list[Split]:
    """The folds of one scheme: ``donor`` or ``cell``."""
    if scheme not in SCHEMES:
        raise ParameterError(f"There is no split scheme {scheme!r}. {did_you_mean(scheme, SCHEMES)}")
    return SCHEMES[scheme](cohort.counts.cells, n_folds, seed=seed)


def split_digests(source: str | load.Cohort, *, n_folds: int = 5, seed: int = 0) -> dict[str, str]:
    """Digest of the row numbers of each split, by its name; equal digests mean equal folds."""
    cohort = load.load(source, seed=seed) if isinstance(source, str) else source
    made = {scheme: splits_of(cohort, scheme, n_folds=n_folds, seed=seed) for scheme in SCHEMES}
    rows = {name: [map(np.flatnonzero, (~one.test, one.test)) for one in made[name]] for name in made}
    return {name: digest_of(Fold(k, *both) for k, both in enumerate(rows[name])) for name in rows}


def _probability(
    fit: Callable, predict: Callable, counts: Counts, label: npt.NDArray, train: npt.NDArray,
    test: npt.NDArray,
) -> npt.NDArray:  # fmt: skip
    """Probability (tested,) of a case by the reader's method; every call gets tables of its own."""
    parts = [counts.take(rows) for rows in (train, test)]
    tables = [pd.DataFrame(baselines.log_counts(one), columns=list(one.genes)) for one in parts]
    known, asked = parts[0].cells.assign(condition=label[train]), parts[1].cells.drop(columns="condition")
    probability = held_out(fit, predict, (tables[0], known), (tables[1], asked), len(asked))
    if probability.min() < 0 or probability.max() > 1:
        raise DataError(
            f"predict must return probabilities of a case, but they reach from {probability.min():.3g} "
            f"to {probability.max():.3g}.\nMap the scores to 0 to 1 first."
        )
    return probability
