"""Effects of single variants and bases by a network, and their overlap with the best associations."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from reread.core.errors import ParameterError
from reread.core.stats import permutation_p
from reread.core.tables import read_table
from reread.genomes.data.cohort import BIN, Cohort, tss_bins
from reread.genomes.data.haplotypes import haplotypes
from reread.genomes.io.tables import BASES, Variants
from reread.genomes.methods.genotype_models import marginal
from reread.genomes.methods.personal_prediction import Predict

Array = npt.NDArray[np.float64]


def allele_windows(cohort: Cohort, gene: int) -> tuple[npt.NDArray[np.uint8], Variants]:
    """The window of a gene with each alternative allele by itself (variant, base), and the variants."""
    tss, variants = int(cohort.expression.genes["tss"].iloc[gene]), cohort.variants_of(gene)
    inside = variants.within(tss - cohort.window // 2, tss + cohort.window // 2)
    n = len(inside)
    alone = np.zeros((n, n, 2), dtype=np.int8)
    alone[np.arange(n), np.arange(n), 0] = 1
    one_each = Variants(
        inside.contig, inside.position, inside.ref, inside.alt, alone, np.ones((n, n), dtype=bool),
        tuple(map(str, range(n))), {},
    )  # fmt: skip
    return haplotypes(cohort.reference, one_each, tss, cohort.window).sequences[:, 0], inside


def effects(predict: Predict, plain: Predict, cohort: Cohort, *, tracks: tuple[int, ...]) -> pd.DataFrame:
    """Effect of every variant near every gene, by the network and by association.

    ``predict`` is the network, ``plain`` the network without averaging over strands, for the published score;
    ``tracks`` are those of the corrected score. One row a variant: ``gene``, ``contig``, ``position``
    (1-based) and ``distance`` to the start in bases. ``fold`` is the log ratio of ALT over REF at the bins
    beside the start, ``whole`` the published score, the difference of the mean over all bins and tracks.
    ``slope`` (log expression for each allele) and ``p`` are those of a regression on the genotype.
    """
    bins, parts = tss_bins(cohort.window // BIN), []
    for gene in range(len(cohort.expression.genes)):
        alone, variants = allele_windows(cohort, gene)
        sequences = np.concatenate([cohort.reference_window(gene)[None], alone])
        near = np.log(predict(sequences, bins, tracks).astype(float).mean(axis=(1, 2)))
        whole = plain(sequences, None, None).astype(float).mean(axis=(1, 2))
        dosage = variants.dosage.T
        slope, p = marginal(np.where(np.isnan(dosage), 0, dosage), cohort.expression.values[gene])
        row = cohort.expression.genes.iloc[gene]
        parts.append(
            pd.DataFrame(
                {
                    "gene": row["gene"],
                    "contig": row["contig"],
                    "position": variants.position + 1,
                    "distance": variants.position - row["tss"],
                    "fold": near[1:] - near[0],
                    "whole": whole[1:] - whole[0],
                    "slope": slope,
                    "p": p,
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


def mutagenesis(
    predict: Predict, window: npt.NDArray[np.uint8], *, tracks: tuple[int, ...], length: int
) -> Array:
    """Log ratio of every substitution of the middle ``length`` bases of a window: (base, 4), A, C, G, T.

    The base of the reference has 0.
    """
    middle, bins = len(window) // 2, tss_bins(len(window) // BIN)
    places = np.arange(middle - length // 2, middle + length // 2)
    changed = np.repeat(window[None], 4 * len(places), axis=0)
    changed[np.arange(4 * len(places)), np.repeat(places, 4)] = np.tile(BASES[:4], len(places))
    sequences = np.concatenate([window[None], changed])
    made = np.log(predict(sequences, bins, tracks).astype(float).mean(axis=(1, 2)))
    return (made[1:] - made[0]).reshape(-1, 4)


def overlap_null(score: Array, p: Array, *, k: int = 50, n: int = 500, seed: int = 0) -> dict[str, float]:
    """Overlap of the best ``k`` by the published ranking with the ``k`` smallest p values, and its null.

    The published ranking adds the scaled score to the scaled -log10 p, and is then compared with p itself.
    The null permutes the score, so that it knows nothing. ParameterError if there are at most ``k`` variants.

    Returns ``overlap``, ``null_mean``, ``null_low``, ``null_high`` (95 %), ``p``, ``score_only`` (overlap
    of the score alone) and ``chance``.
    """
    known = ~np.isnan(p)
    score, strength = np.abs(score[known]), -np.log10(np.maximum(p[known], 1e-300))
    if len(score) <= k:
        raise ParameterError(
            f"The overlap of the best {k} needs more variants than that, but has {len(score)}."
        )
    rng, best = np.random.default_rng([seed, 13]), _top(strength, k)
    found = _shared(_scaled(score) + _scaled(strength), best, k)
    null = [_shared(_scaled(rng.permutation(score)) + _scaled(strength), best, k) for _ in range(n)]
    low, high = np.percentile(null, (2.5, 97.5))
    return {
        "overlap": found,
        "null_mean": float(np.mean(null)),
        "null_low": float(low),
        "null_high": float(high),
        "p": float(permutation_p(found, np.array(null))),
        "score_only": _shared(score, best, k),
        "chance": k * k / len(score),
    }


def read_scores(scores: Path, associations: Path) -> pd.DataFrame:
    """Published tables of scores (SNP, Result) and associations (SNP, P-value), joined: whole and p."""
    left = read_table(scores, columns=["SNP", "Result"], numbers=["Result"], sep="\t")
    right = read_table(associations, columns=["SNP", "P-value"], sep="\t")
    both = left.merge(right, on="SNP", how="inner")
    return pd.DataFrame({"whole": both["Result"], "p": pd.to_numeric(both["P-value"], errors="coerce")})


def _top(values: Array, k: int) -> npt.NDArray[np.intp]:
    return np.argsort(-values, kind="stable")[:k]


def _shared(ranking: Array, best: npt.NDArray[np.intp], k: int) -> int:
    return len(np.intersect1d(_top(ranking, k), best))


def _scaled(values: Array) -> Array:
    return (values - values.min()) / max(float(np.ptp(values)), 1e-300)
