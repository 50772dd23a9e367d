"""Evaluate on the full grid: every labelled TF against every gene, at the true density of the network."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from reread.core.metrics import auroc, calibrate, calibration_curve, summary
from reread.networks.data.load import SIMULATED, load
from reread.networks.data.splits import Fold, inner_folds, split_pairs
from reread.networks.data.tables import GRNDataset, Pairs
from reread.networks.methods.benchmark import DEEP, FAMILY, UNSUPERVISED, ScoreFold, score_rows, scorer_of
from reread.networks.methods.infer import N_TREES, infer_all, weights_at

# One of each kind: the grid has up to 200,000 pairs, and the methods left out rank like their neighbours.
GRID_METHODS = (
    "one-hot-logistic", "tf-and-gene-rate", "pearson", "spearman", "genie3", "components-lightgbm",
)  # fmt: skip
_CALIBRATED = ("tf", "both")
RENAMED = {
    "average_precision": "auprc", "average_precision_ratio": "auprc_ratio",
    "expected_calibration_error": "calibration_error",
}  # fmt: skip


def full_grid(dataset: GRNDataset) -> Pairs:
    """Pair every labelled TF with every gene but itself, sorted by TF, then by gene.

    The label is 1 where ``dataset.truth`` has an edge. A TF whose only known target is itself is left out; a
    simulated TF without targets stays. Source: BEELINE (Pratapa 2020), which scores without self loops.
    """
    positive = np.unique(dataset.pairs.tf[dataset.pairs.label == 1])
    is_self_only = np.isin(dataset.tfs, positive) & dataset.without_targets
    rows = np.flatnonzero(~is_self_only)
    n_genes = len(dataset.expression.genes)
    tf, gene = np.repeat(dataset.tfs[rows], n_genes), np.tile(np.arange(n_genes), len(rows))
    other = tf != gene
    label = dataset.truth[rows].ravel()
    return Pairs(tf[other], gene[other], label[other], dataset.expression.genes)


def score_grid(
    dataset: GRNDataset, schemes: Sequence[str], methods: Iterable[str], *, n_folds: int = 5,
    n_inner: int = 3, n_trees: int = N_TREES, seed: int = 0,
) -> pd.DataFrame:  # fmt: skip
    """Score the full grid fold by fold, and calibrate the scores where TFs are held out, else the last ones.

    ``n_inner`` inner folds by TF serve the calibration; the others as ``benchmark.score_methods``. Returns
    scheme, fold, row (of ``full_grid(dataset)``), label, score, method and probability (NaN where not
    calibrated).
    """
    grid = replace(dataset, pairs=full_grid(dataset))
    calibrated = [scheme for scheme in schemes if scheme in _CALIBRATED] or list(schemes)[-1:]
    folds = [(s, fold) for s in schemes for fold in split_pairs(grid.pairs, s, n_folds=n_folds, seed=seed)]
    tables = []
    for method in methods:
        scorer = scorer_of(method, grid, seed=seed, n_trees=n_trees)
        for scheme, fold in folds:
            table = score_rows(grid, scheme, fold, method, scorer(fold)).assign(probability=np.nan)
            if scheme in calibrated:
                fitted = calibrate(*_inner_scores(grid.pairs, fold, method, scorer, n_inner))
                table["probability"] = fitted(table["score"].to_numpy())
            tables.append(table)
    return pd.concat(tables, ignore_index=True)


def _inner_scores(
    pairs: Pairs, fold: Fold, method: str, scorer: ScoreFold, n_inner: int
) -> tuple[np.ndarray, np.ndarray]:
    """Scores of training rows by models that have not seen their TF, and their labels."""
    if FAMILY[method] == UNSUPERVISED:
        return scorer(Fold(fold.name, fold.test, fold.train)), pairs.label[fold.train]
    inside = inner_folds(pairs, fold.train, "tf", n_folds=n_inner)
    rows = np.concatenate([inner.test for inner in inside])
    return np.concatenate([scorer(inner) for inner in inside]), pairs.label[rows]


def measure_grid(scores: pd.DataFrame) -> pd.DataFrame:
    """Measure each method on each scheme of ``score_grid``, mean over folds.

    Columns: family, auroc, auprc, auprc_ratio and early_precision_ratio (1 at chance), prevalence, brier and
    calibration_error (NaN where not calibrated).
    """
    folds = []
    for (scheme, method, _), rows in scores.groupby(["scheme", "method", "fold"], sort=False):
        label, score, probability = (rows[name].to_numpy() for name in ("label", "score", "probability"))
        found = summary(label, score, None if np.isnan(probability).any() else probability)
        folds.append({"scheme": scheme, "method": method, **found})
    table = pd.DataFrame(folds).groupby(["scheme", "method"], sort=False).mean().reset_index()
    table.insert(2, "family", [FAMILY.get(method, DEEP) for method in table["method"]])
    return table.rename(columns=RENAMED)


def calibration_table(scores: pd.DataFrame, n_bins: int = 10) -> pd.DataFrame:
    """Compare predicted with observed shares of edges in the first calibrated scheme, all folds together.

    Columns: method, predicted, observed, n (pairs in the bin).
    """
    kept = scores[scores["probability"].notna()]
    kept = kept[kept["scheme"] == kept["scheme"].iloc[0]]
    curves = [
        pd.DataFrame(calibration_curve(rows["label"], rows["probability"], n_bins)).assign(method=method)
        for method, rows in kept.groupby("method", sort=False)
    ]
    return pd.concat(curves, ignore_index=True)[["method", "predicted", "observed", "n"]]


def truth_over_seeds(
    dataset: GRNDataset, methods: Iterable[str], *, n_seeds: int, n_trees: int = N_TREES, seed: int = 0
) -> pd.DataFrame:
    """Score unsupervised methods against the whole reference network, for ``n_seeds`` seeds from ``seed``.

    Of simulated cells, each further seed is another network with other cells; of real cells only the seed of
    the tree methods changes. Columns as ``score_against_truth``, and seed. The negative control is computed
    for the first simulated network, since it doubles the cost.
    """
    methods, tables, is_simulated = list(methods), [], dataset.expression.name == SIMULATED
    for s in range(seed, seed + n_seeds):
        cells = load(SIMULATED, seed=s) if is_simulated and s > seed else dataset
        settings = {"with_control": is_simulated and s == seed, "n_trees": n_trees, "seed": s}
        tables.append(score_against_truth(cells, methods, **settings).assign(seed=s))
    return pd.concat(tables, ignore_index=True)


def score_against_truth(
    dataset: GRNDataset, methods: Iterable[str], *, with_control: bool, n_trees: int = N_TREES, seed: int = 0
) -> pd.DataFrame:
    """Score unsupervised methods against the whole network: one row for each method."""
    pairs = full_grid(dataset)
    settings = {"methods": list(methods), "seed": seed, "n_trees": n_trees}
    found = infer_all(dataset.expression, dataset.tfs, **settings)
    table = pd.DataFrame(
        {"method": method, **summary(pairs.label, weights_at(weights, dataset.tfs, pairs.tf, pairs.gene))}
        for method, weights in found.items()
    )
    control = _control_aurocs(dataset, found, settings) if with_control else {}
    table["control_auroc"] = table["method"].map(control).astype(float)
    return table.drop(columns="prevalence").rename(columns=RENAMED)


def _control_aurocs(dataset: GRNDataset, found: dict[str, np.ndarray], settings: dict) -> dict[str, float]:
    """AUROC by method of TFs without targets against the same TFs after shuffling over cells."""
    rows = dataset.without_targets
    if not rows.any():
        return {}
    rng = np.random.default_rng(settings["seed"])
    values = dataset.expression.values.copy()
    for tf in dataset.tfs[rows]:
        values[:, tf] = rng.permutation(values[:, tf])
    null = infer_all(replace(dataset.expression, values=values), dataset.tfs, **settings)
    others = np.setdiff1d(np.arange(values.shape[1]), dataset.tfs[rows])
    is_real = np.arange(2 * rows.sum() * len(others)) < rows.sum() * len(others)
    return {
        name: auroc(
            is_real, np.concatenate([found[name][rows][:, others], null[name][rows][:, others]], None)
        )
        for name in found
    }
