"""Raw counts of single cells with their donors, and the checks that every file goes through."""

from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.sparse import csr_matrix

from reread.core.errors import DataError, short

ENSEMBL = r"^ENS[A-Z]*G\d+(\.\d+)?$"
SHOWN = 5  # names that an error lists


@dataclass(frozen=True, eq=False, repr=False)
class Counts:
    """Raw counts, and what is known of each cell.

    ``matrix`` (cell, gene) holds molecules, ``genes`` (gene,) Ensembl ids, each once. ``cells`` has
    ``donor``, ``condition`` (0 control, 1 case), ``cell_type``, ``batch`` and ``n_counts`` (all molecules of
    the cell), ``conditions`` the file's words for control and case.
    """

    matrix: csr_matrix
    genes: npt.NDArray[np.str_]
    cells: pd.DataFrame
    conditions: tuple[str, str] = ("control", "case")

    def __len__(self) -> int:
        return len(self.cells)

    def take(self, rows: npt.ArrayLike) -> Self:
        """The counts of some cells, by row numbers or by a mask (cell,)."""
        rows = np.asarray(rows)
        return replace(self, matrix=self.matrix[rows], cells=self.cells.iloc[rows].reset_index(drop=True))


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
    """Our columns of a cell table by ``keys`` (ours to the table's), and what it calls control and case.

    The names of the last two columns may be empty; ``control`` is by default the first in the alphabet.
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
        is_needed = ours in ("donor", "condition")
        if is_needed and not name:
            raise DataError(f"Name the column of the {ours} of a cell: -p {ours}_key=COLUMN.")
        n_empty = (column.isna() | (column.astype(str).str.strip() == "")).sum()
        if is_needed and n_empty:
            raise DataError(
                f"{where}: {n_empty} cells have no {ours} ({name}).\nFill it in, or leave these cells out."
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
