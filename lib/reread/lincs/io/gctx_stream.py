"""Read a GCTX larger than memory: minibatches, and the landmark genes as a memory-mapped file."""

from __future__ import annotations

import gzip
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from reread.core.errors import DataError, ParameterError
from reread.core.files import read_json, write_json, written_whole
from reread.core.tables import door
from reread.lincs.io import gctx

PIECE = 1 << 24  # bytes unpacked at once


def minibatches(
    path: Path, rows: Sequence[str] | None = None, *, batch: int = 512, seed: int = 0,
    block: int = gctx.BLOCK, n_mixed: int = 100,
) -> Iterator[tuple[np.ndarray, np.ndarray]]:  # fmt: skip
    """Yield all signatures once in nearly random order, as values (signature, gene) and their row numbers."""
    for name, size in (("batch", batch), ("block", block), ("n_mixed", n_mixed)):
        if size < 1:
            raise ParameterError(f"{name} must be at least 1, but is {size}.")
    rng = np.random.default_rng(seed)
    with gctx.opened(path) as file:
        matrix, genes = file[gctx.MATRIX], gctx.indices_of(file, gctx.ROW, rows, path, "row")
        starts = rng.permutation(np.arange(0, len(matrix), block))
        left = np.empty((0, matrix.shape[1] if genes is None else len(genes)), dtype=np.float32)
        left_index = np.empty(0, dtype=np.int64)
        for first in range(0, len(starts), n_mixed):
            index = np.concatenate(
                [np.arange(one, min(one + block, len(matrix))) for one in starts[first : first + n_mixed]]
            )
            values = gctx.read_at(matrix, genes, index, block=block)
            order = rng.permutation(len(left) + len(index))
            values, index = np.concatenate([left, values])[order], np.concatenate([left_index, index])[order]
            n_whole = len(index) // batch * batch
            for start in range(0, n_whole, batch):
                yield values[start : start + batch], index[start : start + batch]
            left, left_index = values[n_whole:], index[n_whole:]
        if len(left):
            yield left, left_index


def landmark_memmap(
    path: Path, out: Path, rows: Sequence[str] | None = None, *, block: int = gctx.BLOCK
) -> np.memmap:
    """Extract some genes of all signatures once; return them as a read-only memory-mapped matrix."""
    path, out = Path(path), Path(out)
    wanted, card = {"source": path.name, "rows": list(rows) if rows is not None else None}, _card(out)
    if not (out.is_file() and card.is_file()):
        with unpacked(path, out.parent) as plain, written_whole(out) as part:
            shape, ids = _extract(plain, part, rows, block)
        write_json(card, {**wanted, "shape": list(shape), "columns": ids})
    with door(card, "a description of extracted values"):
        known = read_json(card)
        n_bytes = 4 * int(np.prod(known["shape"]))
    if {name: known[name] for name in wanted} != wanted or out.stat().st_size != n_bytes:
        raise DataError(
            f"{out} holds other genes, or values of another file, than requested.\nDelete it and {card}."
        )
    return np.memmap(out, dtype=np.float32, mode="r", shape=tuple(known["shape"]))


@contextmanager
def unpacked(path: Path, folder: Path) -> Iterator[Path]:
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


def landmark_ids(out: Path) -> list[str]:
    """Ids (signature,) of the rows that :func:`landmark_memmap` wrote."""
    return read_json(_card(Path(out)))["columns"]


def _extract(
    path: Path, part: Path, rows: Sequence[str] | None, block: int
) -> tuple[tuple[int, int], list[str]]:
    """Write raw values block by block; return the shape and the ids of the signatures."""
    with gctx.opened(path) as file, part.open("wb") as stream:
        matrix, genes = file[gctx.MATRIX], gctx.indices_of(file, gctx.ROW, rows, path, "row")
        for start in range(0, len(matrix), block):
            index = np.arange(start, min(start + block, len(matrix)))
            stream.write(gctx.read_at(matrix, genes, index, block=block).tobytes())
        n_genes = matrix.shape[1] if genes is None else len(genes)
        return (len(matrix), n_genes), gctx.ids_of(file, gctx.COL)


def _card(out: Path) -> Path:
    return out.with_name(f"{out.name}.json")
