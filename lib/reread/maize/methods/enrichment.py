"""Terms and transcription factors in a set of genes, compared with chance."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pandas as pd
from scipy.sparse import csr_array

from reread.core import validate
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
    sets: Mapping[str, Iterable[str]],
    term2genes: Mapping[str, Iterable[str]],
    background: Sequence[str],
    names: Mapping[str, str] | None = None,
) -> pd.DataFrame:
    """Test every term of 5 to 500 background genes in every set of genes (hypergeometric, one-sided)."""
    place = {gene: i for i, gene in enumerate(dict.fromkeys(background))}
    terms, member = _membership(term2genes, place)
    known = member.sum(axis=0) > 0
    n = int(known.sum())
    tables = [_tested(name, terms, member, _mask(genes, place) & known, n) for name, genes in sets.items()]
    found = pd.concat(tables, ignore_index=True)
    found.insert(2, "name", found["term"].map(dict(names or {})).fillna(""))
    return found


def _membership(
    term2genes: Mapping[str, Iterable[str]], place: Mapping[str, int]
) -> tuple[np.ndarray, csr_array]:
    """Terms of a size that can be tested, and their background genes, (term, gene)."""
    columns = {term: {place[g] for g in genes if g in place} for term, genes in term2genes.items()}
    kept = {term: sorted(found) for term, found in columns.items() if SMALLEST <= len(found) <= LARGEST}
    if not kept:
        raise DataError(
            f"None of {len(columns)} terms has {SMALLEST} to {LARGEST} of the {len(place)} background genes; "
            "check that genes and terms use the same identifiers."
        )
    starts = np.cumsum([0, *map(len, kept.values())])
    indices = np.concatenate(list(kept.values()))
    shape = (len(kept), len(place))
    return np.array(list(kept)), csr_array((np.ones(len(indices)), indices, starts), shape=shape)


def _mask(genes: Iterable[str], place: Mapping[str, int]) -> np.ndarray:
    mask = np.zeros(len(place), dtype=bool)
    mask[[place[gene] for gene in genes if gene in place]] = True
    return mask


def _tested(
    name: str, terms: np.ndarray, member: csr_array, chosen: np.ndarray, n_known: int
) -> pd.DataFrame:
    """Counts and p values of all terms in one set; rows of terms that share a gene."""
    shared = (member @ chosen).astype(int)
    size, drawn = np.asarray(member.sum(axis=1)).astype(int), int(chosen.sum())
    p = np.asarray(hypergeometric_p(shared, n_known, size, drawn))
    only_set, only_term = drawn - shared, size - shared
    neither = n_known - shared - only_set - only_term
    odds = (shared + 0.5) * (neither + 0.5) / ((only_set + 0.5) * (only_term + 0.5))
    table = pd.DataFrame(
        {
            "set": name, "term": terms, "n": shared, "size": size, "expected": size * drawn / n_known,
            "odds": odds, "p": p, "q": benjamini_hochberg(p),
        }
    )  # fmt: skip
    return table[table["n"] > 0].sort_values(["p", "term"], kind="stable")


def tf_share(gene_set: np.ndarray, is_tf: np.ndarray, null_sets: np.ndarray) -> dict[str, float]:
    """Share of transcription factors in a set, mean share of random sets (set, member), one-sided p."""
    validate.axes(is_tf, "is_tf", gene=None)
    validate.axes(null_sets, "null_sets", set=None, member=None)
    observed, null = float(is_tf[gene_set].mean()), is_tf[null_sets].mean(axis=1)
    return {"share": observed, "null_share": float(null.mean()), "p": float(permutation_p(observed, null))}


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
        found = tf_share(chosen, known.is_tf, matched_sets(mean, chosen, n_null, seed=seed))
        rows.append((method, found["share"], found["null_share"], found["p"]))
    return pd.DataFrame(rows, columns=["method", "tf_share", "tf_null", "tf_p"])


def best_terms(terms: pd.DataFrame) -> pd.DataFrame:
    """Term of smallest q of each tissue and the method that finds it, from the first of :func:`enriched`."""
    first = terms[terms["q"] < LEVEL].sort_values(["q", "p", "term"], kind="stable").drop_duplicates("tissue")
    columns = ["tissue", "term", "name", "method", "n", "expected", "q"]
    return first.sort_values("tissue")[columns].reset_index(drop=True)
