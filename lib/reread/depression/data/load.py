"""Load simulated cells, the published files, or the reader's own, and the vocabulary that goes with them."""

from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd
from tqdm import tqdm

from reread.core.data import registry
from reread.core.errors import DataError, ParameterError, did_you_mean
from reread.core.files import sha256
from reread.core.pickles import read_plain
from reread.depression.data import readers, vocabulary
from reread.depression.data.counts import Counts
from reread.depression.data.rank_values import Cells, encode, store
from reread.depression.data.simulate import simulate_cohort

SIMULATED = "simulated"
SOURCES = (SIMULATED, "melanoma", "glioblastoma", "gse144136", "own")


@dataclass(frozen=True, eq=False)
class Cohort:
    """Counts, ``gene`` and ``log2_fold`` of simulated cells, and what was left out or a file's digest."""

    counts: Counts
    truth: pd.DataFrame | None = None
    report: dict[str, int | str] = field(default_factory=dict)


def load(
    source: str, *, path: str = "", keys: readers.Keys | None = None, seed: int = 0, **simulation: float
) -> Cohort:
    """Load the cells of one source.

    ``simulated`` takes the keywords of ``simulate_cohort`` and a ``seed``; ``melanoma``, ``glioblastoma`` and
    ``gse144136`` are published files. ``own`` reads the loom or h5ad file ``path`` by the names in ``keys``.
    ParameterError for an unknown source or no ``path``, DataError for a wrong file.
    """
    if source == SIMULATED:
        return Cohort(*simulate_cohort(**simulation, seed=seed))
    if source == "glioblastoma":
        return Cohort(readers.read_glioblastoma(registry.fetch("depression/glioblastoma")))
    if source == "melanoma":
        return Cohort(readers.read_melanoma(registry.fetch("depression/melanoma"), _symbols()))
    if source == "gse144136":
        files = [registry.fetch(f"depression/gse144136-{name}") for name in ("counts", "genes", "cells")]
        counts, report = readers.read_gse144136(*files, _symbols())
        return Cohort(counts, report=report)
    if source != "own":
        raise ParameterError(f"There is no source {source!r}. {did_you_mean(source, SOURCES)}")
    if not path:
        raise ParameterError("source=own needs a file: -p path=FILE.loom (or .h5ad).")
    file, keys = Path(path).expanduser(), keys or readers.Keys()
    counts = readers.read(file, keys, _symbols() if keys.are_symbols else None)
    return Cohort(counts, report={"own.sha256_path": sha256(file)})


def _symbols() -> dict[str, str]:
    """Geneformer's dictionary of gene symbols to Ensembl ids."""
    return read_plain(registry.fetch("depression/gene-names-v1"), str)


def words(source: str, counts: Counts, *, version: str = "v1") -> vocabulary.Vocabulary:
    """The vocabulary for the cells of a source.

    Simulated genes have their own; all others have Geneformer's, with the medians of V1 for V2 too, whose own
    are not at hand. DataError if it knows none of the genes.
    """
    if source == SIMULATED:
        return vocabulary.from_counts(counts, special=version == "v2")
    files = (f"tokens-{version}", "gene-medians-v1")
    found = vocabulary.read(*(registry.fetch(f"depression/{name}") for name in files))
    if found.medians.keys().isdisjoint(counts.genes):
        raise DataError(
            f"None of the {len(counts.genes):,} genes, such as {counts.genes[0]}, is known to Geneformer, "
            f"which knows human genes by Ensembl ids (ENSG...).\nMap the genes to those of human."
        )
    return found


def encode_file(
    path: str | Path, folder: Path, keys: readers.Keys, words: vocabulary.Vocabulary, max_len: int, *,
    ties: str = "numpy",
) -> Cells:  # fmt: skip
    """Encode a loom or h5ad file of any size into a new folder, in blocks of 1,024 cells.

    Returns the stored sequences, memory-mapped. Errors as :func:`readers.stream` and :func:`encode`.
    """
    names = _symbols() if keys.are_symbols else None
    blocks = tqdm(readers.stream(Path(path), keys, names), desc=f"encoding {path}", unit=" blocks")
    return Cells.open(store((encode(block, words, max_len, ties=ties) for block in blocks), Path(folder)))
