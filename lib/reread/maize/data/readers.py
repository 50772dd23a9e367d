"""Read expression: the csv that the authors describe, and the libraries of Walley 2016."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from reread.core.errors import DataError
from reread.core.files import written_whole
from reread.maize.data.tables import Expression, refuse_repeats
from reread.maize.data.walley_2016 import organ_of

STUDY = "study"
GAP = 50  # accessions further apart than this were submitted by different studies, we take it


def read_table(path: Path) -> Expression:
    """Read a csv of samples by genes whose first column is the sample and whose last is its tissue.

    Parameters
    ----------
    path : Path
        Header with a name for each gene; FPKM or TPM; the last column holds words. A column called ``study``
        may stand between: it is no gene, it says which samples belong together.

    Returns
    -------
    Expression
        Tissues in alphabetic order, stripped of blanks. ``group`` is the study; without that column
        :func:`groups_of` guesses it from the accessions. ``replicate`` counts samples of a tissue in a group.

    Raises
    ------
    DataError
        If the file is missing or empty, a sample or gene stands twice, the last column holds numbers, another
        column holds words, or a value is missing or negative.

    Notes
    -----
    Source: README of the authors. Their first notebook calls the last column ``tissue``, the others ``type``:
    here its place counts, not its name. The column of studies is ours.
    """
    path = Path(path)
    header = _header(path)
    between = [i for i in range(1, len(header) - 1) if header[i] != STUDY]
    genes = [header[i] for i in between]
    if not genes:
        raise DataError(
            f"{path} must have a column of samples, columns of genes and a last column of tissues, but has "
            f"{len(header)} columns.\nIs the delimiter a comma?"
        )
    refuse_repeats("gene", genes)
    table = _cells(path, len(header))
    words = _words(path, table[len(header) - 1], header[-1])
    values = _numbers(path, table[between], genes, table[0])
    samples = tuple(table[0].astype(str).str.strip())
    tissues = tuple(sorted(set(words)))
    tissue = np.array([tissues.index(word) for word in words])
    is_told = STUDY in header[1:-1]
    group = np.array(_words(path, table[header.index(STUDY)], STUDY)) if is_told else groups_of(samples)
    return Expression(values, tissue, tissues, samples, tuple(genes), _count_within(tissue, group), group)


def write_table(data: Expression, path: Path) -> None:
    """Write a csv that :func:`read_table`, and the authors' notebooks, can read: sample, genes, tissue."""
    table = pd.DataFrame(data.values, index=pd.Index(data.samples, name="sample"), columns=list(data.genes))
    table["tissue"] = np.asarray(data.tissues, dtype=object)[data.tissue]
    with written_whole(Path(path)) as part:
        table.to_csv(part, float_format="%.6g", lineterminator="\n")


def groups_of(samples: tuple[str, ...]) -> np.ndarray:
    """Guess the study of each sample (sample,) from accessions that follow each other.

    Parameters
    ----------
    samples : tuple of str, (sample,)
        ``SRR957415`` and the like. Runs of one study are numbered in a row when they are submitted.

    Returns
    -------
    str array, (sample,)
        The first accession of the run of numbers; the sample itself where its name ends in no number.
    """
    parts = [re.fullmatch(r"([A-Za-z]*)(\d+)", name) for name in samples]
    keyed = sorted((m[1], int(m[2]), i) for i, m in enumerate(parts) if m)
    group = np.array(samples, dtype=object)
    for before, here in zip([("", -GAP, -1), *keyed], keyed, strict=False):
        if before[2] >= 0 and before[0] == here[0] and here[1] - before[1] <= GAP:
            group[here[2]] = group[before[2]]
    return group.astype(str)


def read_walley(libraries: Mapping[str, Path], samples: Path) -> Expression:
    """Assemble the libraries of Walley 2016.

    Parameters
    ----------
    libraries : mapping of str to Path
        Accession to the table of FPKM that cufflinks wrote for it.
    samples : Path
        The list of runs with what they were cut from, columns Run, sample and replicate.

    Returns
    -------
    Expression
        ``tissue`` is the organ, ``group`` the fine tissue or stage; samples in the order of the list, genes
        in the order of their names, which for most of them is that of the chromosomes.

    Raises
    ------
    DataError
        If a library is not in the list, lacks a column, or has other genes than the first.

    Notes
    -----
    Source: MaizeOmics, ``data-raw/walley2016_mapped_v4``. Every library has its rows in another order. 27 of
    45,741 genes have two rows, one inside the other on the chromosome; their FPKM are added up. 342 values
    (0.01 %) that cufflinks marked FAIL are kept as they are.
    """
    listed = _walley_list(Path(samples))
    unlisted = sorted(set(libraries) - set(listed["Run"]))
    if unlisted or not libraries:
        unknown = ", ".join(unlisted[:3]) or "any library"
        raise DataError(f"{samples} says nothing of {unknown}.\nRun:  reread data get maize")
    listed = listed[listed["Run"].isin(list(libraries))]
    runs, stage = tuple(listed["Run"]), listed["sample"].to_numpy(dtype=str)
    tables = [_fpkm(Path(libraries[run])) for run in runs]
    genes = pd.Index(sorted(set(tables[0]["gene_id"])))
    values = np.stack(
        [_by_gene(Path(libraries[run]), table, genes) for run, table in zip(runs, tables, strict=True)]
    )
    tissue, organs = organ_of(stage)
    replicate = listed["replicate"].str.rsplit("_", n=1).str[-1].astype(int).to_numpy()
    return Expression(values, tissue, organs, runs, tuple(genes), replicate, stage)


