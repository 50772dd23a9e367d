"""Simulate single-cell expression from a known network (our own stochastic model), and sample pair lists."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from reread.core import validate
from reread.core.errors import DataError, ParameterError, did_you_mean
from reread.networks.data.tables import Pairs

NEGATIVES = ("grid", "matched", "pool")
N_MASTERS = 6
N_CELL_TYPES = 4
SHARE_ACTIVATING = 0.75
MEAN_REGULATORS = 2.0
STEPS = 400
STEP_LIFETIMES = 0.05  # one Euler step, in lifetimes of a transcript
NOISE = 0.35  # size of the chemical noise beside the square root of production and decay
MEDIAN_DEPTH = 800.0  # median number of molecules counted in a cell


@dataclass(frozen=True, eq=False)
class Network:
    """A simulated regulatory network; the TFs are the first genes."""

    weights: np.ndarray = field(
        repr=False
    )  # (tf, gene), in basal productions, negative where the TF represses
    genes: tuple[str, ...] = field(repr=False)
    n_masters: int  # the first TFs, which differ between cell types and have no regulator
    n_without_targets: int  # the last TFs, without regulators and targets (negative control)

    @property
    def truth(self) -> np.ndarray:
        """Bool (tf, gene): which regulations exist, whatever their sign."""
        return self.weights != 0


def simulate_network(
    n_tfs: int = 24, n_genes: int = 120, *, n_tfs_without_targets: int = 4, seed: int = 0
) -> Network:
    """Sample a network with power-law out-degrees: master TFs, an acyclic layer of TFs, and targets."""
    if n_tfs < n_tfs_without_targets + 3 or n_genes <= n_tfs:
        raise ParameterError(
            f"A network needs at least 3 TFs with targets and more genes than TFs, but n_tfs={n_tfs}, "
            f"n_tfs_without_targets={n_tfs_without_targets}, n_genes={n_genes}."
        )
    rng = np.random.default_rng(seed)
    n_active = n_tfs - n_tfs_without_targets
    n_masters = min(N_MASTERS, n_active // 2)
    hub = 1.0 / rng.permutation(np.arange(1, n_active + 1)) ** 0.8
    weights = np.zeros((n_tfs, n_genes), dtype=np.float32)
    for gene in [*range(n_masters, n_active), *range(n_tfs, n_genes)]:
        above = min(gene, n_active)
        n_in = min(1 + rng.poisson(MEAN_REGULATORS - 1), above)
        regulators = rng.choice(above, n_in, replace=False, p=hub[:above] / hub[:above].sum())
        sign = np.where(rng.random(n_in) < SHARE_ACTIVATING, 1.0, -1.0)
        weights[regulators, gene] = sign * rng.uniform(1.5, 4.0, n_in)
    names = [f"TF{i + 1:02d}" for i in range(n_tfs)] + [f"GENE{i + 1:03d}" for i in range(n_genes - n_tfs)]
    return Network(weights, tuple(names), n_masters, n_tfs_without_targets)


def simulate_cells(network: Network, n_cells: int = 600, *, seed: int = 0) -> np.ndarray:
    """Simulate molecule counts, int32 (cell, gene): chemical Langevin equation, then Poisson counts."""
    rng = np.random.default_rng(seed)
    # production without regulation (cell, gene); masters differ between types and between cells
    basal = np.ones((n_cells, len(network.genes)), dtype=np.float32)
    by_type = rng.permuted(np.linspace(0.2, 2.4, N_CELL_TYPES)[:, None].repeat(network.n_masters, 1), axis=0)
    masters = by_type[np.arange(n_cells) * N_CELL_TYPES // n_cells]
    basal[:, : network.n_masters] = masters * rng.lognormal(0.0, 0.4, masters.shape)
    level = _transcript_levels(network, basal, rng)
    depth = MEDIAN_DEPTH * rng.lognormal(0.0, 0.35, n_cells)
    abundance = level * rng.lognormal(0.0, 0.6, len(network.genes))
    return rng.poisson(depth[:, None] * abundance / abundance.sum(axis=1, keepdims=True)).astype(np.int32)


def _transcript_levels(network: Network, basal: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Level of each transcript (cell, gene) after ``STEPS`` Euler-Maruyama steps, Hill exponent 2."""
    n_tfs = len(network.weights)
    # production is ``constant + activity @ regulate``; a repressor contributes by its inactivity
    is_edge = network.truth
    regulate = network.weights / np.maximum(is_edge.sum(axis=0), 1)
    constant = 0.25 + np.where(is_edge.any(axis=0), -np.minimum(regulate, 0).sum(axis=0), 0.75)
    # a TF is half active at its mean level where all its regulators are half active
    half = (basal.mean(axis=0) * (constant + 0.5 * regulate.sum(axis=0)))[:n_tfs].astype(np.float32) ** 2
    level = basal.copy()
    noise_size = np.float32(NOISE * np.sqrt(STEP_LIFETIMES))
    for _ in range(STEPS):
        squared = level[:, :n_tfs] ** 2
        # sums in double precision: single ones differ between processors and would change the counts
        activity = (squared / (half + squared)).astype(np.float64)
        production = basal * (constant + activity @ regulate).astype(np.float32)
        noise = rng.standard_normal(level.shape, dtype=np.float32)
        level += STEP_LIFETIMES * (production - level) + noise_size * np.sqrt(production + level) * noise
        np.maximum(level, 0.0, out=level)
    return level


