"""Load what the chapters read by the name of a source: simulated, published files, or the reader's own."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from reread.core.data import registry
from reread.core.errors import DataError, ParameterError, did_you_mean
from reread.genomes.data.simulate import fill_reference, place_variants
from reread.genomes.io.fasta import Reference
from reread.genomes.io.genotypes import digests, read_genotypes
from reread.genomes.io.tables import BASES, Variants
from reread.genomes.io.vcf import read_vcf

LOCI = ("simulated", "hg38-slice", "phased-chr20", "own")
SLICE = ("chr22", 32_000_000)  # contig and first base of the published stretch of hg38
CHR20 = ("20", 60_000, 6_000_000)


@dataclass(frozen=True, eq=False)
class Locus:
    """A reference, the variants of people around one position, and what is known of them."""

    reference: Reference
    variants: Variants
    tss: int
    holds: str
    report: dict[str, str] = field(default_factory=dict)  # digests of own files


def load_locus(
    source: str = "simulated", *, window: int = 196_608, n_people: int = 40, seed: int = 0, fasta: str = "",
    genotypes: str = "", position: str = "",
) -> Locus:  # fmt: skip
    """Load the sequence and the variants around one transcription start.

    Parameters
    ----------
    source : {"simulated", "hg38-slice", "phased-chr20", "own"}
        ``simulated``: random bases, simulated people. ``hg38-slice``: 300,000 bases of chromosome 22, with
        simulated people. ``phased-chr20``: 379 Europeans of 1000 Genomes on random bases that hold REF at
        every variant, because the file comes without sequence. ``own``: files of the reader.
    window : int
        Bases of a sequence.
    n_people : int
        Simulated people.
    seed : int
        Random seed.
    fasta, genotypes : str
        Own files: FASTA; VCF, BCF, or the prefix of PLINK files.
    position : str
        Own transcription start, as ``chr22:32150000`` (1-based).

    Raises
    ------
    ParameterError
        If the source is unknown or a file of one's own is not named.
    DataError
        If a file is missing or malformed.
    """
    if source not in LOCI:
        raise ParameterError(f"There is no source {source!r}. {did_you_mean(source, LOCI)}")
    reach = window // 2 + 5_000
    if source == "phased-chr20":
        variants = read_vcf(registry.fetch("genomes/phased-chr20"), *CHR20)
        middle = int(np.median(variants.position))
        return Locus(fill_reference(variants, seed=seed), variants, middle, "real genotypes on random bases")
    if source == "own":
        contig, tss = _position(position)
        named = {"fasta": fasta, "genotypes": genotypes}
        for name in (name for name, path in named.items() if not path):
            raise ParameterError(f"source=own needs {name}, the path of a file.\nAdd:  -p {name}=PATH")
        found = read_genotypes(genotypes, contig, tss - reach, tss + reach)
        if not len(found):
            raise DataError(
                f"{genotypes} has no variant within {reach:,} bases of {position}.\n"
                f"Name a position among its variants: -p position=CONTIG:BASE"
            )
        reference = Reference(path=Path(fasta))
        files = digests(fasta=fasta, genotypes=genotypes)
        return Locus(reference, found, tss, "files of the reader", files)
    if source == "hg38-slice":
        contig, offset = SLICE
        reference = Reference(path=registry.fetch("genomes/hg38-slice"), offset=offset)
        tss, holds = offset + reference.lengths[contig] // 2, "real sequence, simulated people"
    else:
        rng = np.random.default_rng([seed, 5])
        contig, tss, holds = "chr1", reach + 1_000, "simulated sequence and people"
        reference = Reference({contig: BASES[rng.integers(0, 4, 2 * reach + 2_000)]})
    reach = min(reach, tss - reference.offset, reference.offset + reference.lengths[contig] - tss)
    variants = place_variants(
        reference, contig, tss - reach, tss + reach, n_variants=2 * reach // 130, n_people=n_people,
        indel_rate=0.12, seed=seed,
    )  # fmt: skip
    return Locus(reference, variants, tss, holds)


def _position(text: str) -> tuple[str, int]:
    """Contig and 0-based position of a text such as chr22:32150000."""
    contig, _, number = text.replace(",", "").rpartition(":")
    if not contig or not number.isdigit():
        raise ParameterError(
            f"position must look like chr22:32150000, but is {text!r}.\nAdd:  -p position=CONTIG:BASE"
        )
    return contig, int(number) - 1
