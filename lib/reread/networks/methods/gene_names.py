"""Predict labels from gene names, without expression, and audit what a pair list reveals about its labels.

All functions of ``METHODS`` are called alike: ``method(pairs, train, test, seed) -> score (test,)``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
import pandas as pd
from scipy.special import logit

from reread.core.errors import need
from reread.core.metrics import auroc, average_precision
from reread.networks.data.simulate import sample_pairs, simulate_network
from reread.networks.data.splits import split_pairs
from reread.networks.data.tables import LabelSplit, Pairs

PUBLISHED = "published-predictions"
_PRIOR_PAIRS = 1.0  # pairs of average prevalence added to each gene, so that one pair gives no rate of 0 or 1
POOLS = (16, 32, 64)
DECIMALS = 8  # scores that are equal in exact arithmetic must tie on every processor


def rate(side: str, pairs: Pairs, train: np.ndarray, test: np.ndarray, seed: int = 0) -> np.ndarray:
    """Share of positives among the training pairs of the TF or of the gene, shrunk to the overall share."""
    gene, n_genes = getattr(pairs, side), len(pairs.genes)
    seen = np.bincount(gene[train], minlength=n_genes)
    positive = np.bincount(gene[train], pairs.label[train], n_genes)
    shrunk = (positive + _PRIOR_PAIRS * pairs.label[train].mean()) / (seen + _PRIOR_PAIRS)
    return shrunk[gene[test]]


def tf_and_gene_rate(pairs: Pairs, train: np.ndarray, test: np.ndarray, seed: int = 0) -> np.ndarray:
    """Sum of the log odds of both rates."""
    by_tf, by_gene = (logit(rate(side, pairs, train, test)) for side in ("tf", "gene"))
    return np.round(by_tf + by_gene, DECIMALS)


def degree(pairs: Pairs, train: np.ndarray, test: np.ndarray, seed: int = 0) -> np.ndarray:
    """(1 + training targets of the TF) x (1 + training TFs of the target), an exact integer."""
    known = train[pairs.label[train] == 1]
    n_genes = len(pairs.genes)
    targets, tfs = (np.bincount(side[known], minlength=n_genes) for side in (pairs.tf, pairs.gene))
    return ((1 + targets[pairs.tf[test]]) * (1 + tfs[pairs.gene[test]])).astype(float)


def one_hot_logistic(pairs: Pairs, train: np.ndarray, test: np.ndarray, seed: int = 0) -> np.ndarray:
    """Logistic regression (C = 1) on one-hot TF and one-hot target; pairs of two unseen names score alike."""
    from scipy.sparse import eye_array, hstack
    from sklearn.linear_model import LogisticRegression

    identity = eye_array(len(pairs.genes), format="csr")
    names = hstack([identity[pairs.tf], identity[pairs.gene]], format="csr")  # (pair, 2 x gene)
    # Newton steps to full convergence: early stopping leaves digits that differ between processors
    model = LogisticRegression(C=1.0, max_iter=1000, solver="newton-cholesky", tol=1e-10)
    model.fit(names[train], pairs.label[train])
    return np.round(model.decision_function(names[test]), DECIMALS)


def random_codes_lightgbm(pairs: Pairs, train: np.ndarray, test: np.ndarray, seed: int = 0) -> np.ndarray:
    """LightGBM on 32 random numbers for each gene; ``seed`` samples them."""
    lightgbm = need("lightgbm", "networks")
    codes = np.random.default_rng(seed).standard_normal((len(pairs.genes), 32)).astype(np.float32)
    beside = np.hstack([codes[pairs.tf], codes[pairs.gene]])
    settings = {"objective": "binary", "verbosity": -1, "num_threads": 1, "seed": seed, "deterministic": True}
    settings |= {"learning_rate": 0.05, "num_leaves": 31, "min_data_in_leaf": 20, "feature_fraction": 0.3}
    data = lightgbm.Dataset(beside[train], pairs.label[train])
    booster = lightgbm.train(settings, data, 200)
    return np.round(booster.predict(beside[test], raw_score=True), DECIMALS)


Score = Callable[[Pairs, np.ndarray, np.ndarray, int], np.ndarray]
METHODS: dict[str, Score] = {
    "tf-rate": partial(rate, "tf"),
    "gene-rate": partial(rate, "gene"),
    "tf-and-gene-rate": tf_and_gene_rate,
    "degree": degree,
    "one-hot-logistic": one_hot_logistic,
    "random-codes-lightgbm": random_codes_lightgbm,
}


def label_split_table(split: LabelSplit) -> pd.DataFrame:
    """Score the test labels of a published split by gene names, beside the published predictions.

    Columns: method, auroc, auprc, auprc_ratio.
    """
    pairs, train, test = split.joined()
    scores = {name: score(pairs, train, test, 0) for name, score in METHODS.items()}
    if split.published_scores is not None:
        scores[PUBLISHED] = split.published_scores
    label = pairs.label[test]
    rows = [(name, auroc(label, score), average_precision(label, score)) for name, score in scores.items()]
    table = pd.DataFrame(rows, columns=["method", "auroc", "auprc"])
    return table.assign(auprc_ratio=table["auprc"] / label.mean())


def published_over_baseline(by_names: pd.DataFrame) -> dict[str, float]:
    """AUROC of the published predictions minus that of the best gene-name baseline.

    ``by_names`` comes from :func:`label_split_table`. Returns ``published_over_baseline`` (-1 to 1); empty
    where no predictions were published.
    """
    by_method = by_names.set_index("method")["auroc"]
    if PUBLISHED not in by_method:
        return {}
    return {"published_over_baseline": float(by_method[PUBLISHED] - by_method.drop(PUBLISHED).max())}


def audit_pairs(pairs: Pairs, *, n_top: int = 50, n_folds: int = 5, seed: int = 0) -> dict[str, float]:
    """Measure what a pair list reveals about its labels without any expression.

    ``negative_gene_top50_share`` and ``positive_gene_top50_share`` are shares of all negatives and positives
    on the ``n_top`` genes with most negatives; genes tied at the border count in part. ``only_positive_rate``
    counts rows whose target is never negative, ``duplicate_rate`` rows that repeat an earlier one,
    ``reversed_rate`` rows whose reverse is listed too, and ``reversed_agreement`` those of them with the same
    label. ``one_hot_auroc`` is logistic regression on one-hot names, mean over the folds of the pair split. A
    list that cannot be split raises DataError. Source: ours; DeepTGI swaps TF and gene to enlarge its
    training set, so reversed rows matter.
    """
    prevalence_of_tf = pd.Series(pairs.label).groupby(pairs.tf).mean()
    found = {
        "n_pairs": len(pairs),
        "n_tfs": len(prevalence_of_tf),
        "prevalence": float(pairs.label.mean()),
        "tf_prevalence_sd": float(prevalence_of_tf.std(ddof=0)),
        "self_pairs": int((pairs.tf == pairs.gene).sum()),
        "one_hot_auroc": one_hot_auroc(pairs, "pair", n_folds=n_folds, seed=seed),
    }
    return found | _concentration(pairs, n_top) | _repeats(pairs)


def one_hot_auroc(pairs: Pairs, scheme: str, *, n_folds: int = 5, seed: int = 0) -> float:
    """AUROC of logistic regression on one-hot names, mean over folds."""
    folds = split_pairs(pairs, scheme, n_folds=n_folds, seed=seed)
    found = [auroc(pairs.label[f.test], one_hot_logistic(pairs, f.train, f.test)) for f in folds]
    return float(np.mean(found))


def gene_shares(pairs: Pairs) -> tuple[np.ndarray, np.ndarray]:
    """Share of all negatives and of all positives on each gene (gene,), genes with most negatives first."""
    n_genes = len(pairs.genes)
    of_label = [np.bincount(pairs.gene[pairs.label == k], minlength=n_genes) for k in (0, 1)]
    order = np.argsort(-of_label[0], kind="stable")
    negative, positive = (counts[order] / counts.sum() for counts in of_label)
    return negative, positive


def negative_pool_sweep(
    *, n_genes: int = 120, n_tfs: int = 24, pools: Sequence[int] = POOLS, n_networks: int = 3, seed: int = 0
) -> pd.DataFrame:
    """Measure the AUROC of gene names by the number of genes that negatives are sampled from.

    Networks are simulated without cells, with seeds ``seed``, ``seed + 1``, ...; pools not below ``n_genes``
    are left out. Columns: negatives (``pool of 16`` ... ``matched``), network, one_hot_auroc (pair split) and
    one_hot_auroc_both (TF and gene both held out), means over folds.
    """
    settings = {f"pool of {size}": {"negatives": "pool", "pool": size} for size in pools if size < n_genes}
    settings["matched"] = {"negatives": "matched"}
    rows = []
    for number in range(n_networks):
        network = simulate_network(n_tfs, n_genes, seed=seed + number)
        for name, how in settings.items():
            pairs = sample_pairs(network.truth, np.arange(n_tfs), network.genes, seed=seed + number, **how)
            rows.append((name, number, one_hot_auroc(pairs, "pair"), one_hot_auroc(pairs, "both")))
    return pd.DataFrame(rows, columns=["negatives", "network", "one_hot_auroc", "one_hot_auroc_both"])


def _concentration(pairs: Pairs, n_top: int) -> dict[str, float]:
    negative, positive = gene_shares(pairs)
    border = negative[min(n_top, len(negative)) - 1]
    above, tied = negative > border, negative == border
    inside = above + tied * (min(n_top, len(negative)) - above.sum()) / tied.sum()
    genes_with = [set(pairs.gene[pairs.label == k].tolist()) for k in (0, 1)]
    return {
        "negative_gene_top50_share": float(negative @ inside),
        "positive_gene_top50_share": float(positive @ inside),
        "negative_genes": len(genes_with[0]),
        "positive_genes": len(genes_with[1]),
        "only_positive_rate": float((~np.isin(pairs.gene, list(genes_with[0]))).mean()),
    }


def _repeats(pairs: Pairs) -> dict[str, float]:
    """Shares of duplicate rows and of rows listed in reverse too; a self pair is not its own reverse."""
    listed = pd.Series(pairs.label, index=pd.MultiIndex.from_arrays([pairs.tf, pairs.gene]))
    first = listed[~listed.index.duplicated()]
    reverse = first.reindex(pd.MultiIndex.from_arrays([pairs.gene, pairs.tf])).to_numpy()
    reverse = np.where(pairs.tf == pairs.gene, np.nan, reverse)
    is_reversed = ~np.isnan(reverse)
    agrees = (reverse == pairs.label)[is_reversed]
    return {
        "duplicate_rate": 1 - len(first) / len(pairs),
        "reversed_rate": float(is_reversed.mean()),
        "reversed_agreement": float(agrees.mean()) if is_reversed.any() else float("nan"),
    }
