"""A method of the reader's own beside ours: the same pairs, splits, baselines and metrics."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from reread.core.own_method import OWN, check_new, digest_of, held_out
from reread.networks.data import load
from reread.networks.data.splits import SCHEMES, split_pairs
from reread.networks.data.tables import GRNDataset
from reread.networks.methods import benchmark

BASELINES = ("tf-and-gene-rate", "one-hot-logistic", "spearman", "components-lightgbm")
SHOWN = (
    "scheme", "method", "family", "auroc", "auroc_sd", "auprc", "prevalence", "best_baseline", "auprc_gain",
    "auprc_gain_low", "auprc_gain_high", "n_folds",
)  # fmt: skip


def score(
    fit: Callable[[pd.DataFrame, pd.DataFrame], Any],
    predict: Callable[[Any, pd.DataFrame, pd.DataFrame], np.ndarray],
    *, source: str | GRNDataset = load.SIMULATED, schemes: Sequence[str] = SCHEMES,
    methods: Sequence[str] = BASELINES, name: str = "own", n_boot: int = 200, seed: int = 0,
) -> pd.DataFrame:  # fmt: skip
    """Score a method of your own on the splits of the study, beside gene-name and expression baselines.

    Parameters
    ----------
    fit : callable
        ``fit(expression, pairs)`` returns a model. ``expression`` has a row for each cell and a column for
        each gene (log scale, all cells); ``pairs`` are the training pairs, with the columns tf, target and
        label (1 where the TF regulates the target). It is called anew for each fold.
    predict : callable
        ``predict(model, expression, pairs)`` returns one number for each test pair, the higher the more
        likely an edge. These pairs have no label.
    source : str or GRNDataset
        ``simulated``, ``mhsc-e``, ``mhsc-l`` or ``mdc``, or a data set that ``load.load`` returned.
    schemes : sequence of str
        What is held out: ``pair``, ``tf``, ``gene``, ``both``.
    methods : sequence of str
        Methods to compare with, of ``benchmark.FAMILY``; at least one gene-name baseline.
    name : str
        Name of your method in the table.
    n_boot, seed : int
        Bootstrap samples of whole TFs; seed of simulated cells, of the pair split and of our methods.

    Returns
    -------
    DataFrame
        One row for each scheme and method, means over five folds: auroc, auroc_sd, auprc, prevalence, and
        auprc_gain over the best gene-name baseline with its 95 % interval (auprc_gain_low, auprc_gain_high).

    Raises
    ------
    ParameterError
        If a source, scheme or method is unknown, or the name is taken.
    DataError
        If ``predict`` returns another number of scores, or one that is not finite.
    """
    check_new(name, benchmark.FAMILY)
    dataset = load.load(source, seed=seed) if isinstance(source, str) else source
    own = _own_scores(fit, predict, dataset, schemes, name, seed)
    ours = benchmark.score_methods(dataset, schemes, methods, seed=seed)
    table = benchmark.compare_scores(dataset, ours, n_boot=n_boot, seed=seed, extra_scores=own)
    table.loc[table["method"] == name, "family"] = OWN
    return table[list(SHOWN)]


def _own_scores(
    fit: Callable, predict: Callable, dataset: GRNDataset, schemes: Sequence[str], name: str, seed: int
) -> pd.DataFrame:
    """Scores of all test rows, in the columns of the benchmark; every call gets tables of its own."""
    cells, pairs = dataset.expression, named_pairs(dataset)
    tables = []
    for scheme in schemes:
        for fold in split_pairs(dataset.pairs, scheme, seed=seed):
            train, test = pairs.iloc[fold.train], pairs.iloc[fold.test].drop(columns="label")
            given = [pd.DataFrame(cells.values.copy(), columns=list(cells.genes)) for _ in range(2)]
            rows = (train.reset_index(drop=True), test.reset_index(drop=True))
            found = held_out(fit, predict, (given[0], rows[0]), (given[1], rows[1]), len(test))
            tables.append(benchmark.score_rows(dataset, scheme, fold, name, found))
    return pd.concat(tables, ignore_index=True)


def named_pairs(dataset: GRNDataset) -> pd.DataFrame:
    """The pair list by names: tf, target, label; its row numbers are those of :func:`split_table`."""
    pairs = dataset.pairs
    return pd.DataFrame({"tf": pairs.tf_names, "target": pairs.gene_names, "label": pairs.label})


def split_table(
    source: str | GRNDataset = load.SIMULATED, scheme: str = "both", *, seed: int = 0
) -> pd.DataFrame:
    """The folds of a split by its name, to use elsewhere: fold, part (train or test), row, tf, target, label.

    ``row`` counts the pairs of the source from 0. Rows that a fold neither trains on nor tests are absent.
    An unknown source or scheme raises ParameterError.
    """
    dataset = load.load(source, seed=seed) if isinstance(source, str) else source
    named = named_pairs(dataset)
    parts = [
        named.iloc[rows].assign(fold=fold.name, part=part, row=rows)
        for fold in split_pairs(dataset.pairs, scheme, seed=seed)
        for part, rows in (("train", fold.train), ("test", fold.test))
    ]
    return pd.concat(parts, ignore_index=True)[["fold", "part", "row", "tf", "target", "label"]]


def split_digests(source: str | GRNDataset, *, seed: int = 0) -> dict[str, str]:
    """Digest of the row numbers of each split, by its name; equal digests mean equal folds."""
    dataset = load.load(source, seed=seed) if isinstance(source, str) else source
    return {scheme: digest_of(split_pairs(dataset.pairs, scheme, seed=seed)) for scheme in SCHEMES}
