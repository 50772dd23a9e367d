"""The tables of this study: expression with its tissue labels, and what was planted in it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from reread.core import validate as check
from reread.core.errors import DataError


@dataclass(frozen=True, eq=False)
class Truth:
    """What the simulator planted.

    Attributes
    ----------
    tissue_of : int array, (gene,)
        The tissue that a gene was raised in, and in no other; -1 for every other gene.
    is_decoy : bool array, (gene,)
        True for a gene raised in several tissues: no marker of any.
    """

    tissue_of: np.ndarray
    is_decoy: np.ndarray

    def __post_init__(self):
        check.axes(self.is_decoy, "is_decoy", gene=len(self.tissue_of))

    def keep_genes(self, columns: np.ndarray) -> Truth:
        """The truth of the genes ``columns``, in that order."""
        return Truth(self.tissue_of[columns], self.is_decoy[columns])


@dataclass(frozen=True, eq=False)
class Expression:
    """Expression of every gene in every sample, and the tissue that the sample was cut from.

    Attributes
    ----------
    values : float32 array, (sample, gene)
        FPKM or TPM, not negative, no logarithm.
    tissue : int array, (sample,)
        Index into ``tissues``.
    tissues : tuple of str, (tissue,)
        Names of the classes.
    samples : tuple of str, (sample,)
        Accessions, each once.
    genes : tuple of str, (gene,)
        Names, each once, in the order of the source.
    replicate : int array, (sample,)
        Number of the biological replicate.
    group : str array, (sample,)
        What a group hold-out keeps together: the study, or the developmental stage.
    truth : Truth, optional
        What was planted; only simulated data has it.

    Raises
    ------
    DataError
        If an axis does not fit, a sample or gene stands twice, or a value is missing or negative.
    """

    values: np.ndarray
    tissue: np.ndarray
    tissues: tuple[str, ...]
    samples: tuple[str, ...]
    genes: tuple[str, ...]
    replicate: np.ndarray
    group: np.ndarray
    truth: Truth | None = None

    def __post_init__(self):
        n_samples = len(self.samples)
        check.axes(self.values, "Expression values", sample=n_samples, gene=len(self.genes))
        for name in ("tissue", "replicate", "group"):
            check.axes(getattr(self, name), name, sample=n_samples)
        refuse_repeats("sample", self.samples)
        refuse_repeats("gene", self.genes)
        _refuse_bad_values(self)
        if n_samples and not 0 <= self.tissue.min() <= self.tissue.max() < len(self.tissues):
            raise DataError(
                f"tissue must point into the {len(self.tissues)} tissues, but holds numbers from "
                f"{self.tissue.min()} to {self.tissue.max()}.\nNumber the tissues from 0."
            )

    @property
    def n_tissues(self) -> int:
        """How many classes there are, also those that no sample of a part has."""
        return len(self.tissues)

    def take(self, rows: np.ndarray) -> Expression:
        """Samples in the order given, over the same genes and the same tissues."""
        rows = np.asarray(rows)
        samples = tuple(np.asarray(self.samples, dtype=object)[rows])
        parts = {name: getattr(self, name)[rows] for name in ("values", "tissue", "replicate", "group")}
        return replace(self, samples=samples, **parts)

    def keep_genes(self, columns: np.ndarray) -> Expression:
        """Genes in the order given, over the same samples."""
        columns = np.asarray(columns)
        genes = tuple(np.asarray(self.genes, dtype=object)[columns])
        truth = self.truth.keep_genes(columns) if self.truth is not None else None
        return replace(self, values=self.values[:, columns], genes=genes, truth=truth)


def refuse_repeats(what: str, names: Sequence[str]) -> None:
    """Refuse names that stand twice.

    Raises
    ------
    DataError
        With the first such name and how often it stands.
    """
    twice = [name for name, n in Counter(names).items() if n > 1]
    if twice:
        raise DataError(
            f"{what} {twice[0]} stands {names.count(twice[0])} times, but each {what} must stand once "
            f"({len(twice)} such names).\nKeep one of them."
        )


def _refuse_bad_values(data: Expression) -> None:
    """A missing value would become a pixel, a negative one has no logarithm."""
    is_bad = ~(np.isfinite(data.values) & (data.values >= 0))
    if is_bad.any():
        sample, gene = np.argwhere(is_bad)[0]
        raise DataError(
            f"gene {data.genes[gene]} is {data.values[sample, gene]:g} in sample {data.samples[sample]}, but "
            f"expression is a number that is not negative ({int(is_bad.sum())} such values).\n"
            f"Undo a logarithm or centring, fill the value in, or leave the gene out."
        )
