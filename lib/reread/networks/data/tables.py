"""The three tables of this study: expression, labelled pairs, and the world that holds both."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from reread.core import validate as check
from reread.core.errors import DataError


@dataclass(frozen=True, eq=False)
class Expression:
    """Expression of every gene in every cell.

    Attributes
    ----------
    values : float32 array, (cell, gene)
        Log-scale expression, not negative in the sources of this study.
    genes : tuple of str, (gene,)
        Names, each once, spelt as in the source.
    name : str
        Where the values come from, as errors and captions call it.
    """

    values: np.ndarray
    genes: tuple[str, ...]
    name: str = "expression"

    def __post_init__(self):
        check.axes(self.values, f"Values of {self.name}", cell=None, gene=len(self.genes))


@dataclass(frozen=True, eq=False)
class Pairs:
    """A list of TF and target with a label; both are indices into ``genes``.

    Attributes
    ----------
    tf, gene : int32 array, (pair,)
        Regulator and target of each row.
    label : int8 array, (pair,)
        1 if the TF regulates the gene, else 0.
    genes : tuple of str, (gene,)
        The names that ``tf`` and ``gene`` point into.
    """

    tf: np.ndarray
    gene: np.ndarray
    label: np.ndarray
    genes: tuple[str, ...] = field(repr=False)

    def __post_init__(self):
        for name, kind in (("tf", np.int32), ("gene", np.int32), ("label", np.int8)):
            object.__setattr__(self, name, np.asarray(getattr(self, name)).astype(kind))
        check.axes(self.gene, "gene", pair=len(self.tf))
        check.axes(self.label, "label", pair=len(self.tf))

    def __len__(self) -> int:
        return len(self.label)

    def take(self, rows: np.ndarray) -> Pairs:
        """Rows in the order given, as a new list over the same genes."""
        return Pairs(self.tf[rows], self.gene[rows], self.label[rows], self.genes)

    @property
    def tf_names(self) -> np.ndarray:
        """Name of the TF of each row, (pair,)."""
        return np.asarray(self.genes, dtype=str)[self.tf]

    @property
    def gene_names(self) -> np.ndarray:
        """Name of the target of each row, (pair,)."""
        return np.asarray(self.genes, dtype=str)[self.gene]


@dataclass(frozen=True, eq=False)
class World:
    """Expression, labelled pairs, and what is known about the network behind them.

    Attributes
    ----------
    expression : Expression
        Values (cell, gene).
    pairs : Pairs
        Over the same genes as ``expression``.
    tfs : int array, (tf,)
        Indices of all labelled regulators, ascending.
    truth : bool array, (tf, gene)
        True where row TF regulates column gene; never true on a gene itself.
    """

    expression: Expression
    pairs: Pairs
    tfs: np.ndarray
    truth: np.ndarray = field(repr=False)

    def __post_init__(self):
        check.axes(self.truth, "truth", tf=len(self.tfs), gene=len(self.expression.genes))

    @property
    def inert(self) -> np.ndarray:
        """Mask (tf,) of the regulators without any target: the planted negative control."""
        return ~self.truth.any(axis=1)


@dataclass(frozen=True, eq=False)
class LabelSplit:
    """A split that came with its publication: labels only, no expression.

    Attributes
    ----------
    train, validation, test : Pairs
        Over the same genes.
    published_scores : float array, (pair,) of ``test``, or None
        What a published model predicted, where its authors saved it.
    """

    train: Pairs
    validation: Pairs
    test: Pairs
    published_scores: np.ndarray | None = None

    def joined(self) -> tuple[Pairs, np.ndarray, np.ndarray]:
        """Train and test as one list with its training rows and test rows."""
        pairs = stack(self.train, self.test)
        return pairs, np.arange(len(self.train)), np.arange(len(self.train), len(pairs))


def stack(*lists: Pairs) -> Pairs:
    """Put lists over the same genes below each other.

    Raises
    ------
    DataError
        If the lists name different genes.
    """
    if any(pairs.genes != lists[0].genes for pairs in lists):
        raise DataError(
            "Pair lists to be stacked must share their genes; map them to one list of names first."
        )
    joined = (np.concatenate([getattr(p, name) for p in lists]) for name in ("tf", "gene", "label"))
    return Pairs(*joined, lists[0].genes)


def truth_matrix(tf: np.ndarray, gene: np.ndarray, tfs: np.ndarray, n_genes: int) -> np.ndarray:
    """Mark edges in a matrix (tf, gene); self loops are left out, for no method can score them."""
    tf, gene = np.asarray(tf), np.asarray(gene)
    truth = np.zeros((len(tfs), n_genes), dtype=bool)
    truth[np.searchsorted(tfs, tf), gene] = True
    truth[np.arange(len(tfs)), tfs] = False
    return truth
