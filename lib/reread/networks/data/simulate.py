"""Simulate single-cell expression from a known regulatory network (our own stochastic model)."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from reread.core import validate
from reread.core.errors import ParameterError

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
    """A simulated regulatory network.

    Attributes
    ----------
    weights : float32 array, (tf, gene)
        Strength of regulation, in multiples of the basal production; negative where the TF represses.
        The TFs are the first genes.
    genes : tuple of str, (gene,)
        Names.
    n_masters, n_without_targets : int
        The first TFs are masters of cell types and have no regulator; the last have neither regulators nor
        targets (negative control).
    """

    weights: np.ndarray = field(repr=False)
    genes: tuple[str, ...] = field(repr=False)
    n_masters: int
    n_without_targets: int

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
        weights[regulators, gene] = _strengths(rng, n_in)
    names = [f"TF{i + 1:02d}" for i in range(n_tfs)] + [f"GENE{i + 1:03d}" for i in range(n_genes - n_tfs)]
    return Network(weights, tuple(names), n_masters, n_tfs_without_targets)


def _strengths(rng: np.random.Generator, n: int) -> np.ndarray:
    sign = np.where(rng.random(n) < SHARE_ACTIVATING, 1.0, -1.0)
    return (sign * rng.uniform(1.5, 4.0, n)).astype(np.float32)


def simulate_cells(network: Network, n_cells: int = 600, *, seed: int = 0) -> np.ndarray:
    """Simulate molecule counts, int32 (cell, gene): chemical Langevin equation, then Poisson counts."""
    rng = np.random.default_rng(seed)
    level = _transcript_levels(network, _basal(network, n_cells, rng), rng)
    depth = MEDIAN_DEPTH * rng.lognormal(0.0, 0.35, n_cells)
    abundance = level * rng.lognormal(0.0, 0.6, len(network.genes))
    return rng.poisson(depth[:, None] * abundance / abundance.sum(axis=1, keepdims=True)).astype(np.int32)


def _basal(network: Network, n_cells: int, rng: np.random.Generator) -> np.ndarray:
    """Production without regulation (cell, gene); masters differ between types and between cells."""
    basal = np.ones((n_cells, len(network.genes)), dtype=np.float32)
    by_type = rng.permuted(np.linspace(0.2, 2.4, N_CELL_TYPES)[:, None].repeat(network.n_masters, 1), axis=0)
    masters = by_type[np.arange(n_cells) * N_CELL_TYPES // n_cells]
    basal[:, : network.n_masters] = masters * rng.lognormal(0.0, 0.4, masters.shape)
    return basal


def _transcript_levels(network: Network, basal: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Level of each transcript (cell, gene) after ``STEPS`` Euler-Maruyama steps, Hill exponent 2."""
    n_tfs = len(network.weights)
    regulate, constant = _linear_form(network.weights)
    half = _half_levels(network, basal) ** 2
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


def _linear_form(weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Production is ``constant + activity @ regulate``; a repressor contributes by its inactivity."""
    n_regulators = np.maximum((weights != 0).sum(axis=0), 1)
    regulate = weights / n_regulators
    return regulate, 0.25 + np.where((weights != 0).any(axis=0), -np.minimum(regulate, 0).sum(axis=0), 0.75)


def _half_levels(network: Network, basal: np.ndarray) -> np.ndarray:
    """Level (tf,) of half activity: the mean level of a TF whose regulators are all half active."""
    n_tfs = len(network.weights)
    regulate, constant = _linear_form(network.weights)
    return (basal.mean(axis=0) * (constant + 0.5 * regulate.sum(axis=0)))[:n_tfs].astype(np.float32)


def normalise(counts: np.ndarray) -> np.ndarray:
    """Logarithm of one plus counts in 10,000, natural: float32 (cell, gene); an empty cell stays at 0."""
    validate.axes(counts, "counts", cell=None, gene=None)
    depth = np.maximum(counts.sum(axis=1, keepdims=True), 1)
    return np.log1p(counts * (1e4 / depth)).astype(np.float32)
