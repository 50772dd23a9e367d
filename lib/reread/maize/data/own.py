"""Read the reader's own expression, with the tissue and the group of each sample, and known genes."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd

from reread.core.data import matrix
from reread.core.data.matrix import Matrix
from reread.core.errors import DataError, did_you_mean, short
from reread.core.tables import read_table
from reread.maize.data.tables import Expression

PARAMETERS = ("expression", "genes_in", "labels", "label_key", "group_key", "layer")
LOG_AT_MOST = 30.0  # a value on a log scale: 2^30 is more than any FPKM, TPM or CPM
SAME_DEPTH = 1.02  # largest sum of a sample over the smallest: normalised to one depth


def read(
    *, expression: str = "", genes_in: str = "", labels: str = "", label_key: str = "", group_key: str = "",
    layer: str = "",
) -> Expression:  # fmt: skip
    """Read a file of expression, and from a second one its labels where the first has none.

    ``expression`` and ``labels`` are paths, the others as :func:`from_matrix` and ``core.data.matrix.read``;
    ``report`` keeps the digests. ParameterError: a file is not named. DataError: as those functions.
    """
    files = matrix.named({"expression": expression, "labels": labels}, ["expression"])
    found = matrix.read(files["expression"], genes_in=genes_in, layer=layer)
    if "labels" in files:
        found = found.with_fields(files["labels"])
    elif found.fields.empty:
        raise DataError(
            f"{expression} has no labels of its samples, so a second table must hold them: names of the "
            f"samples in the first column, then tissue and group.\nAdd:  -p labels=PATH"
        )
    return from_matrix(found, label_key=label_key, group_key=group_key, report=matrix.digests(files))


def from_matrix(
    found: Matrix, *, label_key: str, group_key: str, report: dict[str, str] | None = None
) -> Expression:
    """Take a matrix of a notebook as expression with tissues.

    Parameters
    ----------
    found : Matrix
        FPKM, TPM or CPM (sample, gene), no logarithm; from ``core.data.matrix.from_anndata`` or ``read``.
    label_key : str
        Field that holds the tissue (or cell type) of each sample.
    group_key : str
        Field that holds its study, donor or batch: samples of one group are held out together.
    report : dict
        What the record keeps of the files.

    Returns
    -------
    Expression
        Tissues in the order of the alphabet; replicates are numbered in each tissue and group.

    Raises
    ------
    DataError
        If a field is missing or empty, there are fewer than three tissues or two groups, a tissue has one
        sample, or values are negative, on a log scale, or counts of unequal depth.
    """
    words = found.column(label_key, "label_key", "the tissue")
    group = found.column(group_key, "group_key", "the group (study, donor or batch)")
    _check_labels(found.name, words, label_key, group, group_key)
    _check_scale(found)
    tissues, tissue = np.unique(words, return_inverse=True)
    replicate = pd.DataFrame({"tissue": tissue, "group": group}).groupby(["tissue", "group"]).cumcount() + 1
    names = tuple(tissues.tolist()), found.samples, found.genes
    return Expression(found.values, tissue, *names, replicate.to_numpy(), group, report=report or {})


def read_markers(path: Path, data: Expression) -> list[tuple[str, str, int, int]]:
    """Read known genes (CSV or TSV with the columns gene and tissue) that the data have, as ``Knowledge``."""
    table = read_table(path, columns=["gene", "tissue"], sep=matrix.separator(path))
    table = table.apply(lambda column: column.str.strip()).drop_duplicates()
    tissues, genes = ({name: i for i, name in enumerate(names)} for names in (data.tissues, data.genes))
    unknown = sorted(set(table["tissue"]) - tissues.keys())
    if unknown:
        near = did_you_mean(unknown[0], data.tissues)
        raise DataError(f"{path} names the tissue {short(unknown[0])!r}, which no sample has. {near}")
    known = table[table["gene"].isin(genes.keys())]
    if known.empty:
        first, ours = short(table["gene"].iloc[0]), short(data.genes[0])
        raise DataError(
            f"{path}: none of its {len(table)} genes, such as {first}, is among those of the data, such as "
            f"{ours}.\nName genes alike in both files, or keep more genes with n_genes."
        )
    pairs = zip(known["tissue"], known["gene"], strict=True)
    return [(name, gene, tissues[name], genes[gene]) for name, gene in pairs]


def _check_labels(name: str, words: np.ndarray, label_key: str, group: np.ndarray, group_key: str) -> None:
    """Refuse labels that cannot be learned or held out."""
    wanted = ((label_key, words, 3, "three tissues"), (group_key, group, 2, "two groups"))
    for key, column, least, what in wanted:
        if len(found := sorted(set(column))) < least:
            raise DataError(
                f"{name}: column {key!r} must name at least {what}, but holds {short(', '.join(found))}."
                f"\nName another one; where each sample is its own group, one with the names of the samples."
            )
    lone = [word for word, n in Counter(words).items() if n < 2]
    if lone:
        raise DataError(
            f"{name}: {short(lone[0])} has one sample, but a tissue needs two, to train and to test on "
            f"({len(lone)} such tissues).\nLeave it out, or join it to another tissue."
        )


def _check_scale(found: Matrix) -> None:
    """Refuse centred values, logarithms, empty samples, and counts that were not normalised."""
    if found.values.min() < 0:
        row, column = np.argwhere(found.values < 0)[0]
        raise DataError(
            f"{found.name}: gene {short(found.genes[column])} is {found.values[row, column]:g} in sample "
            f"{short(found.samples[row])}, but FPKM, TPM or CPM are never negative.\n"
            f"Undo the centring, scaling or logarithm."
        )
    if found.values.max() <= LOG_AT_MOST:
        raise DataError(
            f"{found.name} holds values up to {found.values.max():.3g}, as a logarithm does, but FPKM, TPM "
            f"or CPM are needed.\nUndo it, for instance by numpy.expm1, and save the values again."
        )
    sums = found.values.sum(axis=1, dtype=float)
    if sums.min() <= 0:
        first = short(found.samples[int(sums.argmin())])
        raise DataError(f"{found.name}: sample {first} holds zeros only.\nLeave it out.")
    if sums.max() > SAME_DEPTH * sums.min() and (found.values == np.floor(found.values)).all():
        raise DataError(
            f"{found.name} holds whole numbers with sums from {sums.min():,.0f} to {sums.max():,.0f} a "
            f"sample, as counts do.\n"
            f"Divide each sample by its sum, multiply by 1,000,000 (CPM), and save the values again."
        )
