"""Predict expression in people, in shards that can be resumed and merged; the network is an argument."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from reread.core.errors import DataError, ParameterError
from reread.core.files import digest, written_whole
from reread.core.precision import accepts_deviations, choose
from reread.genomes.data.cohort import BIN, Cohort, tss_bins
from reread.genomes.data.haplotypes import haplotypes
from reread.genomes.data.load import Locus
from reread.genomes.methods.personal_sequence import published_sequences

N_PROBES = 4  # genes on which number formats are compared
Array = npt.NDArray[np.float64]
Bases = npt.NDArray[np.uint8]
# from sequences (sequence, base), bins (first, last) and tracks, None for all, to (sequence, bin, track)
Predict = Callable[[Bases, tuple[int, int] | None, tuple[int, ...] | None], npt.NDArray[np.float32]]


def predict_gene(
    predict: Predict, cohort: Cohort, gene: int, *, tracks: tuple[int, ...], unphased: str = "error"
) -> tuple[float, Array]:
    """Log expression of one gene for the reference and for each person (person,).

    The wanted tracks are averaged over the bins beside the transcription start, then over both haplotypes.
    The logarithm comes last.
    """
    tss = int(cohort.expression.genes["tss"].iloc[gene])
    variants = cohort.variants_of(gene)
    made = haplotypes(cohort.reference, variants, tss, cohort.window, unphased=unphased)
    unique, inverse = made.distinct()
    sequences = np.concatenate([cohort.reference_window(gene)[None], unique])
    values = predict(sequences, tss_bins(cohort.window // BIN), tracks).astype(float).mean(axis=(1, 2))
    return float(np.log(values[0])), np.log(values[1:][inverse].mean(axis=1))


def choose_format(
    ways: dict[str, Predict], cohort: Cohort, *, tracks: tuple[int, ...], unphased: str = "error"
) -> tuple[Predict, pd.DataFrame]:
    """The fastest predictor that keeps the differences between people of fp32, and what was found.

    ``ways`` are predictors by number format, fastest first and the exact one last. They are compared on the
    first genes, which are the same in every shard, so that all shards choose alike. The table has the columns
    of ``core.precision.choose``. Source: across people the predictions of a gene differ by less than 1 %,
    which is the size of the rounding of bf16.
    """

    def people(predict: Predict) -> Array:
        genes = range(min(N_PROBES, len(cohort.expression.genes)))
        found = [predict_gene(predict, cohort, gene, tracks=tracks, unphased=unphased) for gene in genes]
        return np.stack([values for _, values in found])

    name, table = choose(ways, people, accepts_deviations)
    return ways[name], table


def predict_published(predict: Predict, cohort: Cohort, gene: int) -> Array:
    """Predict the expression of one gene in every person as published.

    Returns natural logarithms (person,): one sequence a person, mean over all bins and tracks. Source: the
    published protocol, as ``personal_sequence.published_sequences`` follows it.
    """
    tss = int(cohort.expression.genes["tss"].iloc[gene])
    locus = Locus(cohort.reference, cohort.variants_of(gene), tss, "")
    unique, inverse = np.unique(published_sequences(locus, cohort.window), axis=0, return_inverse=True)
    return np.log(predict(unique, None, None).astype(float).mean(axis=(1, 2)))[inverse.ravel()]


def run_shard(
    predict: Predict, cohort: Cohort, folder: Path, *, tracks: tuple[int, ...], shard: int, n_shards: int,
    unphased: str = "error",
) -> list[Path]:  # fmt: skip
    """Predict every gene of one shard; a gene whose file is there already is not computed again.

    A gene belongs to the shard that its number gives modulo ``n_shards``. It has a file of its own, written
    whole, so that a killed shard continues where it was. ParameterError if there is no such shard.
    """
    if not 0 <= shard < n_shards:
        raise ParameterError(f"shard must lie between 0 and {n_shards - 1}, but is {shard}.")
    files = []
    for gene in range(shard, len(cohort.expression.genes), n_shards):
        path = folder / f"gene-{gene:05d}.npy"
        if not path.is_file():
            found = predict_gene(predict, cohort, gene, tracks=tracks, unphased=unphased)
            with written_whole(path) as part, part.open("wb") as stream:
                np.save(stream, np.concatenate([[found[0]], found[1]]))
        files.append(path)
    return files


def gather(folder: Path, n_genes: int, n_people: int) -> Array:
    """Predictions (gene, 1 + person) of all shards, the reference first; DataError if a gene is missing."""
    paths = [folder / f"gene-{gene:05d}.npy" for gene in range(n_genes)]
    lacking = [path.name for path in paths if not path.is_file()]
    if lacking:
        raise DataError(
            f"{folder} lacks {len(lacking)} of {n_genes} genes, the first {lacking[0]}.\nRun its shard."
        )
    rows = [np.load(path) for path in paths]
    if any(row.shape != (1 + n_people,) for row in rows):
        raise DataError(f"{folder} holds predictions of another number of people than {n_people}.")
    return np.stack(rows)


def shard_folder(above: Path, cohort: Cohort, *words: object) -> Path:
    """Folder of the files of one inference, named by the cohort and by the words that decide its values."""
    genes = cohort.expression.genes["gene"].tolist()
    key = [genes, list(cohort.expression.people), cohort.window, [str(word) for word in words]]
    return above / digest(key)[:16]
