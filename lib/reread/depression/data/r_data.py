"""Two data sets of R packages, read without R: rdata parses the file, and this file picks what is needed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from reread.core.errors import DataError, need
from reread.core.tables import door
from reread.depression.data.counts import Counts, check_cells, check_genes, check_raw


def read_melanoma(path: Path, symbols: dict[str, str]) -> Counts:
    """Read T cells of 19 melanoma patients (scFeatures): the patient's response is constant in the patient.

    The file holds log-normalised values; ``expm1`` gives values that keep the order of the genes in a cell.
    ``symbols`` maps gene symbols to Ensembl ids; other genes are left out, and of two symbols with one id the
    first is kept.
    """
    with door(path, "the Seurat object of scFeatures"):
        top = _pairs(_parse(path).object)["example_scrnaseq"]
        table = _frame(_slot(top, "meta.data"))
        matrix = _slot(_named(_slot(top, "assays"))["RNA"], "counts")
        values, names, _ = _sparse(matrix)
    values.data = np.expm1(values.data)
    ids = pd.Series([symbols.get(name, "") for name in names])
    kept = np.flatnonzero((ids != "") & ~ids.duplicated())
    keys = {"donor": "patient", "condition": "respond", "cell_type": "celltype", "batch": "therapy"}
    found = check_cells(table, keys, str(path), "Non-responder")
    total = np.asarray(values.sum(axis=1)).ravel()
    cells = found["cells"].assign(n_counts=total)
    return Counts(values[:, kept], ids[kept].to_numpy(dtype=str), cells, found["conditions"])


def read_glioblastoma(path: Path) -> Counts:
    """Read cells of five glioblastoma patients with and without panobinostat (lemur): counts of 300 genes."""
    with door(path, "the SingleCellExperiment of lemur"):
        top = _pairs(_parse(path).object)["glioblastoma_example_data"]
        table = _named(_slot(_slot(top, "colData"), "listData"))
        table = pd.DataFrame({name: _column(one) for name, one in table.items()})
        assays = _named(_slot(_slot(_slot(top, "assays"), "data"), "listData"))
        values, genes, _ = _sparse(assays["counts"])
    check_raw(values.data, str(path))
    keys = {"donor": "patient_id", "condition": "condition", "cell_type": "", "batch": "treatment_id"}
    found = check_cells(table, keys, str(path), "ctrl")
    counts = values.astype(np.int32)
    cells = found["cells"].assign(n_counts=np.asarray(counts.sum(axis=1)).ravel())
    return Counts(counts, check_genes(genes, str(path)), cells, found["conditions"])


def _parse(path: Path) -> Any:
    return need("rdata", "depression").parser.parse_file(path)


def _kind(item: Any) -> str:
    return item.info.type.name


def _plain(item: Any) -> Any:
    """What a reference points to."""
    return item.referenced_object if _kind(item) == "REF" else item


def _pairs(item: Any) -> dict[str, Any]:
    """A pair list of R as a dict of tag to value."""
    found = {}
    while item is not None and _kind(item) == "LIST":
        found[_plain(item.tag).value.value.decode()] = _plain(item.value[0])
        item = item.value[1]
    return found


def _slot(item: Any, name: str) -> Any:
    slots = _pairs(item.attributes)
    if name not in slots:
        raise DataError(f"An object of R lacks {name!r}; it has {', '.join(slots)}.")
    return slots[name]


def _texts(item: Any) -> list[str]:
    return ["" if one.value is None else one.value.decode("utf-8") for one in item.value]


def _named(item: Any) -> dict[str, Any]:
    """A list of R with names."""
    return dict(zip(_texts(_slot(item, "names")), map(_plain, item.value), strict=True))


def _column(item: Any) -> npt.NDArray:
    """A vector of R: text, numbers, or a factor as text."""
    if _kind(item) == "STR":
        return np.array(_texts(item), dtype=object)
    slots = _pairs(item.attributes)
    if "levels" not in slots:
        return np.asarray(item.value)
    codes = np.asarray(item.value)
    is_known = (codes > 0) & (codes <= len(slots["levels"].value))
    return np.where(is_known, np.array([*_texts(slots["levels"]), ""], dtype=object)[codes - 1], None)


def _frame(item: Any) -> pd.DataFrame:
    return pd.DataFrame({name: _column(one) for name, one in _named(item).items()})


def _sparse(item: Any) -> tuple[Any, list[str], list[str]]:
    """A ``dgCMatrix`` (gene, cell) as a csr matrix (cell, gene), and the names of genes and cells."""
    from scipy.sparse import csr_matrix

    n_genes, n_cells = _slot(item, "Dim").value
    parts = [np.asarray(_slot(item, name).value) for name in ("x", "i", "p")]
    names = [_texts(one) for one in _slot(item, "Dimnames").value]
    return csr_matrix(tuple(parts), shape=(n_cells, n_genes)), names[0], names[1]
