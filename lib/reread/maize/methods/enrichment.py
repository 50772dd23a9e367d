"""Terms and transcription factors in a set of genes, compared with chance."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pandas as pd
from scipy.sparse import csr_array

from reread.core.errors import DataError
from reread.core.stats import benjamini_hochberg, hypergeometric_p, permutation_p
from reread.maize.data.gene_knowledge import Knowledge
from reread.maize.data.splits import Split
from reread.maize.data.tables import Expression
from reread.maize.data.transform import log_plus_one
from reread.maize.methods.gene_sets import matched_sets, rank_top, top_union

SMALLEST, LARGEST = 5, 500  # genes of a term that is tested
LEVEL = 0.05


def enrich_all(
    sets: Mapping[str, Iterable[str]], term2genes: Mapping[str, Iterable[str]], background: Sequence[str],
    names: Mapping[str, str] | None = None,
) -> pd.DataFrame:  # fmt: skip
    """Test every term of 5 to 500 background genes in every set of genes (hypergeometric, one-sided)."""
    place = {gene: i for i, gene in enumerate(dict.fromkeys(background))}
    columns = {term: sorted({place[g] for g in genes if g in place}) for term, genes in term2genes.items()}
    kept = {term: found for term, found in columns.items() if SMALLEST <= len(found) <= LARGEST}
    if not kept:
        raise DataError(
            f"None of {len(columns)} terms has {SMALLEST} to {LARGEST} of the {len(place)} background genes; "
            "check that genes and terms use the same identifiers."
        )
    size = np.array([len(found) for found in kept.values()])
    starts, indices = np.cumsum([0, *size]), np.concatenate(list(kept.values()))
    member = csr_array((np.ones(len(indices)), indices, starts), shape=(len(kept), len(place)))
    known, terms, tables = np.unique(indices), np.array(list(kept)), []
    for name, genes in sets.items():
        chosen = np.zeros(len(place))
        chosen[np.intersect1d(known, [place[gene] for gene in genes if gene in place]).astype(int)] = 1
        shared, drawn, n = (member @ chosen).astype(int), int(chosen.sum()), len(known)
        only_set, only_term, neither = drawn - shared, size - shared, n - size - drawn + shared
        odds = (shared + 0.5) * (neither + 0.5) / ((only_set + 0.5) * (only_term + 0.5))
        p = np.asarray(hypergeometric_p(shared, n, size, drawn))
        columns = {"set": name, "term": terms, "n": shared, "size": size, "expected": size * drawn / n}
        table = pd.DataFrame({**columns, "odds": odds, "p": p, "q": benjamini_hochberg(p)})
        tables.append(table[table["n"] > 0].sort_values(["p", "term"], kind="stable"))
    found = pd.concat(tables, ignore_index=True)
    found.insert(2, "name", found["term"].map(dict(names or {})).fillna(""))
    return found


def enriched(
    rankings: Mapping[str, np.ndarray], data: Expression, known: Knowledge, k: int
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Terms enriched among the ``k`` best genes of each tissue with a score above 0.

    Returns all tested terms that share a gene (method, tissue, and the columns of ``enrich_all``), and the
    numbers of terms with q below 0.05 (method, tissue, terms).
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
    counts = found[found["q"] < LEVEL].groupby(["method", "tissue"]).size()
    every = pd.MultiIndex.from_product([list(rankings), list(data.tissues)], names=["method", "tissue"])
    return found, counts.reindex(every, fill_value=0).rename("terms").reset_index()


def tf_table(
    rankings: Mapping[str, np.ndarray], data: Expression, split: Split, known: Knowledge, k: int, *,
    n_null: int = 999, seed: int = 0,
) -> pd.DataFrame:  # fmt: skip
    """Share of transcription factors among the top genes, against sets of equal size and expression.

    Columns: method, tf_share, tf_null (mean of the null), tf_p.
    """
    mean = log_plus_one(data.values[split.train]).mean(axis=0)
    rows = []
    for method, scores in rankings.items():
        chosen = top_union(scores, k)
        share = float(known.is_tf[chosen].mean())
        null = known.is_tf[matched_sets(mean, chosen, n_null, seed=seed)].mean(axis=1)
        rows.append((method, share, float(null.mean()), float(permutation_p(share, null))))
    return pd.DataFrame(rows, columns=["method", "tf_share", "tf_null", "tf_p"])


def best_terms(terms: pd.DataFrame) -> pd.DataFrame:
    """Term of smallest q of each tissue and the method that finds it, from the first of :func:`enriched`."""
    first = terms[terms["q"] < LEVEL].sort_values(["q", "p", "term"], kind="stable").drop_duplicates("tissue")
    columns = ["tissue", "term", "name", "method", "n", "expected", "q"]
    return first.sort_values("tissue")[columns].reset_index(drop=True)
