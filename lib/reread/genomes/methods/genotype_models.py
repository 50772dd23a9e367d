"""Predict the expression of a gene from genotypes: four linear models in nested cross-validation."""

from __future__ import annotations

import warnings
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pandas as pd

from reread.core.errors import ParameterError, did_you_mean
from reread.core.splits import check_folds
from reread.genomes.data.panel import Panel

Array = npt.NDArray[np.float64]
Predictor = Callable[[Array], Array]
P_VALUES = (1.0, 0.05, 0.01, 0.001, 1e-5)  # the grid of the published polygenic score
R2_VALUES = (0.1, 0.2, 0.5, 0.8)
HERITABILITIES = (0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 0.8)
L1_RATIO, N_PENALTIES, INNER = 0.5, 12, 5


def marginal(dosage: Array, y: Array) -> tuple[Array, Array]:
    """Slope and p value (variant,) of a regression of ``y`` (person,) on each variant (person, variant)."""
    from scipy.stats import t as student

    centred, residual = dosage - dosage.mean(axis=0), y - y.mean()
    square = (centred**2).sum(axis=0)
    slope = np.divide(centred.T @ residual, square, out=np.zeros(dosage.shape[1]), where=square > 1e-12)
    explained = np.clip(slope**2 * square / max(residual @ residual, 1e-300), 0, 1 - 1e-12)
    degrees = len(y) - 2
    return slope, 2 * student.sf(np.sqrt(explained * degrees / (1 - explained)), degrees)


def clump(squared: Array, p: Array, r2: float) -> npt.NDArray[np.intp]:
    """Variants kept when each whose squared correlation with a better one exceeds ``r2`` is dropped.

    ``squared`` is (variant, variant), with 0 on the diagonal where a variant does not vary. Those with the
    smallest p value come first. A set for a smaller p threshold is a part of this one.
    """
    is_open, kept = squared.diagonal() > 0.5, []
    for one in np.argsort(p, kind="stable"):
        if is_open[one]:
            kept.append(one)
            is_open &= squared[one] <= r2
    return np.array(kept, dtype=np.intp)


def grid_scores(dosage: Array, slope: Array, p: Array) -> Predictor:
    """Polygenic scores of the published grid: a function of new dosages that returns (cell, person).

    Variants are clumped by their linkage in ``dosage`` (person, variant). A cell is a p threshold and a bound
    of the squared correlation.
    """
    scaled = _scaled(dosage, dosage)
    squared = (scaled.T @ scaled / len(dosage)) ** 2
    sets = [clump(squared, p, r2) for r2 in R2_VALUES]
    cells = [kept[p[kept] <= threshold] for threshold in P_VALUES for kept in sets]
    mean = dosage.mean(axis=0)
    return lambda new: np.stack([(new[:, kept] - mean[kept]) @ slope[kept] for kept in cells])


def top_variant(dosage: Array, y: Array) -> Predictor:
    """Fit the variant with the smallest p value."""
    slope, p = marginal(dosage, y)
    best = int(np.argmin(p))
    return lambda new: (new[:, best] - dosage[:, best].mean()) * slope[best]


def clumping(dosage: Array, y: Array) -> Predictor:
    """Fit a polygenic score by clumping and thresholding; inner folds choose the cell of the grid."""
    held = np.empty((len(P_VALUES) * len(R2_VALUES), len(y)))
    for is_test in fold_masks(len(y), INNER, seed=0):
        train = dosage[~is_test]
        held[:, is_test] = grid_scores(train, *marginal(train, y[~is_test]))(dosage[is_test])
    best = int(np.argmax(row_correlations(held, np.broadcast_to(y, held.shape))))
    whole = grid_scores(dosage, *marginal(dosage, y))
    return lambda new: whole(new)[best]


