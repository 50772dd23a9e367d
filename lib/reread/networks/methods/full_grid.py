"""Evaluate on the full grid: every labelled TF against every gene, at the true density of the network."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd

from reread.core.metrics import auroc, calibrate, calibration_curve, summary
from reread.networks.data.load import SIMULATED, load
from reread.networks.data.splits import Fold, inner_folds, split_pairs
from reread.networks.data.tables import Expression, GRNDataset, Pairs
from reread.networks.methods.benchmark import DEEP, FAMILY, UNSUPERVISED, ScoreFold, scorer_of
from reread.networks.methods.infer import N_TREES, infer_all, weights_at

# One of each kind: the grid has up to 200,000 pairs, and the methods left out rank like their neighbours.
GRID_METHODS = (
    "one-hot-logistic", "tf-and-gene-rate", "pearson", "spearman", "genie3", "components-lightgbm",
)  # fmt: skip
CALIBRATED = ("tf", "both")
RENAMED = {"average_precision": "auprc", "average_precision_ratio": "auprc_ratio"}


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


def as_full_grid(dataset: GRNDataset) -> GRNDataset:
    """The same data set with its full grid as pair list."""
    return GRNDataset(dataset.expression, full_grid(dataset), dataset.tfs, dataset.truth)


def calibrated_schemes(schemes: Sequence[str]) -> list[str]:
    """Schemes whose scores are calibrated: those that hold out TFs, else the last one."""
    return [scheme for scheme in schemes if scheme in CALIBRATED] or list(schemes)[-1:]


def score_grid(
    dataset: GRNDataset, schemes: Sequence[str], methods: Iterable[str], *, n_folds: int = 5,
    n_inner: int = 3, n_trees: int = N_TREES, seed: int = 0,
) -> pd.DataFrame:  # fmt: skip
    """Score the full grid fold by fold, and calibrate the scores of ``calibrated_schemes(schemes)``.

    ``n_inner`` inner folds by TF serve the calibration; the others as ``benchmark.score_methods``. Returns
    scheme, fold, row (of ``full_grid(dataset)``), label, score, method and probability (NaN where not
    calibrated).
    """
    grid, calibrated = as_full_grid(dataset), calibrated_schemes(schemes)
    folds = [(s, fold) for s in schemes for fold in split_pairs(grid.pairs, s, n_folds=n_folds, seed=seed)]
    tables = []
    for method in methods:
        scorer = scorer_of(method, grid, seed=seed, n_trees=n_trees)
        tables += [
            _scored(grid.pairs, scheme, fold, method, scorer, n_inner if scheme in calibrated else 0)
            for scheme, fold in folds
        ]
    return pd.concat(tables, ignore_index=True)


def _scored(
    pairs: Pairs, scheme: str, fold: Fold, method: str, scorer: ScoreFold, n_inner: int
) -> pd.DataFrame:
    score = scorer(fold)
    probability = np.full(len(score), np.nan)
    if n_inner:
        inner_score, inner_label = _inner_scores(pairs, fold, method, scorer, n_inner)
        probability = calibrate(inner_score, inner_label)(score)
    return pd.DataFrame(
        {
            "scheme": scheme,
            "fold": fold.name,
            "row": fold.test,
            "label": pairs.label[fold.test],
            "score": score,
            "method": method,
            "probability": probability,
        }
    )


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

    Columns: family, auroc, auprc, auprc_ratio and early_precision_ratio (1 at chance), calibration_error (NaN
    where not calibrated), prevalence.
    """
    folds = pd.DataFrame(
        {"scheme": key[0], "method": key[1], **_measured(rows)}
        for key, rows in scores.groupby(["scheme", "method", "fold"], sort=False)
    )
    table = folds.groupby(["scheme", "method"], sort=False).mean().reset_index()
    table.insert(2, "family", [FAMILY.get(method, DEEP) for method in table["method"]])
    return table


def _measured(rows: pd.DataFrame) -> dict[str, float]:
    label, probability = rows["label"].to_numpy(), rows["probability"].to_numpy()
    is_calibrated = not np.isnan(probability).any()
    found = summary(label, rows["score"].to_numpy(), probability if is_calibrated else None)
    return {
        "auroc": found["auroc"],
        "auprc": found["average_precision"],
        "auprc_ratio": found["average_precision_ratio"],
        "early_precision_ratio": found["early_precision_ratio"],
        "calibration_error": found.get("expected_calibration_error", np.nan),
        "prevalence": found["prevalence"],
    }


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
    source: str, methods: Iterable[str], *, n_seeds: int, n_trees: int = N_TREES, seed: int = 0
) -> pd.DataFrame:
    """Score unsupervised methods against the whole reference network, for ``n_seeds`` seeds from ``seed``.

    Each seed of ``simulated`` is another network with other cells; of a real source only the seed of the tree
    methods changes. Columns as ``score_against_truth``, and seed. The negative control is computed for the
    first simulated network, since it doubles the cost.
    """
    methods = list(methods)
    tables = []
    for s in range(seed, seed + n_seeds):
        found = score_against_truth(
            load(source, seed=s),
            methods,
            with_control=source == SIMULATED and s == seed,
            n_trees=n_trees,
            seed=s,
        )
        tables.append(found.assign(seed=s))
    return pd.concat(tables, ignore_index=True)


def score_against_truth(
    dataset: GRNDataset, methods: Iterable[str], *, with_control: bool, n_trees: int = N_TREES, seed: int = 0
) -> pd.DataFrame:
    """Score unsupervised methods against the whole network: one row for each method."""
    pairs = full_grid(dataset)
    settings = {"methods": list(methods), "seed": seed, "n_trees": n_trees}
    found = infer_all(dataset.expression, dataset.tfs, **settings)
    has_control = with_control and dataset.without_targets.any()
    shuffled = infer_all(_control_cells(dataset, seed), dataset.tfs, **settings) if has_control else {}
    rows = [
        {
            "method": method,
            **summary(pairs.label, weights_at(weights, dataset.tfs, pairs.tf, pairs.gene)),
            "control_auroc": _control_auroc(dataset, weights, shuffled.get(method)),
        }
        for method, weights in found.items()
    ]
    return pd.DataFrame(rows).drop(columns="prevalence").rename(columns=RENAMED)


def _control_cells(dataset: GRNDataset, seed: int) -> Expression:
    """Expression with the TFs without targets shuffled over cells."""
    rng = np.random.default_rng(seed)
    values = dataset.expression.values.copy()
    for tf in dataset.tfs[dataset.without_targets]:
        values[:, tf] = rng.permutation(values[:, tf])
    return Expression(values, dataset.expression.genes, dataset.expression.name)


def _control_auroc(dataset: GRNDataset, weights: np.ndarray, shuffled: np.ndarray | None) -> float:
    """AUROC of TFs without targets against the same TFs after shuffling; NaN where there is no control."""
    if shuffled is None:
        return np.nan
    rows = dataset.without_targets
    real, null = (
        np.delete(matrix[rows], dataset.tfs[rows], axis=1).ravel() for matrix in (weights, shuffled)
    )
    return auroc(np.arange(2 * len(real)) < len(real), np.concatenate([real, null]))
