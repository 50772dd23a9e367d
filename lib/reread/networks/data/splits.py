"""Split pairs into training and test rows: by pair, by TF, by gene, or by both at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from sklearn.model_selection import GroupKFold, StratifiedKFold

from reread.core.errors import DataError, ParameterError, did_you_mean
from reread.networks.data.tables import Pairs

SCHEMES = ("pair", "tf", "gene", "both")


@dataclass(frozen=True, eq=False)
class Fold:
    """Training and test rows of one fold; they never overlap, and under ``both`` some rows are in neither."""

    name: int
    train: np.ndarray
    test: np.ndarray


def split_pairs(pairs: Pairs, scheme: str, *, n_folds: int = 5, seed: int = 0) -> list[Fold]:
    """Split a pair list into cross-validation folds.

    Parameters
    ----------
    pairs : Pairs
        Rows (pair,).
    scheme : str
        ``pair``: rows at random, labels balanced, every TF and gene known from training. ``tf`` and
        ``gene``: no test TF (gene) is in training. ``both``: neither is; fold k tests the pairs
        of the k-th group of TFs with the k-th group of genes, and drops the pairs that share one side.
    n_folds : int
        Number of folds.
    seed : int
        Shuffles the rows of ``pair``. The other schemes follow the sizes of the groups alone.

    Returns
    -------
    list of Fold

    Raises
    ------
    ParameterError
        If the scheme is unknown or there are fewer than two folds.
    DataError
        If a fold would be empty or hold one class only, in training or in test.

    Notes
    -----
    Source: DeepTGI scripts. ``pair`` with seed 0 gives exactly the authors' folds: rows shuffled with NumPy's
    legacy generator, then stratified without shuffling. The others are ours; groups are made by
    scikit-learn's ``GroupKFold`` on names, so that they do not depend on the order of genes.
    """
    if scheme not in SCHEMES:
        raise ParameterError(f"There is no split scheme {scheme!r}. {did_you_mean(scheme, SCHEMES)}")
    if n_folds < 2:
        raise ParameterError(f"Cross-validation needs at least 2 folds, but {n_folds} was asked for.")
    if len(pairs) == 0:
        raise DataError("There is no pair to split: the pair list is empty.\nSample or read pairs first.")
    if scheme == "pair":
        folds = _by_pair(pairs, n_folds, seed)
    elif scheme == "both":
        folds = _by_both(pairs, n_folds)
    else:
        groups = _groups(pairs, scheme, n_folds)
        folds = [Fold(k, np.flatnonzero(groups != k), np.flatnonzero(groups == k)) for k in range(n_folds)]
    for fold in folds:
        _require_both_labels(pairs, scheme, fold)
    return folds


def inner_folds(
    pairs: Pairs, train: np.ndarray, scheme: str, *, n_folds: int = 5, seed: int = 0
) -> list[Fold]:
    """Split the training rows of an outer fold again; the folds hold rows of the whole list."""
    train = np.asarray(train)
    inside = split_pairs(pairs.take(train), scheme, n_folds=n_folds, seed=seed)
    return [Fold(fold.name, train[fold.train], train[fold.test]) for fold in inside]


def _by_pair(pairs: Pairs, n_folds: int, seed: int) -> list[Fold]:
    shuffled = np.arange(len(pairs))
    np.random.RandomState(seed).shuffle(shuffled)  # the authors' folds come from this generator
    label = pairs.label[shuffled]
    smallest = int(np.bincount(label, minlength=2).min())
    if smallest < n_folds:
        raise DataError(
            f"{n_folds} folds need {n_folds} pairs of each label, but one label has {smallest}.\n"
            f"Ask for fewer folds, or for a list with both labels."
        )
    halves = StratifiedKFold(n_folds).split(shuffled, label)
    return [Fold(k, shuffled[train], shuffled[test]) for k, (train, test) in enumerate(halves)]


def _by_both(pairs: Pairs, n_folds: int) -> list[Fold]:
    tf_group, gene_group = _groups(pairs, "tf", n_folds), _groups(pairs, "gene", n_folds)
    return [
        Fold(
            k,
            np.flatnonzero((tf_group != k) & (gene_group != k)),
            np.flatnonzero((tf_group == k) & (gene_group == k)),
        )
        for k in range(n_folds)
    ]


def _groups(pairs: Pairs, side: str, n_folds: int) -> np.ndarray:
    """Fold number of each row (pair,), equal for rows that share the TF (or the gene)."""
    names = pairs.tf_names if side == "tf" else pairs.gene_names
    found = len(np.unique(names))
    if found < n_folds:
        raise DataError(f"{n_folds} folds by {side} need {n_folds} names, but the list has {found}.")
    group = np.empty(len(pairs), dtype=np.int32)
    for k, (_, test) in enumerate(GroupKFold(n_folds).split(names, groups=names)):
        group[test] = k
    return group


def _require_both_labels(pairs: Pairs, scheme: str, fold: Fold) -> None:
    for part, rows in (("training", fold.train), ("test", fold.test)):
        positive = int(pairs.label[rows].sum())
        if 0 < positive < len(rows):
            continue
        raise DataError(
            f"Fold {fold.name} by {scheme} has {len(rows)} {part} pairs, {positive} of them positive; "
            f"both labels are needed.\nAsk for fewer folds, another seed, or a longer pair list."
        )
