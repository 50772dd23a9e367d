"""Read expression, pair lists and networks from CSV, and refuse what later steps would choke on."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd

from reread.core.errors import DataError, ParameterError, did_you_mean
from reread.networks.data.tables import Expression, Pairs


def read_expression(
    path: Path, cells_are: str = "rows", *, name: str = "", may_be_negative: bool = False
) -> Expression:
    """Read a table of expression."""
    if cells_are not in ("rows", "columns"):
        raise ParameterError(f"Cells are rows or columns, not {cells_are!r}.")
    path = Path(path)
    table = _read(path)
    table = table if cells_are == "rows" else table.iloc[1:].T
    genes, table = [str(gene).strip() for gene in table.iloc[0]], table.iloc[1:]
    _refuse_bad_names(path, genes)
    if len(table) == 0:
        raise DataError(
            f"{path} has no cell: only gene names were found.\nExport the table again, with values."
        )
    values = _numbers(path, table.to_numpy(), genes)
    if not may_be_negative and values.min() < 0:
        cell, gene = np.argwhere(values < 0)[0]
        raise DataError(
            f"{path}: gene {genes[gene]} is {values[cell, gene]:g} in cell {cell + 1}, but expression "
            f"on a log scale of counts is never negative.\n"
            f"Undo the centring, or pass may_be_negative=True if it is meant."
        )
    return Expression(values, tuple(genes), name or path.name)


def read_pairs(path: Path, expression: Expression) -> Pairs:
    """Read a labelled pair list with columns TF, Target and Label, over the genes of ``expression``."""
    table = _columns(Path(path), ("TF", "Target", "Label"))
    label = _labels(path, table["Label"])
    place = {gene: i for i, gene in enumerate(expression.genes)}
    tf, gene = (_places(path, table[side], place, expression.name) for side in ("TF", "Target"))
    _refuse_lone_tfs(path, table["TF"])
    return Pairs(tf, gene, label, expression.genes)


def read_network(path: Path, expression: Expression) -> tuple[np.ndarray, np.ndarray]:
    """Read a list of edges with columns Gene1 (the TF) and Gene2, as BEELINE writes it."""
    table = _columns(Path(path), ("Gene1", "Gene2")).drop_duplicates()
    place = {gene: i for i, gene in enumerate(expression.genes)}
    tf, gene = (_places(path, table[side], place, expression.name) for side in ("Gene1", "Gene2"))
    return tf, gene


def read_labels(path: Path, genes: tuple[str, ...]) -> Pairs:
    """Read a pair list whose TF and Target are numbers into ``genes``. Errors as :func:`read_pairs`."""
    table = _columns(Path(path), ("TF", "Target", "Label"))
    place = {str(i): i for i in range(len(genes))}
    tf, gene = (
        _places(path, table[side], place, f"the {len(genes)} numbered genes") for side in ("TF", "Target")
    )
    return Pairs(tf, gene, _labels(path, table["Label"]), genes)


def _read(path: Path) -> pd.DataFrame:
    """All cells of a CSV as text; the header is row 0, so that no name is changed on the way."""
    if not path.is_file():
        raise DataError(f"There is no file {path}.\nRun:  reread data get networks")
    try:
        return pd.read_csv(path, header=None, dtype=str, keep_default_na=False, na_values=[""])
    except pd.errors.EmptyDataError:
        raise DataError(f"{path} is empty, but a table was expected.\nDelete it and get it again.") from None
    except pd.errors.ParserError as error:
        raise DataError(f"{path} is not a table: {error}.\nDelete it and get it again.") from None


def _refuse_bad_names(path: Path, genes: list[str]) -> None:
    for i, gene in enumerate(genes):
        if gene in ("", "nan"):
            raise DataError(f"{path}: gene {i + 1} has no name.\nName it, or leave it out.")
    twice = [gene for gene, n in Counter(genes).items() if n > 1]
    if twice:
        raise DataError(
            f"{path}: gene {twice[0]} stands {genes.count(twice[0])} times, but each gene must stand once.\n"
            f"Keep one of them, or add them up before the logarithm."
        )


def _numbers(path: Path, text: np.ndarray, genes: list[str]) -> np.ndarray:
    """Float32 (cell, gene) from text."""
    try:
        values = text.astype(np.float64)
    except ValueError:
        values = np.array(
            [[_number(path, word, c, genes[g]) for g, word in enumerate(row)] for c, row in enumerate(text)]
        )
    if not np.isfinite(values).all():
        cell, gene = np.argwhere(~np.isfinite(values))[0]
        raise DataError(
            f"{path}: gene {genes[gene]} has no finite value in cell {cell + 1}; every value must be "
            f"a number.\nLeave the gene or the cell out, or fill the value in."
        )
    return values.astype(np.float32)


def _number(path: Path, word: str, cell: int, gene: str) -> float:
    try:
        return float(word)
    except ValueError:
        raise DataError(
            f"{path}: gene {gene} is {word!r} in cell {cell + 1}, but a number was expected.\n"
            f"Look for shifted columns or decimal commas in the file."
        ) from None


def _columns(path: Path, wanted: tuple[str, ...]) -> pd.DataFrame:
    table = _read(path)
    table, table.columns = table.iloc[1:], [str(word).strip() for word in table.iloc[0]]
    for column in wanted:
        if column not in table.columns:
            raise DataError(f"{path} has no column {column!r}. {did_you_mean(column, table.columns)}")
    if len(table) == 0:
        raise DataError(f"{path} has no row below its header.\nDelete it and get it again.")
    empty = table[list(wanted)].isna()
    if empty.to_numpy().any():
        row, column = np.argwhere(empty.to_numpy())[0]
        raise DataError(f"{path}, row {row + 2}: {wanted[column]} is empty.\nFill it in, or remove the row.")
    return table[list(wanted)]


def _labels(path: Path, words: pd.Series) -> np.ndarray:
    label = pd.to_numeric(words, errors="coerce").to_numpy()
    wrong = np.flatnonzero(~np.isin(label, (0, 1)))
    if len(wrong):
        raise DataError(
            f"{path}, row {wrong[0] + 2}: the label is {words.iloc[wrong[0]]!r}, but 0 or 1 was expected.\n"
            f"Is Label the right column?"
        )
    if label.min() == label.max():
        raise DataError(
            f"{path}: all {len(label)} labels are {int(label[0])}, but both 0 and 1 are needed.\n"
            f"Add pairs of the other label."
        )
    return label.astype(np.int8)


def _places(path: Path, names: pd.Series, place: dict[str, int], where: str) -> np.ndarray:
    """Index of each name; names are compared as they are, and a difference in case is pointed out."""
    known = names.isin(place).to_numpy()
    if not known.all():
        row = int(np.flatnonzero(~known)[0])
        near = did_you_mean(names.iloc[row], place) if len(place) < 20_000 else ""
        hint = near if near.startswith("Did") else "Remove the row, or read the expression it belongs to."
        raise DataError(
            f"{path}, row {row + 2}: gene {names.iloc[row]} is not in {where} "
            f"({(~known).sum()} such rows).\n{hint}"
        )
    return names.map(place).to_numpy(dtype=np.int32)


def _refuse_lone_tfs(path: Path, tfs: pd.Series) -> None:
    lone = tfs[~tfs.duplicated(keep=False)]
    if len(lone):
        raise DataError(
            f"{path}, row {lone.index[0] + 1}: TF {lone.iloc[0]} has one pair only, but a TF needs "
            f"at least two to be tested ({len(lone)} such TFs).\nRemove the row, or add pairs of this TF."
        )
