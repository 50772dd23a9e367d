"""What is enriched among the top genes of each ranking, as tables."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from reread.maize.data.gene_knowledge import Knowledge
from reread.maize.data.splits import Split
from reread.maize.data.tables import Expression
from reread.maize.data.transform import log_plus_one
from reread.maize.methods.enrichment import enrich_all, tf_share
from reread.maize.methods.gene_sets import rank_top, top_union
from reread.maize.methods.random_gene_sets import matched_sets


def enriched(
    rankings: Mapping[str, np.ndarray], data: Expression, known: Knowledge, k: int
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Terms enriched among the ``k`` best genes of each tissue that speak for it.

    Returns
    -------
    DataFrame
        All tested terms that share a gene: method, tissue, and the columns of
        :func:`reread.maize.methods.enrichment.enrich_all`.
    DataFrame
        Counts of terms with q below 0.05: one row a method, one column a tissue.
    """
    genes = np.array(data.genes)
    sets = {}
    for method, scores in rankings.items():
        for t, top in enumerate(rank_top(scores, k)):
            chosen = top[scores[t, top] > 0] if top[0] >= 0 else top[:0]
            sets[f"{method}\t{data.tissues[t]}"] = genes[chosen].tolist()
    found = enrich_all(sets, known.terms, data.genes, known.names)
    parts = found.pop("set").str.split("\t", expand=True)
    found.insert(0, "tissue", parts[1])
    found.insert(0, "method", parts[0])
    is_new = found[found["q"] < 0.05]
    counts = is_new.groupby(["method", "tissue"]).size().unstack(fill_value=0)
    return found, counts.reindex(index=list(rankings), columns=list(data.tissues), fill_value=0)


def tf_table(
    rankings: Mapping[str, np.ndarray], data: Expression, split: Split, known: Knowledge, k: int, *,
    n_null: int = 999, seed: int = 0,
) -> pd.DataFrame:  # fmt: skip
    """Share of transcription factors among the top genes of each method, against sets of equal expression.

    Returns
    -------
    DataFrame
        method, tf_share, tf_null (mean of the null), tf_p.
    """
    mean = log_plus_one(data.values[split.train]).mean(axis=0)
    rows = []
    for method, scores in rankings.items():
        chosen = top_union(scores, k)
        found = tf_share(chosen, known.is_tf, matched_sets(mean, chosen, n_null, seed=seed))
        rows.append((method, found["share"], found["null_share"], found["p"]))
    return pd.DataFrame(rows, columns=["method", "tf_share", "tf_null", "tf_p"])


def best_terms(terms: pd.DataFrame) -> pd.DataFrame:
    """The term of smallest q in each tissue, and the method that finds it; tissues without any are left out.

    Parameters
    ----------
    terms : DataFrame
        The first of :func:`enriched`.
    """
    first = terms[terms["q"] < 0.05].sort_values(["q", "p", "term"], kind="stable").drop_duplicates("tissue")
    columns = ["tissue", "term", "name", "method", "n", "expected", "q"]
    return first.sort_values("tissue")[columns].reset_index(drop=True)
