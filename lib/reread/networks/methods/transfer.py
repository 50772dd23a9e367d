"""Train on one data set and predict another, after removing what both share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import permutations

import numpy as np
import pandas as pd

from reread.core.errors import ParameterError
from reread.core.metrics import auroc, average_precision, summary
from reread.networks.data.load import SIMULATED, load
from reread.networks.data.tables import Expression, GRNDataset, Pairs, stack
from reread.networks.methods import gene_name_baselines, supervised
from reread.networks.methods.full_grid import RENAMED, full_grid
from reread.networks.methods.infer import N_TREES, infer, weights_at
from reread.networks.methods.overlap import EXCLUDE, kept_rows, overlap, without_cells
from reread.networks.methods.pair_statistics import pair_statistics

MODEL, NAMES, UNSUPERVISED = "pair-statistics", "one-hot-logistic", "spearman"


def load_each(sources: Sequence[str], *, seed: int = 0) -> dict[str, GRNDataset]:
    """Load data sets by name; a single simulated source becomes two independent ones.

    The second one has another network and other names. A single real source raises ParameterError: another
    seed gives the same cells again, so that training and test data would be identical.
    """
    names = list(dict.fromkeys(sources))
    if len(names) < 2 and names != [SIMULATED]:
        raise ParameterError(
            f"Transfer needs two different data sets, but lineages={' '.join(names)!r} names one real "
            f"source. Its cells are the same for every seed.\nAdd another source, for example: "
            f"-p lineages='{' '.join(names)} {'mhsc-l' if names != ['mhsc-l'] else 'mhsc-e'}'"
        )
    datasets = {source: load(source, seed=seed) for source in names}
    if len(names) == 1:
        other = _renamed(load(SIMULATED, seed=seed + 1), f"{SIMULATED} 2")
        datasets[other.expression.name] = other
    return datasets


def _renamed(dataset: GRNDataset, name: str) -> GRNDataset:
    """The data set under another name, with new gene names: none occurs in another data set."""
    genes = tuple(f"{gene} of 2" for gene in dataset.expression.genes)
    pairs = Pairs(dataset.pairs.tf, dataset.pairs.gene, dataset.pairs.label, genes)
    return GRNDataset(Expression(dataset.expression.values, genes, name), pairs, dataset.tfs, dataset.truth)


def overlaps(datasets: Mapping[str, GRNDataset]) -> pd.DataFrame:
    """Count what each two data sets share: source, target, cells (of the target), genes, tfs, pairs."""
    rows = []
    for source, target in permutations(datasets, 2):
        shared = overlap(datasets[source], datasets[target])
        counts = {"cells": shared.n_cells, "genes": shared.n_genes}
        counts |= {"tfs": shared.n_tfs, "pairs": shared.n_pairs}
        rows.append({"source": source, "target": target, **counts})
    return pd.DataFrame(rows)


def train_statistics(sources: Sequence[tuple[GRNDataset, Pairs]], *, seed: int = 0):
    """Train LightGBM on pair statistics; returns a function (dataset, pairs) -> probability (pair,)."""
    x = np.concatenate([_statistics_of(dataset, pairs, seed) for dataset, pairs in sources])
    label = np.concatenate([pairs.label for _, pairs in sources])

    def predict(dataset: GRNDataset, pairs: Pairs) -> np.ndarray:
        return supervised.lightgbm(x, label, _statistics_of(dataset, pairs, seed), seed)

    return predict


def _statistics_of(dataset: GRNDataset, pairs: Pairs, seed: int) -> np.ndarray:
    table = pair_statistics(dataset, seed=seed)
    return table[np.searchsorted(dataset.tfs, pairs.tf), pairs.gene]


def transfer_matrix(datasets: Mapping[str, GRNDataset], *, seed: int = 0) -> pd.DataFrame:
    """Train on every data set and test on every other one, with three degrees of exclusion.

    One row for each source, target, exclusion (``excluded``: nothing, pairs, tfs-and-genes) and method
    (one-hot names; pair statistics; absolute Spearman correlation, which is not trained): n_cells, n_pairs,
    n_positive, auroc, auprc, auprc_ratio; NaN where the rows left hold one class only. Cells that the source
    has too are removed from the target first.
    """
    tables = [transfer(datasets[a], datasets[b], seed=seed) for a, b in permutations(datasets, 2)]
    return pd.concat(tables, ignore_index=True)


def transfer(source: GRNDataset, target: GRNDataset, *, seed: int = 0) -> pd.DataFrame:
    """Train on all pairs of the source and test on the target; columns as :func:`transfer_matrix`."""
    seen = overlap(source, target).cells
    clean = without_cells(target, seen)
    weights = infer("spearman", clean.expression, clean.tfs)
    scores = {
        NAMES: _names_score(source, clean),
        MODEL: train_statistics([(source, source.pairs)], seed=seed)(clean, clean.pairs),
        UNSUPERVISED: weights_at(weights, clean.tfs, clean.pairs.tf, clean.pairs.gene),
    }
    names = {"source": source.expression.name, "target": target.expression.name}
    rows = []
    for exclude in EXCLUDE:
        kept = kept_rows(source, clean.pairs, exclude)
        for method, score in scores.items():
            row = {**names, "excluded": exclude, "method": method, "n_cells": int((~seen).sum())}
            rows.append(row | _measured(clean.pairs, score, kept))
    return pd.DataFrame(rows)


def _names_score(source: GRNDataset, target: GRNDataset) -> np.ndarray:
    """One-hot names trained on the source; names that it lacks add nothing."""
    genes = tuple(sorted({*source.expression.genes, *target.expression.genes}))
    index = {name: i for i, name in enumerate(genes)}
    lists = []
    for pairs in (source.pairs, target.pairs):
        moved = np.array([index[name] for name in pairs.genes])
        lists.append(Pairs(moved[pairs.tf], moved[pairs.gene], pairs.label, genes))
    joined, n_train = stack(*lists), len(source.pairs)
    rows = np.arange(len(joined))
    return gene_name_baselines.one_hot_logistic(joined, rows[:n_train], rows[n_train:])


def _measured(pairs: Pairs, score: np.ndarray, rows: np.ndarray) -> dict[str, float]:
    label = pairs.label[rows]
    counts = {"n_pairs": len(rows), "n_positive": int(label.sum())}
    if not 0 < counts["n_positive"] < len(rows):
        return {**counts, "auroc": np.nan, "auprc": np.nan, "auprc_ratio": np.nan}
    auprc = average_precision(label, score[rows])
    return {**counts, "auroc": auroc(label, score[rows]), "auprc": auprc, "auprc_ratio": auprc / label.mean()}


def unseen(moved: pd.DataFrame) -> pd.DataFrame:
    """Mean AUROC by method where the source has neither TF nor gene: columns method, unseen_auroc."""
    rows = moved[moved["excluded"] == EXCLUDE[-1]]
    return rows.groupby("method", sort=False)["auroc"].mean().rename("unseen_auroc").reset_index()


def supervised_over_spearman(moved: pd.DataFrame) -> float:
    """Mean AUROC of pair statistics minus that of Spearman, where TFs and genes are both new."""
    mean = unseen(moved).set_index("method")["unseen_auroc"]
    return float(mean[MODEL] - mean[UNSUPERVISED])


def transfer_to_new_network(*, n_networks: int, n_trees: int = N_TREES, seed: int = 0) -> pd.DataFrame:
    """Train pair statistics on the full grids of simulated networks, and predict that of a new network.

    ``n_networks`` training networks have seeds ``seed``, ``seed + 1``, ...; the next one is the test network.
    One row for each method (pair statistics; GENIE3 and absolute Pearson correlation, which are not trained):
    auroc, auprc_ratio, early_precision_ratio, brier and calibration_error of probabilities.
    """
    *train, test = [load(SIMULATED, seed=seed + k) for k in range(n_networks + 1)]
    pairs = full_grid(test)
    predict = train_statistics([(dataset, full_grid(dataset)) for dataset in train], seed=seed)
    probability = predict(test, pairs)
    rows = [{"method": MODEL, **summary(pairs.label, probability, probability)}]
    for method in ("genie3", "pearson"):
        weights = infer(method, test.expression, test.tfs, seed=seed, n_trees=n_trees)
        rows.append(
            {"method": method, **summary(pairs.label, weights_at(weights, test.tfs, pairs.tf, pairs.gene))}
        )
    columns = ["method", "auroc", "auprc_ratio", "early_precision_ratio", "brier", "calibration_error"]
    named = RENAMED | {"expected_calibration_error": "calibration_error"}
    return pd.DataFrame(rows).rename(columns=named)[columns]
