"""People with sequence and expression, and the windows of the reference that train a network."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from reread.core.errors import ParameterError, did_you_mean
from reread.genomes.data.checks import check_reference, shared_people
from reread.genomes.data.simulate import (
    MOTIFS,
    simulate_genome,
    simulate_people,
    site_activity,
    true_log_expression,
)
from reread.genomes.io.bed import read_expression
from reread.genomes.io.fasta import Reference
from reread.genomes.io.genotypes import digests, read_genotypes
from reread.genomes.io.tables import Expression, Variants

BIN = 128
COHORTS = ("simulated", "own")
FILES = ("fasta", "genotypes", "bed")
TRACKS = ("activators", "expression", "repressors")  # of the simulated reference
EXPRESSION = 1


@dataclass(frozen=True, eq=False)
class Cohort:
    """Sequence and expression of people.

    Attributes
    ----------
    reference : Reference
        The genome.
    expression : Expression
        Genes by people; logarithms.
    variants_of : callable
        From the number of a gene to the Variants around it, for these people; read only when asked for.
    window : int
        Bases of a sequence, a multiple of 128.
    group : object array of str, (person,)
        Population.
    heritability : float64 array, (gene,)
        NaN where it is unknown.
    train_sequences : uint8 array, (window, base)
        Windows around other genes of the reference; empty for files of the reader.
    train_targets : float32 array, (window, bin, track)
        What was measured there.
    report : dict of str to str
        Digests of the reader's files.
    """

    reference: Reference
    expression: Expression
    variants_of: Callable[[int], Variants] = field(repr=False)
    window: int
    group: npt.NDArray[np.object_] = field(repr=False)
    heritability: npt.NDArray[np.float64] = field(repr=False)
    train_sequences: npt.NDArray[np.uint8] = field(repr=False)
    train_targets: npt.NDArray[np.float32] = field(repr=False)
    report: dict[str, str] = field(default_factory=dict)

    def reference_window(self, gene: int) -> npt.NDArray[np.uint8]:
        """Bases (base,) of the reference around the start of a gene."""
        tss, half = int(self.expression.genes["tss"].iloc[gene]), self.window // 2
        return self.reference.fetch(self.expression.genes["contig"].iloc[gene], tss - half, tss + half)


def load_cohort(
    source: str = "simulated", *, window: int = 512, n_genes: int = 40, n_people: int = 60,
    n_train: int = 800, seed: int = 0, files: str = "",
) -> Cohort:  # fmt: skip
    """Load people with sequence and expression.

    Parameters
    ----------
    source : {"simulated", "own"}
        ``simulated``: our simulator. ``own``: the reader's files.
    window : int
        Bases of a sequence.
    n_genes, n_people, n_train : int
        Genes with expression in people, people, and other genes of the reference that train a network.
    seed : int
        Random seed.
    files : str
        Own files, separated by blanks: FASTA; VCF, BCF or the prefix of PLINK files; expression BED.

    Raises
    ------
    ParameterError
        If the source is unknown, a file of one's own is not named, or the window is no multiple of 128.
    DataError
        If a file is missing or malformed, or of another genome build than the reference.
    """
    if source not in COHORTS:
        raise ParameterError(f"There is no cohort {source!r}. {did_you_mean(source, COHORTS)}")
    if window % BIN or window < 4 * BIN:
        raise ParameterError(
            f"The window must be a multiple of {BIN} bases, at least {4 * BIN}, but is {window}."
        )
    if source == "own":
        return _own(window, dict(zip(FILES, files.split(), strict=False)))
    genome = simulate_genome(n_train + n_genes, window, seed=seed)
    people = simulate_people(genome, genome.genes.iloc[n_train:], n_people=n_people, seed=seed)
    starts = genome.genes["tss"].iloc[:n_train]
    contig, half = genome.genes["contig"].iloc[0], window // 2
    sequences = np.stack([genome.reference.fetch(contig, tss - half, tss + half) for tss in starts])
    return Cohort(
        genome.reference, people.expression, people.variants.__getitem__, window, people.group,
        people.heritability, sequences, simulated_tracks(sequences),
    )  # fmt: skip


def simulated_tracks(sequences: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    """Tracks (sequence, bin, track) of the ground truth: activator sites, expression, repressor sites."""
    n_bins = sequences.shape[1] // BIN
    effect = np.array(list(MOTIFS.values()))
    parts = np.array_split(sequences, max(1, len(sequences) // 200))
    sites = np.concatenate(
        [site_activity(part).reshape(len(part), -1, n_bins, BIN).sum(axis=3) for part in parts]
    )
    tracks = np.zeros((len(sequences), n_bins, len(TRACKS)), dtype=np.float32)
    tracks[..., 0], tracks[..., 2] = sites[:, effect > 0].sum(axis=1), sites[:, effect < 0].sum(axis=1)
    tracks[:, slice(*tss_bins(n_bins)), EXPRESSION] = np.exp(true_log_expression(sequences))[:, None]
    return tracks


def tss_bins(n_bins: int) -> tuple[int, int]:
    """The bins on both sides of the transcription start, which lies between the two middle ones."""
    return n_bins // 2 - 1, n_bins // 2 + 1


def _own(window: int, files: dict[str, str]) -> Cohort:
    if len(files) < len(FILES):
        raise ParameterError(
            f"source=own needs {len(FILES)} paths, but files has {len(files)}.\n"
            f"Add:  -p files='genome.fa people.vcf.gz expression.bed'"
        )
    reference, expression = Reference(path=Path(files["fasta"])), read_expression(Path(files["bed"]))
    genotypes, genes = files["genotypes"], expression.genes
    reach = window // 2 + 2_000

    def variants_of(gene: int) -> Variants:
        contig, tss = genes["contig"].iloc[gene], int(genes["tss"].iloc[gene])
        found = read_genotypes(genotypes, contig, tss - reach, tss + reach)
        check_reference(reference, found)
        return shared_people(found, expression)[0]

    shared = shared_people(variants_of(0), expression)[1]
    nothing = np.full(len(genes), np.nan)
    return Cohort(
        reference, shared, variants_of, window, np.array(["all"] * len(shared.people), dtype=object),
        nothing, np.empty((0, window), dtype=np.uint8), np.empty((0, window // BIN, 0), dtype=np.float32),
        digests(**files),
    )  # fmt: skip
