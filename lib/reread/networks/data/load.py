"""Load simulated data, the published files, or the reader's own."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from reread.core.data import registry
from reread.core.errors import ParameterError, did_you_mean
from reread.core.files import sha256
from reread.networks.data import readers, simulate
from reread.networks.data.tables import Expression, GRNDataset, LabelSplit, Pairs, truth_matrix

SIMULATED = "simulated"
SOURCES = (SIMULATED, "mhsc-e", "mhsc-l", "mdc", "own")
LABEL_SOURCES = (SIMULATED, "hesc500")


def load(
    source: str = SIMULATED, *, n_cells: int = 600, n_genes: int = 120, n_tfs: int = 24,
    negatives: str = "matched", pool: int = 16, seed: int = 0, expression: str = "", genes_in: str = "",
    pairs: str = "",
) -> GRNDataset:  # fmt: skip
    """Load expression (cell, gene; log scale), labelled pairs and the reference network.

    ``simulated`` has ``n_cells``, ``n_genes`` and ``n_tfs``, and ``seed`` samples its cells and its negatives
    (``simulate.sample_pairs``). ``mhsc-e`` and ``mhsc-l`` have their published pair lists, whose positives
    are exactly the BEELINE non-specific network. ``mdc`` has pairs sampled from its ChIP-seq network. ``own``
    reads the files ``expression`` and ``pairs``, which may be a network too; ``genes_in`` says where a table
    names its genes: ``columns`` or ``rows``. An unknown source or an impossible parameter raises
    ParameterError, a missing or malformed file DataError.
    """
    if source not in SOURCES:
        raise ParameterError(f"There is no source {source!r}. {did_you_mean(source, SOURCES)}")
    if source.startswith("mhsc"):
        cells = readers.read_expression(registry.fetch(f"networks/{source}-expression"), name=source)
        return dataset_of(cells, readers.read_pairs(registry.fetch(f"networks/{source}-pairs"), cells))
    if source == "own":
        sampling = {"negatives": negatives, "pool": pool, "seed": seed}
        return _own(expression, genes_in, pairs, sampling)
    if source == SIMULATED:
        simulate.check_negatives(negatives, pool, n_genes)
        network = simulate.simulate_network(n_tfs, n_genes, seed=seed)
        values = simulate.normalise(simulate.simulate_cells(network, n_cells, seed=seed))
        cells, tfs, truth = Expression(values, network.genes, SIMULATED), np.arange(n_tfs), network.truth
    else:
        cells = readers.read_expression(registry.fetch("networks/mdc-expression"), "columns", name="mdc")
        tf, gene = readers.read_network(registry.fetch("networks/mdc-network"), cells)
        tfs = np.unique(tf)  # TFs without any edge are unlabelled, so left out
        truth = truth_matrix(tf, gene, tfs, len(cells.genes))
    listed = simulate.sample_pairs(truth, tfs, cells.genes, negatives=negatives, pool=pool, seed=seed)
    return GRNDataset(cells, listed, tfs, truth)


def _own(expression: str, genes_in: str, pairs: str, sampling: dict) -> GRNDataset:
    """Read own files; a network without labels gets sampled negatives."""
    for name in (name for name, path in {"expression": expression, "pairs": pairs}.items() if not path):
        raise ParameterError(f"source=own needs {name}, the path of a file.\nAdd:  -p {name}=PATH")
    files = {"expression": Path(expression).expanduser(), "pairs": Path(pairs).expanduser()}
    found, cells = readers.read_own_expression(files["expression"], genes_in)
    listed, is_labelled, n_left_out = readers.read_own_pairs(files["pairs"], found, cells)
    dataset = dataset_of(found, listed)
    if not is_labelled:
        sampled = simulate.sample_pairs(dataset.truth, dataset.tfs, found.genes, **sampling)
        dataset = replace(dataset, pairs=sampled)
    digests = {f"sha256_{name}": sha256(path) for name, path in files.items()}
    return replace(dataset, report=digests | {"rows_without_expression": n_left_out})


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
        return readers.read_label_split({name: registry.fetch(f"networks/hesc500-{name}") for name in names})
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
