"""Read GCTX, the HDF5 files of the Connectivity Map, without holding more than is asked for.

In a GCTX a *row* is a gene and a *column* a signature, but the matrix lies on disk as (signature, gene).
"""

from __future__ import annotations

import gzip
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from reread.core.errors import DataError, need
from reread.core.files import read_json, write_json, written_whole
from reread.core.tables import door

if TYPE_CHECKING:
    import h5py

MATRIX, ROW, COL = "0/DATA/0/matrix", "0/META/ROW", "0/META/COL"
N_SHOWN = 5
PIECE = 1 << 24  # bytes unpacked at once
BLOCK = 42  # signatures read at once: two chunks of the files at GEO, which stay in a cache of 2 MB


@dataclass(frozen=True, eq=False)
class Meta:
    """Ids and fields of the genes (rows) and signatures (columns) of a GCT or GCTX, -666 included."""

    row_ids: tuple[str, ...]
    column_ids: tuple[str, ...]
    rows: pd.DataFrame = field(repr=False)
    columns: pd.DataFrame = field(repr=False)


def read_meta(path: Path) -> Meta:
    """Read ids and metadata, not the matrix; a file that is no whole GCTX is a DataError."""
    with _opened(path) as file:
        rows, columns = _fields(file, ROW, path), _fields(file, COL, path)
    return Meta(tuple(rows.pop("id")), tuple(columns.pop("id")), rows.reset_index(drop=True), columns)


def read(
    path: Path, rows: Sequence[str] | None = None, columns: Sequence[str] | None = None, *,
    block: int = BLOCK,
) -> np.ndarray:  # fmt: skip
    """Read values (signature, gene) of some rows and columns by id, in the requested order; None is all.

    ``block`` signatures are held at once, rounded to whole chunks of the file. An id that is missing, or
    occurs twice in the file or the request, is a DataError.
    """
    with _opened(path) as file:
        genes = _indices_of(file, ROW, rows, path, "row")
        signatures = _indices_of(file, COL, columns, path, "column")
        every = np.arange(len(file[MATRIX])) if signatures is None else signatures
        return _read_at(file[MATRIX], genes, every, block)


