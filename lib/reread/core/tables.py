"""Read files from outside: delimited text, and an error with the name of the file for every other format."""

from __future__ import annotations

import codecs
import csv
import gzip
import re
import struct
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING

from reread.core.errors import DataError, RereadError, did_you_mean, short

if TYPE_CHECKING:
    import pandas as pd

SEPARATORS = {"\t": "tabs", ",": "commas", ";": "semicolons"}
# what a reader of any format raises over a damaged file
UNREADABLE = (
    ArithmeticError, AttributeError, EOFError, LookupError, MemoryError, OSError, RuntimeError, SyntaxError,
    TypeError, ValueError, csv.Error, struct.error, zipfile.BadZipFile, zlib.error,
)  # fmt: skip
KINDS = {
    b"\x1f\x8b": "a gzip file; give it a name that ends in .gz",
    b"PK\x03\x04": "an Excel workbook or a zip archive; save the sheet as CSV (UTF-8)",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook; save the sheet as CSV (UTF-8)",
    b"\x89HDF": "an HDF5 file",
    b"BZh": "a bzip2 file; unpack it",
    b"\xfd7zXZ": "an xz file; unpack it",
    b"%PDF": "a PDF",
    codecs.BOM_UTF16_LE: "text in UTF-16; save it as UTF-8",
    codecs.BOM_UTF16_BE: "text in UTF-16; save it as UTF-8",
}
NUMBER = re.compile(r"\s*[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?\s*")


@contextmanager
def door(path: Path, what: str = "data of the expected form", *more: type[Exception]) -> Iterator[Path]:
    """Turn what a reader raises over ``path``, ``more`` included, into a DataError that names the file."""
    path = Path(path)
    if not path.is_file():
        found = "a folder" if path.is_dir() else "not a regular file" if path.exists() else "not there"
        from_here = "" if path.is_absolute() else f"\nIts path starts at {Path.cwd()}."
        raise DataError(f"{path} must be a file, but is {found}.{from_here}")
    try:
        yield path
    except RereadError:
        raise
    except (*UNREADABLE, *more) as error:
        reason = getattr(error, "strerror", None) or f"{error}" or type(error).__name__
        if isinstance(error, KeyError):
            reason = f"it has no {error}"
        raise DataError(f"{path} cannot be read as {what}: {short(reason)}.") from None


def read_table(
    path: Path,
    *,
    columns: Sequence[str] | None = None,
    numbers: Iterable[str] = (),
    text: Iterable[str] | None = None,
    sep: str = "",
    dtype: str = "float64",
) -> pd.DataFrame:
    """Read delimited text (UTF-8, also gzipped) into a table of text and finite numbers.

    Cells stay text as the file has them ("1-Mar", "NA", "007") unless their column holds numbers: those in
    ``numbers``, or with ``text`` every other column.
    """
    import numpy as np

    with door(path, "a table of text") as path:
        sep = sep or ("," if ".csv" in path.suffixes[-2:] else "\t")
        names = _check_rows(path, sep)
        wanted = _wanted(path, names, columns, sep)
        texts, numbers = None if text is None else set(text), set(numbers)
        numeric = [name for name in wanted if (name in numbers if texts is None else name not in texts)]
        table = _parse(path, names, wanted, numeric, sep, dtype)
        if table is None or not np.isfinite(table[numeric].to_numpy()).all():
            raise _bad_number(path, names, numeric, sep, dtype)
        if not len(table):
            raise DataError(f"{path} holds no row below its header.")
        return table


def header(path: Path, sep: str = ",") -> list[str]:
    """Names in the first line of delimited text; errors as :func:`read_table`."""
    with door(path, "a table of text") as path:
        return [name.strip() for name in next(_rows(path, sep), (0, []))[1]]


def bad_cell(path: Path, line: int, column: object, value: object, wanted: str) -> DataError:
    """Error for one cell: file, line, column, what was wanted and what came."""
    return DataError(
        f"{path}, line {line}, column {short(column)!r}: must be {wanted}, but is {short(value)!r}."
    )


