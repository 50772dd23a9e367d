"""Training, validation and test cells: whole donors apart, or cells at random as the authors did."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from reread.core.errors import DataError
from reread.core.splits import check_folds


@dataclass(frozen=True, eq=False, repr=False)
class Split:
    """One split, such as ``donor 0``: masks (cell,) of cells that train, choose the epoch, and are tested."""

    name: str
    train: npt.NDArray[np.bool_]
    validation: npt.NDArray[np.bool_]
    test: npt.NDArray[np.bool_]

    def has_both(self, label: npt.NDArray) -> bool:
        """Whether each of the three parts has cells of both labels, 0 and 1."""
        return all(0 < label[rows].sum() < rows.sum() for rows in (self.train, self.validation, self.test))


def by_donor(cells: pd.DataFrame, n_folds: int, *, seed: int = 0) -> list[Split]:
    """Hold out whole donors: each donor is tested once, and the next fold's test donors choose the epoch.

    Donors of each condition, or all where every one gave cells of both, are assigned to the folds in turn,
    shuffled by ``seed``. DataError for fewer than three folds, or too few or partly paired donors.
    """
    if are_paired(cells):
        groups = [cells["donor"].unique()]
    else:
        label = _donor_labels(cells)
        groups = [label.index[label == condition] for condition in (0, 1)]
    least = min(map(len, groups))
    if n_folds < 3 or least < n_folds:
        raise DataError(
            f"{n_folds} folds by donor need at least 3 folds and {max(n_folds, 3)} donors of each condition, "
            f"but one condition has {least}.\nAsk for fewer folds, or use more donors."
        )
    rng = np.random.default_rng(seed)
    # all in one turn, so that the larger folds are not the same for both conditions
    donors = np.concatenate([rng.permutation(group) for group in groups])
    fold = pd.Series(np.arange(len(donors)) % n_folds, index=donors)
    return _splits("donor", cells, cells["donor"].map(fold).to_numpy(), n_folds)


def by_cell(cells: pd.DataFrame, n_folds: int, *, seed: int = 0) -> list[Split]:
    """Split cells at random, whatever their donor: the published design, in as many folds.

    There is no validation set: as the authors did, the test cells choose the epoch.
    """
    check_folds(n_folds)
    fold = np.random.default_rng(seed).permutation(np.arange(len(cells)) % n_folds)
    return _splits("cell", cells, fold, n_folds)


def are_paired(cells: pd.DataFrame) -> bool:
    """Whether every donor gave cells of both conditions."""
    return bool((cells.groupby("donor")["condition"].nunique() > 1).all())


def _donor_labels(cells: pd.DataFrame) -> pd.Series:
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
    if are_paired(cells):
        donors, number = np.unique(cells["donor"], return_inverse=True)
        is_swapped = rng.permutation(len(donors)) < len(donors) / 2
        return np.where(is_swapped[number], 1 - condition, condition).astype(np.int8)
    label = _donor_labels(cells)
    drawn = pd.Series(rng.permutation(label), index=label.index)
    return cells["donor"].map(drawn).to_numpy(dtype=np.int8)


def _splits(kind: str, cells: pd.DataFrame, fold: npt.NDArray, n_folds: int) -> list[Split]:
    """A split for each fold; only whole donors leave another fold for validation."""
    found = []
    for k in range(n_folds):
        test = fold == k
        validation = fold == (k + 1) % n_folds if kind == "donor" else test
        found.append(Split(f"{kind} {k}", ~test & ~validation, validation, test))
        if not found[k].has_both(cells["condition"].to_numpy()):
            raise DataError(
                f"Split '{kind} {k}' has one condition only among its training, validation or test cells.\n"
                f"Ask for fewer folds, or use more cells."
            )
    return found
