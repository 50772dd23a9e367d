"""Genotypes and expression of the same people: simulated, 80 genes of GEUVADIS, or the reader's own files."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from reread.core.data import registry
from reread.core.errors import DataError, ParameterError, did_you_mean
from reread.core.tables import read_table
from reread.genomes.data.checks import shared_people
from reread.genomes.data.simulate import simulate_genome, simulate_people
from reread.genomes.io.bed import read_expression
from reread.genomes.io.genotypes import digests, read_genotypes
from reread.genomes.io.tables import Expression

PANELS = ("simulated", "geuvadis", "own")
REACH = 500_000  # bases on each side of a transcription start, as in the published polygenic score
SIMULATED_WINDOW = 1_024


@dataclass(frozen=True, eq=False)
class Panel:
    """Genes, people, genotypes near each gene, and covariates.

    Attributes
    ----------
    expression : Expression
        Genes by people.
    dosage : list of float64 array (person, variant), one for each gene
        Number of ALT alleles, without missing values and without variants that do not vary.
    covariates : float64 array, (person, covariate)
        To be regressed out; may have no column.
    group : object array of str, (person,)
        Ancestry or population; one word where it is unknown.
    heritability : float64 array, (gene,)
        Share of the variance that genotypes determine, NaN where it is unknown.
    report : dict of str to str
        Digests of the reader's files.
    """

    expression: Expression
    dosage: list[npt.NDArray[np.float64]] = field(repr=False)
    covariates: npt.NDArray[np.float64] = field(repr=False)
    group: npt.NDArray[np.object_] = field(repr=False)
    heritability: npt.NDArray[np.float64] = field(repr=False)
    report: dict[str, str] = field(default_factory=dict)

    @property
    def sizes(self) -> pd.DataFrame:
        """Counts of the panel: columns what and n."""
        n_variants = [one.shape[1] for one in self.dosage]
        counts = {
            "genes": len(self.dosage),
            "people": len(self.expression.people),
            "groups of people": len(set(self.group)),
            "variants of a gene, median": int(np.median(n_variants)),
            "covariates": self.covariates.shape[1],
        }
        return pd.DataFrame({"what": list(counts), "n": list(counts.values())})


def load_panel(
    source: str = "simulated", *, n_genes: int = 24, n_people: int = 120, heritability: float = 0.35,
    seed: int = 0, bed: str = "", genotypes: str = "",
) -> Panel:  # fmt: skip
    """Load genotypes and expression of the same people.

    Parameters
    ----------
    source : {"simulated", "geuvadis", "own"}
        ``simulated``: people of our simulator, of two populations. ``geuvadis``: 80 genes in cell lines of 89
        Europeans, with 12 covariates. ``own``: files of the reader.
    n_genes, n_people, heritability, seed
        Of the simulation.
    bed, genotypes : str
        Own files: expression BED with a column ``strand``; VCF, BCF or the prefix of PLINK files.

    Raises
    ------
    ParameterError
        If the source is unknown, or a file of one's own is not named.
    DataError
        If a file is missing or malformed, no person is in both files, or a gene has no variant.
    """
    if source not in PANELS:
        raise ParameterError(f"There is no panel {source!r}. {did_you_mean(source, PANELS)}")
    if source == "geuvadis":
        return _geuvadis()
    if source == "own":
        return _own(bed, genotypes)
    genome = simulate_genome(n_genes, SIMULATED_WINDOW, seed=seed)
    people = simulate_people(genome, genome.genes, n_people=n_people, heritability=heritability, seed=seed)
    dosage = [varying(one.dosage.T) for one in people.variants]
    return Panel(people.expression, dosage, np.empty((n_people, 0)), people.group, people.heritability)


def _geuvadis() -> Panel:
    names = ("expression", "genes", "people", "covariates", "dosages")
    path = {name: registry.fetch(f"genomes/geuvadis-{name}") for name in names}
    people = read_table(path["people"])
    genes = read_table(path["genes"], numbers=["phenotype_pos"])
    values = read_table(path["expression"], text=["phenotype_id"]).set_index("phenotype_id")
    covariates = read_table(path["covariates"], text=["SampleID"]).set_index("SampleID")
    sites = read_table(path["dosages"], text=["CHROM", "REF", "ALT"])
    order = people["genotype_id"].tolist()
    missing = [one for one in order if one not in sites.columns or one not in covariates.columns]
    if missing:
        raise DataError(f"{path['dosages']} or {path['covariates']} lacks the person {missing[0]}.")
    table = pd.DataFrame(
        {
            "gene": genes["phenotype_id"],
            "contig": genes["chromosome"],
            "tss": genes["phenotype_pos"].astype(np.int64) - 1,
            "strand": genes["strand"].map({"1": "+", "-1": "-"}).fillna(""),
        }
    )
    found = Expression(table, values.loc[table["gene"], people["sample_id"]].to_numpy(), tuple(order))
    contig, position, dose = sites["CHROM"].to_numpy(), sites["POS"].to_numpy() - 1, sites[order].to_numpy()
    dosage = [
        varying(dose[(contig == gene.contig) & (np.abs(position - gene.tss) <= REACH)].T)
        for gene in table.itertuples()
    ]
    unknown = np.full(len(table), np.nan)
    return Panel(
        found, dosage, covariates[order].to_numpy().T, np.array(["CEU"] * len(order), dtype=object), unknown
    )


def _own(bed: str, genotypes: str) -> Panel:
    for name in (name for name, path in {"bed": bed, "genotypes": genotypes}.items() if not path):
        raise ParameterError(f"source=own needs {name}, the path of a file.\nAdd:  -p {name}=PATH")
    expression, dosage = read_expression(Path(bed)), []
    for gene in expression.genes.itertuples():
        variants = read_genotypes(genotypes, gene.contig, gene.tss - REACH, gene.tss + REACH)
        variants, shared = shared_people(variants, expression)
        dosage.append(varying(variants.dosage.T))
        if not dosage[-1].shape[1]:
            raise DataError(
                f"Gene {gene.gene} has no variant within {REACH:,} bases.\nLeave it out of {bed}."
            )
    n_people = len(shared.people)
    constant = np.flatnonzero(np.ptp(shared.values, axis=1) == 0)
    if len(constant):
        name = expression.genes["gene"].iloc[constant[0]]
        raise DataError(
            f"Gene {name} has the same expression in all {n_people} people, so nothing correlates with it "
            f"({len(constant)} such genes).\nLeave it out of {bed}."
        )
    unknown = np.full(len(expression.genes), np.nan)
    group = np.array(["all"] * n_people, dtype=object)
    files = digests(bed=bed, genotypes=genotypes)
    return Panel(shared, dosage, np.empty((n_people, 0)), group, unknown, files)


def varying(dosage: npt.NDArray) -> npt.NDArray[np.float64]:
    """Dosages (person, variant) that vary; a missing one becomes the mean of its variant."""
    dosage = np.asarray(dosage, dtype=float)
    mean = np.nanmean(dosage, axis=0, keepdims=True) if dosage.size else dosage
    dosage = np.where(np.isnan(dosage), mean, dosage)
    return dosage[:, dosage.std(axis=0) > 0]
