"""Load simulated data, or the published files."""

from __future__ import annotations

import numpy as np

from reread.core.data import registry
from reread.core.errors import ParameterError, did_you_mean
from reread.networks.data import simulate
from reread.networks.data.readers import read_expression, read_label_split, read_network, read_pairs
from reread.networks.data.tables import Expression, GRNDataset, LabelSplit, Pairs, truth_matrix

SIMULATED = "simulated"
SOURCES = (SIMULATED, "mhsc-e", "mhsc-l", "mdc")
LABEL_SOURCES = (SIMULATED, "hesc500")


def load(
    source: str = SIMULATED, *, n_cells: int = 600, n_genes: int = 120, n_tfs: int = 24,
    negatives: str = "matched", pool: int = 16, seed: int = 0,
) -> GRNDataset:  # fmt: skip
    """Load expression (cell, gene; log scale), labelled pairs and the reference network.

    ``simulated`` has ``n_cells``, ``n_genes`` and ``n_tfs``, and ``seed`` samples its cells and its negatives
    (``simulate.sample_pairs``). ``mhsc-e`` and ``mhsc-l`` have their published pair lists, whose positives
    are exactly the BEELINE non-specific network. ``mdc`` has pairs sampled from its ChIP-seq network. An
    unknown source or an impossible parameter raises ParameterError, a missing or malformed file DataError.
    """
    if source not in SOURCES:
        raise ParameterError(f"There is no source {source!r}. {did_you_mean(source, SOURCES)}")
    if source.startswith("mhsc"):
        expression = read_expression(registry.fetch(f"networks/{source}-expression"), name=source)
        return dataset_of(expression, read_pairs(registry.fetch(f"networks/{source}-pairs"), expression))
    if source == SIMULATED:
        simulate.check_negatives(negatives, pool, n_genes)
        network = simulate.simulate_network(n_tfs, n_genes, seed=seed)
        values = simulate.normalise(simulate.simulate_cells(network, n_cells, seed=seed))
        expression, tfs, truth = Expression(values, network.genes, SIMULATED), np.arange(n_tfs), network.truth
    else:
        expression = read_expression(registry.fetch("networks/mdc-expression"), "columns", name="mdc")
        tf, gene = read_network(registry.fetch("networks/mdc-network"), expression)
        tfs = np.unique(tf)  # TFs without any edge are unlabelled, so left out
        truth = truth_matrix(tf, gene, tfs, n_genes=len(expression.genes))
    pairs = simulate.sample_pairs(truth, tfs, expression.genes, negatives=negatives, pool=pool, seed=seed)
    return GRNDataset(expression, pairs, tfs, truth)


def dataset_of(expression: Expression, pairs: Pairs) -> GRNDataset:
    """Take the positives of a pair list as the reference network, over all its TFs."""
    tfs = np.unique(pairs.tf)
    edges = pairs.take(pairs.label == 1)
    return GRNDataset(expression, pairs, tfs, truth_matrix(edges.tf, edges.gene, tfs, len(expression.genes)))


def load_label_split(source: str = SIMULATED, *, seed: int = 0) -> LabelSplit:
    """Load labels in their published split.

    ``hesc500`` has the files of scGREAT with its saved predictions, in the order of the test rows.
    ``simulated`` takes 67 % of the grid of each TF for training, 10 % for validation and the rest for
    testing, as the hESC500 files do. An unknown source raises ParameterError, a malformed file or predictions
    of other rows DataError. Source: GENELink ``Train_Test_Split.py``, which scGREAT follows.
    """
    if source not in LABEL_SOURCES:
        raise ParameterError(f"There is no label split {source!r}. {did_you_mean(source, LABEL_SOURCES)}")
    if source != SIMULATED:
        names = ("train", "validation", "test", "predictions")
        return read_label_split({name: registry.fetch(f"networks/hesc500-{name}") for name in names})
    network = simulate.simulate_network(seed=seed)
    tfs = np.arange(len(network.weights))
    grid = simulate.sample_pairs(network.truth, tfs, network.genes, negatives="grid")
    part = _split_by_tf(grid, np.random.default_rng(seed))
    return LabelSplit(*(grid.take(np.flatnonzero(part == k)) for k in range(3)))


def _split_by_tf(grid: Pairs, rng: np.random.Generator) -> np.ndarray:
    """Part (pair,) 0, 1 or 2: shares .67, .10 and .23 of the positives and of the negatives of each TF."""
    position = rng.random(len(grid))
    for stratum in np.unique(2 * grid.tf + grid.label):
        rows = np.flatnonzero(2 * grid.tf + grid.label == stratum)
        position[rows] = (np.argsort(np.argsort(position[rows])) + rng.random()) / len(rows)
    return np.digitize(position, (0.67, 0.77))
