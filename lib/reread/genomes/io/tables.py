"""The tables that every reader returns: variants with genotypes, and genes with expression."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from reread.core.errors import DataError, short

MISSING, ABSENT = -1, -2
BASES = np.frombuffer(b"ACGTN", dtype=np.uint8)


@dataclass(frozen=True, eq=False)
class Variants:
    """Variants of one contig and the genotypes of people; a multiallelic site has a row for each alternative.

    Attributes
    ----------
    contig : str
        Name of the contig, as the file spells it.
    position : int64 array, (variant,)
        0-based position of the first base of REF, ascending.
    ref, alt : object array of str, (variant,)
        Alleles in capitals.
    genotype : int8 array, (variant, person, 2)
        Whether a haplotype carries ALT: 1, 0, -1 where the call is missing, -2 where a haploid call has no
        second allele.
    is_phased : bool array, (variant, person)
        Whether the order of the two alleles is known.
    people : tuple of str, (person,)
        Names.
    dropped : dict
        Number of alleles that the reader left out, by reason.
    """

    contig: str
    position: npt.NDArray[np.int64]
    ref: npt.NDArray[np.object_]
    alt: npt.NDArray[np.object_]
    genotype: npt.NDArray[np.int8]
    is_phased: npt.NDArray[np.bool_]
    people: tuple[str, ...]
    dropped: dict[str, int]

    def __post_init__(self) -> None:
        if self.genotype.shape != (len(self.position), len(self.people), 2):
            raise DataError(
                f"Genotypes must have axes (variant={len(self.position)}, person={len(self.people)}, 2), but "
                f"have {self.genotype.shape}."
            )
        if (np.diff(self.position) < 0).any():
            row = int(np.flatnonzero(np.diff(self.position) < 0)[0]) + 1
            raise DataError(
                f"Variants must be sorted by position, but {self.contig}:{self.position[row] + 1} comes "
                f"after {self.position[row - 1] + 1}.\nRun:  bcftools sort"
            )

    def __len__(self) -> int:
        return len(self.position)

    @property
    def end(self) -> npt.NDArray[np.int64]:
        """0-based end (variant,) of REF, exclusive."""
        return self.position + np.array([len(one) for one in self.ref], dtype=np.int64)

    @property
    def length_change(self) -> npt.NDArray[np.int64]:
        """Bases that ALT is longer than REF (variant,)."""
        pairs = zip(self.ref, self.alt, strict=True)
        return np.array([len(alt) - len(ref) for ref, alt in pairs], dtype=np.int64)

    @property
    def dosage(self) -> npt.NDArray[np.float32]:
        """Number of ALT alleles (variant, person); NaN where the call is missing."""
        count = np.maximum(self.genotype, 0).sum(axis=2).astype(np.float32)
        count[(self.genotype == MISSING).any(axis=2)] = np.nan
        return count

    def take(self, rows: npt.ArrayLike) -> Variants:
        """The variants ``rows``, a mask or row numbers in ascending order."""
        return replace(
            self, position=self.position[rows], ref=self.ref[rows], alt=self.alt[rows],
            genotype=self.genotype[rows], is_phased=self.is_phased[rows],
        )  # fmt: skip

    def within(self, start: int, end: int) -> Variants:
        """Variants whose REF touches the bases ``start`` to ``end`` (0-based, exclusive)."""
        return self.take((self.position < end) & (self.end > start))

    def of_people(self, names: npt.ArrayLike) -> Variants:
        """The same variants for some people, in the order given."""
        at = {name: i for i, name in enumerate(self.people)}
        columns = [at[name] for name in names]
        return replace(
            self,
            people=tuple(names),
            genotype=self.genotype[:, columns],
            is_phased=self.is_phased[:, columns],
        )


@dataclass(frozen=True, eq=False)
class Expression:
    """Expression of genes in people.

    Attributes
    ----------
    genes : DataFrame, (gene,)
        ``gene``, ``contig``, ``tss`` (0-based position of the transcription start) and ``strand`` (+ or -).
    values : float64 array, (gene, person)
        Normalised expression, finite.
    people : tuple of str, (person,)
        Names.
    """

    genes: pd.DataFrame
    values: npt.NDArray[np.float64]
    people: tuple[str, ...]

    def __post_init__(self) -> None:
        if self.values.shape != (len(self.genes), len(self.people)):
            raise DataError(
                f"Expression must have axes (gene={len(self.genes)}, person={len(self.people)}), but has "
                f"{self.values.shape}."
            )
        wrong = np.argwhere(~np.isfinite(self.values))
        if len(wrong):
            gene, person = wrong[0]
            raise DataError(
                f"The expression of gene {short(self.genes['gene'].iloc[gene])} in {self.people[person]} is "
                f"no finite number ({len(wrong)} such values).\nLeave the gene out, or fill the values in."
            )
        lone = self.genes.loc[~self.genes["strand"].isin(["+", "-"]), "gene"]
        if len(lone):
            raise DataError(
                f"{len(lone)} genes have no strand, the first {short(lone.iloc[0])}; without it the "
                f"transcription start is unknown.\nAdd a column strand with + or -."
            )

    def take(self, rows: npt.ArrayLike) -> Expression:
        """The genes ``rows``, a mask or row numbers."""
        return replace(self, genes=self.genes.iloc[rows].reset_index(drop=True), values=self.values[rows])


def same_contig(name: str, known: list[str], where: object = "the reference") -> str:
    """Name under which ``known`` lists a contig, with or without ``chr``; DataError if it does not."""
    bare = name.removeprefix("chr")
    for candidate in (name, bare, f"chr{bare}", {"M": "MT", "MT": "M"}.get(bare, bare)):
        if candidate in known:
            return candidate
    listed = ", ".join(map(short, known[:8])) or "none"
    raise DataError(
        f"There is no contig {short(name)!r}, with or without chr, in {where}. Contigs there: {listed}.\n"
        f"Name contigs alike in all files, or leave out what lies on others."
    )
