"""Simulate a genome with regulatory motifs, people with haplotypes, and expression of known heritability."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd

from reread.core.errors import ParameterError
from reread.genomes.data.haplotypes import haplotypes
from reread.genomes.io.fasta import Reference
from reread.genomes.io.tables import BASES, Expression, Variants

CONTIG = "chr1"
# consensus of each motif and its effect on the logarithm of expression: four activators, two repressors
MOTIFS = {
    "TGACTCAT": 1.0,
    "CCGGAAGT": 0.8,
    "GATAAGGC": 0.6,
    "CACGTGAC": 0.5,
    "CAGGTGTT": -0.8,
    "AACCGGTT": -0.6,
}
SITES = 6  # motif sites in a window, at the mean
DECAY = 150.0  # bases over which the effect of a site falls to 37 %
SPECIFICITY = 0.85  # probability of the consensus base
SPACING = 3  # windows between the starts of two genes
N_FOUNDERS = 40
BLOCK = 30  # variants between two chances to recombine


@dataclass(frozen=True, eq=False)
class Genome:
    """A simulated genome: ``reference``, ``genes`` (as in ``Expression``) and their sequence ``window``."""

    reference: Reference
    genes: pd.DataFrame
    window: int


@dataclass(frozen=True, eq=False)
class Population:
    """Simulated people of a genome.

    Attributes
    ----------
    variants : list of Variants, (gene,)
        Those around each gene of ``expression``.
    expression : Expression
        Genes by people.
    genetic : float64 array, (gene, person)
        The part of expression that the haplotypes determine, the ground truth.
    heritability : float64 array, (gene,)
        Its share of the variance.
    group : object array of str, (person,)
        The population of each person.
    """

    variants: list[Variants] = field(repr=False)
    expression: Expression = field(repr=False)
    genetic: npt.NDArray[np.float64] = field(repr=False)
    heritability: npt.NDArray[np.float64]
    group: npt.NDArray[np.object_]


def simulate_genome(n_genes: int, window: int, *, seed: int = 0) -> Genome:
    """Sample a contig with one gene in every three windows and motif sites around its start."""
    if window < 256 or n_genes < 1:
        raise ParameterError(
            f"A genome needs windows of at least 256 bases and a gene, but has {window}, {n_genes}."
        )
    rng = np.random.default_rng([seed, 1])
    bases = BASES[rng.integers(0, 4, SPACING * window * (n_genes + 1))]
    tss = SPACING * window * np.arange(1, n_genes + 1)
    words = [np.frombuffer(word.encode(), dtype=np.uint8) for word in MOTIFS]
    for start in tss:
        for _ in range(rng.poisson(SITES)):
            word = words[rng.integers(len(words))]
            site = np.where(rng.random(len(word)) < SPECIFICITY, word, BASES[rng.integers(0, 4, len(word))])
            at = start + int(np.clip(rng.normal(0, DECAY), 8 - window // 2, window // 2 - 16))
            bases[at : at + len(word)] = site if rng.random() < 0.5 else complement(site)
    genes = pd.DataFrame(
        {
            "gene": [f"GENE{i + 1:04d}" for i in range(n_genes)],
            "contig": CONTIG,
            "tss": tss,
            "strand": rng.choice(["+", "-"], n_genes),
        }
    )
    return Genome(Reference({CONTIG: bases}), genes, window)


def complement(bases: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """The other strand of sequences (..., base), read in its own direction."""
    other = np.zeros(256, dtype=np.uint8)
    other[BASES] = np.frombuffer(b"TGCAN", dtype=np.uint8)
    return other[bases][..., ::-1]


def site_activity(sequences: npt.NDArray[np.uint8]) -> npt.NDArray[np.float64]:
    """Occupancy (sequence, motif, base) by the ground truth: 1 at a consensus site, near 0 elsewhere.

    ``sequences`` is (sequence, base). Each base that differs from the consensus divides the occupancy by 8;
    both strands count, at the first base of the site on the forward strand.
    """
    n, length = sequences.shape
    found = np.zeros((n, len(MOTIFS), length))
    for number, word in enumerate(MOTIFS):
        bases = np.frombuffer(word.encode(), dtype=np.uint8)
        for letters in (bases, complement(bases)):
            mismatches = np.zeros((n, length - len(letters) + 1), dtype=np.int8)
            for place, letter in enumerate(letters):
                mismatches += sequences[:, place : place + mismatches.shape[1]] != letter
            found[:, number, : mismatches.shape[1]] += np.power(8.0, -mismatches.astype(float)) * (
                mismatches < 3
            )
    return found


def true_log_expression(sequences: npt.NDArray[np.uint8]) -> npt.NDArray[np.float64]:
    """Log expression (sequence,) by the ground truth: sites weighted by effect and distance to the start."""
    distance = np.abs(np.arange(sequences.shape[1]) + len(next(iter(MOTIFS))) / 2 - sequences.shape[1] // 2)
    effect = np.array(list(MOTIFS.values()))
    parts = [
        np.einsum("smb,m,b->s", site_activity(part), effect, np.exp(-distance / DECAY))
        for part in np.array_split(sequences, max(1, len(sequences) // 200))
    ]
    return np.concatenate(parts)


def simulate_people(
    genome: Genome, genes: pd.DataFrame, *, n_people: int = 120, n_variants: int = 60,
    heritability: float = 0.35, indel_rate: float = 0.06, seed: int = 0,
) -> Population:  # fmt: skip
    """Sample people of two populations: mosaics of founder haplotypes, and expression of some genes.

    The populations draw from two overlapping parts of 40 founders. ``heritability`` is the mean over genes;
    that of one gene lies between half and one and a half of it.
    """
    if not 0 < heritability <= 0.6 or n_people < 4:
        raise ParameterError(
            f"heritability must lie between 0 and 0.6 and n_people be 4 or more, but are {heritability:g} "
            f"and {n_people}."
        )
    rng = np.random.default_rng([seed, 2])
    group = np.array(["north", "south"], dtype=object)[np.arange(n_people) % 2]
    share = heritability * rng.uniform(0.5, 1.5, len(genes))
    variants, genetic = [], np.empty((len(genes), n_people))
    for number, tss in enumerate(genes["tss"]):
        found = _variants_of(genome, int(tss), n_variants, indel_rate, group, rng)
        made = haplotypes(genome.reference, found, int(tss), genome.window)
        unique, inverse = made.distinct()
        genetic[number] = np.log(np.exp(true_log_expression(unique))[inverse].mean(axis=1))
        variants.append(found)
    spread = genetic.std(axis=1)
    noise = rng.normal(size=genetic.shape) * np.where(spread > 0, spread, 1.0)[:, None]
    values = genetic + noise * np.sqrt(1 / share - 1)[:, None]
    people = variants[0].people
    return Population(
        variants, Expression(genes.reset_index(drop=True), values, people), genetic, share, group
    )


def _variants_of(
    genome: Genome, tss: int, n_variants: int, indel_rate: float, group: np.ndarray, rng: np.random.Generator
) -> Variants:
    """Variants around one gene, and the genotypes of people of two populations."""
    half = genome.window // 2
    position = np.sort(rng.choice(np.arange(tss - half, tss + half - 8, 6), n_variants, replace=False))
    bases = genome.reference.fetch(CONTIG, tss - half, tss + half)
    ref, alt = zip(*(_alleles(bases, at - tss + half, indel_rate, rng) for at in position), strict=True)
    genotype = _mosaics(n_variants, group, rng)
    people = tuple(f"{one}-{i + 1:03d}" for i, one in enumerate(group))
    return Variants(
        CONTIG, position.astype(np.int64), np.array(ref, dtype=object), np.array(alt, dtype=object),
        genotype.astype(np.int8), np.ones(genotype.shape[:2], dtype=bool), people, {},
    )  # fmt: skip


def _mosaics(n_variants: int, group: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Genotypes (variant, person, 2) of people who are mosaics of founders.

    In a block of variants the founders lie on a ring, and each variant is carried by neighbours, which makes
    linkage. From block to block a haplotype stays with its founder in nine cases of ten.
    """
    lower = {"north": 0, "south": N_FOUNDERS // 3}
    low = np.array([[lower.get(one, 0)] * 2 for one in group])
    founder = low + rng.integers(0, 2 * N_FOUNDERS // 3, low.shape)
    parts = []
    for first in range(0, n_variants, BLOCK):
        n = min(BLOCK, n_variants - first)
        size = np.minimum(np.exp(rng.uniform(0, np.log(N_FOUNDERS / 2), n)).astype(int), N_FOUNDERS - 1)
        start, ring = rng.integers(0, N_FOUNDERS, n), rng.permutation(N_FOUNDERS)
        carriers = np.zeros((n, N_FOUNDERS), dtype=np.int8)
        carriers[:, ring] = (np.arange(N_FOUNDERS) - start[:, None]) % N_FOUNDERS < size[:, None]
        parts.append(carriers[:, founder])
        drawn = low + rng.integers(0, 2 * N_FOUNDERS // 3, low.shape)
        founder = np.where(rng.random(low.shape) < 0.9, founder, drawn)
    return np.concatenate(parts)


def _alleles(bases: np.ndarray, at: int, indel_rate: float, rng: np.random.Generator) -> tuple[str, str]:
    """REF and ALT at one base: a substitution, or an insertion or deletion of one to four bases."""
    text = bases[at : at + 5].tobytes().decode()
    if rng.random() >= indel_rate:
        return text[0], rng.choice([one for one in "ACGT" if one != text[0]])
    extra = int(rng.integers(1, 5))
    if rng.random() < 0.5:
        return text[0], text[0] + "".join(rng.choice(list("ACGT"), extra))
    return text[: extra + 1], text[0]


def fill_reference(variants: Variants, *, seed: int = 0) -> Reference:
    """A contig of random bases that has REF at every variant: for genotypes whose genome is not at hand."""
    start = int(variants.position[0])
    rng = np.random.default_rng([seed, 3])
    bases = BASES[rng.integers(0, 4, int(variants.end.max()) - start + 1)]
    for position, ref in zip(variants.position, variants.ref, strict=True):
        bases[position - start : position - start + len(ref)] = np.frombuffer(ref.encode(), dtype=np.uint8)
    return Reference({variants.contig: bases}, offset=start)


def place_variants(
    reference: Reference, contig: str, start: int, end: int, *, n_variants: int, n_people: int,
    indel_rate: float, seed: int = 0,
) -> Variants:  # fmt: skip
    """Simulated variants of simulated people on a real stretch of sequence: positions, alleles, genotypes."""
    rng = np.random.default_rng([seed, 4])
    bases = reference.fetch(contig, start, end)
    position = np.sort(rng.choice(np.arange(0, end - start - 8, 6), n_variants, replace=False))
    position = position[bases[position] != ord("N")]
    ref, alt = zip(*(_alleles(bases, int(at), indel_rate, rng) for at in position), strict=True)
    group = np.array(["north", "south"], dtype=object)[np.arange(n_people) % 2]
    genotype = _mosaics(len(position), group, rng)
    people = tuple(f"{one}-{i + 1:03d}" for i, one in enumerate(group))
    return Variants(
        contig, (position + start).astype(np.int64), np.array(ref, dtype=object), np.array(alt, dtype=object),
        genotype, np.ones(genotype.shape[:2], dtype=bool), people, {},
    )  # fmt: skip
