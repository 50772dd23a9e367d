"""Learn in one lineage or world, predict in another, and count what both share before believing it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from reread.core import score as measure
from reread.networks.data import load as data
from reread.networks.data.tables import LabelSplit, Pairs, World
from reread.networks.methods import gene_name_baselines as names
from reread.networks.methods import infer, supervised
from reread.networks.methods.full_grid import full_grid, grid_world
from reread.networks.methods.overlap import EXCLUDE, kept_rows, overlap, without_cells
from reread.networks.methods.pair_statistics import pair_statistics


def learn_statistics(sources: list[tuple[World, Pairs]], *, seed: int = 0, n_jobs: int = 1):
    """Learn what a regulation looks like, from pairs of one or more worlds.

    Parameters
    ----------
    sources : list of (World, Pairs)
        Worlds, each with the pairs to learn from.
    seed, n_jobs : int

    Returns
    -------
    function
        ``(world, pairs) -> float array (pair,)``, the probability of a regulation in any world.
    """
    described = [_described(world, pairs, seed, n_jobs) for world, pairs in sources]
    x, label = np.concatenate(described), np.concatenate([pairs.label for _, pairs in sources])

    def predict(world: World, pairs: Pairs) -> np.ndarray:
        return supervised.lightgbm(x, label, _described(world, pairs, seed, n_jobs), seed)

    return predict


def _described(world: World, pairs: Pairs, seed: int, n_jobs: int) -> np.ndarray:
    table = pair_statistics(world, seed=seed, n_jobs=n_jobs)
    return table[np.searchsorted(world.tfs, pairs.tf), pairs.gene]


def transfer(
    source: World, target: World, *, grid: bool = False, seed: int = 0, n_jobs: int = 1
) -> pd.DataFrame:
    """Train on all pairs of the source and test on the target, less and less of which the source has seen.

    Cells that the source holds too are taken out of the target first.

    Parameters
    ----------
    source, target : World
    grid : bool
        Take the full grids, at true density, in place of the pair lists.
    seed, n_jobs : int

    Returns
    -------
    DataFrame
        One row for each exclusion and method (names; pair statistics; absolute Spearman, which learns
        nothing): source, target, excluded, method, n_cells, n_pairs, n_positive, auroc, auprc, auprc_ratio;
        NaN where the rows left hold one class only.
    """
    seen = overlap(source, target).cells
    source, target = (grid_world(world) if grid else world for world in (source, target))
    clean = without_cells(target, seen)
    scores = {
        "names": _names_score(source, clean),
        "pair statistics": learn_statistics([(source, source.pairs)], seed=seed, n_jobs=n_jobs)(
            clean, clean.pairs
        ),
        "|Spearman|": _spearman(clean),
    }
    rows = [
        {
            "source": source.expression.name,
            "target": target.expression.name,
            "excluded": exclude,
            "method": method,
            "n_cells": int((~seen).sum()),
            **_measured(clean.pairs, score, kept),
        }
        for exclude in EXCLUDE
        for kept in [kept_rows(source, clean, clean.pairs, exclude)]
        for method, score in scores.items()
    ]
    return pd.DataFrame(rows)


def _spearman(world: World) -> np.ndarray:
    weights = infer.spearman(world.expression, world.tfs)
    return infer.weights_at(weights, world.tfs, world.pairs.tf, world.pairs.gene)


def _names_score(source: World, target: World) -> np.ndarray:
    """One-hot names learnt on the source; names it never saw add nothing."""
    genes = tuple(sorted({*source.expression.genes, *target.expression.genes}))
    place = {name: i for i, name in enumerate(genes)}
    lists = []
    for pairs in (source.pairs, target.pairs):
        moved = np.array([place[name] for name in pairs.genes])
        lists.append(Pairs(moved[pairs.tf], moved[pairs.gene], pairs.label, genes))
    joined = data.stack(*lists)
    n_train = len(source.pairs)
    return names.one_hot_names(joined, np.arange(n_train), np.arange(n_train, len(joined)))


def _measured(pairs: Pairs, score: np.ndarray, rows: np.ndarray) -> dict[str, float]:
    label = pairs.label[rows]
    counts = {"n_pairs": len(rows), "n_positive": int(label.sum())}
    if not 0 < counts["n_positive"] < len(rows):
        return {**counts, "auroc": np.nan, "auprc": np.nan, "auprc_ratio": np.nan}
    auprc = measure.average_precision(label, score[rows])
    found = {"auroc": measure.auroc(label, score[rows]), "auprc": auprc, "auprc_ratio": auprc / label.mean()}
    return {**counts, **found}


def transfer_matrix(
    worlds: Mapping[str, World], *, grid: bool = False, seed: int = 0, n_jobs: int = 1
) -> pd.DataFrame:
    """``transfer`` from every world to every other one; columns as there."""
    tables = [
        transfer(source, target, grid=grid, seed=seed, n_jobs=n_jobs)
        for source in worlds.values()
        for target in worlds.values()
        if source is not target
    ]
    return pd.concat(tables, ignore_index=True)


def to_new_world(train: list[World], test: World, *, seed: int = 0, n_jobs: int = 1) -> pd.DataFrame:
    """Learn pair statistics on the full grids of some worlds, and predict the full grid of a new one.

    Parameters
    ----------
    train : list of World
    test : World
        Another network: none of its regulations has been seen.
    seed, n_jobs : int

    Returns
    -------
    DataFrame
        One row for each method (pair statistics; GENIE3 and absolute Pearson, which learn nothing): auroc,
        auprc, auprc_ratio, early_precision_ratio, brier and calibration_error of the probability where there
        is one.
    """
    pairs = full_grid(test)
    learnt = learn_statistics([(world, full_grid(world)) for world in train], seed=seed, n_jobs=n_jobs)(
        test, pairs
    )
    rows = [{"method": "pair statistics", **measure.summary(pairs.label, learnt, learnt)}]
    found = infer.infer_all(test.expression, test.tfs, ["GENIE3", "|Pearson|"], seed=seed, n_jobs=n_jobs)
    for method, weights in found.items():
        rows.append(
            {
                "method": method,
                **measure.summary(pairs.label, infer.weights_at(weights, test.tfs, pairs.tf, pairs.gene)),
            }
        )
    return pd.DataFrame(rows).rename(
        columns={
            "average_precision": "auprc",
            "average_precision_ratio": "auprc_ratio",
            "expected_calibration_error": "calibration_error",
        }
    )


def label_split_table(split: LabelSplit) -> pd.DataFrame:
    """Score the test labels of a published split by names alone, beside what a published model predicted.

    Parameters
    ----------
    split : LabelSplit

    Returns
    -------
    DataFrame
        One row for each method: method, auroc, auprc, auprc_ratio.
    """
    pairs, train, test = split.joined()
    scores = {name: score(pairs, train, test, 0) for name, score in names.METHODS.items()}
    if split.published_scores is not None:
        scores["published predictions"] = split.published_scores
    rows = np.arange(len(test))
    return pd.DataFrame(
        {"method": name, **_measured(pairs.take(test), score, rows)} for name, score in scores.items()
    )
