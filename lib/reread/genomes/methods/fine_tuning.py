"""Differences between people of one gene: a linear head, and scores on seen and unseen genes and people."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt
import pandas as pd

from reread.core.splits import Fold, by_mask, check_folds
from reread.genomes.methods.genotype_models import MODELS, fold_masks, row_correlations

Array = npt.NDArray[np.float64]
# from expression (gene, person) and folds of genes and of people to predictions (gene, person)
Tuner = Callable[[Array, Fold, Fold], Array]
PENALTIES = 10.0 ** np.arange(-1, 7)
INNER = 4
SEEN = ("seen", "unseen")
MEASURED, PERMUTED = "measured", "permuted"


def crossed_folds(n_genes: int, n_people: int, n_folds: int, *, seed: int) -> Iterator[tuple[Fold, Fold]]:
    """Hold out a part of the genes together with a part of the people, ``n_folds`` times."""
    parts = (fold_masks(n, n_folds, seed=seed + step) for step, n in enumerate((n_genes, n_people)))
    for number, masks in enumerate(zip(*parts, strict=True)):
        genes, people = (by_mask(mask, number) for mask in masks)
        yield genes, people


def pairwise_ridge(features: Array, target: Array, spread: Array, penalties: npt.ArrayLike) -> Array:
    """Weights (penalty, feature) that predict the differences between all pairs of people of each gene.

    ``features`` is (gene, person, feature), ``target`` (gene, person). ``spread`` (gene,) divides both, so
    that genes count equally. The squared errors of all pairs of n people are n times those of centred values.
    """
    X = (features - features.mean(axis=1, keepdims=True)) / spread[:, None, None]
    y = (target - target.mean(axis=1, keepdims=True)) / spread[:, None]
    X, y = X.reshape(-1, features.shape[2]), y.ravel()
    values, vectors = np.linalg.eigh(X.T @ X)
    shrunk = vectors.T @ X.T @ y / (np.maximum(values, 0) + np.asarray(penalties, dtype=float)[:, None])
    return shrunk @ vectors.T


def linear_head(features: Array, untuned: Array, *, penalties: npt.ArrayLike = PENALTIES) -> Tuner:
    """A linear correction of the untuned prediction; inner folds of genes choose its penalty."""
    centred = features - features.mean(axis=1, keepdims=True)
    scaled = features / np.maximum(centred.std(axis=(0, 1)), 1e-12)

    def tuned(target: Array, genes: Fold, people: Fold) -> Array:
        x, y = scaled[:, people.train], (target - untuned)[:, people.train]
        spread = target[:, people.train].std(axis=1)
        error = np.zeros(np.size(penalties))
        for is_test in fold_masks(len(genes.train), INNER, seed=0):
            inside, outside = genes.train[~is_test], genes.train[is_test]
            weights = pairwise_ridge(x[inside], y[inside], spread[inside], penalties)
            left = (y[outside] - np.einsum("gpf,kf->kgp", x[outside], weights)) / spread[outside, None]
            error += left.var(axis=2).sum(axis=1)
        best = np.asarray(penalties, dtype=float)[[int(np.argmin(error))]]
        weights = pairwise_ridge(x[genes.train], y[genes.train], spread[genes.train], best)[0]
        return untuned + scaled @ weights

    return tuned


def elastic_nets(dosage: list[Array]) -> Tuner:
    """An elastic net on the genotypes (person, variant) of each gene; NaN for unseen genes."""

    def tuned(target: Array, genes: Fold, people: Fold) -> Array:
        made = np.full(target.shape, np.nan)
        for gene in genes.train:
            fitted = MODELS["elastic-net"](dosage[gene][people.train], target[gene, people.train])
            made[gene] = fitted(dosage[gene])
        return made

    return tuned


def cell_correlations(made: Array, target: Array, genes: Fold, people: Fold) -> pd.DataFrame:
    """Correlation over people of each gene in each cell: columns genes, people, gene, r."""
    parts = []
    for of_genes, rows in zip(SEEN, (genes.train, genes.test), strict=True):
        for of_people, columns in zip(SEEN, (people.train, people.test), strict=True):
            r = row_correlations(made[np.ix_(rows, columns)], target[np.ix_(rows, columns)])
            parts.append(pd.DataFrame({"genes": of_genes, "people": of_people, "gene": rows, "r": r}))
    return pd.concat(parts, ignore_index=True).dropna()


def evaluate(
    tuners: dict[str, Tuner], target: Array, *, n_folds: int = 2, n_permutations: int = 1, seed: int = 0
) -> pd.DataFrame:
    """Fit every model in crossed folds, on measured expression and on expression of permuted people.

    ``tuners`` are models by name: from expression and both folds to predictions (gene, person), NaN where
    there is none. ``target`` (gene, person) is log expression. ``n_folds`` are parts of the genes and of the
    people, each held out once; ``n_permutations`` permute the people of each gene, which models are fitted to
    and scored on.

    One row a model, permutation, cell, fold and gene: method, permutation (0 is measured), genes and people
    (seen or unseen), gene, and ``r``, the correlation over the people of the cell. ParameterError if there
    are fewer than two folds. Source: the 2 x 2 of genes and people of Rastogi et al. and Drusinsky et al.;
    the null is ours.
    """
    check_folds(n_folds)
    rng, parts = np.random.default_rng([seed, 14]), []
    for permutation in range(1 + n_permutations):
        values = rng.permuted(target, axis=1) if permutation else target
        for genes, people in crossed_folds(*target.shape, n_folds, seed=seed):
            for name, tuner in tuners.items():
                found = cell_correlations(tuner(values, genes, people), values, genes, people)
                parts.append(found.assign(method=name, permutation=permutation))
    return pd.concat(parts, ignore_index=True)


def null_interval(
    made: Array, target: Array, *, n_folds: int = 2, n_permutations: int = 1, n: int = 500, seed: int = 0
) -> dict[str, float]:
    """The range of the mean correlation in unseen genes and people when people are permuted: low, high.

    ``made`` (gene, person) are predictions that were fitted to none of these people. A draw permutes the
    people of each gene of ``target``, ``n_permutations`` times as in :func:`evaluate`. All ``n`` draws are in
    the range: one network in twenty would lie outside of 95 % of them by chance.
    """
    rng, folds = np.random.default_rng([seed, 18]), list(crossed_folds(*target.shape, n_folds, seed=seed))
    places = [np.ix_(genes.test, people.test) for genes, people in folds]

    def mean() -> float:
        values = rng.permuted(target, axis=1)
        return float(np.concatenate([row_correlations(made[at], values[at]) for at in places]).mean())

    drawn = [np.mean([mean() for _ in range(n_permutations)]) for _ in range(n)]
    return {"low": float(min(drawn)), "high": float(max(drawn))}


def summarise_cells(table: pd.DataFrame, *, n_boot: int = 500, seed: int = 0) -> pd.DataFrame:
    """Mean over genes of the correlation of each model in each cell, with its interval.

    Columns method, genes, people, kind (measured, or permuted people), r, low and high (95 % of bootstrap
    samples of genes), and n_genes.
    """
    rng, rows = np.random.default_rng([seed, 15]), []
    kind = np.where(table["permutation"] > 0, PERMUTED, MEASURED)
    by = ["method", "genes", "people", "kind"]
    for names, part in table.assign(kind=kind).groupby(by, sort=False):
        r = part.groupby("gene")["r"].mean().to_numpy()
        low, high = np.percentile(r[rng.integers(0, len(r), (n_boot, len(r)))].mean(axis=1), (2.5, 97.5))
        rows.append((*names, r.mean(), low, high, len(r)))
    return pd.DataFrame(rows, columns=[*by, "r", "low", "high", "n_genes"])
