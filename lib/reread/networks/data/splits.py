"""Split pairs into training and test rows: by pair, by TF, by gene, or by both at once."""

from __future__ import annotations

import numpy as np

from reread.core.errors import DataError, ParameterError, did_you_mean
from reread.core.splits import Fold, by_group, group_numbers, refuse_one_class, stratified
from reread.networks.data.tables import Pairs

__all__ = ["SCHEMES", "Fold", "inner_folds", "split_pairs"]

SCHEMES = ("pair", "tf", "gene", "both")


def split_pairs(pairs: Pairs, scheme: str, *, n_folds: int = 5, seed: int = 0) -> list[Fold]:
    """Split a pair list into cross-validation folds.

    ``pair`` shuffles the rows with ``seed`` and balances the labels; every TF and gene is known from
    training. ``tf`` and ``gene`` hold out whole TFs or genes. ``both`` holds out both: fold k tests the k-th
    group of TFs with the k-th group of genes, and drops the pairs that share one side with it. An unknown
    scheme raises ParameterError, a fold that is empty or holds one class DataError. Source: DeepTGI scripts
    for ``pair``, which with seed 0 gives the authors' folds; the others are ours.
    """
    if scheme not in SCHEMES:
        raise ParameterError(f"There is no split scheme {scheme!r}. {did_you_mean(scheme, SCHEMES)}")
    if len(pairs) == 0:
        raise DataError("There is no pair to split: the pair list is empty.\nSample or read pairs first.")
    if scheme == "pair":
        shuffled = np.arange(len(pairs))
        np.random.RandomState(seed).shuffle(shuffled)  # the authors' folds come from this generator
        folds = [fold.within(shuffled) for fold in stratified(pairs.label[shuffled], n_folds)]
    elif scheme == "both":
        tf = group_numbers(pairs.tf_names, n_folds, "tf")
        gene = group_numbers(pairs.gene_names, n_folds, "gene")
        folds = [
            Fold(k, np.flatnonzero((tf != k) & (gene != k)), np.flatnonzero((tf == k) & (gene == k)))
            for k in range(n_folds)
        ]
    else:
        folds = by_group(pairs.tf_names if scheme == "tf" else pairs.gene_names, n_folds, scheme)
    refuse_one_class(folds, pairs.label, f"pairs (split: {scheme})")
    return folds


def inner_folds(
    pairs: Pairs, train: np.ndarray, scheme: str, *, n_folds: int = 5, seed: int = 0
) -> list[Fold]:
    """Split the training rows of an outer fold again; the folds hold rows of the whole list."""
    inside = split_pairs(pairs.take(train), scheme, n_folds=n_folds, seed=seed)
    return [fold.within(train) for fold in inside]
