"""Training and test rows of signatures, at random as published or by whole drugs, and what both share."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from reread.core.errors import DataError
from reread.core.splits import Fold, by_mask, by_number, check_folds, check_share, leaks
from reread.lincs.data import filters
from reread.lincs.data.tables import Signatures

RANDOM, HELD_OUT = "random", "held out"
VALID_SHARE = 0.1  # the authors' random tenth
SHARED = {"pert_name": "perturbation", "cell": "cell line", "plate": "plate", "pcl": "class"}


def training_rows(signatures: Signatures, min_per_line: int = 0) -> np.ndarray:
    """Select the rows that the paper trains on.

    ``min_per_line``: cell lines of drugs with at most so many signatures are dropped.
    Returns int array, (row,): without MG-132 and bortezomib.
    """
    meta = signatures.meta
    return np.flatnonzero(filters.is_in_lines(meta, min_per_line) & filters.is_without(meta))


def both_splits(signatures: Signatures, *, share: float = 0.2, seed: int = 0) -> dict[str, Fold]:
    """Split at random as published, a tenth to validate, and by whole perturbations.

    ``share``: share of the perturbations that are held out. Returns dict of str to Fold: ``random``, where
    doses and replicates of one drug fall on both sides, and ``held out``. Errors: as :func:`by_group`.
    """
    n = len(signatures)
    is_valid = np.random.default_rng(seed).permutation(n) < round(VALID_SHARE * n)
    return {RANDOM: by_mask(is_valid, RANDOM), HELD_OUT: by_group(signatures.meta, share=share, seed=seed)}


def sizes(signatures: Signatures, parts: dict[str, Fold]) -> dict[str, int]:
    """Count signatures, perturbations and genes, and the test rows of each split.

    Returns dict of str to int: ``signatures``, ``perturbations`` (different names), ``genes``, and
    ``held-out.NAME`` for each split, in rows.
    """
    return {
        "signatures": len(signatures),
        "perturbations": int(signatures.meta["pert_name"].nunique()),
        "genes": len(signatures.genes),
        **{f"held-out.{name.replace(' ', '-')}": len(part.test) for name, part in parts.items()},
    }


def overlaps(signatures: Signatures, parts: dict[str, Fold]) -> pd.DataFrame:
    """Share of the test rows of each split that have something in common with training rows.

    Returns DataFrame, (split,): ``split``, and shares (0 to 1) of test rows whose ``perturbation``, ``cell
    line``, ``plate`` and ``class`` is in training; rows where it is unknown are left out.
    """
    rows = []
    for name, part in parts.items():
        found = overlap(signatures.meta, part, by=tuple(SHARED))
        rows.append({"split": name, **{words: found[column] for column, words in SHARED.items()}})
    return pd.DataFrame(rows)


def by_group(
    meta: pd.DataFrame, *, by: Sequence[str] = ("pert_name",), share: float = 0.2, seed: int = 0
) -> Fold:
    """Split so that no group (values of the columns ``by``) is on both sides, classes spread evenly.

    ``meta``: DataFrame, (signature,). ``by``: sequence of str; whole perturbations when left out. ``share``:
    share of the groups of each class that are held out.
    ParameterError or DataError if the share is not between 0 and 1, or a side would be empty.
    """
    check_share(share)
    group, strata = _groups(meta, by), _strata(meta, by)
    rng = np.random.default_rng(seed)
    held = np.zeros(len(strata), dtype=bool)
    for stratum in np.unique(strata):
        inside = rng.permutation(np.flatnonzero(strata == stratum))
        n = int(np.clip(round(share * len(inside)), 1, len(inside) - 1)) if len(inside) > 1 else 0
        held[inside[:n]] = True
    fold = by_mask(held[group], HELD_OUT)
    assert_no_leak(meta, fold, by)
    return fold


def folds(meta: pd.DataFrame, *, by: Sequence[str] = (), n_folds: int = 5, seed: int = 0) -> Iterator[Fold]:
    """Folds of rows, each tested once: whole groups where ``by`` names columns, else single rows.

    Within each class groups are assigned in random order, the largest first, to the fold that has the least.
    """
    check_folds(n_folds)
    group = _groups(meta, by) if by else np.arange(len(meta))
    strata = _strata(meta, by) if by else _codes(meta["pcl"])
    if len(strata) < n_folds:
        raise DataError(f"{n_folds} folds need {n_folds} groups, but there are {len(strata)}.")
    fold = _assigned(np.bincount(group), strata, n_folds, np.random.default_rng(seed))[group]
    yield from by_number(fold)


def overlap(meta: pd.DataFrame, fold: Fold, *, by: Sequence[str]) -> dict[str, float]:
    """Share of test rows whose value of each column is in training; unknown values are left out."""
    shares = {}
    for name in by:
        both = [meta[name].iloc[part] for part in (fold.train, fold.test)]
        train, test = (values[values.astype(str) != ""] for values in both)
        shares[name] = float(test.isin(set(train)).mean()) if len(test) else 0.0
    return shares


def assert_no_leak(meta: pd.DataFrame, fold: Fold, by: Sequence[str] = ("pert_name",)) -> None:
    """Raise DataError if a group is on both sides of a split."""
    group = meta[list(by)].astype(str).agg(" in ".join, axis=1)
    both = sorted(leaks(group, fold))
    if both:
        groups = f"{len(both)} groups by {', '.join(by)}"
        raise DataError(f"{groups} are in training and in test, such as {both[0]!r}.")


def _groups(meta: pd.DataFrame, by: Sequence[str]) -> np.ndarray:
    """Number of the group of each row (signature,), in the order of sorted names."""
    return meta.groupby(list(by), sort=True, dropna=False).ngroup().to_numpy()


def _strata(meta: pd.DataFrame, by: Sequence[str]) -> np.ndarray:
    """Number of the class of each group (group,): the most frequent one of its rows; -1 where it is alone."""
    strata = pd.crosstab(_groups(meta, by), _codes(meta["pcl"])).to_numpy().argmax(axis=1)
    return np.where(np.bincount(strata)[strata] == 1, -1, strata)


def _codes(pcl: pd.Series) -> np.ndarray:
    return np.unique(pcl.astype(str), return_inverse=True)[1]


def _assigned(sizes: np.ndarray, strata: np.ndarray, n_folds: int, rng: np.random.Generator) -> np.ndarray:
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
