"""Read GCT, the text form of the Connectivity Map's matrices."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from reread.core.errors import DataError
from reread.core.tables import bad_cell, door
from reread.lincs.io.gctx import Meta

VERSIONS = {"#1.3": 4, "#1.2": 2}  # numbers in the second line
MISSING = {"", "na", "nan", "n/a", "null"}
OTHER_KINDS = {
    b"\x89HDF": "HDF5, not text. Read it with reread.lincs.io.gctx.read.",
    b"\x1f\x8b": "compressed with gzip.\nRun:  gunzip -k {name}",
    b"PK": "a zip archive or an Excel workbook, not GCT.",
    b"\xff\xfe": "text in UTF-16. Save it as UTF-8.",
    b"\xfe\xff": "text in UTF-16. Save it as UTF-8.",
}


def read(path: Path) -> tuple[np.ndarray, Meta]:
    """Read a whole GCT file, version 1.2 or 1.3, as values (signature, gene) and their metadata.

    In the file a row is a gene. Missing values (empty, NA, NaN) are NaN; anything else that is no finite
    number is refused with its line and column. In version 1.2 the only field of a gene is its
    ``Description``.
    """
    with door(path, "GCT"):
        lines = _lines(Path(path))
        n_genes, n_signatures, n_row_fields, n_column_fields = _sizes(Path(path), lines)
        n_head, n_cells = 1 + n_column_fields, 1 + n_row_fields + n_signatures
        table = [line.split("\t") for line in lines[2:]]
        for number, cells in enumerate(table, 3):
            if len(cells) != n_cells:
                raise DataError(f"{path}, line {number}: must have {n_cells} cells, but has {len(cells)}.")
        if len(table) != n_head + n_genes:
            wanted = f"{n_head + n_genes} lines below the sizes"
            raise DataError(f"{path} must have {wanted}, but has {len(table)}. It may be cut short.")
        first = 1 + n_row_fields
        head, body = np.array(table[:n_head], dtype=object), np.array(table[n_head:], dtype=object)
        body = body.reshape(n_genes, n_cells)
        values = _numbers(body[:, first:], head[0, first:], n_head + 3, Path(path))
        rows = _frame(body[:, 1:first], head[0, 1:first])
        columns = _frame(head[1:, first:].T, head[1:, 0])
        return values, Meta(tuple(body[:, 0]), tuple(head[0, first:]), rows, columns)


def _lines(path: Path) -> list[str]:
    raw = path.read_bytes()
    for magic, kind in OTHER_KINDS.items():
        if raw.startswith(magic):
            raise DataError(f"{path} is {kind.format(name=path.name)}")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = raw.decode("latin-1")  # older files write µ so
    lines = text.replace("\r\n", "\n").split("\n")
    while lines and not lines[-1].strip():
        lines.pop()
    return lines


def _sizes(path: Path, lines: list[str]) -> tuple[int, ...]:
    """Numbers of genes, signatures, fields of genes and fields of signatures."""
    first, second = [*lines[:2], "", ""][:2]
    fields, n_fields = second.split(), VERSIONS.get(first.strip())
    if len(fields) != n_fields or not all(field.isdecimal() for field in fields):
        wanted = "expected '#1.3' and four whole numbers, or '#1.2' and two"
        raise DataError(f"{path} is no GCT: it begins with {first[:40]!r} and {second[:40]!r}, {wanted}.")
    return tuple(map(int, fields)) if n_fields == 4 else (*map(int, fields), 1, 0)


def _numbers(cells: np.ndarray, names: np.ndarray, first_line: int, path: Path) -> np.ndarray:
    """Cells (gene, signature) as float32 (signature, gene); missing ones are NaN."""
    numbers = pd.to_numeric(cells.ravel(), errors="coerce").reshape(cells.shape).astype(float)
    with np.errstate(over="ignore"):
        values = numbers.astype(np.float32)
    for row, column in np.argwhere(~np.isfinite(values)):
        text = cells[row, column].strip()
        if text.lower() not in MISSING:
            raise bad_cell(path, first_line + row, names[column], text, "a finite number of 32 bits, or NA")
        values[row, column] = np.nan
    return np.ascontiguousarray(values.T)


def _frame(values: np.ndarray, names: np.ndarray) -> pd.DataFrame:
    """Fields as a table; those whose every entry is a number are numbers, but ``007`` is a name."""
    frame = pd.DataFrame(values, columns=list(names), dtype=object)
    for place in range(frame.shape[1]):
        words = frame.iloc[:, place]
        numbers = pd.to_numeric(words, errors="coerce")
        if not (numbers.isna().any() or words.str.fullmatch(r"\s*0\d+\s*").any()):
            frame.isetitem(place, numbers)
    return frame
