"""Split signatures into training and test rows, by whole drugs or at random, and say what leaks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from reread.core.errors import DataError, ParameterError, did_you_mean


@dataclass(frozen=True, eq=False)
class Split:
    """Which rows teach, which rows test; they never overlap.

    Attributes
    ----------
    train, test : int array, (signature,)
        Rows, ascending.
    """

    train: np.ndarray
    test: np.ndarray


def random(n: int, *, share: float = 0.2, seed: int = 0) -> Split:
    """Split rows at random, as the authors do: doses and replicates of one drug fall on both sides.

    Parameters
    ----------
    n : int
        Number of rows.
    share : float
        Share of rows that test, more than 0 and less than 1.
    seed : int

    Raises
    ------
    ParameterError
        If the share is not between 0 and 1.
    DataError
        If a side would be empty.
    """
    _check_share(share)
    return _split(np.random.default_rng(seed).permutation(n) < round(share * n))


def by_group(
    meta: pd.DataFrame,
    *,
    by: Sequence[str] = ("pert_name",),
    share: float = 0.2,
    seed: int = 0,
    stratify: str = "pcl",
) -> Split:
    """Split so that no group stands on both sides.

    Parameters
    ----------
    meta : DataFrame, (signature,)
        Of :class:`reread.lincs.data.tables.Signatures`.
    by : sequence of str
        Columns that make a group: ``("pert_name",)`` holds out drugs, ``("pert_name", "cell")`` drugs in a
        line. A name is safer than ``pert_id``: one drug can have several ids.
    share : float
        Share of the groups of each stratum that test; a stratum gives at least one group and keeps at least
        one. Strata of a single group are one stratum together.
    seed : int
    stratify : str
        Column whose values each give their share; empty is one stratum. A group that bears several values is
        counted under the most frequent.

    Raises
    ------
    ParameterError
        If a column is unknown or the share not between 0 and 1.
    DataError
        If a side would be empty.

    Notes
    -----
    Source: ours; the authors split signatures at random. Holding out whole drugs follows Leak Proof CMap.
    """
    _check_share(share)
    group, strata = _groups(meta, by), _strata(meta, by, stratify)
    rng = np.random.default_rng(seed)
    held = np.zeros(len(strata), dtype=bool)
    for stratum in np.unique(strata):
        inside = rng.permutation(np.flatnonzero(strata == stratum))
        n = int(np.clip(round(share * len(inside)), 1, len(inside) - 1)) if len(inside) > 1 else 0
        held[inside[:n]] = True
    return _split(held[group])


def folds(
    meta: pd.DataFrame, *, by: Sequence[str] = (), n_folds: int = 5, seed: int = 0, stratify: str = "pcl"
) -> Iterator[Split]:
    """Cut rows into folds, each tested once; whole groups when ``by`` names columns, else single rows.

    Within each stratum groups are dealt out in random order, largest share first to the fold that has least,
    so that folds are as equal as groups allow.

    Raises
    ------
    ParameterError
        If a column is unknown, or there are fewer than two folds.
    DataError
        If there are fewer groups than folds.
    """
    if n_folds < 2:
        raise ParameterError(f"n_folds must be at least 2, but came as {n_folds}.")
    group = _groups(meta, by) if by else np.arange(len(meta))
    strata = _strata(meta, by, stratify) if by else _codes(meta, stratify)
    if len(strata) < n_folds:
        raise DataError(f"{n_folds} folds need {n_folds} groups, but there are {len(strata)}.")
    fold = _dealt(np.bincount(group), strata, n_folds, np.random.default_rng(seed))[group]
    for k in range(n_folds):
        yield _split(fold == k)


def leak_report(
    meta: pd.DataFrame, split: Split, *, by: Sequence[str] = ("pert_name", "pert_id", "cell", "plate", "pcl")
) -> pd.DataFrame:
    """Say, for each column, what share of the test rows bears a value that training has seen.

    Returns
    -------
    DataFrame, (column,)
        ``shared``, ``test_values``, ``train_values``: values on both sides, and on each; ``share_of_test``:
        share of the test rows that bear a shared value. Empty values (unknown) are left out.
    """
    rows = []
    for name in by:
        train, test = (_known(meta[name].iloc[part]) for part in (split.train, split.test))
        both = set(train) & set(test)
        share = float(test.isin(both).mean()) if len(test) else 0.0
        rows.append((name, len(both), test.nunique(), train.nunique(), share))
    return pd.DataFrame(rows, columns=["column", "shared", "test_values", "train_values", "share_of_test"])


def assert_no_leak(meta: pd.DataFrame, split: Split, by: Sequence[str] = ("pert_name",)) -> None:
    """Refuse a split that has a group on both sides.

    Raises
    ------
    DataError
        If one has; it is named.
    """
    group = meta[list(by)].astype(str).agg(" in ".join, axis=1)
    both = sorted(set(group.iloc[split.train]) & set(group.iloc[split.test]))
    if both:
        raise DataError(
            f"{len(both)} groups by {', '.join(by)} are in training and in test, such as {both[0]!r}.\n"
            "Use split.by_group."
        )


def _split(is_test: np.ndarray) -> Split:
    train, test = np.flatnonzero(~is_test), np.flatnonzero(is_test)
    if not len(train) or not len(test):
        raise DataError(
            f"A split needs rows on both sides, but has {len(train)} for training and {len(test)} for "
            "testing.\nUse more groups, or another share."
        )
    return Split(train, test)


def _check_share(share: float) -> None:
    if not 0 < share < 1:
        raise ParameterError(f"share must be more than 0 and less than 1, but came as {share:g}.")


def _groups(meta: pd.DataFrame, by: Sequence[str]) -> np.ndarray:
    """Number of the group of each row (signature,), in the order of sorted names."""
    for name in by:
        _check_column(meta, name)
    return meta.groupby(list(by), sort=True, dropna=False).ngroup().to_numpy()


def _strata(meta: pd.DataFrame, by: Sequence[str], stratify: str) -> np.ndarray:
    """Number of the stratum of each group (group,): the most frequent one of its rows; -1 for lone groups."""
    codes = pd.DataFrame({"group": _groups(meta, by), "stratum": _codes(meta, stratify)})
    counts = codes.value_counts(sort=False).rename("n").reset_index()
    best = counts.sort_values(["group", "n", "stratum"], ascending=[True, False, True], kind="stable")
    strata = best.drop_duplicates("group")["stratum"].to_numpy()
    return np.where(np.bincount(strata)[strata] == 1, -1, strata)


def _codes(meta: pd.DataFrame, column: str) -> np.ndarray:
    if not column:
        return np.zeros(len(meta), dtype=np.int64)
    _check_column(meta, column)
    return np.unique(meta[column].astype(str), return_inverse=True)[1]


def _check_column(meta: pd.DataFrame, name: str) -> None:
    if name not in meta.columns:
        raise ParameterError(f"meta has no column {name!r}. {did_you_mean(name, meta.columns)}")


def _dealt(sizes: np.ndarray, strata: np.ndarray, n_folds: int, rng: np.random.Generator) -> np.ndarray:
    """Fold of each group (group,): every stratum is spread, and the folds stay near in size."""
    fold, load = np.empty(len(sizes), dtype=np.int64), np.zeros(n_folds)
    for stratum in np.unique(strata):
        inside = rng.permutation(np.flatnonzero(strata == stratum))
        inside = inside[np.argsort(-sizes[inside], kind="stable")]
        held = np.zeros(n_folds)
        for group in inside:
            fold[group] = np.lexsort((load, held))[0]
            held[fold[group]] += 1
            load[fold[group]] += sizes[group]
    return fold


def _known(values: pd.Series) -> pd.Series:
    return values[values.astype(str) != ""]
