"""Raw counts of single cells with their donors, and the checks that every file goes through."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from reread.core.errors import DataError, short

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

ENSEMBL = r"^ENS[A-Z]*G\d+(\.\d+)?$"
SHOWN = 5  # names that an error lists


@dataclass(frozen=True, eq=False, repr=False)
class Counts:
    """Raw counts, and what is known of each cell.

    ``matrix`` (cell, gene) holds molecules, without log or scaling, and ``genes`` (gene,) Ensembl ids, each
    once. ``cells`` has a row a cell: ``donor``, ``condition`` (0 control, 1 case), ``cell_type``, ``batch``,
    ``n_counts`` (all molecules of the cell, those of genes left out here included). ``conditions`` are the
    file's words for control and case.
    """

    matrix: csr_matrix
    genes: npt.NDArray[np.str_]
    cells: pd.DataFrame
    conditions: tuple[str, str] = ("control", "case")

    def __len__(self) -> int:
        return len(self.cells)

    def take(self, rows: npt.ArrayLike) -> Counts:
        """The counts of some cells, by row numbers or by a mask (cell,)."""
        rows = row_numbers(rows)
        return replace(self, matrix=self.matrix[rows], cells=self.cells.iloc[rows].reset_index(drop=True))


def row_numbers(rows: npt.ArrayLike) -> npt.NDArray:
    """Row numbers of a mask (cell,); row numbers as they are."""
    rows = np.asarray(rows)
    return np.flatnonzero(rows) if rows.dtype == bool else rows


def check_raw(values: npt.NDArray, where: str) -> None:
    """Refuse values that are no counts: negative, not finite, or not whole (log or scaled)."""
    broken = values[~np.isfinite(values) | (values < 0) | (values != np.floor(values))]
    if len(broken):
        raise DataError(
            f"{where} holds {broken[0]:.4g}, but a count is a whole number from 0 ({len(broken)} such "
            f"values): they look normalised, logged or scaled.\n"
            f"Give raw counts, for instance by the layer that holds them: -p layer=NAME"
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


def check_cells(
    table: pd.DataFrame, keys: dict[str, str], where: str, control: str = ""
) -> tuple[pd.DataFrame, tuple[str, str]]:
    """Our columns of a cell table, and what it calls control and case.

    ``keys`` maps ``donor``, ``condition``, ``cell_type`` and ``batch`` to columns of ``table``; an empty name
    for the last two gives one value to all. ``control`` is the condition of control cells; without it the
    first in the alphabet. DataError: a missing column, a cell without donor, other than two conditions.
    """
    found = {}
    for ours, name in keys.items():
        if name and name not in table:
            known = ", ".join(map(str, table.columns[:12])) or "none"
            raise DataError(
                f"{where} has no column {name!r} for the {ours} of a cell. It has: {known}.\n"
                f"Name the right one with -p {ours}_key=COLUMN."
            )
        column = table[name] if name else pd.Series("all", index=table.index)
        if ours in ("donor", "condition"):
            if not name:
                raise DataError(f"Name the column of the {ours} of a cell: -p {ours}_key=COLUMN.")
            is_empty = column.isna() | (column.astype(str).str.strip() == "")
            if is_empty.any():
                raise DataError(
                    f"{where}: {int(is_empty.sum())} cells have no {ours} ({name}).\n"
                    f"Fill it in, or leave these cells out."
                )
        found[ours] = column.astype(str).to_numpy()
    names = sorted(set(found["condition"]))
    if len(names) != 2 or (control and control not in names):
        wanted = f", one of them {control!r}" if control else ""
        raise DataError(
            f"{where}: column {keys['condition']!r} must have two values{wanted}, but has "
            f"{', '.join(names[:SHOWN]) or 'none'}.\n"
            f"Keep the cells of two conditions, or name another column."
        )
    first, second = names if control != names[1] else names[::-1]
    found["condition"] = (found["condition"] == second).astype(np.int8)
    return pd.DataFrame(found), (first, second)
