"""Simulate samples in which the tissue-specific genes are known (our own model of expression)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from reread.maize.data.image import log_plus_one
from reread.maize.data.tables import Expression, Truth

READS_PER_FPKM = 12.0  # counts behind one FPKM in a library of usual depth


@dataclass(frozen=True)
class Design:
    """Sizes and effects of a simulation; effects and standard deviations in log2 units.

    Every study holds every tissue in ``n_replicates``. Planted genes rise by ``effect`` (smallest, largest)
    in one tissue, decoys in several. Modules of co-expressed genes vary between samples (``module_spread``)
    and tissues (``module_tissue``), genes between samples (``noise``) and a share of them between studies
    (``study``). ``share_low`` of the ordinary genes are as low as planted ones.
    """

    n_tissues: int = 8
    n_studies: int = 6
    n_replicates: int = 5
    n_genes: int = 1500
    n_planted: int = 20
    n_decoys: int = 80
    effect: tuple[float, float] = (1.0, 4.0)
    n_modules: int = 15
    module_spread: float = 0.5
    module_tissue: float = 0.15
    noise: float = 0.4
    study: float = 0.6
    share_study: float = 0.3
    share_low: float = 0.0


EASY = Design()
HARD = Design(effect=(0.8, 2.5), module_spread=0.35, noise=0.7, study=0.7, share_low=0.6)
DESIGNS = {"simulated": EASY, "simulated-hard": HARD}
OTHER_QUANTILE = 0.99  # of the other genes: one in a hundred may be moved far by its module


def simulate(design: Design = EASY, *, seed: int = 0) -> Expression:
    """Simulate every tissue in every study, with the ground truth; genes are in random order.

    log2(FPKM + 1) is a baseline + rise of planted genes and decoys + module + study + noise. Poisson counts
    are drawn from it and divided by the depth of the library. Planted genes and decoys have a low baseline.
    """
    rng = np.random.default_rng(seed)
    n_planted = design.n_tissues * design.n_planted
    order = rng.permutation(design.n_genes)
    tissue_of = np.where(order < n_planted, order // max(design.n_planted, 1), -1)
    truth = Truth(tissue_of, (order >= n_planted) & (order < n_planted + design.n_decoys))
    sizes = (design.n_studies, design.n_tissues, design.n_replicates)
    study, tissue, replicate = (part.ravel() for part in np.indices(sizes))
    low, any_level = rng.uniform(0.3, 2, design.n_genes), rng.uniform(0.3, 7, design.n_genes)
    is_low = (any_level < 0.3 + 6.7 * design.share_low) | (tissue_of >= 0) | truth.is_decoy
    log = np.where(is_low, low, any_level)[None, :] + _rise(design, truth, rng)[tissue]
    # two of three ordinary genes belong to a module
    module = rng.integers(0, design.n_modules, design.n_genes)
    is_free = (tissue_of < 0) & ~truth.is_decoy & (rng.random(design.n_genes) < 2 / 3)
    loading = np.where(is_free, rng.normal(0, 1, design.n_genes), 0.0)
    of_tissue = rng.normal(0, design.module_tissue, (design.n_tissues, design.n_modules))
    moves = of_tissue[tissue] + rng.normal(0, design.module_spread, (len(tissue), design.n_modules))
    log = log + moves[:, module] * loading
    shift = rng.normal(0, design.study, (design.n_studies, design.n_genes))
    log = log + (shift * (rng.random(design.n_genes) < design.share_study))[study]
    log = log + rng.normal(0, design.noise, log.shape)
    depth = READS_PER_FPKM * rng.lognormal(0, 0.25, (len(log), 1))
    values = (rng.poisson(np.maximum(2.0**log - 1, 0) * depth) / depth).astype(np.float32)
    letters = [chr(ord("A") + i) if design.n_tissues <= 26 else str(i + 1) for i in range(design.n_tissues)]
    tissues = tuple(f"tissue {letter}" for letter in letters)
    samples = tuple(f"S{i + 1:04d}" for i in range(len(tissue)))
    genes = tuple(f"Zs{i + 1:05d}" for i in range(design.n_genes))
    group = np.array([f"study {i + 1}" for i in study])
    return Expression(values, tissue, tissues, samples, genes, replicate + 1, group, truth)


def _rise(design: Design, truth: Truth, rng: np.random.Generator) -> np.ndarray:
    """Planted rise (tissue, gene): one tissue for a planted gene, three or four for a decoy."""
    rise = np.zeros((design.n_tissues, len(truth.tissue_of)))
    size = rng.uniform(*design.effect, len(truth.tissue_of))
    planted = np.flatnonzero(truth.tissue_of >= 0)
    rise[truth.tissue_of[planted], planted] = size[planted]
    for gene in np.flatnonzero(truth.is_decoy):
        tissues = rng.choice(design.n_tissues, rng.integers(3, 5), replace=False)
        rise[tissues, gene] = size[gene]
    return rise


def rises(data: Expression) -> dict[str, float]:
    """Rise of planted and of other genes, in log2(x + 1) units; empty for data without ground truth.

    ``rise.planted``: mean rise of the planted genes above the other tissues. ``rise.other``: 99 % quantile of
    the rise of genes that are neither planted nor decoys, in the tissue where each is highest.
    """
    if data.truth is None:
        return {}
    log = log_plus_one(data.values)
    mean = np.stack([log[data.tissue == k].mean(axis=0) for k in range(data.n_tissues)])
    above = (mean - mean.mean(axis=0)) * data.n_tissues / (data.n_tissues - 1)
    planted = np.flatnonzero(data.truth.tissue_of >= 0)
    is_other = (data.truth.tissue_of < 0) & ~data.truth.is_decoy
    return {
        "rise.planted": float(above[data.truth.tissue_of[planted], planted].mean()),
        "rise.other": float(np.quantile(above[:, is_other].max(axis=0), OTHER_QUANTILE)),
    }