def elastic_net(dosage: Array, y: Array) -> Predictor:
    """Fit an elastic net on standardised dosages; inner folds choose the penalty."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import ElasticNetCV

    net = ElasticNetCV(l1_ratio=L1_RATIO, alphas=N_PENALTIES, cv=INNER, tol=1e-3)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        net.fit(_scaled(dosage, dosage), y)
    return lambda new: net.predict(_scaled(new, dosage))


def blup(dosage: Array, y: Array) -> Predictor:
    """Fit the best linear unbiased prediction: ridge whose penalty follows from a heritability.

    Leave-one-out error chooses the heritability among seven. Source: Henderson 1975; Yang 2010.
    """
    from sklearn.linear_model import RidgeCV

    penalties = [dosage.shape[1] * (1 - h2) / h2 for h2 in HERITABILITIES]
    ridge = RidgeCV(alphas=penalties).fit(_scaled(dosage, dosage), y)
    return lambda new: ridge.predict(_scaled(new, dosage))


MODELS: dict[str, Callable[[Array, Array], Predictor]] = {
    "top-variant": top_variant,
    "clumping": clumping,
    "elastic-net": elastic_net,
    "blup": blup,
}


def cross_validate(
    panel: Panel, models: list[str], *, n_folds: int = 5, seed: int = 0, is_null: bool = False
) -> tuple[Array, dict[str, Array]]:
    """Predict each gene in held-out people; every fitted quantity comes from the training people.

    ``models`` are ``top-variant``, ``clumping``, ``elastic-net`` or ``blup``. ``n_folds`` are folds of
    people; models choose their settings by inner folds of the training people. ``is_null`` first permutes the
    people of the expression, gene by gene, so that nothing can be predicted. Returns expression without what
    the covariates explain, by a regression on the training people, and predictions by model, both (gene,
    person). ParameterError if a model is unknown or there are fewer than two folds.
    """
    for name in (name for name in models if name not in MODELS):
        raise ParameterError(f"There is no model {name!r}. {did_you_mean(name, MODELS)}")
    check_folds(n_folds)
    rng = np.random.default_rng([seed, 6])
    values = panel.expression.values
    if is_null:
        values = rng.permuted(values, axis=1)
    target = np.empty(values.shape)
    predictions = {name: np.empty(values.shape) for name in models}
    for is_test in fold_masks(values.shape[1], n_folds, seed=seed):
        residual = regress_out(values, panel.covariates, ~is_test)
        target[:, is_test] = residual[:, is_test]
        for gene, dosage in enumerate(panel.dosage):
            for name in models:
                predict = MODELS[name](dosage[~is_test], residual[gene, ~is_test])
                predictions[name][gene, is_test] = predict(dosage[is_test])
    # a model without variants predicts a mean of residuals, whose rounding is no prediction
    return target, {name: values.round(12) for name, values in predictions.items()}


def regress_out(values: Array, covariates: Array, is_train: npt.NDArray[np.bool_]) -> Array:
    """Residuals (gene, person) of a regression on covariates that was fitted on the training people."""
    design = np.column_stack([np.ones(len(covariates)), covariates])
    slope = np.linalg.lstsq(design[is_train], values[:, is_train].T, rcond=None)[0]
    return values - (design @ slope).T


def fold_masks(n: int, n_folds: int, *, seed: int) -> list[npt.NDArray[np.bool_]]:
    """A mask of test people (person,) for each fold, as equal in size as possible."""
    number = np.random.default_rng([seed, 7]).permutation(n) % n_folds
    return [number == fold for fold in range(n_folds)]


def published_score(
    panel: Panel, *, is_leaky: bool, seed: int = 0, is_null: bool = False
) -> npt.NDArray[np.float64]:
    """Test correlation (gene,) of a polygenic score in the published design.

    People are split once: 80 % for training, 10 % to choose the cell of the grid, 10 % for testing. As
    published (``is_leaky``), slopes and p values come from all people, those of the test included; otherwise
    from the training people alone. Covariates are not used, as published. Source: ``gtex_prs.ipynb``.
    """
    rng = np.random.default_rng([seed, 8])
    found = np.empty(len(panel.dosage))
    n_people = len(panel.expression.people)
    for gene, dosage in enumerate(panel.dosage):
        y = panel.expression.values[gene]
        y = rng.permutation(y) if is_null else y
        order = rng.permutation(n_people)
        train, choose, test = np.split(order, [int(0.8 * n_people), int(0.9 * n_people)])
        slope, p = marginal(dosage, y) if is_leaky else marginal(dosage[train], y[train])
        scores = grid_scores(dosage[train], slope, p)
        fit = row_correlations(
            scores(dosage[choose]), np.broadcast_to(y[choose], (len(P_VALUES) * len(R2_VALUES), len(choose)))
        )
        found[gene] = row_correlations(scores(dosage[test])[[int(np.argmax(fit))]], y[None, test])[0]
    return found


def row_correlations(left: Array, right: Array) -> Array:
    """Pearson correlation (row,) of each row with the same row of another matrix; 0 where one is constant."""
    from reread.core.stats import unit_rows

    return np.clip((unit_rows(left) * unit_rows(right)).sum(axis=1), -1, 1)


def summarise(by_method: dict[str, Array], *, n_boot: int = 1_000, seed: int = 0) -> pd.DataFrame:
    """Mean over genes of a correlation (gene,), with a bootstrap interval over genes.

    Columns ``method``, ``mean_r``, ``low``, ``high`` (95 %), ``median_r``, ``negative`` (genes below 0).
    """
    rng, rows = np.random.default_rng([seed, 9]), []
    for name, r in by_method.items():
        low, high = np.percentile(r[rng.integers(0, len(r), (n_boot, len(r)))].mean(axis=1), (2.5, 97.5))
        rows.append((name, r.mean(), low, high, np.median(r), (r < 0).mean()))
    return pd.DataFrame(rows, columns=["method", "mean_r", "low", "high", "median_r", "negative"])


def _scaled(new: Array, train: Array) -> Array:
    """Dosages (person, variant) centred and scaled as the training people are."""
    spread = train.std(axis=0)
    return (new - train.mean(axis=0)) / np.where(spread > 0, spread, np.inf)
