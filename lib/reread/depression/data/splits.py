"""Training, validation and test cells: whole donors apart, or cells at random as the authors did."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd

from reread.core.errors import DataError
from reread.core.splits import check_folds


@dataclass(frozen=True, eq=False)
class Split:
    """One split of cells.

    Attributes
    ----------
    name : str
        ``donor 0``, ``cell 1``.
    train, validation, test : bool array, (cell,)
        Cells that train the network, choose its epoch, and test it.
    """

    name: str
    train: npt.NDArray[np.bool_] = field(repr=False)
    validation: npt.NDArray[np.bool_] = field(repr=False)
    test: npt.NDArray[np.bool_] = field(repr=False)


def by_donor(cells: pd.DataFrame, n_folds: int, *, is_paired: bool = False, seed: int = 0) -> list[Split]:
    """Hold out whole donors: each donor is tested once, and the next fold's test donors choose the epoch.

    ``cells`` has ``donor`` and ``condition`` (cell,). Donors of each condition are shuffled by ``seed`` and
    assigned to the folds in turn; at least three folds are needed. DataError if a donor has cells of both
    conditions, or if a condition has fewer donors than folds. With ``is_paired`` every donor gave cells of
    both (before and after a treatment, say), and donors are assigned whatever their label.
    """
    check_folds(n_folds)
    if is_paired:
        donors = np.random.default_rng(seed).permutation(cells["donor"].unique())
        if not 3 <= n_folds <= len(donors):
            raise DataError(f"{n_folds} folds by donor need 3 folds and as many donors, not {len(donors)}.")
        number = dict(zip(donors, np.arange(len(donors)) % n_folds, strict=True))
        return _splits("donor", cells, cells["donor"].map(number).to_numpy(), n_folds)
    label = donor_labels(cells)
    counts = label.value_counts()
    if n_folds < 3 or len(counts) < 2 or counts.min() < n_folds:
        least = int(counts.min()) if len(counts) > 1 else 0
        raise DataError(
            f"{n_folds} folds by donor need at least 3 folds and {max(n_folds, 3)} donors of each condition, "
            f"but one condition has {least}.\nAsk for fewer folds, or use more donors."
        )
    rng = np.random.default_rng(seed)
    fold = pd.Series(0, index=label.index)
    offset = 0
    for condition in (0, 1):
        donors = rng.permutation(label.index[label == condition])
        fold[donors] = (np.arange(len(donors)) + offset) % n_folds
        offset += len(donors)  # so that the larger folds are not the same for both conditions
    return _splits("donor", cells, cells["donor"].map(fold).to_numpy(), n_folds)


def by_cell(cells: pd.DataFrame, n_folds: int, *, seed: int = 0) -> list[Split]:
    """Split cells at random, whatever their donor: the published design, in as many folds.

    There is no validation set: as the authors did, the test cells choose the epoch.
    """
    check_folds(n_folds)
    fold = np.random.default_rng(seed).permutation(np.arange(len(cells)) % n_folds)
    return _splits("cell", cells, fold, n_folds)


def donor_labels(cells: pd.DataFrame) -> pd.Series:
    """Condition of each donor, by donor. DataError if a donor has cells of both."""
    by = cells.groupby("donor", sort=True)["condition"]
    mixed = by.nunique().loc[lambda n: n > 1].index.tolist()
    if mixed:
        raise DataError(
            f"{len(mixed)} donors have cells of both conditions, for instance {mixed[0]}.\n"
            f"Whole donors cannot be classified then; name another donor column, or split samples."
        )
    return by.first()


def permuted_donors(cells: pd.DataFrame, *, seed: int) -> npt.NDArray[np.int8]:
    """Condition of each cell (cell,) after the conditions of whole donors are permuted.

    Where every donor has cells of both conditions, the two are exchanged in half of the donors at random.
    """
    rng, condition = np.random.default_rng(seed), cells["condition"].to_numpy(dtype=np.int8)
    if (cells.groupby("donor")["condition"].nunique() > 1).all():
        donors, number = np.unique(cells["donor"], return_inverse=True)
        is_swapped = rng.permutation(len(donors)) < len(donors) / 2
        return np.where(is_swapped[number], 1 - condition, condition).astype(np.int8)
    label = donor_labels(cells)
    drawn = rng.permutation(label.to_numpy())
    return cells["donor"].map(dict(zip(label.index, drawn, strict=True))).to_numpy(dtype=np.int8)


def _splits(kind: str, cells: pd.DataFrame, fold: npt.NDArray, n_folds: int) -> list[Split]:
    """A split for each fold; only whole donors leave another fold for validation."""
    found, label = [], cells["condition"].to_numpy()
    for k in range(n_folds):
        test = fold == k
        validation = fold == (k + 1) % n_folds if kind == "donor" else test
        one = Split(f"{kind} {k}", ~test & ~validation, validation, test)
        for part in ("train", "validation", "test"):
            rows = getattr(one, part)
            if not 0 < label[rows].sum() < rows.sum():
                raise DataError(
                    f"Split {one.name!r} has one condition only among its {int(rows.sum())} {part} cells.\n"
                    f"Ask for fewer folds, or use more cells."
                )
        found.append(one)
    return found
