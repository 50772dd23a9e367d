"""Simple classifiers on the same splits: majority, nuisance only, logistic regression, pseudobulk."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import ttest_ind
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from reread.core.errors import DataError
from reread.core.metrics import auroc
from reread.depression.data.counts import Counts
from reread.depression.data.rank_values import Cells
from reread.depression.data.splits import Split, permuted_donors
from reread.depression.methods.evaluate import by_seed, predictions

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
    """Logistic regression on mean profiles of donors, one for each side of the split that has its cells."""
    values = log_counts(counts)
    # a paired donor has a profile for each condition
    group = 2 * pd.factorize(counts.cells["donor"])[0] + counts.cells["condition"].to_numpy()
    key = group + test * (group.max() + 1)  # profiles of training cells first
    _, first, of_cell = np.unique(key, return_index=True, return_inverse=True)
    profiles = np.vstack([values[of_cell == k].mean(axis=0) for k in range(len(first))])
    found = np.full(len(first), np.nan)
    found[test[first]] = logistic(profiles, label[first], train[first], test[first])
    return found[of_cell[test]]


LOGISTIC = {"logistic regression": cell_logistic}
METHODS = {"majority": majority, "nuisance only": nuisance, **LOGISTIC, "pseudobulk": pseudobulk}


def run(
    counts: Counts, label: npt.NDArray, splits: list[Split], methods: dict | None = None, *,
    beside: pd.DataFrame | None = None,
) -> pd.DataFrame:  # fmt: skip
    """Predictions of every baseline on every split, below those of ``beside``.

    The baselines have no epoch to choose: they train on all cells that are not tested.
    """
    found = [] if beside is None else [beside]
    for split in splits:
        for name, method in (methods or METHODS).items():
            probability = method(counts, label, ~split.test, split.test)
            found.append(predictions(counts.cells, split.test, probability, method=name, split=split.name))
    return pd.concat(found, ignore_index=True)


def permuted_null(
    data: Counts | Cells, splits: list[Split], *, n_permutations: int, seed: int = 0,
    predict: Callable | None = None,
) -> pd.DataFrame:  # fmt: skip
    """``auroc`` and ``accuracy`` of a classifier with permuted donor labels, by permutation and split.

    Above 0.5 it recognises the donor. Folds that are left with one condition are not counted. ``predict``
    makes predictions of data, labels and splits, by default by logistic regression.
    """
    rows = []
    for number in range(n_permutations):
        label = permuted_donors(data.cells, seed=seed + 1 + number)
        usable = [one for one in splits if one.has_both(label)]
        if usable:
            drawn = replace(data, cells=data.cells.assign(condition=label))
            table = predict(drawn, label, usable) if predict else run(drawn, label, usable, LOGISTIC)
            rows.append(by_seed(table)[["split", "auroc", "accuracy"]].assign(permutation=number))
    columns = ["split", "auroc", "accuracy", "permutation"]
    return pd.concat(rows, ignore_index=True) if rows else pd.DataFrame(columns=columns, dtype=float)


def log_counts(counts: Counts) -> npt.NDArray[np.float32]:
    """``log1p`` of counts in 10,000 (cell, gene), dense."""
    depth = np.maximum(counts.cells["n_counts"].to_numpy(dtype=float), 1.0)
    return np.log1p(counts.matrix.multiply(1e4 / depth[:, None]).toarray()).astype(np.float32)


def fit_logistic(values: npt.NDArray, label: npt.NDArray) -> Any:
    """Logistic regression on features that are standardised by the same rows."""
    return make_pipeline(StandardScaler(), LogisticRegression(C=PENALTY, max_iter=2000)).fit(values, label)


def logistic(values: npt.NDArray, label: npt.NDArray, train: npt.NDArray, test: npt.NDArray) -> npt.NDArray:
    """Probability (tested,) of a case by logistic regression."""
    return fit_logistic(values[train], label[train]).predict_proba(values[test])[:, 1]


def rank_genes(counts: Counts, is_train: npt.NDArray[np.bool_]) -> tuple[pd.DataFrame, float]:
    """Rank genes on the training cells (cell,) by two simple means, and test the first on the other cells.

    Returns ``gene``, ``coefficient`` (logistic regression on log counts of cells) and ``pseudobulk_t`` (Welch
    t of donor means), positive where the gene is higher in cases; and the AUROC of the regression on the
    other cells. DataError if a condition has fewer than two training donors.
    """
    values, labels = log_counts(counts), counts.cells["condition"].to_numpy()
    model = fit_logistic(values[is_train], labels[is_train])
    by = [counts.cells.loc[is_train, name].to_numpy() for name in ("condition", "donor")]
    means = pd.DataFrame(values[is_train]).groupby(by).mean()
    control, case = (means.xs(condition).to_numpy() for condition in (0, 1))
    if min(len(control), len(case)) < 2:
        raise DataError(f"A t test needs 2 donors a condition, but there are {len(control)} and {len(case)}.")
    with np.errstate(divide="ignore", invalid="ignore"):
        t = np.nan_to_num(ttest_ind(case, control, equal_var=False).statistic)
    table = pd.DataFrame({"gene": counts.genes, "coefficient": model[-1].coef_[0], "pseudobulk_t": t})
    return table, float(auroc(labels[~is_train], model.decision_function(values[~is_train])))
