"""Simulate samples of tissues in which the specific genes are known: modules, studies, decoys, noise.

Our own model of expression; nothing is taken from another simulator.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from reread.core.errors import ParameterError
from reread.maize.data.tables import Expression, Truth

READS_PER_FPKM = 12.0  # counts behind one FPKM in a library of usual depth


@dataclass(frozen=True)
class Design:
    """What is planted and what hides it; effects and spreads in log2 units.

    Attributes
    ----------
    n_tissues, n_studies, n_replicates : int
        Every study holds every tissue, in so many replicates.
    n_genes, n_planted, n_decoys : int
        Genes in all, genes planted for each tissue, decoys that several tissues share.
    effect : tuple of float
        Least and largest rise of a planted gene in its tissue.
    n_modules : int
        Groups of genes that move together.
    module_spread : float
        How far a module moves between samples of one tissue.
    module_tissue : float
        How far it moves between tissues.
    noise, study : float
        Spread of a single gene in a single sample, and of a gene between studies.
    share_study : float
        Share of the genes that a study moves.
    share_low : float
        Share of the ordinary genes that are as low as planted ones. Where it is 0, most low genes are
        planted or decoys, so that random sets of their expression hold many of them.
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

    def __post_init__(self):
        taken = self.n_tissues * self.n_planted + self.n_decoys
        if min(self.n_studies, self.n_replicates, self.n_modules) < 1 or self.n_tissues < 4:
            raise ParameterError(
                "A design needs 4 tissues, 1 study, 1 replicate and 1 module at least, but came as "
                f"{self.n_tissues}, {self.n_studies}, {self.n_replicates} and {self.n_modules}."
            )
        if self.n_genes < taken:
            raise ParameterError(
                f"{self.n_tissues} tissues with {self.n_planted} planted genes each and {self.n_decoys} "
                f"decoys need {taken} genes or more, but n_genes is {self.n_genes}."
            )


EASY = Design()
HARD = Design(effect=(0.8, 2.5), module_spread=0.35, noise=0.7, study=0.7, share_low=0.6)
DESIGNS = {"simulated": EASY, "simulated-hard": HARD}


def simulate(design: Design = EASY, *, seed: int = 0) -> Expression:
    """Draw samples of every tissue in every study, and remember what was planted.

    Parameters
    ----------
    design : Design
    seed : int
        Random seed of everything.

    Returns
    -------
    Expression
        ``values`` FPKM-like (sample, gene); ``group`` is the study. Genes lie in random order, so that no
        place in the image tells what was planted.

    Notes
    -----
    log2(FPKM + 1) is a baseline, plus the planted rise, plus the modules of the gene, plus the study, plus
    noise; counts are drawn from it by Poisson with a depth of each library, and divided by that depth.
    Planted genes and decoys start low, as specific genes do. Genes outside modules, decoys and plants do not
    differ between tissues at all.
    """
    rng = np.random.default_rng(seed)
    truth = _plant(design, rng)
    tissue, study, replicate = _samples(design)
    log = _baseline(design, truth, rng)[None, :] + _rise(design, truth, rng)[tissue]
    log = log + _modules(design, truth, tissue, rng) + _studies(design, rng)[study]
    log = log + rng.normal(0, design.noise, log.shape)
    return Expression(
        _counted(log, rng),
        tissue,
        tuple(f"tissue {letter}" for letter in _letters(design.n_tissues)),
        tuple(f"S{i + 1:04d}" for i in range(len(tissue))),
        tuple(f"Zs{i + 1:05d}" for i in range(design.n_genes)),
        replicate + 1,
        np.array([f"study {i + 1}" for i in study]),
        truth,
    )


def _letters(n: int) -> list[str]:
    return [chr(ord("A") + i) if n <= 26 else str(i + 1) for i in range(n)]


def _plant(design: Design, rng: np.random.Generator) -> Truth:
    """Which gene is planted for which tissue, and which are decoys, at random places."""
    tissue_of = np.full(design.n_genes, -1)
    n_planted = design.n_tissues * design.n_planted
    tissue_of[:n_planted] = np.repeat(np.arange(design.n_tissues), design.n_planted)
    is_decoy = np.zeros(design.n_genes, dtype=bool)
    is_decoy[n_planted : n_planted + design.n_decoys] = True
    order = rng.permutation(design.n_genes)
    return Truth(tissue_of[order], is_decoy[order])


def _samples(design: Design) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Tissue, study and replicate number from 0, (sample,): every combination once."""
    sizes = (design.n_studies, design.n_tissues, design.n_replicates)
    study, tissue, replicate = (part.ravel() for part in np.indices(sizes))
    return tissue, study, replicate


def _baseline(design: Design, truth: Truth, rng: np.random.Generator) -> np.ndarray:
    """Log2 level (gene,): specific genes and decoys are low elsewhere, and so is a share of the others."""
    n_genes = len(truth.tissue_of)
    low, any_level = rng.uniform(0.3, 2, n_genes), rng.uniform(0.3, 7, n_genes)
    is_low = any_level < 0.3 + 6.7 * design.share_low
    return np.where(is_low | (truth.tissue_of >= 0) | truth.is_decoy, low, any_level)


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


def _modules(design: Design, truth: Truth, tissue: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """What modules add, (sample, gene); two of three genes that are not planted belong to one."""
    n_genes = len(truth.tissue_of)
    module = rng.integers(0, design.n_modules, n_genes)
    is_free = (truth.tissue_of < 0) & ~truth.is_decoy & (rng.random(n_genes) < 2 / 3)
    loading = np.where(is_free, rng.normal(0, 1, n_genes), 0.0)
    of_tissue = rng.normal(0, design.module_tissue, (design.n_tissues, design.n_modules))
    moves = of_tissue[tissue] + rng.normal(0, design.module_spread, (len(tissue), design.n_modules))
    return moves[:, module] * loading


def _studies(design: Design, rng: np.random.Generator) -> np.ndarray:
    """What a study adds to a gene, (study, gene)."""
    moves = rng.normal(0, design.study, (design.n_studies, design.n_genes))
    return moves * (rng.random(design.n_genes) < design.share_study)


def _counted(log: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """FPKM (sample, gene) by way of Poisson counts in a library of its own depth."""
    level = np.maximum(2.0**log - 1, 0)
    depth = READS_PER_FPKM * rng.lognormal(0, 0.25, (len(log), 1))
    return (rng.poisson(level * depth) / depth).astype(np.float32)
