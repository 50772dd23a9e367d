"""Load simulated cells, the published files, or the reader's own, and the vocabulary that goes with them."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from reread.core.data import registry
from reread.core.errors import ParameterError, did_you_mean
from reread.depression.data import r_data, readers, vocabulary
from reread.depression.data.counts import Counts
from reread.depression.data.rank_values import Cells, encode, store
from reread.depression.data.simulate import Truth, simulate_cohort

SIMULATED = "simulated"
SOURCES = (SIMULATED, "melanoma", "glioblastoma", "gse144136", "own")
SIMULATION = {"n_donors": 24, "cells_per_donor": 60, "n_genes": 120, "n_disease_genes": 24, "log2_fold": 1.0}


@dataclass(frozen=True, eq=False)
class Cohort:
    """Counts of a study, and what is known of them.

    Attributes
    ----------
    counts : Counts
    truth : Truth, optional
        Of simulated cells.
    is_paired : bool
        Whether each donor gave cells of both conditions.
    report : dict
        What was left out when the files were read, counted.
    """

    counts: Counts
    truth: Truth | None = None
    is_paired: bool = False
    report: dict[str, int] = field(default_factory=dict)


def load(
    source: str = SIMULATED,
    *,
    path: str = "",
    keys: readers.Keys | None = None,
    seed: int = 0,
    **simulation: float,
) -> Cohort:
    """Load the cells of one source.

    ``simulated`` has 24 donors with 60 cells each and 120 genes, 24 of them changed twofold by the disease,
    or what ``simulation`` says, the keywords of ``simulate_cohort``; ``seed`` samples them. ``melanoma`` has
    the T cells of 19 patients whose response is constant in the patient (log-normalised values,
    exponentiated). ``glioblastoma`` has counts of five patients, each with and without a drug. ``gse144136``
    has the published nuclei. ``own`` reads the loom or h5ad file ``path`` by the names in ``keys``. An
    unknown source is a ParameterError, a wrong file a DataError.
    """
    if source not in SOURCES:
        raise ParameterError(f"There is no source {source!r}. {did_you_mean(source, SOURCES)}")
    if source == SIMULATED:
        return Cohort(*simulate_cohort(**SIMULATION | simulation, seed=seed))
    if source == "glioblastoma":
        return Cohort(r_data.read_glioblastoma(registry.fetch("depression/glioblastoma")), is_paired=True)
    if source == "melanoma":
        return Cohort(r_data.read_melanoma(registry.fetch("depression/melanoma"), symbols()))
    if source == "gse144136":
        files = [registry.fetch(f"depression/gse144136-{name}") for name in ("counts", "genes", "cells")]
        counts, report = readers.read_gse144136(*files, symbols())
        return Cohort(counts, report=report)
    keys = keys or readers.Keys()
    if not path:
        raise ParameterError("source=own needs a file: -p path=FILE.loom (or .h5ad).")
    counts = readers.read(Path(path).expanduser(), keys, symbols() if keys.are_symbols else None)
    by_donor = counts.cells.groupby("donor")["condition"].nunique()
    return Cohort(counts, is_paired=bool((by_donor > 1).all()))


def symbols() -> dict[str, str]:
    """Geneformer's dictionary of gene symbols to Ensembl ids."""
    return vocabulary.read_symbols(registry.fetch("depression/gene-names-v1"))


def words(source: str, counts: Counts, *, version: str = "v1") -> vocabulary.Vocabulary:
    """The vocabulary for the cells of a source.

    Simulated genes have a vocabulary of their own, with medians over all cells of the simulation (``v2`` adds
    the special tokens). All other sources have Geneformer's. The medians of V2 are not at hand, so V2 has
    those of V1 for the genes that both know.
    """
    vocabulary.max_len(version)
    if source == SIMULATED:
        return vocabulary.from_counts(counts, special=version == "v2")
    return vocabulary.read(
        registry.fetch(f"depression/tokens-{version}"), registry.fetch("depression/gene-medians-v1")
    )


def encode_file(
    path: str | Path, folder: Path, keys: readers.Keys, words: vocabulary.Vocabulary, max_len: int, *,
    ties: str = "numpy",
) -> Cells:  # fmt: skip
    """Encode a loom or h5ad file of any size into a new folder, in blocks of 1,024 cells.

    Memory does not grow with the number of cells, and the file is only read. Returns the stored sequences,
    memory-mapped. Errors as :func:`readers.stream` and :func:`rank_values.encode`.
    """
    from tqdm import tqdm

    names = symbols() if keys.are_symbols else None
    blocks = tqdm(readers.stream(Path(path), keys, names), desc=f"encoding {path}", unit=" blocks")
    return Cells.open(store((encode(block, words, max_len, ties=ties) for block in blocks), Path(folder)))
