"""Open the cells of a loom or h5ad file, or of an AnnData object, to read them in blocks, as sparse rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from reread.core.errors import DataError, need

if TYPE_CHECKING:
    import pandas as pd
    from scipy.sparse import csr_matrix

    # annotations (cell,), names of the genes (gene,), and a function from a slice of cells to (cell, gene)
    Opened = tuple[pd.DataFrame, npt.NDArray, Callable[[slice], csr_matrix]]

GENE_NAMES = ("ensembl_id", "Accession", "Gene")  # where a loom file names its genes, the best first


def open_file(path: Path, *, layer: str = "", genes: str = "") -> Opened:
    """Open a file for reading only; a damaged one raises what its reader raises, so stay in a ``door``.

    ``layer`` holds the values, by default the main matrix; ``genes`` the attribute (loom) or column (h5ad)
    that names the genes, by default the first of ``GENE_NAMES`` that is there; in h5ad ``ensembl_id``, else
    the index. DataError: another format, a layer or a name that is not there.
    """
    if path.suffix == ".loom":
        return _loom(path, layer, genes)
    if path.suffix != ".h5ad":
        raise DataError(f"{path} must be a .loom or a .h5ad file.")
    return of_anndata(
        need("anndata", "depression").read_h5ad(path, backed="r"), str(path), layer=layer, genes=genes
    )


def of_anndata(adata: Any, where: str, *, layer: str = "", genes: str = "") -> Opened:
    """The same of an AnnData object, in memory or backed."""
    from scipy.sparse import csr_matrix

    _require(not layer or layer in adata.layers, f"{where} has no layer {layer!r}", adata.layers)
    genes = genes or (GENE_NAMES[0] if GENE_NAMES[0] in adata.var else "")
    _require(not genes or genes in adata.var, f"{where} has no column {genes!r} of the genes", adata.var)
    values = adata.layers[layer] if layer else adata.X
    names = adata.var[genes] if genes else adata.var_names
    return adata.obs.reset_index(drop=True), np.asarray(names), lambda cells: csr_matrix(values[cells])


def _loom(path: Path, layer: str, genes: str) -> Opened:
    """A loom file (HDF5; genes x cells), by h5py: loompy opens it for writing."""
    import pandas as pd
    from scipy.sparse import csr_matrix

    file = need("h5py", "depression").File(path, "r")
    place = f"layers/{layer}" if layer else "matrix"
    _require(
        {"matrix", "row_attrs", "col_attrs"} <= set(file), f"{path} is no loom file, but other HDF5", file
    )
    _require(place in file, f"{path} has no layer {layer!r}", file.get("layers", []))
    rows, matrix = file["row_attrs"], file[place]
    genes = genes or next((one for one in GENE_NAMES if one in rows), GENE_NAMES[0])
    _require(genes in rows, f"{path} has no row attribute {genes!r}", rows)
    columns = {name: _text(one[()]) for name, one in file["col_attrs"].items() if one.ndim == 1}
    return pd.DataFrame(columns), _text(rows[genes][()]), lambda cells: csr_matrix(matrix[:, cells].T)


def _require(is_there: bool, message: str, known: Iterable[str]) -> None:
    if not is_there:
        raise DataError(f"{message}; there is {', '.join(known) or 'none'}.")


def _text(values: npt.NDArray) -> npt.NDArray:
    """Bytes of HDF5 as text, in UTF-8; numbers as they are."""
    words = [one.decode("utf-8") if isinstance(one, bytes) else one for one in values]
    return np.array(words, dtype=object) if values.dtype.kind in "SO" else values
