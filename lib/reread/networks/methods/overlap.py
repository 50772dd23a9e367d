"""Count what two worlds share, and take it out: cells, pairs, TFs and genes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from reread.core.errors import DataError, ParameterError, did_you_mean
from reread.networks.data.tables import Expression, Pairs, World

EXCLUDE = ("nothing", "pairs", "TFs and genes")


@dataclass(frozen=True)
class Overlap:
    """What two worlds share; counts, and masks of the target.

    Attributes
    ----------
    n_cells, n_genes, n_tfs, n_pairs, n_agreeing : int
        Cells with equal expression of all shared genes; names; listed pairs, and those with equal labels.
    cells : bool array, (cell,) of the target
        Which cells the source holds too.
    pairs : bool array, (pair,) of the target
        Which listed pairs the source lists too.
    """

    n_cells: int
    n_genes: int
    n_tfs: int
    n_pairs: int
    n_agreeing: int
    cells: np.ndarray
    pairs: np.ndarray

    def table(self) -> pd.DataFrame:
        """Counts as a table: shared, n, of (size of the target)."""
        of_target = {
            "cells": (self.n_cells, len(self.cells)),
            "listed pairs": (self.n_pairs, len(self.pairs)),
        }
        rows = {**of_target, "genes": (self.n_genes, np.nan), "TFs": (self.n_tfs, np.nan)}
        return pd.DataFrame([{"shared": name, "n": n, "of": of} for name, (n, of) in rows.items()])


def overlap(source: World, target: World) -> Overlap:
    """Count what a source and a target share, by the names of genes and the values of cells.

    Parameters
    ----------
    source, target : World

    Returns
    -------
    Overlap
    """
    shared = sorted(set(source.expression.genes) & set(target.expression.genes))
    cells = _in_both(source.expression, target.expression, shared)
    label = {(tf, gene): value for tf, gene, value in _named(source.pairs)}
    found = [label.get((tf, gene)) for tf, gene, _ in _named(target.pairs)]
    pairs = np.array([value is not None for value in found])
    tfs = {source.expression.genes[i] for i in source.tfs} & {target.expression.genes[i] for i in target.tfs}
    agreeing = sum(value == own for value, own in zip(found, target.pairs.label, strict=True))
    return Overlap(int(cells.sum()), len(shared), len(tfs), int(pairs.sum()), int(agreeing), cells, pairs)


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


def kept_rows(source: World, target: World, pairs: Pairs, exclude: str) -> np.ndarray:
    """Rows of ``pairs`` (of the target) that may be tested after training on the source.

    Parameters
    ----------
    source, target : World
    pairs : Pairs
        Over the genes of the target.
    exclude : str
        ``nothing``; ``pairs`` that the source lists too; or, under ``TFs and genes``, every pair that shares
        its TF with a TF, or its gene with a gene, of the source's pairs.

    Returns
    -------
    int array, (row,)

    Raises
    ------
    ParameterError
        If ``exclude`` is unknown.
    """
    if exclude not in EXCLUDE:
        raise ParameterError(f"Nothing called {exclude!r} to exclude. {did_you_mean(exclude, EXCLUDE)}")
    if exclude == "nothing":
        return np.arange(len(pairs))
    if exclude == "pairs":
        listed = {(tf, gene) for tf, gene, _ in _named(source.pairs)}
        return np.array(
            [i for i, (tf, gene, _) in enumerate(_named(pairs)) if (tf, gene) not in listed], dtype=int
        )
    known_tf = np.isin(pairs.tf_names, source.pairs.tf_names)
    known_gene = np.isin(pairs.gene_names, source.pairs.gene_names)
    return np.flatnonzero(~known_tf & ~known_gene)


def without_cells(world: World, cells: np.ndarray) -> World:
    """The world without some of its cells (bool (cell,)).

    Raises
    ------
    DataError
        If fewer than two cells are left.
    """
    left = world.expression.values[~cells]
    if len(left) < 2:
        raise DataError(f"{world.expression.name} has {len(left)} cells that the source lacks; 2 are needed.")
    expression = Expression(left, world.expression.genes, world.expression.name)
    return World(expression, world.pairs, world.tfs, world.truth)
