"""Read GCT, the text form of the Connectivity Map's matrices."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from reread.core.errors import DataError
from reread.lincs.io.gctx import Meta

VERSION, HDF5 = "#1.3", b"\x89HDF"


def read(path: Path) -> tuple[np.ndarray, Meta]:
    """Read a whole GCT of version 1.3.

    Parameters
    ----------
    path : Path

    Returns
    -------
    values : float32 array, (signature, gene)
        Turned round: in the text a row is a gene.
    meta : Meta
        Fields whose every entry is a number are numbers, the others text; -666 is left in.

    Raises
    ------
    DataError
        If the file is missing, is no GCT 1.3, is HDF5, is cut short, or holds something that is no number.

    Notes
    -----
    Source: the format page of the Connectivity Map. Line 2 gives the numbers of genes, signatures, fields of
    genes and fields of signatures; the fields of signatures stand between the heading and the first gene.
    """
    path = Path(path)
    n_genes, n_signatures, n_row_fields, n_column_fields = _sizes(path)
    table = pd.read_csv(
        path, sep="\t", skiprows=2, header=None, dtype=str, keep_default_na=False, encoding="latin-1",
        quoting=3, on_bad_lines="skip",
    )  # fmt: skip
    wanted = (1 + n_column_fields + n_genes, 1 + n_row_fields + n_signatures)
    if table.shape != wanted:
        raise DataError(
            f"{path} promises {wanted[0]} lines of {wanted[1]} fields, but holds {table.shape[0]} of "
            f"{table.shape[1]}.\nGet it anew; it may be cut short."
        )
    body, head = table.iloc[1 + n_column_fields :], table.iloc[: 1 + n_column_fields]
    rows = _frame(body.iloc[:, 1 : 1 + n_row_fields].to_numpy(), head.iloc[0, 1 : 1 + n_row_fields])
    columns = _frame(head.iloc[1:, 1 + n_row_fields :].to_numpy().T, head.iloc[1:, 0])
    meta = Meta(tuple(body[0]), tuple(head.iloc[0, 1 + n_row_fields :]), rows, columns)
    return _numbers(body.iloc[:, 1 + n_row_fields :], path), meta


def _sizes(path: Path) -> tuple[int, int, int, int]:
    if not path.is_file():
        raise DataError(f"There is no file {path}.")
    with path.open("rb") as stream:
        start = stream.read(4096)
    if start.startswith(HDF5):
        raise DataError(f"{path} is HDF5, not text. Read it with reread.lincs.gctx.read.")
    first, second = [*start.decode("latin-1").splitlines(), "", ""][:2]
    fields = second.split()
    if first.strip() != VERSION or len(fields) != 4 or not all(field.isdigit() for field in fields):
        raise DataError(
            f"{path} is no GCT {VERSION}: its first lines are {first[:40]!r} and {second[:40]!r}, where "
            f"{VERSION!r} and four whole numbers are wanted."
        )
    return tuple(map(int, fields))


def _frame(values: np.ndarray, names: pd.Series) -> pd.DataFrame:
    frame = pd.DataFrame(values, columns=list(names))
    for name in frame.columns:
        numbers = pd.to_numeric(frame[name], errors="coerce")
        frame[name] = frame[name] if numbers.isna().any() else numbers
    return frame


def _numbers(cells: pd.DataFrame, path: Path) -> np.ndarray:
    try:
        return np.ascontiguousarray(cells.to_numpy().astype(np.float32).T)
    except ValueError as error:
        raise DataError(f"{path} holds something among its values that is no number: {error}.") from None
