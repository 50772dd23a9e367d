"""Read counts of single cells: loom, h5ad, AnnData, and the files of GSE144136. No file is changed."""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from reread.core.errors import DataError, need
from reread.core.tables import door
from reread.depression.data.counts import Counts, check_cells, check_genes, check_raw

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

BLOCK = 1024  # cells read at once: a multiple of the 64 that a loom file packs together
CELL_NAME = re.compile(r"^([A-Za-z/]+)(?:_\S*?)?\.(\d+)_(Control|Suicide)_(B\d+)_")


@dataclass(frozen=True)
class Keys:
    """Names in a reader's own file.

    Attributes
    ----------
    donor, condition, cell_type, batch : str
        Columns of the cells; the last two may be empty.
    control : str
        Value of the condition in control cells; empty for the first in the alphabet.
    genes : str
        Attribute (loom) or column (h5ad) with the genes; empty for ``ensembl_id`` where there is one, else
        the names of the genes.
    layer : str
        Layer that holds the raw counts; empty for the main matrix.
    are_symbols : bool
        Whether genes are named by symbol; ids then come from Geneformer's dictionary.
    """

    donor: str = "donor"
    condition: str = "condition"
    cell_type: str = ""
    batch: str = ""
    control: str = ""
    genes: str = ""
    layer: str = ""
    are_symbols: bool = False

    @property
    def columns(self) -> dict[str, str]:
        """Our column to theirs."""
        return {name: getattr(self, name) for name in ("donor", "condition", "cell_type", "batch")}


def stream(path: Path, keys: Keys, symbols: dict[str, str] | None = None) -> Iterator[Counts]:
    """Read a loom or h5ad file in blocks of 1,024 cells, opened for reading only.

    Cells with ``filter_pass`` other than 1 and empty cells are left out. A block's ``cells`` carry
    ``n_counts`` (of the file where it has them, else the sum of the cell). Errors as :class:`DataError`: a
    damaged file, a missing column, normalised values, symbols in place of Ensembl ids.
    """
    path = Path(path)
    opened = {".loom": _loom, ".h5ad": _h5ad}.get(path.suffix)
    if opened is None:
        raise DataError(f"{path} must be a .loom or a .h5ad file.")
    with door(path, f"a {path.suffix[1:]} file"):
        yield from _blocks(*opened(path, keys), keys, str(path), symbols)


def read(path: Path, keys: Keys, symbols: dict[str, str] | None = None) -> Counts:
    """Read a whole loom or h5ad file; see :func:`stream`."""
    return joined(list(stream(path, keys, symbols)), str(path))


def from_anndata(adata: Any, keys: Keys, symbols: dict[str, str] | None = None) -> Counts:
    """Take counts from an AnnData object of the notebook; see :func:`stream`."""
    return joined(list(_blocks(*_anndata(adata, keys), keys, "the AnnData object", symbols)), "AnnData")


def joined(parts: list[Counts], where: str) -> Counts:
    """Put blocks of one file together."""
    from scipy.sparse import vstack

    if not parts:
        raise DataError(f"{where} has no cell that is not empty and passes its filter.")
    cells = pd.concat([one.cells for one in parts], ignore_index=True)
    return Counts(vstack([one.matrix for one in parts]).tocsr(), parts[0].genes, cells, parts[0].conditions)


def _blocks(
    table: pd.DataFrame, genes: npt.ArrayLike, block: Any, keys: Keys, where: str, symbols: dict | None
) -> Iterator[Counts]:
    """Blocks of cells from ``block(start, stop)``, a csr matrix (cell, gene)."""
    found = check_cells(table, keys.columns, where, keys.control)
    merge, ids = _gene_ids(genes, keys, where, symbols)
    cells, n_cells = found["cells"], len(table)
    passed = np.ones(n_cells, bool) if "filter_pass" not in table else table["filter_pass"].to_numpy() == 1
    for start in range(0, n_cells, BLOCK):
        rows = slice(start, min(start + BLOCK, n_cells))
        values = block(rows.start, rows.stop)
        check_raw(values.data, where)
        total = np.asarray(values.sum(axis=1)).ravel()
        if "n_counts" in table:
            given = pd.to_numeric(table["n_counts"], errors="coerce").to_numpy(dtype=float)[rows]
            total = np.where(given > 0, given, total)
        counts = (values @ merge).astype(np.int32).tocsr()
        kept = passed[rows] & (np.diff(counts.indptr) > 0)
        if kept.any():
            part = cells.iloc[rows].assign(n_counts=total)[kept].reset_index(drop=True)
            yield Counts(counts[kept], ids, part, found["conditions"])


def _gene_ids(
    genes: npt.ArrayLike, keys: Keys, where: str, symbols: dict | None
) -> tuple[csr_matrix, npt.NDArray[np.str_]]:
    """Matrix (gene of the file, id), which sums genes of one id and drops unknown symbols; the ids."""
    from scipy.sparse import csr_matrix

    names = pd.Series(np.asarray(genes).astype(str))
    if keys.are_symbols:
        if symbols is None:
            raise DataError(f"{where} names genes by symbol, and their Ensembl ids need a dictionary.")
        ids = names.map(symbols)
        if ids.isna().all():
            raise DataError(f"None of the symbols of {where} is known, for instance {names[0]}.")
    else:
        ids = pd.Series(check_genes(names, where))
    place, ids = pd.factorize(ids)  # ids in the order of the file
    known = np.flatnonzero(place >= 0)
    ones = np.ones(len(known), dtype=np.int64)
    merge = csr_matrix((ones, (known, place[known])), shape=(len(names), len(ids)))
    return merge, np.asarray(ids, dtype=str)


