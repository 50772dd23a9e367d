"""Simple classifiers on the same splits: majority, nuisance only, logistic regression, pseudobulk."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pandas as pd

from reread.depression.data.counts import Counts
from reread.depression.data.splits import Split, permuted_donors
from reread.depression.methods.evaluate import predictions, summary

PENALTY = 0.01  # C of the logistic regressions, on standardised features


def majority(counts: Counts, label: npt.NDArray, train: npt.NDArray, test: npt.NDArray) -> npt.NDArray:
    """The share of cases among the training cells, for every test cell."""
    return np.full(int(test.sum()), label[train].mean())


def nuisance(counts: Counts, label: npt.NDArray, train: npt.NDArray, test: npt.NDArray) -> npt.NDArray:
    """Logistic regression without any gene: genes detected, molecules, batch and cell type of a cell."""
    cells = counts.cells
    detected = np.diff(counts.matrix.indptr)
    depth = np.log1p(np.column_stack([detected, cells["n_counts"]]).astype(float))
    groups = pd.get_dummies(cells[["batch", "cell_type"]], dtype=float).to_numpy()
    return logistic(np.hstack([depth, groups]), label, train, test)


def cell_logistic(counts: Counts, label: npt.NDArray, train: npt.NDArray, test: npt.NDArray) -> npt.NDArray:
    """Logistic regression on the genes of a cell, log1p of counts in 10,000."""
    return logistic(log_counts(counts), label, train, test)


def pseudobulk(counts: Counts, label: npt.NDArray, train: npt.NDArray, test: npt.NDArray) -> npt.NDArray:
    """Logistic regression on the mean profile of a donor; every cell of a donor gets its donor's answer.

    A donor with cells on both sides of the split has two profiles, one of each side.
    """
    values = log_counts(counts)
    number = pd.factorize(counts.cells["donor"])[0]
    # a paired donor has a profile for each condition
    group = 2 * number + counts.cells["condition"].to_numpy()
    profiles, labels, side, of_cell = [], [], [], np.full(len(counts), -1)
    for rows, is_train in ((train, True), (test, False)):
        for one in np.unique(group[rows]):
            inside = np.flatnonzero(rows & (group == one))
            of_cell[inside] = len(profiles)
            profiles.append(values[inside].mean(axis=0))
            labels.append(label[inside[0]])
            side.append(is_train)
    side = np.array(side)
    found = np.full(len(side), np.nan)
    found[~side] = logistic(np.vstack(profiles), np.array(labels), side, ~side)
    return found[of_cell[test]]


METHODS: dict[str, Callable] = {
    "majority": majority,
    "nuisance only": nuisance,
    "logistic regression": cell_logistic,
    "pseudobulk": pseudobulk,
}


def run(
    counts: Counts, label: npt.NDArray, splits: list[Split], methods: dict | None = None, *,
    beside: pd.DataFrame | None = None,
) -> pd.DataFrame:  # fmt: skip
    """Predictions of every baseline on every split, below those of ``beside``.

    The baselines have no epoch to choose: they train on the training and the validation cells, but never on
    test cells. Returns the table of :func:`evaluate.predictions`.
    """
    found = [] if beside is None else [beside]
    for split in splits:
        train, test = (split.train | split.validation) & ~split.test, split.test
        for name, method in (methods or METHODS).items():
            probability = method(counts, label, train, test)
            found.append(predictions(counts.cells, test, probability, method=name, split=split.name))
    return pd.concat(found, ignore_index=True)


def permuted_null(counts: Counts, splits: list[Split], *, n_permutations: int, seed: int = 0) -> pd.DataFrame:
    """AUROC and accuracy of logistic regression when the conditions of whole donors are permuted.

    The labels then mean nothing, but remain constant within a donor. A score above 0.5 measures how well a
    classifier recognises the donor. One row for each permutation: ``permutation``, ``split``, ``auroc``,
    ``accuracy``. Folds in which a permutation leaves one condition only are left out.
    """
    rows = []
    for number in range(n_permutations):
        label = permuted_donors(counts.cells, seed=seed + 1 + number)
        usable = with_both(splits, label)
        drawn = Counts(counts.matrix, counts.genes, counts.cells.assign(condition=label), counts.conditions)
        table = run(drawn, label, usable, {"logistic regression": cell_logistic})
        means = summary(table, n_boot=2)
        rows.append(means[["split", "auroc", "accuracy"]].assign(permutation=number))
    return pd.concat(rows, ignore_index=True)


def with_both(splits: list[Split], label: npt.NDArray) -> list[Split]:
    """The splits whose training, validation and test cells all have both labels."""
    parts = [(one, (one.train, one.validation, one.test)) for one in splits]
    return [one for one, each in parts if all(len(set(label[rows])) == 2 for rows in each)]


def log_counts(counts: Counts) -> npt.NDArray[np.float32]:
    """``log1p`` of counts in 10,000 (cell, gene), dense."""
    depth = np.maximum(counts.cells["n_counts"].to_numpy(dtype=float), 1.0)
    return np.log1p(counts.matrix.multiply(1e4 / depth[:, None]).toarray()).astype(np.float32)


def logistic(values: npt.NDArray, label: npt.NDArray, train: npt.NDArray, test: npt.NDArray) -> npt.NDArray:
    """Probability (tested,) of logistic regression on features standardised by the training rows."""
    from sklearn.linear_model import LogisticRegression

    mean, spread = values[train].mean(axis=0), values[train].std(axis=0)
    scaled = (values - mean) / np.where(spread > 0, spread, 1.0)
    model = LogisticRegression(C=PENALTY, max_iter=1000).fit(scaled[train], label[train])
    return model.predict_proba(scaled[test])[:, 1]
