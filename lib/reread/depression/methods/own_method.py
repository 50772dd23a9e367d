"""A method of the reader's own beside ours: the same cells, splits of donors, baselines and scores."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
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

    Parameters
    ----------
    fit : callable
        ``fit(expression, cells)`` returns a model. ``expression`` has a row for each training cell and a
        column for each gene (log1p of counts in 10,000); ``cells`` has donor, condition (1 for a case),
        cell_type, batch and n_counts of the same cells. It is called anew for each fold.
    predict : callable
        ``predict(model, expression, cells)`` returns the probability of a case for each test cell. These
        cells have no condition.
    source : str or Cohort
        ``simulated``, ``melanoma`` or ``glioblastoma``, or what ``load.load`` returned.
    schemes : sequence of str
        ``donor`` holds out whole donors, ``cell`` random cells, as published.
    n_folds, seed : int
        Folds of each split; seed of simulated cells and of the splits.
    name : str
        Name of your method in the table.
    n_permutations : int
        Permutations of the donor labels on which your method is fitted too, a null of its AUROC.

    Returns
    -------
    DataFrame
        One row for each split and method: auroc with its 95 % interval (low, high; bootstrap of whole
        donors), accuracy, macro_f1, brier, calibration_error, donor_auroc; null_auroc is the mean AUROC of
        your method on permuted labels (NaN for the others, and without permutations).

    Raises
    ------
    ParameterError
        If a source or scheme is unknown, or the name is taken.
    DataError
        If ``predict`` returns no probability for each test cell, or there are too few donors.
    """
    check_new(name, baselines.METHODS)
    cohort = load.load(source, seed=seed) if isinstance(source, str) else source
    splits = [one for scheme in schemes for one in splits_of(cohort, scheme, n_folds=n_folds, seed=seed)]

    def predicted(data: Counts, label: npt.NDArray, parts: list[Split]) -> pd.DataFrame:
        return _predictions(fit, predict, data, label, parts, name)

    counts, label = cohort.counts, cohort.counts.cells["condition"].to_numpy()
    own = predicted(counts, label, splits)
    table = evaluate.summary(baselines.run(counts, label, splits, beside=own), seed=seed)
    order = table["split"].map([*schemes].index).argsort(kind="stable")
    table = table.iloc[order].reset_index(drop=True)
    null = baselines.permuted_null(
        counts, splits, n_permutations=n_permutations, seed=seed, predict=predicted
    )
    means = null.groupby("split")["auroc"].mean()
    return table.assign(null_auroc=table["split"].map(means).where(table["method"] == name).astype(float))


def splits_of(cohort: load.Cohort, scheme: str, *, n_folds: int = 5, seed: int = 0) -> list[Split]:
    """The folds of one scheme: ``donor`` or ``cell``."""
    if scheme not in SCHEMES:
        raise ParameterError(f"There is no split scheme {scheme!r}. {did_you_mean(scheme, SCHEMES)}")
    return SCHEMES[scheme](cohort.counts.cells, n_folds, seed=seed)


def folds_of(splits: Sequence[Split]) -> list[Fold]:
    """Row numbers of training (validation cells included, as the baselines train) and test cells."""
    masks = [((one.train | one.validation) & ~one.test, one.test) for one in splits]
    return [Fold(k, *map(np.flatnonzero, parts)) for k, parts in enumerate(masks)]


def split_digests(source: str | load.Cohort, *, n_folds: int = 5, seed: int = 0) -> dict[str, str]:
    """Digest of the row numbers of each split, by its name; equal digests mean equal folds."""
    cohort = load.load(source, seed=seed) if isinstance(source, str) else source
    made = {scheme: splits_of(cohort, scheme, n_folds=n_folds, seed=seed) for scheme in SCHEMES}
    return {scheme: digest_of(folds_of(splits)) for scheme, splits in made.items()}


def _predictions(
    fit: Callable, predict: Callable, data: Counts, label: npt.NDArray, splits: list[Split], name: str
) -> pd.DataFrame:
    """Predictions of all test cells; every call gets tables of its own."""
    found = []
    for split, fold in zip(splits, folds_of(splits), strict=True):
        train, test = (_tables(data, label, rows) for rows in (fold.train, fold.test))
        test = (test[0], test[1].drop(columns="condition"))
        probability = held_out(fit, predict, train, test, len(fold.test))
        if probability.min() < 0 or probability.max() > 1:
            raise DataError(
                f"predict must return probabilities of a case, but they reach from {probability.min():.3g} "
                f"to {probability.max():.3g}.\nMap the scores to 0 to 1 first."
            )
        found.append(evaluate.predictions(data.cells, split.test, probability, method=name, split=split.name))
    return pd.concat(found, ignore_index=True)


def _tables(data: Counts, label: npt.NDArray, rows: npt.NDArray) -> tuple[pd.DataFrame, pd.DataFrame]:
    part = replace(data, cells=data.cells.assign(condition=label)).take(rows)
    return pd.DataFrame(baselines.log_counts(part), columns=list(part.genes)), part.cells
