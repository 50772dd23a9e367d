"""Stacked models: as published, from four people, and across genes and people."""

from __future__ import annotations

import warnings

import numpy as np
import numpy.typing as npt
import pandas as pd

from reread.core.errors import DataError
from reread.genomes.methods.genotype_models import row_correlations

Array = npt.NDArray[np.float64]
N_PEOPLE = 4  # people that train the published stack


def published_stack(predicted: Array, measured: Array, *, n_draws: int = 20, seed: int = 0) -> pd.DataFrame:
    """Train the published stack on four people and test it on a fifth, for several choices of the five.

    The base models map the predictions of all genes of a person to the expression of all genes: ridge, a
    random forest, ridge on products of two predictions, and an elastic net. A boosted model combines their
    output for the four people that trained them. Source: ``part1_analysis.ipynb``, cells 21 to 23, with
    scikit-learn's boosting in place of XGBoost.

    Parameters
    ----------
    predicted, measured : float64 array, (gene, person)
        Both are standardised over genes within each person, as published.
    n_draws : int
        Choices of four training people and one test person.
    seed : int
        Of the choices and of the forest.

    Returns
    -------
    DataFrame
        ``draw`` and ``r``, the correlation over genes in the test person.

    Raises
    ------
    DataError
        If there are fewer than five people.
    """
    from sklearn.ensemble import GradientBoostingRegressor, RandomForestRegressor
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.kernel_ridge import KernelRidge
    from sklearn.linear_model import ElasticNet, Ridge

    n_people = predicted.shape[1]
    if n_people <= N_PEOPLE:
        raise DataError(f"The stack needs {N_PEOPLE} people and one to test, but there are {n_people}.")
    rng, rows = np.random.default_rng([seed, 10]), []
    features, target = (_by_person(one) for one in (predicted, measured))
    for draw in range(n_draws):
        *train, test = rng.choice(n_people, N_PEOPLE + 1, replace=False)
        bases = [
            Ridge(alpha=0.001),
            RandomForestRegressor(n_estimators=10, max_depth=10, random_state=seed),
            KernelRidge(alpha=0.1, kernel="poly", degree=2),
            ElasticNet(alpha=0.1),
        ]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            fitted = [one.fit(features[train], target[train]) for one in bases]
        inside, outside = (
            np.stack([one.predict(features[rows_]).ravel() for one in fitted], axis=1)
            for rows_ in (train, [test])
        )
        top = GradientBoostingRegressor(n_estimators=20, max_depth=3, random_state=seed)
        made = top.fit(inside, target[train].ravel()).predict(outside)
        rows.append((draw, row_correlations(made[None], target[[test]])[0]))
    return pd.DataFrame(rows, columns=["draw", "r"])


def stack_across_genes(
    predictions: dict[str, Array], measured: Array, *, n_folds: int = 5, seed: int = 0
) -> tuple[Array, pd.DataFrame]:
    """Combine models with weights that were learned on other genes, from predictions in held-out people.

    ``predictions`` (gene, person) by model were made in held-out people; ``measured`` (gene, person) is
    expression without covariates; ``n_folds`` are folds of genes. Returns the combination (gene, person), and
    a table with ``model`` and ``weight``, none negative, mean over folds.
    """
    from scipy.optimize import nnls

    names = list(predictions)
    parts = np.stack([_scaled(predictions[name]) for name in names])
    target = _scaled(measured)
    number = np.random.default_rng([seed, 11]).permutation(len(measured)) % n_folds
    stacked, weights = np.empty(measured.shape), np.empty((n_folds, len(names)))
    for fold in range(n_folds):
        train = number != fold
        weights[fold] = nnls(parts[:, train].reshape(len(names), -1).T, target[train].ravel())[0]
        stacked[~train] = np.einsum("m,mgp->gp", weights[fold], parts[:, ~train])
    return stacked, pd.DataFrame({"model": names, "weight": weights.mean(axis=0)})


def _by_person(values: Array) -> Array:
    """Values (person, gene), standardised over genes within each person."""
    return _scaled(values.T)


def _scaled(rows: Array) -> Array:
    spread = rows.std(axis=1, keepdims=True)
    return (rows - rows.mean(axis=1, keepdims=True)) / np.where(spread > 0, spread, 1.0)
