"""Folds of training and test rows, at random or by whole groups, over scikit-learn's splitters."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from reread.core.errors import DataError, ParameterError


@dataclass(frozen=True, eq=False)
class Fold:
    """One split: rows that train a model, and rows that test it.

    ``name`` is its number from 0, or what was held out; ``train`` and ``test`` are row numbers (row,). They
    never overlap; rows may be in neither.
    """

    name: int | str
    train: npt.NDArray[np.intp]
    test: npt.NDArray[np.intp]

    def __post_init__(self) -> None:
        for part, rows in (("training", self.train), ("test", self.test)):
            if not len(rows):
                raise DataError(
                    f"Fold {self.name!r} has no {part} row.\nHold out another share, or ask for fewer folds."
                )
        if len(np.intersect1d(self.train, self.test)):
            raise DataError(f"Fold {self.name!r} has rows in training and in test.")

    def within(self, rows: npt.ArrayLike) -> Fold:
        """The same fold of a list whose rows are ``rows`` of a longer one: rows of the longer one."""
        rows = np.asarray(rows)
        return Fold(self.name, rows[self.train], rows[self.test])


def by_mask(is_test: npt.ArrayLike, name: int | str = 0) -> Fold:
    """The fold whose test rows are those where the mask (row,) is true; all others train."""
    is_test = np.asarray(is_test, dtype=bool)
    return Fold(name, np.flatnonzero(~is_test), np.flatnonzero(is_test))


def by_number(fold: npt.ArrayLike) -> Iterator[Fold]:
    """A fold for each number from 0 in ``fold`` (row,); rows with -1 stay in training."""
    fold = np.asarray(fold)
    for k in range(int(fold.max()) + 1):
        yield by_mask(fold == k, k)


def random_share(n: int, share: float, *, seed: int = 0, name: int | str = 0) -> Fold:
    """Hold out a share of the rows at random."""
    from sklearn.model_selection import train_test_split

    check_share(share)
    if n < 2 or np.ceil(share * n) >= n:
        raise DataError(f"Testing {share:g} of {n} rows leaves none to train. Test a smaller share.")
    test = train_test_split(np.arange(n), test_size=share, random_state=seed)[1]
    return by_mask(np.isin(np.arange(n), test), name)


def group_numbers(groups: npt.ArrayLike, n_folds: int, what: str = "group") -> npt.NDArray[np.int32]:
    """Fold number of each row (row,), equal for rows of one group, folds as equal in size as groups allow."""
    from sklearn.model_selection import GroupKFold

    groups = np.asarray(groups)
    check_folds(n_folds)
    found = len(np.unique(groups))
    if found < n_folds:
        raise DataError(f"{n_folds} folds by {what} need {n_folds} names, but the list has {found}.")
    number = np.empty(len(groups), dtype=np.int32)
    for k, (_, test) in enumerate(GroupKFold(n_folds).split(groups, groups=groups)):
        number[test] = k
    return number


def by_group(groups: npt.ArrayLike, n_folds: int, what: str = "group") -> list[Fold]:
    """Folds that hold out whole groups, each once; errors as :func:`group_numbers`."""
    return list(by_number(group_numbers(groups, n_folds, what)))


def stratified(label: npt.ArrayLike, n_folds: int, *, seed: int | None = None) -> list[Fold]:
    """Folds with every label in the same shares; rows in their order, or shuffled by a seed."""
    from sklearn.model_selection import StratifiedKFold

    label = np.asarray(label)
    check_folds(n_folds)
    names, counts = np.unique(label, return_counts=True)
    if len(names) == 0 or counts.min() < n_folds:
        least = int(counts.min()) if len(counts) else 0
        raise DataError(
            f"{n_folds} folds need {n_folds} rows of each label, but one label has {least}.\n"
            f"Ask for fewer folds, or for more rows."
        )
    splitter = StratifiedKFold(n_folds, shuffle=seed is not None, random_state=seed)
    return [Fold(k, train, test) for k, (train, test) in enumerate(splitter.split(label, label))]


def leaks(groups: npt.ArrayLike, fold: Fold) -> set:
    """Groups (row,) that have rows both in training and in test."""
    groups = np.asarray(groups)
    return set(groups[fold.train].tolist()) & set(groups[fold.test].tolist())


def refuse_one_class(folds: Iterable[Fold], label: npt.ArrayLike, what: str) -> None:
    """Refuse folds without both labels, 0 and 1, in training and in test."""
    label = np.asarray(label)
    for fold in folds:
        for part, rows in (("training", fold.train), ("test", fold.test)):
            positive = int(label[rows].sum())
            if not 0 < positive < len(rows):
                raise DataError(
                    f"Fold {fold.name} has {len(rows)} {part} {what}, {positive} of them positive; both "
                    f"labels are needed.\nAsk for fewer folds, or use a longer list."
                )


def check_share(share: float) -> None:
    """Refuse a share of rows that is not between 0 and 1 (ParameterError)."""
    if not 0 < share < 1:
        raise ParameterError(f"The share of test rows must lie between 0 and 1, but is {share:g}.")


def check_folds(n_folds: int) -> None:
    """Refuse fewer than two folds (ParameterError)."""
    if n_folds < 2:
        raise ParameterError(f"n_folds must be at least 2, but is {n_folds}.")
