"""Simulate a small world whose network is known: masters of cell types, activation, repression, noise.

Our own stochastic model of expression; nothing is taken from another simulator.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from reread.core import validate as check
from reread.core.errors import ParameterError
from reread.networks.data.negatives import draw_pairs

__all__ = ["Network", "cell_types", "draw_pairs", "normalise", "rewire", "simulate_cells", "simulate_network"]

N_MASTERS = 6
SHARE_ACTIVATING = 0.75
STEPS = 400
STEP_LIFETIMES = 0.05  # one Euler step, in lifetimes of a transcript
NOISE = 0.35  # size of the chemical noise beside the square root of production and decay
MEDIAN_DEPTH = 800.0  # median number of molecules counted in a cell


@dataclass(frozen=True, eq=False)
class Network:
    """A planted regulatory network.

    Attributes
    ----------
    weights : float32 array, (tf, gene)
        Strength of regulation, in multiples of the basal production; negative where the TF represses.
        The TFs are the first genes.
    genes : tuple of str, (gene,)
        Names.
    n_masters, n_inert : int
        The first TFs are masters of cell types and are regulated by nobody; the last are inert: neither
        regulated nor regulating.
    """

    weights: np.ndarray = field(repr=False)
    genes: tuple[str, ...] = field(repr=False)
    n_masters: int
    n_inert: int

    @property
    def truth(self) -> np.ndarray:
        """Bool (tf, gene): which regulations there are, whatever their sign."""
        return self.weights != 0


def simulate_network(
    n_tfs: int = 24, n_genes: int = 120, mean_in: float = 2.0, *, n_inert_tfs: int = 4, seed: int = 0
) -> Network:
    """Draw a network: masters, an acyclic layer of TFs below them, and targets.

    Parameters
    ----------
    n_tfs, n_genes : int
        Regulators, and genes in all (the regulators are the first of them).
    mean_in : float
        Regulators of a gene, on average.
    n_inert_tfs : int
        TFs without targets and without regulators: the negative control.
    seed : int
        Random seed.

    Returns
    -------
    Network

    Raises
    ------
    ParameterError
        If there are too few TFs for masters and inert ones, or no gene that is not a TF.

    Notes
    -----
    Out-degrees follow a power law, so that some TFs are hubs, as in ChIP-seq networks; a TF is regulated only
    by TFs that stand before it.
    """
    if n_tfs < n_inert_tfs + 3 or n_genes <= n_tfs:
        raise ParameterError(
            f"A network needs at least 3 TFs that are not inert and more genes than TFs, but n_tfs={n_tfs}, "
            f"n_inert_tfs={n_inert_tfs}, n_genes={n_genes}."
        )
    rng = np.random.default_rng(seed)
    n_active = n_tfs - n_inert_tfs
    n_masters = min(N_MASTERS, n_active // 2)
    hub = 1.0 / rng.permutation(np.arange(1, n_active + 1)) ** 0.8
    weights = np.zeros((n_tfs, n_genes), dtype=np.float32)
    for gene in [*range(n_masters, n_active), *range(n_tfs, n_genes)]:
        above = min(gene, n_active)
        n_in = min(1 + rng.poisson(mean_in - 1), above)
        regulators = rng.choice(above, n_in, replace=False, p=hub[:above] / hub[:above].sum())
        weights[regulators, gene] = _strengths(rng, n_in)
    names = [f"TF{i + 1:02d}" for i in range(n_tfs)] + [f"GENE{i + 1:03d}" for i in range(n_genes - n_tfs)]
    return Network(weights, tuple(names), n_masters, n_inert_tfs)


def _strengths(rng: np.random.Generator, n: int) -> np.ndarray:
    sign = np.where(rng.random(n) < SHARE_ACTIVATING, 1.0, -1.0)
    return (sign * rng.uniform(1.5, 4.0, n)).astype(np.float32)


def rewire(network: Network, fraction: float, *, seed: int = 0) -> Network:
    """Give a share of all regulations to another gene: a second lineage or species of the same names.

    Parameters
    ----------
    network : Network
        Stays as it is.
    fraction : float
        Share of the regulations that move, 0 to 1.
    seed : int
        Random seed.

    Returns
    -------
    Network
        Same out-degrees and strengths; masters and inert TFs keep their part.

    Raises
    ------
    ParameterError
        If ``fraction`` is not in 0 to 1.
    """
    if not 0 <= fraction <= 1:
        raise ParameterError(f"The share of regulations to rewire must be in 0 to 1, but is {fraction}.")
    rng = np.random.default_rng(seed)
    weights = network.weights.copy()
    n_tfs = len(weights)
    tf, gene = np.nonzero(weights)
    for edge in rng.permutation(len(tf))[: round(fraction * len(tf))]:
        free = np.flatnonzero(weights[tf[edge], n_tfs:] == 0) + n_tfs
        if gene[edge] >= n_tfs and len(free):
            weights[tf[edge], rng.choice(free)] = weights[tf[edge], gene[edge]]
            weights[tf[edge], gene[edge]] = 0
    return Network(weights, network.genes, network.n_masters, network.n_inert)


def cell_types(n_cells: int, n_types: int) -> np.ndarray:
    """Type of each cell, int (cell,): equally many of each, the first type first."""
    return np.arange(n_cells) * n_types // n_cells


def simulate_cells(
    network: Network, n_cells: int = 600, n_types: int = 4, *, dropout: float = 0.0, seed: int = 0
) -> np.ndarray:
    """Let the network run in every cell, then count molecules.

    Parameters
    ----------
    network : Network
        Who regulates whom.
    n_cells, n_types : int
        Cells in all, in ``n_types`` equal types (see :func:`cell_types`).
    dropout : float
        Chance that a count is lost, 0 to 1.
    seed : int
        Random seed.

    Returns
    -------
    int32 array, (cell, gene)
        Molecules counted.

    Raises
    ------
    ParameterError
        If ``dropout`` is not in 0 to 1.

    Notes
    -----
    Chemical Langevin equation, Hill exponent 2, Euler-Maruyama; every regulator is half active at its mean
    level. Masters are made at a rate of their cell type and of the cell. Counts are Poisson
    with a log-normal library size.
    """
    if not 0 <= dropout <= 1:
        raise ParameterError(f"The chance of a dropout must be in 0 to 1, but is {dropout}.")
    rng = np.random.default_rng(seed)
    level = _run(network, _basal(network, n_cells, n_types, rng), rng)
    depth = MEDIAN_DEPTH * rng.lognormal(0.0, 0.35, n_cells)
    abundance = level * rng.lognormal(0.0, 0.6, len(network.genes))
    counts = rng.poisson(depth[:, None] * abundance / abundance.sum(axis=1, keepdims=True))
    return np.where(rng.random(counts.shape) < dropout, 0, counts).astype(np.int32)


def _basal(network: Network, n_cells: int, n_types: int, rng: np.random.Generator) -> np.ndarray:
    """Production without regulation (cell, gene); masters differ between types and between cells."""
    basal = np.ones((n_cells, len(network.genes)), dtype=np.float32)
    by_type = rng.permuted(np.linspace(0.2, 2.4, n_types)[:, None].repeat(network.n_masters, 1), axis=0)
    masters = by_type[cell_types(n_cells, n_types)]
    basal[:, : network.n_masters] = masters * rng.lognormal(0.0, 0.4, masters.shape)
    return basal


def _run(network: Network, basal: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Level of each transcript (cell, gene) after ``STEPS`` steps, in units of basal production."""
    n_tfs = len(network.weights)
    regulate, constant = _linear_form(network.weights)
    half = _half_levels(network, basal) ** 2
    level = basal.copy()
    noise_size = np.float32(NOISE * np.sqrt(STEP_LIFETIMES))
    for _ in range(STEPS):
        squared = level[:, :n_tfs] ** 2
        production = basal * (constant + (squared / (half + squared)) @ regulate)
        noise = rng.standard_normal(level.shape, dtype=np.float32)
        level += STEP_LIFETIMES * (production - level) + noise_size * np.sqrt(production + level) * noise
        np.maximum(level, 0.0, out=level)
    return level


def _linear_form(weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Production is ``constant + activity @ regulate``: a repressor counts by its inactivity."""
    n_regulators = np.maximum((weights != 0).sum(axis=0), 1)
    regulate = weights / n_regulators
    return regulate, 0.25 + np.where((weights != 0).any(axis=0), -np.minimum(regulate, 0).sum(axis=0), 0.75)


def _half_levels(network: Network, basal: np.ndarray) -> np.ndarray:
    """Level (tf,) at which a TF is half active: the mean it takes when every regulator is half active."""
    n_tfs = len(network.weights)
    regulate, constant = _linear_form(network.weights)
    return (basal.mean(axis=0) * (constant + 0.5 * regulate.sum(axis=0)))[:n_tfs].astype(np.float32)


def normalise(counts: np.ndarray) -> np.ndarray:
    """Logarithm of one plus counts in 10,000, natural: float32 (cell, gene); an empty cell stays at 0."""
    check.axes(counts, "counts", cell=None, gene=None)
    depth = np.maximum(counts.sum(axis=1, keepdims=True), 1)
    return np.log1p(counts * (1e4 / depth)).astype(np.float32)
