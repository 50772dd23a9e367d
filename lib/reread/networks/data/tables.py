"""Tables of this study: expression, labelled TF-target pairs, and the data set that holds both."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from reread.core import validate
from reread.core.errors import DataError


@dataclass(frozen=True, eq=False)
class Expression:
    """Log-scale expression, float32 (cell, gene), with unique names of genes; ``name`` is the source's."""

    values: np.ndarray
    genes: tuple[str, ...]
    name: str = "expression"

    def __post_init__(self):
        validate.axes(self.values, f"Values of {self.name}", cell=None, gene=len(self.genes))


@dataclass(frozen=True, eq=False)
class Pairs:
    """TF and target (indices into ``genes``) and label (1: regulates): int32, int32, int8 (pair,)."""

    tf: np.ndarray
    gene: np.ndarray
    label: np.ndarray
    genes: tuple[str, ...] = field(repr=False)

    def __post_init__(self):
        for name, kind in (("tf", np.int32), ("gene", np.int32), ("label", np.int8)):
            object.__setattr__(self, name, np.asarray(getattr(self, name)).astype(kind))
            validate.axes(getattr(self, name), name, pair=len(self.tf))

    def __len__(self) -> int:
        return len(self.label)

    def take(self, rows: np.ndarray) -> Pairs:
        """Select rows, in the order given."""
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
class GRNDataset:
    """Expression, labelled pairs over the same genes, and the reference network.

    ``tfs`` (tf,) are the indices of all labelled regulators, ascending; ``truth`` (tf, gene) is true where
    the TF regulates the gene, never on a gene itself. ``report`` has what a record keeps of own files.
    """

    expression: Expression
    pairs: Pairs
    tfs: np.ndarray
    truth: np.ndarray = field(repr=False)
    report: dict[str, str | int] = field(default_factory=dict)

    def __post_init__(self):
        validate.axes(self.truth, "truth", tf=len(self.tfs), gene=len(self.expression.genes))

    @property
    def without_targets(self) -> np.ndarray:
        """Mask (tf,) of the regulators without any target: the negative control of the simulation."""
        return ~self.truth.any(axis=1)


@dataclass(frozen=True, eq=False)
class LabelSplit:
    """Training, validation and test labels over the same genes; published scores (pair,) of the test."""

    train: Pairs
    validation: Pairs
    test: Pairs
    published_scores: np.ndarray | None = None

    def joined(self) -> tuple[Pairs, np.ndarray, np.ndarray]:
        """Training and test pairs as one list, with the training rows and the test rows."""
        pairs = stack(self.train, self.test)
        return pairs, np.arange(len(self.train)), np.arange(len(self.train), len(pairs))


def stack(*lists: Pairs) -> Pairs:
    """Concatenate pair lists over the same genes."""
    if any(pairs.genes != lists[0].genes for pairs in lists):
        raise DataError("Pair lists to be joined must share their genes. Map both to one list first.")
    joined = (np.concatenate([getattr(p, name) for p in lists]) for name in ("tf", "gene", "label"))
    return Pairs(*joined, lists[0].genes)


def truth_matrix(tf: np.ndarray, gene: np.ndarray, tfs: np.ndarray, n_genes: int) -> np.ndarray:
    """Mark edges in a matrix (tf, gene), without self loops."""
    truth = np.zeros((len(tfs), n_genes), dtype=bool)
    truth[np.searchsorted(tfs, tf), gene] = True
    truth[np.arange(len(tfs)), tfs] = False
    return truth