def _opened(path: Path) -> IO[bytes]:
    """Bytes of a file, unpacked if named .gz; a file of another kind is refused by its first bytes."""
    stream = gzip.open(path) if path.suffix == ".gz" else path.open("rb")  # noqa: SIM115 (the caller closes it)
    start = stream.read(512)
    kind = next((kind for magic, kind in KINDS.items() if start.startswith(magic)), "")
    if start.lstrip(b"\xef\xbb\xbf \r\n\t").lower().startswith((b"<!doctype", b"<html")):
        kind = "a web page, not the file it was to give"
    if not kind and b"\0" in start:
        kind = "binary, or text in UTF-16 (then save it as UTF-8)"
    if kind or not start.strip():
        stream.close()
        raise DataError(f"{path} must be a table of text, but is {kind or 'empty'}.")
    stream.seek(0)
    return stream


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    """Number and text of each line that is not blank."""
    with _opened(path) as stream:
        for number, raw in enumerate(stream, start=1):
            if b"\0" in raw:
                raise DataError(f"{path}, line {number}: holds a zero byte; the file is damaged or no text.")
            try:
                line = raw.decode("utf-8-sig" if number == 1 else "utf-8")
            except UnicodeDecodeError as error:
                byte = raw[error.start]
                raise DataError(
                    f"{path}, line {number}: byte 0x{byte:02x} is not UTF-8; save the file as UTF-8 "
                    f"(it may be Latin-1 or Windows-1252)."
                ) from None
            if "\r" in line.rstrip("\r\n"):
                raise DataError(
                    f"{path}, line {number}: a carriage return inside a line; end lines with \\n."
                )
            if line.strip(" \r\n"):
                yield number, line


def _rows(path: Path, sep: str) -> Iterator[tuple[int, list[str]]]:
    """Line number and cells of each row; a quoted cell may run over several lines."""
    at = [0]  # number of the line that the reader took last
    feed = (at.__setitem__(0, number) or line for number, line in _lines(path))
    try:
        for cells in csv.reader(feed, delimiter=sep, strict=True):
            yield at[0], cells
    except csv.Error as error:
        raise DataError(f"{path}, line {at[0]}: {error}. Is a quotation mark left open?") from None


def _check_rows(path: Path, sep: str) -> list[str]:
    """Column names; every row must have as many cells as there are columns."""
    found = header(path, sep)
    twice = [name for name, count in Counter(found).items() if count > 1]
    if twice:
        raise DataError(f"{path} has {Counter(found)[twice[0]]} columns named {short(twice[0])!r}.")
    n = len(found)
    quoted = False
    for number, line in _lines(path):
        quoted = quoted or '"' in line
        if quoted:
            break
        if line.count(sep) + 1 != n:
            raise _bad_row(path, number, line.count(sep) + 1, n, sep)
    for number, cells in _rows(path, sep) if quoted else ():
        if len(cells) != n:
            raise _bad_row(path, number, len(cells), n, sep)
    return found


def _bad_row(path: Path, number: int, n_cells: int, n: int, sep: str) -> DataError:
    return DataError(
        f"{path}, line {number}: must have {n} cells, as the first line has, but has {n_cells}.\n"
        f"Cells are separated by {SEPARATORS.get(sep, repr(sep))}; put a cell that holds one in quotes."
    )


def _wanted(path: Path, names: list[str], columns: Sequence[str] | None, sep: str) -> list[str]:
    """Columns to return; one that is missing is an error, with the separator that may be the cause."""
    for column in columns or ():
        if column not in names:
            other = next((word for sign, word in SEPARATORS.items() if sign != sep and sign in names[0]), "")
            hint = f" Its header seems to be separated by {other}." if len(names) == 1 and other else ""
            near = did_you_mean(column, map(short, names))
            raise DataError(f"{path} has no column {column!r}.{hint} {near}")
    return list(columns or names)


def _parse(
    path: Path, names: list[str], wanted: list[str], numeric: list[str], sep: str, dtype: str
) -> pd.DataFrame | None:
    """The table, or None if a cell of a numeric column is no number."""
    import numpy as np
    import pandas as pd

    is_number = set(numeric)
    with _opened(path) as stream, np.errstate(over="ignore"):
        try:
            return pd.read_csv(
                stream, sep=sep, names=names, header=0, index_col=False, usecols=wanted,
                dtype={name: dtype if name in is_number else str for name in wanted},
                keep_default_na=False, na_filter=False, encoding="utf-8-sig",
            )[wanted]  # fmt: skip
        except (ValueError, OverflowError):
            if not numeric:
                raise
            return None


def _bad_number(path: Path, names: list[str], numeric: list[str], sep: str, dtype: str) -> DataError:
    """Find the first cell of a numeric column that is no finite number."""
    import numpy as np

    is_number, kind, rows = set(numeric), np.dtype(dtype).type, _rows(path, sep)
    next(rows)
    for number, cells in rows:
        for name, cell in zip(names, cells, strict=True):
            with np.errstate(over="ignore"):
                if name in is_number and not (NUMBER.fullmatch(cell) and np.isfinite(kind(cell))):
                    return bad_cell(path, number, name, cell, f"a finite number ({dtype})")
    return DataError(f"{path} cannot be read: a column of numbers holds something else.")
