"""Read counts of cells from loom, h5ad, AnnData, GSE144136 and two R packages. No file is changed."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.io import mmread
from scipy.sparse import csr_matrix, vstack

from reread.core.data.blocks import of_anndata, open_file
from reread.core.data.r_files import read_objects, transposed
from reread.core.errors import DataError
from reread.core.tables import door
from reread.depression.data.counts import Counts, check_cells, check_genes, check_raw

BLOCK = 1024  # cells read at once: a multiple of the 64 that a loom file packs together
CELL_NAME = r"^([A-Za-z/]+)(?:_\S*?)?\.(\d+)_(Control|Suicide)_(B\d+)_"


@dataclass(frozen=True)
class Keys:
    """Names in a reader's own file: columns of the cells, then what may be left out.

    ``control`` is the condition of control cells, by default the first in the alphabet; ``genes`` the
    attribute (loom) or column (h5ad) of the genes, by default ``ensembl_id``, else their names; ``layer``
    that of the raw counts, by default the main matrix. ``are_symbols``: ids from Geneformer's dictionary.
    """

    donor: str = "donor"
    condition: str = "condition"
    cell_type: str = ""
    batch: str = ""
    control: str = ""
    genes: str = ""
    layer: str = ""
    are_symbols: bool = False


def stream(path: Path, keys: Keys, symbols: dict[str, str] | None = None) -> Iterator[Counts]:
    """Read a loom or h5ad file in blocks of 1,024 cells, opened for reading only; DataError if it is wrong.

    Empty cells and those with ``filter_pass`` other than 1 are left out; ``n_counts`` may be missing.
    """
    path = Path(path)
    with door(path, f"a {path.suffix[1:]} file"):
        opened = open_file(path, layer=keys.layer, genes=keys.genes)
        yield from _blocks(*opened, keys, str(path), symbols)


def read(path: Path, keys: Keys, symbols: dict[str, str] | None = None) -> Counts:
    """Read a whole loom or h5ad file; see :func:`stream`."""
    return _joined(stream(path, keys, symbols), str(path))


def from_anndata(adata: Any, keys: Keys, symbols: dict[str, str] | None = None) -> Counts:
    """Take counts from an AnnData object of the notebook; see :func:`stream`."""
    where = "the AnnData object"
    opened = of_anndata(adata, where, layer=keys.layer, genes=keys.genes)
    return _joined(_blocks(*opened, keys, where, symbols), where)


def _joined(blocks: Iterator[Counts], where: str) -> Counts:
    """Put blocks of one file together."""
    parts = list(blocks)
    if not parts:
        raise DataError(f"{where} has no cell that is not empty and passes its filter.")
    cells = pd.concat([one.cells for one in parts], ignore_index=True)
    return Counts(vstack([one.matrix for one in parts]).tocsr(), parts[0].genes, cells, parts[0].conditions)


def _blocks(
    table: pd.DataFrame, genes: npt.ArrayLike, block: Any, keys: Keys, where: str, symbols: dict | None
) -> Iterator[Counts]:
    """Blocks of cells from ``block(rows)``, a csr matrix (cell, gene)."""
    columns = {name: getattr(keys, name) for name in ("donor", "condition", "cell_type", "batch")}
    cells, conditions = check_cells(table, columns, where, keys.control)
    if keys.are_symbols and symbols is None:
        raise DataError(f"{where} names genes by symbol, and their Ensembl ids need a dictionary.")
    merge, ids = _gene_ids(genes, where, symbols if keys.are_symbols else None)
    n_cells = len(table)
    passed = np.ones(n_cells, bool) if "filter_pass" not in table else table["filter_pass"].to_numpy() == 1
    for start in range(0, n_cells, BLOCK):
        rows = slice(start, min(start + BLOCK, n_cells))
        values = block(rows)
        check_raw(values.data, where)
        total = np.asarray(values.sum(axis=1)).ravel()
        if "n_counts" in table:
            given = pd.to_numeric(table["n_counts"], errors="coerce").to_numpy(dtype=float)[rows]
            total = np.where(given > 0, given, total)
        counts = (values @ merge).astype(np.int32).tocsr()
        kept = passed[rows] & (np.diff(counts.indptr) > 0)
        if kept.any():
            part = cells.iloc[rows].assign(n_counts=total)[kept].reset_index(drop=True)
            yield Counts(counts[kept], ids, part, conditions)


def _gene_ids(
    genes: npt.ArrayLike, where: str, symbols: dict[str, str] | None
) -> tuple[csr_matrix, npt.NDArray[np.str_]]:
    """Matrix (gene of the file, id), which sums genes of one id and drops unknown symbols; the ids."""
    names = pd.Series(np.asarray(genes).astype(str))
    ids = pd.Series(check_genes(names, where)) if symbols is None else names.map(symbols)
    if ids.isna().all():
        raise DataError(
            f"None of the symbols of {where} is known, for instance {names[0]}.\n"
            f"Leave symbols=true out if they are Ensembl ids."
        )
    place, ids = pd.factorize(ids)  # ids in the order of the file
    known = np.flatnonzero(place >= 0)
    ones = np.ones(len(known), dtype=np.int64)
    merge = csr_matrix((ones, (known, place[known])), shape=(len(names), len(ids)))
    return merge, np.asarray(ids, dtype=str)


def read_gse144136(
    matrix: Path, gene_names: Path, cell_names: Path, symbols: dict[str, str]
) -> tuple[Counts, dict[str, int]]:
    """Read the three files of GSE144136 (Nagy 2020): counts (gene, cell) as mtx, names of genes and of cells.

    Cells are named as in ``Ex_10_L2_4.3_Control_B3_AAACCTGAGGTAGCCA``. Symbols without an Ensembl id only
    count in ``n_counts``, those with one id are summed; also returns how many of each were found.
    """
    cells, genes = (_names(path) for path in (cell_names, gene_names))
    columns = ["cell_type", "donor", "condition", "batch"]
    table = pd.Series(cells).str.extract(CELL_NAME).set_axis(columns, axis=1)
    wrong = [cells[i] for i in np.flatnonzero(table["donor"].isna())]
    if wrong:
        raise DataError(f"{cell_names}: {len(wrong)} cells have names of another form, such as {wrong[0]!r}.")
    with door(matrix, "a Matrix Market file"):
        values = mmread(matrix).T.tocsr()
    if values.shape != (len(cells), len(genes)):
        raise DataError(
            f"{matrix} is {values.shape[::-1]}, but {len(genes)} genes, {len(cells)} cells are named."
        )
    keys = Keys(cell_type="cell_type", batch="batch", control="Control", are_symbols=True)
    counts = _joined(_blocks(table, genes, values.__getitem__, keys, str(matrix), symbols), str(matrix))
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


def read_melanoma(path: Path, symbols: dict[str, str]) -> Counts:
    """Read T cells of 19 melanoma patients (scFeatures), whose response is constant in the patient.

    Log-normalised values are exponentiated, which keeps the order of genes. Genes without an Ensembl id in
    ``symbols`` are left out; of two with one id the first is kept.
    """
    with door(path, "the Seurat object of scFeatures"):
        top = read_objects(path)["example_scrnaseq"]
        table = getattr(top, "meta.data")
        values, names = transposed(top.assays["RNA"].counts)
    values.data = np.expm1(values.data)
    ids = pd.Series([symbols.get(name, "") for name in names])
    kept = np.flatnonzero((ids != "") & ~ids.duplicated())
    keys = {"donor": "patient", "condition": "respond", "cell_type": "celltype", "batch": "therapy"}
    cells, conditions = check_cells(table, keys, str(path), "Non-responder")
    cells["n_counts"] = np.asarray(values.sum(axis=1)).ravel()
    return Counts(values[:, kept], ids[kept].to_numpy(dtype=str), cells, conditions)


def read_glioblastoma(path: Path) -> Counts:
    """Read cells of five glioblastoma patients with and without panobinostat (lemur): counts of 300 genes."""
    with door(path, "the SingleCellExperiment of lemur"):
        top = read_objects(path)["glioblastoma_example_data"]
        table = pd.DataFrame({str(name): np.asarray(one) for name, one in top.colData.listData.items()})
        values, genes = transposed(top.assays.data.listData["counts"])
    keys = Keys("patient_id", "condition", batch="treatment_id", control="ctrl")
    return _joined(_blocks(table, genes, values.__getitem__, keys, str(path), None), str(path))