def _header(path: Path) -> list[str]:
    if not path.is_file():
        raise DataError(f"There is no file {path}.\nRun:  reread data get maize")
    with path.open(encoding="utf-8-sig", newline="") as stream:
        header = [word.strip() for word in next(csv.reader(stream), [])]
        if not header or not stream.readline():
            raise DataError(f"{path} has no sample below its header.\nDelete it and get it again.")
    unnamed = [i + 1 for i, word in enumerate(header) if i and not word]
    if unnamed:
        raise DataError(f"{path}: column {unnamed[0]} has no name.\nName it, or leave it out.")
    return header


def _cells(path: Path, n_columns: int) -> pd.DataFrame:
    """The table below the header, columns numbered: names that stand twice must not be changed on the way."""
    how = {"header": None, "skiprows": 1, "names": range(n_columns), "index_col": False, "low_memory": False}
    try:
        return pd.read_csv(path, dtype={0: str}, **how)
    except pd.errors.ParserError as error:
        raise DataError(f"{path} is not a table: {error}.\nLook for rows with a cell too many.") from None


def _words(path: Path, column: pd.Series, label: str) -> list[str]:
    """A column of words; numbers there are a gene, or labels that have lost their names."""
    if column.isna().any():
        row = int(np.flatnonzero(column.isna())[0]) + 2
        raise DataError(f"{path}, row {row}: {label} is empty.\nFill it in, or remove the sample.")
    if pd.to_numeric(column, errors="coerce").notna().any():
        raise DataError(
            f"{path}: the column {label!r} must hold names, but holds numbers.\n"
            f"The last column names the tissue; give names in place of numbers."
        )
    return [str(word).strip() for word in column]


def _numbers(path: Path, table: pd.DataFrame, genes: list[str], samples: pd.Series) -> np.ndarray:
    """Float32 (sample, gene); words among the genes are pointed out, as are empty cells."""
    worded = [i for i, kind in enumerate(table.dtypes) if not pd.api.types.is_numeric_dtype(kind)]
    for i in worded:
        is_word = pd.to_numeric(table.iloc[:, i], errors="coerce").isna() & table.iloc[:, i].notna()
        row = int(np.flatnonzero(is_word)[0]) if is_word.any() else 0
        raise DataError(
            f"{path}: {genes[i]} is {table.iloc[row, i]!r} in sample {samples.iloc[row]}, but expression is "
            f"a number.\nIs {genes[i]} the tissue? It must be the last column."
        )
    return table.to_numpy(dtype=np.float32)


def _count_within(tissue: np.ndarray, group: np.ndarray) -> np.ndarray:
    """Number samples of one tissue in one group from 1, in their order."""
    return (
        pd.DataFrame({"tissue": tissue, "group": group}).groupby(["tissue", "group"]).cumcount().to_numpy()
        + 1
    )


def _walley_list(path: Path) -> pd.DataFrame:
    listed = pd.read_csv(path, sep="\t", dtype=str)
    missing = [name for name in ("Run", "sample", "replicate") if name not in listed.columns]
    if missing:
        raise DataError(f"{path} has no column {missing[0]!r}.\nRun:  reread data verify maize")
    refuse_repeats("sample", tuple(listed["Run"]))
    return listed


def _fpkm(path: Path) -> pd.DataFrame:
    try:
        return pd.read_csv(path, sep="\t", usecols=["gene_id", "FPKM"], dtype={"FPKM": np.float64})
    except ValueError as error:
        raise DataError(
            f"{path} is no table of cufflinks: {error}.\nRun:  reread data verify maize"
        ) from None


def _by_gene(path: Path, table: pd.DataFrame, genes: pd.Index) -> np.ndarray:
    """FPKM (gene,) of one library, rows of one gene added up."""
    row = genes.get_indexer(table["gene_id"])
    absent = np.flatnonzero(np.bincount(row[row >= 0], minlength=len(genes)) == 0)
    if (row < 0).any() or len(absent):
        odd = table["gene_id"][row < 0].iloc[0] if (row < 0).any() else genes[absent[0]]
        raise DataError(
            f"{path} must hold the {len(genes)} genes of the other libraries, but {odd} is in one and not in "
            f"the other.\nRun:  reread data verify maize"
        )
    return np.bincount(row, weights=table["FPKM"], minlength=len(genes)).astype(np.float32)