def _loom(path: Path, keys: Keys) -> tuple[pd.DataFrame, npt.NDArray, Any]:
    """Cells, genes and blocks of a loom file (HDF5; genes x cells), by h5py: loompy opens it for writing."""
    import h5py
    from scipy.sparse import csr_matrix

    file = h5py.File(path, "r")
    layer = f"layers/{keys.layer}" if keys.layer else "matrix"
    if layer not in file:
        raise DataError(f"{path} has no layer {keys.layer!r}; it has {', '.join(file.get('layers', []))}.")
    columns = {name: _text(one[()]) for name, one in file["col_attrs"].items() if one.ndim == 1}
    rows = file["row_attrs"]
    name = keys.genes or next(
        (one for one in ("ensembl_id", "Accession", "Gene") if one in rows), "ensembl_id"
    )
    if name not in rows:
        raise DataError(f"{path} has no row attribute {name!r}; it has {', '.join(rows)}.")
    matrix = file[layer]
    return pd.DataFrame(columns), _text(rows[name][()]), lambda a, b: csr_matrix(matrix[:, a:b].T)


def _text(values: npt.NDArray) -> npt.NDArray:
    """Bytes of HDF5 as text, in UTF-8; numbers as they are."""
    if values.dtype.kind not in "SO":
        return values
    return np.array([one.decode("utf-8") if isinstance(one, bytes) else one for one in values], dtype=object)


def _h5ad(path: Path, keys: Keys) -> tuple[pd.DataFrame, npt.NDArray, Any]:
    return _anndata(need("anndata", "depression").read_h5ad(path, backed="r"), keys)


def _anndata(adata: Any, keys: Keys) -> tuple[pd.DataFrame, npt.NDArray, Any]:
    from scipy.sparse import csr_matrix

    if keys.layer and keys.layer not in adata.layers:
        raise DataError(f"There is no layer {keys.layer!r}; there is {', '.join(adata.layers) or 'none'}.")
    name = keys.genes or ("ensembl_id" if "ensembl_id" in adata.var else "")
    if name and name not in adata.var:
        raise DataError(
            f"There is no column {name!r} of the genes; there is {', '.join(adata.var) or 'none'}."
        )
    values = adata.layers[keys.layer] if keys.layer else adata.X
    genes = adata.var[name] if name else adata.var_names
    return adata.obs.reset_index(drop=True), np.asarray(genes), lambda a, b: csr_matrix(values[a:b])


def read_gse144136(
    matrix: Path, gene_names: Path, cell_names: Path, symbols: dict[str, str]
) -> tuple[Counts, dict[str, int]]:
    """Read the three files of GSE144136 (Nagy 2020): counts (gene, cell) as mtx, names of genes and of cells.

    Donor, condition, cell type and batch stand in the name of a cell, as
    ``Ex_10_L2_4.3_Control_B3_AAACCTGAGGTAGCCA``. Genes are symbols: those without an Ensembl id are left out
    but counted in ``n_counts``, and counts of symbols with one id are summed.

    Returns
    -------
    Counts
        ``cell_type`` is the broad class (Ex, Inhib, Oligos, ...).
    dict
        ``unmapped_symbols``, ``merged_symbols`` and ``empty_cells``.
    """
    from scipy.io import mmread

    cells, genes = (_names(path) for path in (cell_names, gene_names))
    parsed = [CELL_NAME.match(name) for name in cells]
    wrong = [name for name, found in zip(cells, parsed, strict=True) if found is None]
    if wrong:
        raise DataError(f"{cell_names}: {len(wrong)} cells have names of another form, such as {wrong[0]!r}.")
    with (
        door(matrix, "a Matrix Market file"),
        (gzip.open if matrix.suffix == ".gz" else open)(matrix) as file,
    ):
        values = mmread(file).T.tocsr()
    if values.shape != (len(cells), len(genes)):
        raise DataError(
            f"{matrix} is {values.shape[::-1]}, but {len(genes)} genes, {len(cells)} cells are named."
        )
    columns = ("cell_type", "donor", "condition", "batch")
    table = pd.DataFrame([found.groups() for found in parsed], columns=columns)
    keys = Keys("donor", "condition", "cell_type", "batch", control="Control", are_symbols=True)
    block = lambda a, b: values[a:b]  # noqa: E731
    counts = joined(list(_blocks(table, genes, block, keys, str(matrix), symbols)), str(matrix))
    mapped = pd.Series(genes).map(symbols)
    report = {
        "unmapped_symbols": int(mapped.isna().sum()),
        "merged_symbols": int(mapped.dropna().duplicated().sum()),
        "empty_cells": len(cells) - len(counts),
    }
    return counts, report


def _names(path: Path) -> list[str]:
    """The last column of a CSV of names, with or without a header and row numbers."""
    with door(path, "a list of names"):
        table = pd.read_csv(path, header=None, dtype=str, keep_default_na=False)
    names = table[table.columns[-1]].tolist()
    return names[1:] if names and names[0] in ("x", "V1", "0", "") else names
