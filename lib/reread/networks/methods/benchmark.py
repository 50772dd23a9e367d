"""Compare all methods on the same test rows, and measure the AUPRC gain over gene names."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from reread.core.errors import DataError, ParameterError, did_you_mean, need
from reread.core.metrics import auroc, average_precision, clustered_bootstrap
from reread.networks.data.features import gene_features
from reread.networks.data.splits import Fold, split_pairs
from reread.networks.methods import gene_names, infer

if TYPE_CHECKING:
    from reread.networks.data.tables import Expression, GRNDataset, Pairs

FAMILIES = ("gene names", "expression, unsupervised", "expression, supervised", "deep network")
NAMES, UNSUPERVISED, SUPERVISED, DEEP = FAMILIES
SCORE_COLUMNS = ("scheme", "fold", "row", "label", "score", "method")
N_COMPONENTS = 32
N_ROUNDS = 100
DECIMALS = 8  # scores that are equal in exact arithmetic must tie on every processor
_LIGHTGBM = {
    "objective": "binary", "learning_rate": 0.05, "num_leaves": 31, "min_data_in_leaf": 20, "max_bin": 63,
    "feature_fraction": 0.3, "bagging_fraction": 0.8, "bagging_freq": 1,
    "num_threads": 1, "deterministic": True, "force_row_wise": True, "verbosity": -1,
}  # fmt: skip
# (fold) -> score of its test rows (test pair,)
ScoreFold = Callable[[Fold], np.ndarray]


class GeneFeatures(NamedTuple):
    """Pearson correlations (gene, gene) and principal components (gene, component) of all genes."""

    correlation: np.ndarray
    components: np.ndarray


def prepare(expression: Expression) -> GeneFeatures:
    """Compute the features of all genes, once for all folds."""
    n_components = min(N_COMPONENTS, *expression.values.shape)
    components = gene_features(expression.values, kind="pca", n_components=n_components)
    return GeneFeatures(gene_features(expression.values, kind="pearson"), components)


def correlation_rows(features: GeneFeatures, tf: np.ndarray, gene: np.ndarray) -> np.ndarray:
    """Correlation row of the TF beside that of the gene, DeepTGI's input: (pair, 2 x gene)."""
    return np.hstack([features.correlation[tf], features.correlation[gene]])


def components(features: GeneFeatures, tf: np.ndarray, gene: np.ndarray) -> np.ndarray:
    """Components of TF and gene, their product, and the correlation: (pair, 3 x component + 1)."""
    left, right = features.components[tf], features.components[gene]
    return np.hstack([left, right, left * right, features.correlation[tf, gene][:, None]])


def lightgbm(x: np.ndarray, label: np.ndarray, x_test: np.ndarray, seed: int) -> np.ndarray:
    """Probability (test pair,) by boosted trees trained on ``x`` (pair, feature) and ``label`` (pair,)."""
    lgb = need("lightgbm", "networks")
    settings = {**_LIGHTGBM, "seed": seed}
    data = lgb.Dataset(x, label, params=settings, free_raw_data=True)
    return np.round(lgb.train(settings, data, N_ROUNDS).predict(x_test, num_threads=1), DECIMALS)


