"""Which terms, and how many transcription factors, a set of genes holds beyond chance."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pandas as pd
from scipy.sparse import csr_array
from scipy.stats import false_discovery_control, hypergeom

from reread.core import validate as check
from reread.core.errors import DataError
from reread.maize.methods.random_gene_sets import permutation_p

SMALLEST, LARGEST = 5, 500


def enrich_all(
    sets: Mapping[str, Iterable[str]],
    term2genes: Mapping[str, Iterable[str]],
    background: Sequence[str],
    names: Mapping[str, str] | None = None,
) -> pd.DataFrame:
    """Test every term in every set of genes.

    Parameters
    ----------
    sets : mapping of str to names of genes
        Genes outside the background are left out.
    term2genes : mapping of str to names of genes
    background : list of str
        Genes that could have been chosen; those without a term that is asked are left out.
    names : mapping of str to str, optional
        What a term means.

    Returns
    -------
    DataFrame
        set, term, name, n (shared), size (of the term), expected, odds (0.5 added to each count), p
        (hypergeometric, one-sided), q (Benjamini and Hochberg within the set); smallest p first within a
        set. Terms with fewer than 5 or more than 500 background genes are not asked, nor those that share
        no gene shown, but these count in q.

    Raises
    ------
    DataError
        If no term has genes in the background.
    """
    terms, member = _membership(term2genes, list(dict.fromkeys(background)))
    known = member.sum(axis=0) > 0
    place = {gene: i for i, gene in enumerate(dict.fromkeys(background))}
    tables = [
        _tested(name, terms, member, _mask(genes, place) & known, int(known.sum()))
        for name, genes in sets.items()
    ]
    found = pd.concat(tables, ignore_index=True)
    found.insert(2, "name", found["term"].map(dict(names or {})).fillna(""))
    return found


def _membership(
    term2genes: Mapping[str, Iterable[str]], background: list[str]
) -> tuple[np.ndarray, csr_array]:
    """Terms of a size that can be tested, and which background genes they hold, (term, gene)."""
    place = {gene: i for i, gene in enumerate(background)}
    columns = {term: {place[g] for g in genes if g in place} for term, genes in term2genes.items()}
    kept = {term: sorted(found) for term, found in columns.items() if SMALLEST <= len(found) <= LARGEST}
    if not kept:
        raise DataError(
            f"None of {len(columns)} terms has {SMALLEST} to {LARGEST} of {len(background)} genes asked.\n"
            "Check that genes and terms use the same identifiers."
        )
    starts = np.cumsum([0, *map(len, kept.values())])
    indices = np.concatenate(list(kept.values()))
    shape = (len(kept), len(background))
    return np.array(list(kept)), csr_array((np.ones(len(indices)), indices, starts), shape=shape)


def _mask(genes: Iterable[str], place: Mapping[str, int]) -> np.ndarray:
    mask = np.zeros(len(place), dtype=bool)
    mask[[place[gene] for gene in genes if gene in place]] = True
    return mask


def _tested(
    name: str, terms: np.ndarray, member: csr_array, chosen: np.ndarray, n_known: int
) -> pd.DataFrame:
    """Counts and p values of all terms in one set, of which those that share a gene are returned."""
    shared = (member @ chosen).astype(int)
    size, drawn = np.asarray(member.sum(axis=1)).astype(int), int(chosen.sum())
    p = np.clip(hypergeom.sf(shared - 1, n_known, size, drawn), 0, 1)
    only_set, only_term = drawn - shared, size - shared
    neither = n_known - shared - only_set - only_term
    odds = (shared + 0.5) * (neither + 0.5) / ((only_set + 0.5) * (only_term + 0.5))
    table = pd.DataFrame(
        {
            "set": name, "term": terms, "n": shared, "size": size, "expected": size * drawn / n_known,
            "odds": odds, "p": p, "q": false_discovery_control(p),
        }
    )  # fmt: skip
    return table[table["n"] > 0].sort_values(["p", "term"], kind="stable")


def tf_share(gene_set: np.ndarray, is_tf: np.ndarray, null_sets: np.ndarray) -> dict[str, float]:
    """Share of transcription factors in a set, against random sets.

    Parameters
    ----------
    gene_set : int array, (member,)
    is_tf : bool array, (gene,)
    null_sets : int array, (set, member)
        From :func:`reread.maize.methods.random_gene_sets.matched_sets`: transcription factors are weakly
        expressed, so a null
        that ignores expression would be too easy or too hard.

    Returns
    -------
    dict
        ``share``, ``null_share`` (mean), ``p`` (one-sided, never 0).
    """
    check.axes(is_tf, "is_tf", gene=None)
    check.axes(null_sets, "null_sets", set=None, member=None)
    observed, null = float(is_tf[gene_set].mean()), is_tf[null_sets].mean(axis=1)
    return {"share": observed, "null_share": float(null.mean()), "p": float(permutation_p(observed, null))}
