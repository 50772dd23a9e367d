"""Audit a pair list before any model sees it: what gene names alone tell about the labels."""

from __future__ import annotations

import numpy as np

from reread.core.metrics import auroc
from reread.networks.data.splits import split_pairs
from reread.networks.data.tables import Pairs
from reread.networks.methods.gene_name_baselines import one_hot_names

# How far the AUROC of names may stray from 0.5 before the list is called leaking. On either side: a rule that
# is always wrong is as good as one that is always right.
TOLERATED = 0.1


def audit_pairs(pairs: Pairs, *, n_top: int = 50, n_folds: int = 5, seed: int = 0) -> dict[str, float]:
    """Measure what a pair list gives away without any expression.

    Parameters
    ----------
    pairs : Pairs
        Rows (pair,).
    n_top : int
        Genes counted as the pool: those with most negatives.
    n_folds, seed : int
        Of the pair split that names are tested on.

    Returns
    -------
    dict of numbers
        - ``n_pairs``, ``n_tfs``, ``prevalence``, and ``tf_prevalence_sd`` over TFs;
        - ``negative_gene_top50_share``, ``positive_gene_top50_share``: of all negatives and of all positives,
          on the ``n_top`` genes with most negatives; genes tied at the border count in part;
        - ``negative_genes``, ``positive_genes``: targets that occur with that label;
        - ``only_positive_rate``: rows whose target is never negative;
        - ``duplicate_rate``: rows that repeat an earlier TF and target;
        - ``reversed_rate``: rows that stand the other way round too; ``reversed_agreement``: share of those
          with the same label, NaN if there is none;
        - ``self_pairs``: rows of a TF with itself;
        - ``names_auroc``: one-hot names, mean over the folds of the pair split.

    Raises
    ------
    DataError
        If the list is empty or cannot be split with both labels in each fold.

    Notes
    -----
    Source: the measures are ours. Mirrored rows matter since DeepTGI swaps TF and gene to enlarge its
    training set.
    """
    folds = split_pairs(pairs, "pair", n_folds=n_folds, seed=seed)
    by_tf = np.bincount(pairs.tf)
    prevalence_of_tf = np.bincount(pairs.tf, pairs.label)[by_tf > 0] / by_tf[by_tf > 0]
    found = {
        "n_pairs": len(pairs),
        "n_tfs": len(prevalence_of_tf),
        "prevalence": float(pairs.label.mean()),
        "tf_prevalence_sd": float(prevalence_of_tf.std()),
        "self_pairs": int((pairs.tf == pairs.gene).sum()),
        "names_auroc": float(
            np.mean([auroc(pairs.label[f.test], one_hot_names(pairs, f.train, f.test, seed)) for f in folds])
        ),
    }
    return found | _concentration(pairs, n_top) | _repeats(pairs)


def gene_shares(pairs: Pairs) -> tuple[np.ndarray, np.ndarray]:
    """Share of all negatives and of all positives on each gene, genes with most negatives first.

    Returns
    -------
    negative, positive : float array, (gene,)
        Each adds up to 1; both in the same order of genes, for a curve of concentration.
    """
    n_genes = len(pairs.genes)
    of_label = [np.bincount(pairs.gene[pairs.label == k], minlength=n_genes) for k in (0, 1)]
    order = np.argsort(-of_label[0], kind="stable")
    negative, positive = (counts[order] / counts.sum() for counts in of_label)
    return negative, positive


def warning(audit: dict[str, float]) -> str:
    """Say what the audit means: loudly when names alone predict labels, calmly when they do not.

    Parameters
    ----------
    audit : dict
        From :func:`audit_pairs`.

    Returns
    -------
    str
        Two sentences, without a line break.
    """
    names = audit["names_auroc"]
    pool = (
        f"The genes with most negatives hold {audit['negative_gene_top50_share']:.1%} of the negatives and "
        f"{audit['positive_gene_top50_share']:.1%} of the positives."
    )
    if abs(names - 0.5) <= TOLERATED:
        return f"Names alone do not predict these labels (AUROC {names:.3f} under the pair split). {pool}"
    sign = "" if names > 0.5 else ", far below 0.5, which is as telling when turned round"
    return (
        f"WARNING: NAMES ALONE PREDICT THESE LABELS. Without any expression they reach an AUROC of "
        f"{names:.3f} under the pair split{sign}. {pool} Split by TF and gene before you believe a model."
    )


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
    """Rows that stand twice, and rows that stand the other way round; a self pair is not its own reverse."""
    n_genes = len(pairs.genes)
    key = pairs.tf.astype(np.int64) * n_genes + pairs.gene
    reverse = pairs.gene.astype(np.int64) * n_genes + pairs.tf
    known, first = np.unique(key, return_index=True)
    place = np.minimum(np.searchsorted(known, reverse), len(known) - 1)
    is_reversed = (known[place] == reverse) & (pairs.tf != pairs.gene)
    agrees = pairs.label[first[place]] == pairs.label
    return {
        "duplicate_rate": 1 - len(known) / len(pairs),
        "reversed_rate": float(is_reversed.mean()),
        "reversed_agreement": float(agrees[is_reversed].mean()) if is_reversed.any() else float("nan"),
    }
