"""Read a matrix of the reader: h5ad, loom, CSV, TSV or Parquet, or an AnnData object of a notebook."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from reread.core import validate
from reread.core.errors import DataError, MissingExtra, ParameterError, did_you_mean, need, short
from reread.core.files import sha256
from reread.core.tables import door, header, read_table

if TYPE_CHECKING:
    import pandas as pd

GENES_IN = ("columns", "rows")
SEPARATORS = {".csv": ",", ".tsv": "\t", ".txt": "\t"}
KINDS = ".h5ad, .loom, .csv, .tsv or .parquet file (a .csv or .tsv also gzipped)"
MOST = 200_000_000  # values: 0.8 GB in single precision
LOOM_GENES, LOOM_CELLS = ("Gene", "Accession", "gene", "var_names"), ("CellID", "obs_names")


@dataclass(frozen=True, eq=False)
class Matrix:
    """Measured ``values``, float32 (sample, gene), with names and what is known of each sample.

    ``samples`` and ``genes`` are text, each name once; ``fields`` (sample,) has a column for each annotation;
    ``name`` is what messages call the data. DataError: an axis does not fit, a name is empty or repeated, a
    value is not finite.
    """

    values: np.ndarray
    samples: tuple[str, ...]
    genes: tuple[str, ...]
    fields: pd.DataFrame = field(repr=False)
    name: str

    def __post_init__(self):
        axes = {"sample": len(self.samples), "gene": len(self.genes)}
        validate.axes(self.values, f"{self.name}: values", **axes)
        if not self.values.size:
            raise DataError(
                f"{self.name} has {axes['sample']} samples and {axes['gene']} genes.\nExport it again."
            )
        _refuse_repeats(self.name, "gene", self.genes)
        _refuse_repeats(self.name, "sample", self.samples)
        wrong = ~np.isfinite(self.values)
        if wrong.any():
            row, column = np.argwhere(wrong)[0]
            raise DataError(
                f"{self.name}: gene {short(self.genes[column])} is {self.values[row, column]:g} in sample "
                f"{short(self.samples[row])}, but a finite number is needed ({int(wrong.sum())} such "
                f"values).\nFill the value in, or leave the gene out."
            )

    def column(self, key: str, parameter: str, what: str) -> np.ndarray:
        """Text (sample,) of one field; ``parameter`` is what names it, ``what`` what it should hold."""
        known = list(map(str, self.fields.columns))
        if key not in known:
            asked = repr(key) if key else "named"
            near = did_you_mean(key or "-", known)
            raise DataError(
                f"{self.name} has no column {asked} for {what}. {near}\nAdd:  -p {parameter}=COLUMN"
            )
        column = self.fields.iloc[:, known.index(key)]
        words = column.astype(str).str.strip().where(~column.isna().to_numpy(), "").to_numpy(dtype=object)
        if (words == "").any():
            first = self.samples[int(np.argmax(words == ""))]
            raise DataError(
                f"{self.name}: {int((words == '').sum())} samples have no {key}, such as {short(first)}.\n"
                f"Fill it in, or leave these samples out."
            )
        return words.astype(str)

    def with_fields(self, path: Path) -> Matrix:
        """Add the columns of a CSV or TSV whose first column names the samples."""
        first, table = header(path, separator(path))[0], read_table(path, sep=separator(path))
        names = table.pop(first).str.strip()
        _refuse_repeats(str(path), "sample", names.tolist())
        lacking = sorted(set(self.samples) - set(names))
        if lacking:
            raise DataError(
                f"{path} lacks {len(lacking)} of the {len(self.samples)} samples of {self.name}, such as "
                f"{short(lacking[0])}; its first is {short(names.iloc[0])}.\n"
                f"Write the names of both files alike, or say where the genes are with -p genes_in."
            )
        joined = table.set_axis(names).loc[list(self.samples)].reset_index(drop=True)
        kept = self.fields.drop(columns=[one for one in self.fields if one in joined])
        return replace(self, fields=kept.reset_index(drop=True).join(joined))


def from_anndata(
    adata: Any, *, layer: str = "", use_raw: bool = False, gene_symbols: str = "", name: str = "the AnnData"
) -> Matrix:
    """Take values, names and annotations from an AnnData object.

    Parameters
    ----------
    adata : anndata.AnnData
        Samples or cells × genes, dense or sparse, in memory or backed. It is not changed. Units are those of
        the study that reads the matrix: FPKM, TPM or CPM for maize, z-scores for lincs, log for networks.
    layer : str
        Layer that holds the values, by default ``X``.
    use_raw : bool
        Take values and genes of ``adata.raw``.
    gene_symbols : str
        Column of ``var`` that names the genes, by default their index.
    name : str
        What messages call the data.

    Returns
    -------
    Matrix
        Values float32 (sample, gene), names as text, ``fields`` with the columns of ``obs``.

    Raises
    ------
    ParameterError
        If both a layer and ``raw`` are named.
    DataError
        If a layer or column is missing, the matrix is too large, or :class:`Matrix` refuses it.
    """
    if layer and use_raw:
        raise ParameterError(f"{name}: name a layer or use_raw, not both; raw has no layers.")
    if use_raw and adata.raw is None:
        raise DataError(f"{name} has no raw.\nLeave use_raw out, or name a layer.")
    if layer and layer not in adata.layers:
        raise DataError(f"{name} has no layer {layer!r}. {did_you_mean(layer, adata.layers.keys())}")
    held = adata.raw if use_raw else adata
    if gene_symbols and gene_symbols not in held.var:
        near = did_you_mean(gene_symbols, held.var)
        raise DataError(f"{name} has no column {gene_symbols!r} of genes. {near}")
    genes = held.var[gene_symbols] if gene_symbols else held.var_names
    _refuse_size(name, len(adata.obs_names), len(genes))
    values = _dense(adata.layers[layer] if layer else held.X, name)
    samples, fields = tuple(adata.obs_names.astype(str)), adata.obs.reset_index(drop=True)
    return Matrix(values, samples, tuple(genes.astype(str)), fields, name)


def read(path: Path, *, genes_in: str = "", layer: str = "") -> Matrix:
    """Read a file of samples and genes; a table has names in its first column and its first row.

    ``genes_in`` says which of both names the genes: ``columns`` (the first row) or ``rows``. h5ad and loom
    have their own places for both, and may have a ``layer``. DataError or ParameterError: another format, a
    missing or damaged file, a cell that is no number, and whatever :class:`Matrix` refuses.
    """
    if path.suffix == ".h5ad":
        with door(path, "an h5ad file"):
            adata = need("anndata", "maize").read_h5ad(path, backed="r")
            try:
                return from_anndata(adata, layer=layer, name=str(path))
            finally:
                adata.file.close()
    if path.suffix == ".loom":
        return _loom(path, layer)
    if path.suffix != ".parquet":
        separator(path, KINDS)
    if genes_in not in GENES_IN:
        raise ParameterError(
            f"{path} is a table, so genes_in must say where it names its genes, but came as {genes_in!r}.\n"
            f"Add:  -p genes_in=columns  (the first row)  or  -p genes_in=rows  (the first column)"
        )
    table = _parquet(path) if path.suffix == ".parquet" else _text_table(path)
    table = table if genes_in == "columns" else table.T
    _refuse_size(str(path), *table.shape)
    no_fields = table.iloc[:, :0].reset_index(drop=True)
    samples, genes = (tuple(names.astype(str)) for names in (table.index, table.columns))
    return Matrix(_dense(table.to_numpy(), str(path)), samples, genes, no_fields, str(path))


def separator(path: Path, wanted: str = ".csv or .tsv file (also gzipped)") -> str:
    """Comma or tab, by the end of the name."""
    kind = path.suffixes[-2 if path.suffix == ".gz" else -1 :][:1]
    if not kind or kind[0] not in SEPARATORS:
        raise DataError(f"{path} must be a {wanted}, but its name ends in {path.suffix or 'nothing'!r}.")
    return SEPARATORS[kind[0]]


def named(files: Mapping[str, str], needed: Sequence[str]) -> dict[str, Path]:
    """Paths of the files that are named; ParameterError for one that is needed and not."""
    for name in (one for one in needed if not files.get(one)):
        raise ParameterError(f"source=own needs {name}, the path of a file.\nAdd:  -p {name}=PATH")
    return {name: Path(path).expanduser() for name, path in files.items() if path}


def digests(files: Mapping[str, Path]) -> dict[str, str]:
    """SHA-256 of each file, as a record keeps it."""
    return {f"sha256_{name}": sha256(path) for name, path in files.items()}


def _text_table(path: Path) -> pd.DataFrame:
    """Numbers of a delimited text, with the names of its first column as index."""
    first, *names = header(path, separator(path))
    if not names:
        raise DataError(
            f"{path} has one column, but names in the first column and values beside them are needed.\n"
            f"Separate the cells of a .csv by commas and those of a .tsv by tabs."
        )
    table = read_table(path, text=[first], sep=separator(path), dtype="float32")
    return table.set_index(table[first].str.strip()).drop(columns=first)


def _parquet(path: Path) -> pd.DataFrame:
    """A table whose index or first column of text has names."""
    import pandas as pd

    with door(path, "a Parquet file"):
        try:
            table = pd.read_parquet(path)
        except ImportError:
            said = f"{path} needs pyarrow, which is not installed.\nRun:  pip install pyarrow"
            raise MissingExtra(said) from None
        unnamed = isinstance(table.index, pd.RangeIndex)
        return table.set_index(table.columns[0]) if unnamed else table


def _loom(path: Path, layer: str) -> Matrix:
    """A loom file (HDF5; genes × cells), by h5py: loompy opens it for writing."""
    import pandas as pd

    with door(path, "a loom file"), need("h5py", "lincs").File(path, "r") as file:
        place = f"layers/{layer}" if layer else "matrix"
        if place not in file:
            raise DataError(f"{path} has no layer {layer!r}. {did_you_mean(layer, file.get('layers', []))}")
        names = {}
        for side, wanted in (("row_attrs", LOOM_GENES), ("col_attrs", LOOM_CELLS)):
            key = next((one for one in wanted if one in file[side]), None)
            if key is None:
                has = ", ".join(file[side]) or "nothing"
                raise DataError(f"{path} must have {' or '.join(wanted)} among its {side}, but has {has}.")
            names[side] = tuple(map(_text, file[side][key][()]))
        _refuse_size(str(path), *file[place].shape)
        of_cells = {key: one[()] for key, one in file["col_attrs"].items() if one.ndim == 1}
        fields = pd.DataFrame({key: list(map(_text, one)) for key, one in of_cells.items()})
        values = _dense(file[place][()].T, str(path))
    return Matrix(values, names["col_attrs"], names["row_attrs"], fields, str(path))


def _text(value: Any) -> str:
    return value.decode("utf-8") if isinstance(value, bytes) else str(value)


def _dense(values: Any, name: str) -> np.ndarray:
    """Values as float32, whether they lie on disk, in a sparse or in a dense matrix."""
    values = values.to_memory() if hasattr(values, "to_memory") else values
    values = values.toarray() if hasattr(values, "toarray") else np.asarray(values)
    if values.dtype.kind not in "fiu":
        raise DataError(f"{name} must hold numbers, but holds {values.dtype}.\nExport the values again.")
    with np.errstate(over="ignore"):
        return np.ascontiguousarray(values, dtype=np.float32)


def _refuse_size(name: str, n_samples: int, n_genes: int) -> None:
    if n_samples * n_genes > MOST:
        raise DataError(
            f"{name} has {n_samples:,} × {n_genes:,} values, but at most {MOST:,} are held in memory.\n"
            f"Keep the most variable genes, or fewer samples."
        )


def _refuse_repeats(name: str, what: str, names: Iterable[str]) -> None:
    names, seen = list(names), set()
    if "" in names:
        raise DataError(f"{name}: {what} {names.index('') + 1} has no name.\nName it, or leave it out.")
    again = [one for one in names if one in seen or seen.add(one)]
    if again:
        raise DataError(
            f"{name}: {what} {short(again[0])} is listed {names.count(again[0])} times, but each {what} must "
            f"be listed once ({len(set(again))} such names).\nKeep one of them, or make the names unique."
        )