def logistic_regression(x: np.ndarray, label: np.ndarray, x_test: np.ndarray, seed: int) -> np.ndarray:
    """Log odds by ridge logistic regression (C = 0.01) on standardised features; axes as in ``lightgbm``."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    logistic = LogisticRegression(C=0.01, max_iter=1000, solver="newton-cholesky", tol=1e-10)
    model = make_pipeline(StandardScaler(), logistic).fit(x.astype(np.float64), label)
    return np.round(model.decision_function(x_test.astype(np.float64)), DECIMALS)


def score_pairs(
    prepared: GeneFeatures, pairs: Pairs, train: np.ndarray, test: np.ndarray, seed: int, *, features, fit
) -> np.ndarray:
    """Fit on the training rows of ``pairs`` and score its test rows, (test pair,)."""
    x, x_test = (features(prepared, pairs.tf[rows], pairs.gene[rows]) for rows in (train, test))
    return fit(x, pairs.label[train], x_test, seed)


SUPERVISED_METHODS: dict[str, Callable] = {
    "correlation-rows-logistic": partial(score_pairs, features=correlation_rows, fit=logistic_regression),
    "components-logistic": partial(score_pairs, features=components, fit=logistic_regression),
    "correlation-rows-lightgbm": partial(score_pairs, features=correlation_rows, fit=lightgbm),
    "components-lightgbm": partial(score_pairs, features=components, fit=lightgbm),
}
FAMILY = {
    **dict.fromkeys(gene_names.METHODS, NAMES),
    **dict.fromkeys(infer.METHODS, UNSUPERVISED),
    **dict.fromkeys(SUPERVISED_METHODS, SUPERVISED),
}


def score_methods(
    dataset: GRNDataset, schemes: Iterable[str], methods: Iterable[str], *, n_folds: int = 5,
    n_trees: int = infer.N_TREES, seed: int = 0,
) -> pd.DataFrame:  # fmt: skip
    """Score the test rows of every fold of every scheme by every method of ``FAMILY``.

    Unsupervised methods are run once, with ``n_trees`` trees of GENIE3 for each target, and looked up in each
    fold. Returns scheme, fold, row (of ``dataset.pairs``), label, score, method. An unknown method or scheme
    raises ParameterError, a fold with one class DataError.
    """
    folds = [(s, fold) for s in schemes for fold in split_pairs(dataset.pairs, s, n_folds=n_folds, seed=seed)]
    tables = []
    for method in methods:
        score_fold = scorer_of(method, dataset, seed=seed, n_trees=n_trees)
        tables += [score_rows(dataset, scheme, fold, method, score_fold(fold)) for scheme, fold in folds]
    return pd.concat(tables, ignore_index=True)


def scorer_of(method: str, dataset: GRNDataset, *, seed: int = 0, n_trees: int = infer.N_TREES) -> ScoreFold:
    """Bind a method to a data set: the function returned scores the test rows of a fold."""
    if method not in FAMILY:
        raise ParameterError(f"There is no method {method!r} to compare. {did_you_mean(method, FAMILY)}")
    pairs = dataset.pairs
    if method in gene_names.METHODS:
        return lambda fold: gene_names.METHODS[method](pairs, fold.train, fold.test, seed)
    if method in SUPERVISED_METHODS:
        prepared = prepare(dataset.expression)
        return lambda fold: SUPERVISED_METHODS[method](prepared, pairs, fold.train, fold.test, seed)
    weights = infer.infer(method, dataset.expression, dataset.tfs, seed=seed, n_trees=n_trees)
    return lambda fold: infer.weights_at(weights, dataset.tfs, pairs.tf[fold.test], pairs.gene[fold.test])


def score_rows(dataset: GRNDataset, scheme: str, fold: Fold, method: str, score: np.ndarray) -> pd.DataFrame:
    """Scores of the test rows of one fold, with the columns ``SCORE_COLUMNS``."""
    columns = (scheme, fold.name, fold.test, dataset.pairs.label[fold.test], score, method)
    return pd.DataFrame(dict(zip(SCORE_COLUMNS, columns, strict=True)))


def compare_scores(
    dataset: GRNDataset, scores: pd.DataFrame, *, n_boot: int = 500, seed: int = 0,
    extra_scores: pd.DataFrame | None = None,
) -> pd.DataFrame:  # fmt: skip
    """Measure each method on each scheme, and its AUPRC gain over the best gene-name baseline.

    ``scores`` comes from ``score_methods``, with at least one gene-name baseline. ``extra_scores`` has the
    same columns for a deep model; schemes that ``scores`` lacks are dropped, and folds that it lacks are not
    compared. Returns one row for each scheme and method, means over its folds; best_baseline,
    auroc_over_spearman and auroc_over_genie3 are on the same folds. auprc_gain has the ends auprc_gain_low
    and auprc_gain_high (95 %, ``n_boot`` bootstrap samples of whole TFs). Without a baseline, or with other
    test rows, it raises DataError.
    """
    return pd.DataFrame(
        _compared(dataset, table, method, n_boot, seed)
        for _, table in _joined(scores, extra_scores).groupby("scheme", sort=False)
        for method in table["method"].unique()
    )


def fold_table(scores: pd.DataFrame) -> pd.DataFrame:
    """Measure every fold: scheme, method, fold, auroc, auprc, prevalence."""
    keys, rows = ["scheme", "method", "fold"], []
    for key, part in scores.groupby(keys, sort=False):
        label, score = part["label"], part["score"]
        rows.append((*key, auroc(label, score), average_precision(label, score), label.mean()))
    return pd.DataFrame(rows, columns=[*keys, "auroc", "auprc", "prevalence"])


def _joined(scores: pd.DataFrame, extra: pd.DataFrame | None) -> pd.DataFrame:
    """Concatenate both tables, sorted by row; refuse a method whose rows differ from those of the fold."""
    parts = [scores]
    if extra is not None:
        parts.append(extra.loc[extra["scheme"].isin(scores["scheme"]), list(SCORE_COLUMNS)])
    together = pd.concat([part for part in parts if len(part)])
    together = together.sort_values("row", kind="stable").reset_index(drop=True)
    first = scores[scores["method"] == scores["method"].iloc[0]].sort_values("row")
    reference = {key: rows["row"].to_numpy() for key, rows in first.groupby(["scheme", "fold"])}
    for (scheme, fold, method), rows in together.groupby(["scheme", "fold", "method"]):
        expected = reference.get((scheme, fold), np.array([]))
        if not np.array_equal(rows["row"], expected):
            raise DataError(
                f"{method} scored {len(rows)} rows in fold {fold} of scheme {scheme}, but the fold has "
                f"{len(expected)} test rows and they differ.\n"
                f"Run the upstream page again with the same source, negatives and seed."
            )
    return together


def _compared(dataset: GRNDataset, table: pd.DataFrame, method: str, n_boot: int, seed: int) -> dict:
    own = table[table["method"] == method].sort_values(["fold", "row"])
    baseline = _best_baseline(table[table["fold"].isin(own["fold"].unique())])
    folds = fold_table(own)
    row, fold, label, score = (own[name].to_numpy() for name in ("row", "fold", "label", "score"))
    low, high, _ = clustered_bootstrap(
        average_precision, label, score, baseline["score"].to_numpy(), dataset.pairs.tf[row], folds=fold,
        n_boot=n_boot, seed=seed,
    )  # fmt: skip
    auprc, baseline_auprc = folds["auprc"].mean(), fold_table(baseline)["auprc"].mean()
    same = fold_table(table[table["fold"].isin(folds["fold"])]).groupby("method")["auroc"].mean()
    return {
        "scheme": own["scheme"].iloc[0], "method": method, "family": FAMILY.get(method, DEEP),
        "auroc": folds["auroc"].mean(), "auroc_sd": folds["auroc"].std(ddof=0),
        "auroc_over_spearman": folds["auroc"].mean() - same.get("spearman", np.nan),
        "auroc_over_genie3": folds["auroc"].mean() - same.get("genie3", np.nan),
        "auprc": auprc, "auprc_sd": folds["auprc"].std(ddof=0), "prevalence": own["label"].mean(),
        "best_baseline": baseline["method"].iloc[0], "best_baseline_auprc": baseline_auprc,
        "auprc_gain": auprc - baseline_auprc, "auprc_gain_low": low, "auprc_gain_high": high,
        "n_folds": len(folds),
    }  # fmt: skip


def _best_baseline(table: pd.DataFrame) -> pd.DataFrame:
    """Rows of the gene-name baseline with the highest mean AUPRC over folds, sorted by fold and row."""
    baselines = table[table["method"].isin(list(gene_names.METHODS))]
    if baselines.empty:
        raise DataError(
            f"The AUPRC gain needs a gene-name baseline in scheme {table['scheme'].iloc[0]}, but there is "
            f"none.\nAdd one of: {', '.join(gene_names.METHODS)}."
        )
    best = fold_table(baselines).groupby("method", sort=False)["auprc"].mean().round(10).idxmax()
    return baselines[baselines["method"] == best].sort_values(["fold", "row"])


def supervised_over_spearman(table: pd.DataFrame) -> pd.DataFrame:
    """AUROC of the best supervised or deep method minus that of absolute Spearman correlation.

    ``table`` comes from :func:`compare_scores`. Columns: scheme, supervised_over_spearman (-1 to 1; NaN where
    either was not run).
    """
    rows = []
    for scheme, part in table.groupby("scheme", sort=False):
        best = part[part["family"].isin([SUPERVISED, DEEP])]["auroc"].max()
        untrained = part.set_index("method")["auroc"].get("spearman", np.nan)
        rows.append({"scheme": scheme, "supervised_over_spearman": best - untrained})
    return pd.DataFrame(rows)