def _read_at(
    matrix: h5py.Dataset, genes: np.ndarray | None, signatures: np.ndarray, block: int
) -> np.ndarray:
    """Read values (signature, gene) by index, in whole chunks of the file; no ``genes`` are all."""
    place = np.argsort(signatures, kind="stable")
    ordered = signatures[place]
    chunk = matrix.chunks[0] if matrix.chunks else 1
    block = min(max(block // chunk, 1) * chunk, len(matrix))
    buffer = np.empty((block, matrix.shape[1]), dtype=np.float32)
    out = np.empty((len(signatures), matrix.shape[1] if genes is None else len(genes)), dtype=np.float32)
    forward, back = (None, None) if genes is None else np.unique(genes, return_inverse=True)
    for start in block * np.unique(ordered // block):
        stop = min(start + block, len(matrix))
        matrix.read_direct(buffer, np.s_[start:stop], np.s_[: stop - start])
        low, high = np.searchsorted(ordered, (start, stop))
        here = ordered[low:high] - start
        if genes is None:
            out[place[low:high]] = buffer[here]
        else:
            out[place[low:high]] = buffer.take(forward, axis=1, mode="clip")[here[:, None], back]
    return out


@contextmanager
def _opened(path: Path) -> Iterator[h5py.File]:
    """Open a GCTX for reading, or report what the file is instead."""
    h5py, path = need("h5py", "lincs"), Path(path)
    with door(path, "GCTX"):
        with path.open("rb") as stream:
            start = stream.read(4)
        if start in (b"#1.3", b"#1.2"):
            raise DataError(f"{path} is GCT text. Read it with reread.lincs.io.gct.read.")
        if start[:2] == b"\x1f\x8b":
            raise DataError(f"{path} is compressed with gzip.\nRun:  gunzip -k {path.name}")
        with h5py.File(path, "r") as file:
            _check_layout(file, path)
            yield file


def _check_layout(file: h5py.File, path: Path) -> None:
    """Refuse HDF5 that is no GCTX, before anything large is read."""
    if not all(name in file for name in (MATRIX, f"{ROW}/id", f"{COL}/id")):
        raise DataError(f"{path} is HDF5 but no GCTX: it needs {MATRIX}, {ROW}/id and {COL}/id.")
    matrix = file[MATRIX]
    if matrix.ndim != 2 or matrix.dtype.kind not in "fiu":
        found = f"{matrix.dtype} of shape {matrix.shape}"
        raise DataError(f"{path}: {MATRIX} must be a matrix of numbers, but is {found}.")
    for axis, group, n in (("column", COL, matrix.shape[0]), ("row", ROW, matrix.shape[1])):
        found = file[f"{group}/id"].shape
        if found != (n,):
            names = f"{'x'.join(map(str, found))} {axis}s"
            raise DataError(f"{path} names {names}, but its matrix has {n}. Download the file again.")


def _indices_of(
    file: h5py.File, group: str, ids: Sequence[str] | None, path: Path, axis: str
) -> np.ndarray | None:
    """Indices of ids along an axis of an open file, in the order of the ids; None is all."""
    if ids is None:
        return None
    known = pd.Index(_text(file[f"{group}/id"][:]))
    _refuse_duplicates(known, f"{path}: {axis} ids of the file")
    _refuse_duplicates(pd.Index(ids), f"The requested {axis} ids")
    found = known.get_indexer(ids)
    missing = [one for one, place in zip(ids, found, strict=True) if place < 0]
    if missing:
        shown = ", ".join([*map(repr, missing[:N_SHOWN]), *(["..."] if len(missing) > N_SHOWN else [])])
        wanted = f"{len(missing)} of the {len(ids)} requested {axis} ids: {shown}"
        raise DataError(f"{path} lacks {wanted}. Its first id is {known[0]!r}.")
    return found


def _refuse_duplicates(ids: pd.Index, what: str) -> None:
    if not ids.is_unique:
        double = ids[ids.duplicated()].unique()
        shown = ", ".join(map(repr, double[:N_SHOWN]))
        raise DataError(f"{what} must be unique, but {len(double)} occur more than once: {shown}.")


def _fields(file: h5py.File, group: str, path: Path) -> pd.DataFrame:
    stored = {name: file[f"{group}/{name}"][:] for name in file[group]}
    if len({len(values) for values in stored.values()}) > 1:
        raise DataError(f"{path}: fields of {group} have different lengths. Download the file again.")
    is_number = {name: name != "id" and values.dtype.kind in "fiub" for name, values in stored.items()}
    return pd.DataFrame({name: one if is_number[name] else _text(one) for name, one in stored.items()})


def _text(values: np.ndarray) -> list[str]:
    """Ids and words as text: numbers, bytes in UTF-8, else in Latin-1 (the files say ``10 µM`` so)."""
    if values.dtype.kind == "S":
        try:
            return values.astype(str).tolist()
        except UnicodeDecodeError:
            values = values.astype(object)
    return [_decoded(one) if isinstance(one, bytes) else str(one) for one in values.tolist()]


def _decoded(word: bytes) -> str:
    try:
        return word.decode("utf-8")
    except UnicodeDecodeError:
        return word.decode("latin-1")


def landmark_memmap(
    path: Path, out: Path, rows: Sequence[str] | None = None, *, block: int = BLOCK
) -> tuple[np.memmap, list[str]]:
    """Extract some genes of all signatures once; return a read-only memory-mapped matrix, and its ids."""
    path, out = Path(path), Path(out)
    card = out.with_name(f"{out.name}.json")
    wanted = {"source": path.name, "rows": list(rows) if rows is not None else None}
    if not (out.is_file() and card.is_file()):
        with _unpacked(path, out.parent) as plain, written_whole(out) as part:
            shape, ids = _extract(plain, part, rows, block)
        write_json(card, {**wanted, "shape": list(shape), "columns": ids})
    with door(card, "a description of extracted values"):
        known = read_json(card)
        n_bytes = 4 * int(np.prod(known["shape"]))
    if {name: known[name] for name in wanted} != wanted or out.stat().st_size != n_bytes:
        other = "other genes, or values of another file, than requested"
        raise DataError(f"{out} holds {other}.\nDelete it and {card}.")
    return np.memmap(out, dtype=np.float32, mode="r", shape=tuple(known["shape"])), known["columns"]


@contextmanager
def _unpacked(path: Path, folder: Path) -> Iterator[Path]:
    """The file itself or, if it is compressed, an unpacked copy in ``folder`` that is removed at the end."""
    if path.suffix != ".gz":
        yield path
        return
    folder.mkdir(parents=True, exist_ok=True)
    plain = folder / f".{path.stem}.part"
    try:
        with door(path, "gzip"), gzip.open(path) as packed, plain.open("wb") as target:
            shutil.copyfileobj(packed, target, PIECE)
        yield plain
    finally:
        plain.unlink(missing_ok=True)


def _extract(
    path: Path, part: Path, rows: Sequence[str] | None, block: int
) -> tuple[tuple[int, int], list[str]]:
    """Write raw values block by block; return the shape and the ids of the signatures."""
    with _opened(path) as file, part.open("wb") as stream:
        matrix, genes = file[MATRIX], _indices_of(file, ROW, rows, path, "row")
        for start in range(0, len(matrix), block):
            index = np.arange(start, min(start + block, len(matrix)))
            stream.write(_read_at(matrix, genes, index, block).tobytes())
        n_genes = matrix.shape[1] if genes is None else len(genes)
        return (len(matrix), n_genes), _text(file[f"{COL}/id"][:])