def normalise(counts: np.ndarray) -> np.ndarray:
    """Logarithm of one plus counts in 10,000, natural: float32 (cell, gene); an empty cell stays at 0."""
    validate.axes(counts, "counts", cell=None, gene=None)
    depth = np.maximum(counts.sum(axis=1, keepdims=True), 1)
    return np.log1p(counts * (1e4 / depth)).astype(np.float32)


def check_negatives(negatives: str, pool: int, n_genes: int) -> None:
    """Refuse an unknown sampling scheme, or a pool that the genes cannot fill."""
    if negatives not in NEGATIVES:
        near = did_you_mean(negatives, NEGATIVES)
        raise ParameterError(f"There is no sampling of negatives {negatives!r}. {near}")
    if negatives == "pool" and not 1 <= pool <= n_genes:
        raise ParameterError(
            f"The pool must hold 1 to {n_genes} genes (n_genes), but pool={pool}.\n"
            f"Choose a smaller pool, or more genes."
        )


def sample_pairs(
    truth: np.ndarray, tfs: np.ndarray, genes: tuple[str, ...], *, negatives: str = "matched",
    pool: int = 16, seed: int = 0,
) -> Pairs:  # fmt: skip
    """Make a labelled pair list from a network: every edge as a positive, and sampled negatives."""
    validate.axes(truth, "truth", tf=len(tfs), gene=len(genes))
    check_negatives(negatives, pool, len(genes))
    if not truth.any():
        raise DataError("The network has no edge, so no pair is positive. Read or simulate another one.")
    free = ~truth
    free[np.arange(len(tfs)), tfs] = False
    rng = np.random.default_rng(seed)
    chosen = free
    if negatives != "grid":
        chosen = _matched(truth, free, rng) if negatives == "matched" else _from_pool(truth, free, pool, rng)
    row, gene = np.nonzero(truth | chosen)
    return Pairs(np.asarray(tfs)[row], gene, truth[row, gene], tuple(genes))


def _from_pool(truth: np.ndarray, free: np.ndarray, pool: int, rng: np.random.Generator) -> np.ndarray:
    """For each TF as many free genes as it has targets, those of the pool first: bool (tf, gene)."""
    n_tfs, n_genes = truth.shape
    in_pool = np.zeros(n_genes, dtype=bool)
    in_pool[rng.choice(n_genes, pool, replace=False)] = True
    priority = np.where(free, rng.random((n_tfs, n_genes)) + in_pool, -1.0)
    rank = np.argsort(np.argsort(-priority, axis=1, kind="stable"), axis=1, kind="stable")
    return (rank < truth.sum(axis=1)[:, None]) & free


def _matched(truth: np.ndarray, free: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """For each TF and gene as many free pairs as negative-binomial counts ask for: bool (tf, gene)."""
    missing = _negative_counts(truth.sum(axis=0), rng).astype(float)
    wanted = np.minimum(_negative_counts(truth.sum(axis=1), rng), free.sum(axis=1))
    missing *= wanted.sum() / max(missing.sum(), 1.0)
    chosen = np.zeros_like(truth)
    slack = free.sum(axis=1) - wanted
    for tf in np.argsort(slack + rng.random(len(slack))):
        wish = np.where(free[tf], missing + rng.random(len(missing)), -np.inf)
        taken = np.argsort(-wish, kind="stable")[: wanted[tf]]
        chosen[tf, taken] = True
        missing[taken] -= 1
    return chosen


def _negative_counts(n_positive: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Draw from a negative binomial NB(r=n_positive, p=0.5); 0 where r is 0."""
    return np.where(n_positive > 0, rng.negative_binomial(np.maximum(n_positive, 1), 0.5), 0)
