"""Where expression and pairs come from: simulated, or the published files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from reread.core.errors import DataError, ParameterError, did_you_mean
from reread.networks.data import negatives as negative
from reread.networks.data import simulate
from reread.networks.data.readers import read_expression, read_labels, read_network, read_pairs
from reread.networks.data.tables import Expression, LabelSplit, Pairs, World, stack, truth_matrix

__all__ = [
    "SOURCES",
    "Expression",
    "LabelSplit",
    "Pairs",
    "World",
    "load",
    "load_label_split",
    "read_expression",
    "read_network",
    "read_pairs",
    "stack",
    "world_of",
]

SOURCES = ("simulated", "mhsc-e", "mhsc-l", "mdc", "mdc-string")
LABEL_SOURCES = ("simulated", "hesc500")


def load(
    source: str = "simulated",
    *,
    n_cells: int = 600,
    n_genes: int = 120,
    n_tfs: int = 24,
    negatives: str = "matched",
    pool: int = 16,
    seed: int = 0,
) -> World:
    """Give expression, labelled pairs and the network behind them.

    Parameters
    ----------
    source : str
        ``simulated``; ``mhsc-e`` and ``mhsc-l`` with the pair lists as published; ``mdc`` and ``mdc-string``
        with pairs drawn from the ChIP-seq (non-specific) or the STRING network.
    n_cells, n_genes, n_tfs : int
        Size of the simulated world; the TFs are among the genes.
    negatives, pool
        How negative pairs are drawn, see :func:`reread.networks.data.simulate.draw_pairs`. Lists as
        published have
        theirs already.
    seed : int
        Random seed of the simulation and of the negatives.

    Returns
    -------
    World
        ``truth`` of the mHSC lists is their positives, which are the BEELINE non-specific network exactly.

    Raises
    ------
    ParameterError
        If the source is unknown, or a size or knob of the simulation is impossible.
    DataError
        If a file is missing or not what it has to be.
    """
    if source not in SOURCES:
        raise ParameterError(f"There is no source {source!r}. {did_you_mean(source, SOURCES)}")
    if source.startswith("mhsc"):
        expression = read_expression(_fetch(f"networks/{source}-expression"), name=source)
        return world_of(expression, read_pairs(_fetch(f"networks/{source}-pairs"), expression))
    if source == "simulated":
        expression, tfs, truth = _simulated(n_cells, n_genes, n_tfs, seed)
    else:
        expression, tfs, truth = _mdc(source)
    pairs = negative.draw_pairs(truth, tfs, expression.genes, negatives=negatives, pool=pool, seed=seed)
    return World(expression, pairs, tfs, truth)


def world_of(expression: Expression, pairs: Pairs) -> World:
    """Take the positives of a pair list as the network, over all its TFs."""
    tfs = np.unique(pairs.tf)
    edges = pairs.take(pairs.label == 1)
    return World(expression, pairs, tfs, truth_matrix(edges.tf, edges.gene, tfs, len(expression.genes)))


def load_label_split(source: str = "simulated", *, style: str = "by tf", seed: int = 0) -> LabelSplit:
    """Give labels as their publication split them, to see what can be predicted without expression.

    Parameters
    ----------
    source : str
        ``hesc500``, the files of scGREAT with its saved predictions, or ``simulated``.
    style : str
        How the simulated labels are split. ``by tf``: 67 % of the complete grid of each TF for training, 10 %
        for validation, the rest for testing, as the hESC500 files are. ``uniform``: training negatives one
        for each positive of a TF, test negatives from TFs drawn uniformly, at the density of the network.
    seed : int
        Random seed, of the simulated labels only.

    Returns
    -------
    LabelSplit
        ``published_scores`` in the order of the test rows for hESC500, None for simulated labels.

    Raises
    ------
    ParameterError
        If the source or the style is unknown.
    DataError
        If a file is missing, or the saved predictions are of other rows than the test set.

    Notes
    -----
    Source: GENELink ``Train_Test_Split.py``, which scGREAT follows. Both styles let the number of targets of
    a TF predict the test labels.
    """
    if source not in LABEL_SOURCES:
        raise ParameterError(f"There is no label split {source!r}. {did_you_mean(source, LABEL_SOURCES)}")
    if source == "simulated":
        return _simulated_labels(style, seed)
    paths = {
        name: _fetch(f"networks/hesc500-{name}") for name in ("train", "validation", "test", "predictions")
    }
    return read_label_split(paths)


def read_label_split(paths: dict[str, Path]) -> LabelSplit:
    """Read tables ``train``, ``validation``, ``test``, ``predictions``; errors: :func:`load_label_split`."""
    tables = {name: pd.read_csv(paths[name]) for name in ("train", "validation", "test")}
    n_genes = 1 + max(int(table[side].max()) for table in tables.values() for side in ("TF", "Target"))
    genes = tuple(str(i) for i in range(n_genes))
    train, validation, test = (read_labels(paths[name], genes) for name in ("train", "validation", "test"))
    saved = pd.read_csv(paths["predictions"])
    found = saved[["TFs", "genes", "True Labels"]].to_numpy()
    wanted = np.stack([test.tf, test.gene, test.label], axis=1)
    if found.shape != wanted.shape or (found != wanted).any():
        raise DataError(
            f"The saved predictions {paths['predictions']} must be of the rows of {paths['test']}, in their "
            f"order, but are not ({len(found)} and {len(wanted)} rows).\nGet both files of one commit."
        )
    return LabelSplit(train, validation, test, saved["Predicted Labels"].to_numpy(dtype=float))


def _fetch(key: str) -> Path:
    from reread.core.data import registry

    return registry.fetch(key)


def _simulated(
    n_cells: int, n_genes: int, n_tfs: int, seed: int
) -> tuple[Expression, np.ndarray, np.ndarray]:
    network = simulate.simulate_network(n_tfs, n_genes, seed=seed)
    values = simulate.normalise(simulate.simulate_cells(network, n_cells, seed=seed))
    return Expression(values, network.genes, "simulated"), np.arange(n_tfs), network.truth


def _mdc(source: str) -> tuple[Expression, np.ndarray, np.ndarray]:
    """Expression is a logarithm already; TFs without any edge are unlabelled, so left out."""
    expression = read_expression(_fetch("networks/mdc-expression"), "columns", name="mdc")
    tf, gene = read_network(_fetch(f"networks/{source}-network"), expression)
    tfs = np.unique(tf)
    return expression, tfs, truth_matrix(tf, gene, tfs, len(expression.genes))


def _simulated_labels(style: str, seed: int) -> LabelSplit:
    styles: dict[str, Callable] = {"by tf": _split_by_tf, "uniform": _split_uniform}
    if style not in styles:
        raise ParameterError(f"There is no style {style!r}. {did_you_mean(style, styles)}")
    network = simulate.simulate_network(seed=seed)
    tfs = np.arange(len(network.weights))
    grid = negative.draw_pairs(network.truth, tfs, network.genes, negatives="grid")
    parts = styles[style](grid, np.random.default_rng(seed))
    return LabelSplit(*(grid.take(np.sort(rows)) for rows in parts))


def _split_by_tf(grid: Pairs, rng: np.random.Generator) -> list[np.ndarray]:
    """Shares .67, .10 and .23 of the positives and of the negatives of each TF."""
    place = rng.random(len(grid))
    for stratum in np.unique(2 * grid.tf + grid.label):
        rows = np.flatnonzero(2 * grid.tf + grid.label == stratum)
        place[rows] = (np.argsort(np.argsort(place[rows])) + rng.random()) / len(rows)
    part = np.digitize(place, (0.67, 0.77))
    return [np.flatnonzero(part == k) for k in range(3)]


def _split_uniform(grid: Pairs, rng: np.random.Generator) -> list[np.ndarray]:
    """Positives .67, .10 and .23; negatives 1:1 for each TF in training, then uniform over TFs."""
    positive = rng.permutation(np.flatnonzero(grid.label == 1))
    negative_rows = rng.permutation(np.flatnonzero(grid.label == 0))
    bounds = np.round(np.array([0.67, 0.77]) * len(positive)).astype(int)
    train, validation, test = np.split(positive, bounds)
    wanted = np.bincount(grid.tf[train], minlength=len(grid.genes))
    nth_of_tf = pd.Series(grid.tf[negative_rows]).groupby(grid.tf[negative_rows]).cumcount().to_numpy()
    is_train = nth_of_tf < wanted[grid.tf[negative_rows]]
    rest = negative_rows[~is_train]
    to_validation = rest[: len(validation)]
    n_test = round(len(test) * (1 - grid.label.mean()) / grid.label.mean())
    to_test = rest[len(validation) :][:n_test]
    joined = ((train, negative_rows[is_train]), (validation, to_validation), (test, to_test))
    return [np.concatenate(part) for part in joined]
