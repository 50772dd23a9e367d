"""The tables of this study: expression with its tissue labels, and the ground truth of a simulation."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from reread.core import validate
from reread.core.errors import DataError


@dataclass(frozen=True, eq=False)
class Truth:
    """Ground truth of the simulation.

    ``tissue_of`` (gene,) is the one tissue in which a planted gene is raised, -1 for every other gene.
    ``is_decoy`` (gene,) is true for a gene raised in several tissues.
    """

    tissue_of: np.ndarray
    is_decoy: np.ndarray

    def __post_init__(self):
        validate.axes(self.is_decoy, "is_decoy", gene=len(self.tissue_of))


@dataclass(frozen=True, eq=False)
class Expression:
    """Expression ``values``, float32 (sample, gene), with the tissue of each sample.

    Values are FPKM or TPM, not negative, no logarithm. ``tissue`` (sample,) is an index into ``tissues``;
    ``samples`` and ``genes`` are unique names; ``replicate`` (sample,) is a number; ``group`` (sample,) is
    the study or developmental stage, which a group hold-out keeps together. Only simulated data has
    ``truth``, and only the reader's own has a ``report`` of its files. Raises DataError if an axis does not
    fit, a name is repeated, or a value is missing or negative.
    """

    values: np.ndarray
    tissue: np.ndarray
    tissues: tuple[str, ...]
    samples: tuple[str, ...]
    genes: tuple[str, ...]
    replicate: np.ndarray
    group: np.ndarray
    truth: Truth | None = None
    report: dict[str, str] = field(default_factory=dict)

    def __post_init__(self):
        n_samples = len(self.samples)
        validate.axes(self.values, "Expression values", sample=n_samples, gene=len(self.genes))
        for name in ("tissue", "replicate", "group"):
            validate.axes(getattr(self, name), name, sample=n_samples)
        refuse_repeats("sample", self.samples)
        refuse_repeats("gene", self.genes)
        # a missing value would become a pixel; a negative one has no logarithm
        is_bad = ~(np.isfinite(self.values) & (self.values >= 0))
        if is_bad.any():
            sample, gene = np.argwhere(is_bad)[0]
            raise DataError(
                f"gene {self.genes[gene][:80]} is {self.values[sample, gene]:g} in sample "
                f"{self.samples[sample][:80]}, but expression must be a finite number of at least 0 "
                f"({int(is_bad.sum())} such values).\n"
                f"Undo a logarithm or centring, fill the value in, or leave the gene out."
            )
        if n_samples and not 0 <= self.tissue.min() <= self.tissue.max() < len(self.tissues):
            found = f"numbers from {self.tissue.min()} to {self.tissue.max()}"
            raise DataError(f"tissue must hold indices 0 to {len(self.tissues) - 1}, but holds {found}.")

    @property
    def n_tissues(self) -> int:
        """Number of classes, also those without a sample in a part."""
        return len(self.tissues)

    @property
    def tissue_names(self) -> np.ndarray:
        """Name of the tissue of each sample, str (sample,)."""
        return np.asarray(self.tissues, dtype=object)[self.tissue]

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
        truth = self.truth and Truth(self.truth.tissue_of[columns], self.truth.is_decoy[columns])
        return replace(self, values=self.values[:, columns], genes=genes, truth=truth)


def refuse_repeats(what: str, names: Sequence[str]) -> None:
    """Raise a DataError with the first name that is repeated, and how often."""
    repeated = [name for name, n in Counter(names).items() if n > 1]
    if repeated:
        found = f"{what} {repeated[0][:80]} occurs {names.count(repeated[0])} times"
        wanted = f"each {what} must be unique ({len(repeated)} such names)"
        raise DataError(f"{found}, but {wanted}.\nKeep one of them.")
