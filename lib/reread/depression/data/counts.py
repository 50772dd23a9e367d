"""Raw counts of single cells with their donors, and the checks that every file goes through."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from reread.core.errors import DataError, short

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

COLUMNS = ("donor", "condition", "cell_type", "batch", "n_counts")
ENSEMBL = r"^ENS[A-Z]*G\d+(\.\d+)?$"
SHOWN = 5  # names that an error lists


@dataclass(frozen=True, eq=False)
class Counts:
    """Counts of cells and genes, and what is known of each cell.

    Attributes
    ----------
    matrix : csr_matrix of int, (cell, gene)
        Molecules counted; no log, no scaling.
    genes : str array, (gene,)
        Ensembl ids, each once.
    cells : DataFrame
        One row a cell: ``donor``, ``condition`` (0 control, 1 case), ``cell_type``, ``batch``, ``n_counts``
        (all molecules of the cell, those of genes left out here included), and what else the file has.
    conditions : tuple of str
        What the file calls control and case.
    """

    matrix: csr_matrix = field(repr=False)
    genes: npt.NDArray[np.str_] = field(repr=False)
    cells: pd.DataFrame = field(repr=False)
    conditions: tuple[str, str] = ("control", "case")

    def __post_init__(self) -> None:
        if self.matrix.shape != (len(self.cells), len(self.genes)):
            raise DataError(
                f"Counts of {self.matrix.shape} do not fit {len(self.cells)} cells and "
                f"{len(self.genes)} genes."
            )

    def __len__(self) -> int:
        return len(self.cells)

    def take(self, rows: npt.ArrayLike) -> Counts:
        """The counts of some cells, by row numbers or by a mask (cell,)."""
        rows = np.asarray(rows)
        rows = np.flatnonzero(rows) if rows.dtype == bool else rows
        cells = self.cells.iloc[rows].reset_index(drop=True)
        return Counts(self.matrix[rows], self.genes, cells, self.conditions)


def check_raw(values: npt.NDArray, where: str) -> None:
    """Refuse values that are no counts: negative, not finite, or not whole (log or scaled)."""
    if not np.isfinite(values).all() or (values < 0).any():
        raise DataError(f"{where} holds values that are negative or not finite, so they are no counts.")
    broken = values[values != np.floor(values)]
    if len(broken):
        raise DataError(
            f"{where} holds {broken[0]:.4g}, which is not whole: the values look normalised or logged.\n"
            f"Give raw counts, for instance by the layer that holds them."
        )


def check_genes(genes: npt.ArrayLike, where: str) -> npt.NDArray[np.str_]:
    """Ensembl ids without their version; refuse a list of symbols."""
    genes = pd.Series(np.asarray(genes).astype(str))
    is_id = genes.str.match(ENSEMBL)
    if not is_id.all():
        some = ", ".join(map(short, genes[~is_id][:SHOWN]))
        raise DataError(
            f"{where} should name genes by Ensembl ids such as ENSG00000141510, but has {some}.\n"
            f"If they are gene symbols, give them with -p symbols=true."
        )
    return genes.str.replace(r"\.\d+$", "", regex=True).to_numpy(dtype=str)


def check_cells(cells: pd.DataFrame, keys: dict[str, str], where: str, control: str = "") -> dict[str, Any]:
    """Take the columns of a cell table by the user's names.

    ``keys`` maps ``donor``, ``condition``, ``cell_type`` and ``batch`` to columns of ``cells``; an empty name
    for the last two gives one value to all. ``control`` names the value of the control cells; without it the
    first in the alphabet. Returns ``cells`` with our columns and ``conditions``. Errors: a column that is
    missing, other than two conditions, a cell without donor or condition.
    """
    table = {}
    for ours, name in keys.items():
        if name and name not in cells:
            known = ", ".join(map(str, cells.columns[:12])) or "none"
            raise DataError(
                f"{where} has no column {name!r} for the {ours} of a cell. It has: {known}.\n"
                f"Name the right one with -p {ours}_key=COLUMN."
            )
        if not name and ours in ("donor", "condition"):
            raise DataError(f"Name the column of the {ours} of a cell: -p {ours}_key=COLUMN.")
        column = cells[name] if name else pd.Series("all", index=cells.index)
        if ours in ("donor", "condition") and column.isna().any():
            raise DataError(f"{where}: {int(column.isna().sum())} cells have no {ours} ({name}).")
        table[ours] = column.astype(str).to_numpy()
    names = sorted(set(table["condition"]))
    if len(names) != 2 or (control and control not in names):
        wanted = f", one of them {control!r}" if control else ""
        raise DataError(
            f"{where}: column {keys['condition']!r} must have two values{wanted}, but has "
            f"{', '.join(names[:SHOWN]) or 'none'}."
        )
    conditions = (control or names[0], next(one for one in names if one != (control or names[0])))
    table["condition"] = (table["condition"] == conditions[1]).astype(np.int8)
    return {"cells": pd.DataFrame(table), "conditions": conditions}
