"""Overlap of two data sets (cells, genes, TFs, pairs), and its removal from the test rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from reread.core.errors import DataError, ParameterError, did_you_mean
from reread.networks.data.tables import Expression, GRNDataset, Pairs

EXCLUDE = ("nothing", "pairs", "tfs-and-genes")


@dataclass(frozen=True)
class Overlap:
    """Counts of what two data sets share, and masks of the target.

    Attributes
    ----------
    n_cells, n_genes, n_tfs, n_pairs, n_agreeing : int
        Cells with equal expression of all shared genes; names; listed pairs, and those with equal labels.
    cells : bool array, (cell,) of the target
        Cells that the source has too.
    """

    n_cells: int
    n_genes: int
    n_tfs: int
    n_pairs: int
    n_agreeing: int
    cells: np.ndarray


def overlap(source: GRNDataset, target: GRNDataset) -> Overlap:
    """Count what a source and a target share, by the names of genes and the values of cells."""
    shared = sorted(set(source.expression.genes) & set(target.expression.genes))
    cells = _in_both(source.expression, target.expression, shared)
    label = {(tf, gene): value for tf, gene, value in _named(source.pairs)}
    found = [label.get((tf, gene)) for tf, gene, _ in _named(target.pairs)]
    n_pairs = sum(value is not None for value in found)
    tfs = {source.expression.genes[i] for i in source.tfs} & {target.expression.genes[i] for i in target.tfs}
    agreeing = sum(value == own for value, own in zip(found, target.pairs.label, strict=True))
    return Overlap(int(cells.sum()), len(shared), len(tfs), n_pairs, int(agreeing), cells)


def _named(pairs: Pairs) -> list[tuple[str, str, int]]:
    return list(zip(pairs.tf_names.tolist(), pairs.gene_names.tolist(), pairs.label.tolist(), strict=True))


def _in_both(source: Expression, target: Expression, shared: list[str]) -> np.ndarray:
    """Mask (cell,) of the target's cells that a source cell equals in every shared gene."""
    if not shared:
        return np.zeros(len(target.values), dtype=bool)
    held, own = (
        np.ascontiguousarray(one.values[:, [one.genes.index(name) for name in shared]])
        for one in (source, target)
    )
    known = {row.tobytes() for row in held}
    return np.array([row.tobytes() in known for row in own])


def kept_rows(source: GRNDataset, pairs: Pairs, exclude: str) -> np.ndarray:
    """Rows (row,) of ``pairs`` that may be tested after training on the source."""
    if exclude not in EXCLUDE:
        raise ParameterError(f"There is no exclusion {exclude!r}. {did_you_mean(exclude, EXCLUDE)}")
    if exclude == "nothing":
        return np.arange(len(pairs))
    if exclude == "pairs":
        listed = {(tf, gene) for tf, gene, _ in _named(source.pairs)}
        is_new = [(tf, gene) not in listed for tf, gene, _ in _named(pairs)]
        return np.flatnonzero(is_new)
    known_tf = np.isin(pairs.tf_names, source.pairs.tf_names)
    known_gene = np.isin(pairs.gene_names, source.pairs.gene_names)
    return np.flatnonzero(~known_tf & ~known_gene)


def without_cells(dataset: GRNDataset, cells: np.ndarray) -> GRNDataset:
    """Remove cells (bool (cell,)) from a data set."""
    left = dataset.expression.values[~cells]
    if len(left) < 2:
        raise DataError(
            f"Transfer needs at least 2 cells of {dataset.expression.name} that the source lacks, but there "
            f"are {len(left)}.\nChoose sources with different cells."
        )
    expression = Expression(left, dataset.expression.genes, dataset.expression.name)
    return GRNDataset(expression, dataset.pairs, dataset.tfs, dataset.truth)
