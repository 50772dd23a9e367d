"""Read expression, pair lists, networks and label splits, published and of the reader, and check them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from reread.core.data import matrix
from reread.core.errors import DataError, ParameterError, did_you_mean, short
from reread.core.tables import header, read_table
from reread.networks.data.tables import Expression, LabelSplit, Pairs

if TYPE_CHECKING:
    import pandas as pd

PAIR_COLUMNS = ("TF", "Target", "Label")
EDGE_COLUMNS = ("Gene1", "Gene2")
GENES_IN = ("rows", "columns")
OWN_GENES = 10_000  # their correlations take 0.8 GB in double precision
LOG_AT_MOST = 30.0  # of a value on a log scale: 2^30 is more than any count of a gene in a cell
PREDICTION_COLUMNS = ("TFs", "genes", "True Labels", "Predicted Labels")
MAX_GENES = 100_000


def read_expression(path: Path, cells_are: str = "rows", *, name: str = "") -> Expression:
    """Read log-scale expression from CSV: genes in the header, or (``cells_are="columns"``) in column 1."""
    path = Path(path)
    if cells_are == "rows":
        table = read_table(path, text=(), dtype="float32")
        genes, values = list(table.columns), table.to_numpy()
    else:
        first = header(path)[0]
        table = read_table(path, text=[first], dtype="float32")
        genes, values = table[first].str.strip().tolist(), table.drop(columns=first).to_numpy().T
    return _expression(path, genes, values, name or path.name)


def _expression(path: Path, genes: list[str], values: np.ndarray, name: str) -> Expression:
    _check_genes(path, genes)
    if values.size == 0:
        raise DataError(f"{path} holds no cell, only gene names.\nExport the table again, with values.")
    if values.min() < 0:
        cell, gene = np.argwhere(values < 0)[0]
        raise DataError(
            f"{path}: gene {short(genes[gene])} is {values[cell, gene]:g} in cell {cell + 1}, but expression "
            f"on a log scale of counts is never negative.\nUndo the centring or scaling of the values."
        )
    return Expression(np.ascontiguousarray(values, dtype=np.float32), tuple(genes), name)


def read_pairs(path: Path, expression: Expression) -> Pairs:
    """Read a labelled pair list (columns TF, Target, Label) over the genes of ``expression``."""
    table = _words(path, PAIR_COLUMNS)
    tf, gene = (_indices(path, table[side], expression) for side in PAIR_COLUMNS[:2])
    label = _labels(path, table["Label"])
    _refuse_lone_tfs(path, table["TF"])
    return Pairs(tf, gene, label, expression.genes)


def read_network(path: Path, expression: Expression) -> tuple[np.ndarray, np.ndarray]:
    """Read distinct edges (columns Gene1, the TF, and Gene2, as BEELINE writes them) as gene indices."""
    table = _words(path, EDGE_COLUMNS).drop_duplicates()
    tf, gene = (_indices(path, table[side], expression) for side in EDGE_COLUMNS)
    return tf, gene


def read_own_expression(path: Path, genes_in: str) -> tuple[Expression, list[str]]:
    """Read a reader's expression and the names of its cells: h5ad (cells x genes), CSV or TSV.

    A table has names in its first column: of cells where ``genes_in`` is ``columns``, of genes where it is
    ``rows``.
    """
    if path.suffix == ".h5ad":
        found = matrix.read(path)
        cells, genes, values = list(found.samples), list(found.genes), found.values
    else:
        cells, genes, values = _own_table(path, genes_in)
    if len(genes) > OWN_GENES:
        raise DataError(
            f"{path} holds {len(genes):,} genes, but the correlations of all genes are computed for at most "
            f"{OWN_GENES:,}.\nKeep the TFs and the most variable genes."
        )
    expression = _expression(path, genes, values, path.name)
    if len(cells) < 2 or (twice := [cell for cell, n in Counter(cells).items() if n > 1]):
        found = (
            f"{short(twice[0])!r} is listed more than once" if len(cells) > 1 else f"there is {len(cells)}"
        )
        raise DataError(
            f"{path} must name at least two cells, each once, but {found}.\n"
            f"Put the names of the cells into the first column or the header, or say where the genes are: "
            f"-p genes_in=rows or -p genes_in=columns."
        )
    if expression.values.max() > LOG_AT_MOST:
        raise DataError(
            f"{path} holds values up to {expression.values.max():,.0f}, as counts have, but a log scale is "
            f"needed.\nNormalise each cell to 10,000 counts and save log(1 + x)."
        )
    return expression, cells


def _own_table(path: Path, genes_in: str) -> tuple[list[str], list[str], np.ndarray]:
    """Names of cells, names of genes and values (cell, gene) of a table with names in its first column."""
    sep = matrix.separator(path, ".h5ad, .csv or .tsv file (also .csv.gz, .tsv.gz)")
    if genes_in not in GENES_IN:
        raise ParameterError(
            f"{path} is a table, so genes_in must say where it names its genes, but came as {genes_in!r}.\n"
            f"Add:  -p genes_in=columns  (genes in the header)  or  -p genes_in=rows  (in the first column)"
        )
    first, *names = header(path, sep)
    if not names:
        raise DataError(
            f"{path} has one column, but names in the first column and values beside them are needed.\n"
            f"Separate the cells of a .csv by commas and those of a .tsv by tabs."
        )
    table = read_table(path, text=[first], sep=sep, dtype="float32")
    labels, values = table[first].str.strip().tolist(), table.drop(columns=first).to_numpy()
    return (labels, names, values) if genes_in == "columns" else (names, labels, values.T)


def read_own_pairs(path: Path, expression: Expression, cells: list[str]) -> tuple[Pairs, bool, int]:
    """Read a reader's pairs (tf, target, label) or network (source, target, and weight if there is one).

    Returns the pairs, whether they have labels (an edge of a network has 1, one of weight 0 is none), and how
    many rows were left out because a gene has no expression.
    """
    sep = matrix.separator(path, ".csv or .tsv file (also .csv.gz, .tsv.gz)")
    found = {name.casefold(): name for name in header(path, sep)}
    is_labelled = "label" in found
    wanted = ("tf", "target", "label") if is_labelled else ("source", "target")
    if not set(wanted) <= set(found):
        lone = (
            "" if len(found) > 1 else "\nA list of TFs alone: see the page on own data, which ranks targets."
        )
        raise DataError(
            f"{path} must have the columns tf, target and label (pairs) or source, target and weight (a "
            f"network; weight may be left out), but has: {short(', '.join(found.values()))}.\n"
            f"Rename its columns, or separate those of a .csv by commas and those of a .tsv by tabs.{lone}"
        )
    columns = [found[name] for name in wanted]
    table = _words(path, columns, sep)
    if "weight" in found and not is_labelled:
        weight = read_table(path, columns=[found["weight"]], numbers=[found["weight"]], sep=sep).to_numpy()
        table = table[weight[:, 0] != 0]
    table = table.drop_duplicates()
    if table.empty:
        raise DataError(f"{path} holds no edge of a weight other than 0.\nAdd edges to the network.")
    sides = table[columns[:2]]
    if (twice := sides.duplicated()).any():
        raise DataError(
            f"{path}, row {sides.index[twice][0] + 2}: {short(' - '.join(sides[twice].iloc[0]))} is listed "
            f"with both labels ({int(twice.sum())} such pairs).\nKeep one row of each pair."
        )
    known = sides.isin(expression.genes).all(axis=1)
    if not known.any() and sides.isin(cells).to_numpy().any():
        raise DataError(
            f"{path} names genes that {expression.name} names as its cells.\n"
            f"Say where the genes are: -p genes_in=rows or -p genes_in=columns."
        )
    missing, genes = set(sides[~known].to_numpy().ravel()) - set(expression.genes), expression.genes
    differ_in_case = {name.casefold() for name in missing} & {gene.casefold() for gene in genes}
    kept = (
        table if differ_in_case or not known.any() else table[known]
    )  # the next line refuses what is missing
    tf, gene = (_indices(path, kept[side], expression) for side in columns[:2])
    label = np.ones(len(kept))
    if is_labelled:
        label = _labels(path, kept[columns[2]])
        _refuse_lone_tfs(path, kept[columns[0]])
    return Pairs(tf, gene, label, genes), is_labelled, int((~known).sum())


def read_label_split(paths: dict[str, Path]) -> LabelSplit:
    """Read tables ``train``, ``validation``, ``test`` (genes as numbers) and saved ``predictions``."""
    parts = ("train", "validation", "test")
    ids = {name: read_table(paths[name], columns=PAIR_COLUMNS, numbers=PAIR_COLUMNS) for name in parts}
    for name, table in ids.items():
        _check_ids(paths[name], table)
    n_genes = 1 + max(int(table[side].max()) for table in ids.values() for side in PAIR_COLUMNS[:2])
    genes = tuple(map(str, range(n_genes)))
    train, validation, test = (
        Pairs(ids[name]["TF"], ids[name]["Target"], _labels(paths[name], ids[name]["Label"]), genes)
        for name in parts
    )
    saved = read_table(paths["predictions"], columns=PREDICTION_COLUMNS, numbers=PREDICTION_COLUMNS)
    found = saved[list(PREDICTION_COLUMNS[:3])].to_numpy()
    expected = np.stack([test.tf, test.gene, test.label], axis=1)
    if found.shape != expected.shape or (found != expected).any():
        raise DataError(
            f"The saved predictions {paths['predictions']} must be of the rows of {paths['test']}, in their "
            f"order, but are not ({len(found)} and {len(expected)} rows).\nGet both files of one commit."
        )
    return LabelSplit(train, validation, test, saved["Predicted Labels"].to_numpy(dtype=float))


def _words(path: Path, columns: Sequence[str], sep: str = "") -> pd.DataFrame:
    """Columns of text without blanks around them; an empty cell is refused."""
    table = read_table(Path(path), columns=columns, sep=sep).apply(lambda column: column.str.strip())
    empty = np.argwhere((table == "").to_numpy())
    if len(empty):
        row, column = empty[0]
        raise DataError(f"{path}, row {row + 2}: {columns[column]} is empty.\nFill it in, or remove the row.")
    return table


def _check_genes(path: Path, genes: list[str]) -> None:
    if "" in genes:
        raise DataError(f"{path}: gene {genes.index('') + 1} has no name.\nName it, or leave it out.")
    for gene, n in Counter(genes).items():
        if n > 1:
            raise DataError(
                f"{path}: gene {short(gene)} is listed {n} times, but each gene must be listed once.\n"
                f"Keep one of them, or add them up before the logarithm."
            )


def _check_ids(path: Path, table: pd.DataFrame) -> None:
    for side in PAIR_COLUMNS[:2]:
        value = table[side].to_numpy()
        wrong = np.flatnonzero((value != np.floor(value)) | (value < 0) | (value >= MAX_GENES))
        if len(wrong):
            raise DataError(
                f"{path}, row {wrong[0] + 2}: {side} is {value[wrong[0]]:g}, but a gene number from 0 to "
                f"{MAX_GENES - 1:,} was expected.\nIs {side} the right column?"
            )


def _labels(path: Path, words: pd.Series) -> np.ndarray:
    import pandas as pd

    label = pd.to_numeric(words, errors="coerce").to_numpy()
    wrong = words[~np.isin(label, (0, 1))]
    if len(wrong):
        raise DataError(
            f"{path}, row {wrong.index[0] + 2}: the label is {short(wrong.iloc[0])!r}, but 0 or 1 was "
            f"expected.\nIs Label the right column?"
        )
    if label.min() == label.max():
        raise DataError(
            f"{path}: all {len(label)} labels are {int(label[0])}, but both 0 and 1 are needed.\n"
            f"Add pairs of the other label."
        )
    return label.astype(np.int8)


def _indices(path: Path, names: pd.Series, expression: Expression) -> np.ndarray:
    """Index (row,) of each name among the genes of the expression; names must be spelt alike."""
    index = {gene: i for i, gene in enumerate(expression.genes)}
    known = names.isin(index).to_numpy()
    if not known.all():
        row = int(np.flatnonzero(~known)[0])
        raise DataError(
            f"{path}, row {names.index[row] + 2}: gene {short(names.iloc[row])} is not in "
            f"{expression.name} ({(~known).sum()} such rows).\n"
            f"{_spelling(names[~known].unique().tolist(), expression.genes)}"
        )
    return names.map(index).to_numpy(dtype=np.int32)


def _spelling(missing: list[str], genes: tuple[str, ...]) -> str:
    """Hint for names that are not among ``genes``: another case, or the nearest name."""
    by_case = {gene.casefold(): gene for gene in genes}
    other_case = [name for name in missing if name.casefold() in by_case]
    if other_case:
        name = other_case[0]
        return (
            f"{short(name)} stands there as {by_case[name.casefold()]}; {len(other_case)} of {len(missing)} "
            f"missing names differ in case only.\nWrite the names of both files in the same case."
        )
    near = did_you_mean(missing[0][:80], genes) if len(genes) < 20_000 else ""
    return near if near.startswith("Did") else "Remove the row, or read the expression it belongs to."


def _refuse_lone_tfs(path: Path, tfs: pd.Series) -> None:
    lone = tfs[~tfs.duplicated(keep=False)]
    if len(lone):
        raise DataError(
            f"{path}, row {lone.index[0] + 2}: TF {short(lone.iloc[0])} has one pair only, but a TF needs "
            f"at least two to be tested ({len(lone)} such TFs).\nRemove the row, or add pairs of this TF."
        )
