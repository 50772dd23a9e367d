"""Tables of rankings: recovery, known genes, union rule, overlaps, repeated selection, enrichment."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pandas as pd
from scipy.sparse import csr_array

from reread.core import validate
from reread.core.errors import DataError
from reread.core.metrics import auroc
from reread.core.stats import benjamini_hochberg, hypergeometric_p, permutation_p
from reread.maize.data.gene_knowledge import Knowledge
from reread.maize.data.image import log_plus_one
from reread.maize.data.splits import Split
from reread.maize.data.tables import Expression, Truth
from reread.maize.methods import gene_sets, tissue_specificity
from reread.maize.methods.attribution import LIMMA, OURS, PUBLISHED, TREES, Run
from reread.maize.methods.gene_sets import matched_sets

MEASURES = ("precision", "auroc", "false_positive_share", "chance")
SHUFFLED = "shuffled labels"
N_SHUFFLES = 10  # one permutation of the labels alone varies much: chance is one gene in 75
TOP_SHARE = 0.05  # a known gene is found if it is among the best 5 % of its tissue
CORE = (LIMMA, TREES, OURS, PUBLISHED)
FEW, N_SHOWN = 12, 3
PUBLISHED_GENES, PUBLISHED_TISSUES, PUBLISHED_SET = 21_111, 11, 13_670  # notebooks 2 and 3


def recovery(scores: np.ndarray, truth: Truth, k: int = 20) -> dict[str, float]:
    """Compare scores (tissue, gene) with the planted genes, mean over the tissues that have any."""
    validate.axes(scores, "scores", tissue=None, gene=len(truth.tissue_of))
    planted = [t for t in range(len(scores)) if (truth.tissue_of == t).any()]
    if not planted:
        raise DataError("No gene is planted for any tissue, so recovery is undefined.")
    found = []
    for t, top in zip(planted, gene_sets.rank_top(scores[planted], k), strict=True):
        is_planted, measures = truth.tissue_of == t, (0.0, 0.5, 0.0)
        if top[0] >= 0:
            area = auroc(is_planted.astype(int), scores[t])
            measures = is_planted[top].mean(), area, truth.is_decoy[top].mean()
        found.append((*measures, is_planted.mean()))
    return dict(zip(MEASURES, map(float, np.mean(found, axis=0)), strict=True))


def shuffled_ranking(data: Expression, split: Split, seed: int = 0) -> np.ndarray:
    """Scores of a moderated t on permuted labels of the training samples, a negative control.

    Returns scores (tissue, gene) without unit; higher is more specific. Labels are permuted by ``seed``.
    """
    log, tissue = log_plus_one(data.values[split.train]), data.tissue[split.train]
    shuffled = np.random.default_rng([seed, 4]).permutation(tissue)
    return tissue_specificity.score("moderated t, next", log, shuffled, data.n_tissues)


def recovery_table(
    data: Expression, split: Split, runs: Sequence[Run], k: int, seed: int = 0
) -> pd.DataFrame:
    """Recovery of planted genes by each method in the ``k`` best of a tissue, mean over seeds.

    Columns: method and ``MEASURES``; no row for data without ground truth. Statistics use the training
    samples. ``shuffled labels`` is a control: a moderated t on labels permuted by ``seed``.
    """
    columns = ["method", *MEASURES]
    if data.truth is None:
        return pd.DataFrame(columns=columns)
    rows = [(r.method, r.scores.per_tissue) for r in runs if r.order == 0]
    log, tissue = log_plus_one(data.values[split.train]), data.tissue[split.train]
    score, names = tissue_specificity.score, list(tissue_specificity.METHODS)
    rows += [(name, score(name, log, tissue, data.n_tissues)) for name in names]
    rows += [(SHUFFLED, shuffled_ranking(data, split, seed + i)) for i in range(N_SHUFFLES)]
    found = [{"method": name, **recovery(scores, data.truth, k)} for name, scores in rows]
    return pd.DataFrame(found, columns=columns).groupby("method", sort=False).mean().reset_index()


def marker_ranks(
    rankings: Mapping[str, np.ndarray], markers: Sequence[tuple[str, str, int, int]]
) -> pd.DataFrame:
    """Rank of each known gene (tissue, name, index of the tissue, index of the gene) by each method.

    Columns: method, tissue, marker, rank, share (rank over genes). 1 is best; a tie takes its last rank, so
    that a gene among thousands of zeros is not found. NaN where the tissue was not scored.
    """
    rows = []
    for method, scores in rankings.items():
        for tissue, name, t, g in markers:
            row = scores[t]
            rank = np.nan if np.isnan(row).any() else float((row >= row[g]).sum())
            rows.append((method, tissue, name, rank, rank / len(row)))
    return pd.DataFrame(rows, columns=["method", "tissue", "marker", "rank", "share"])


def methods_table(
    rankings: Mapping[str, np.ndarray], ranks: pd.DataFrame, recovered: pd.DataFrame, k: int
) -> pd.DataFrame:
    """Genes kept by the union rule, known genes found and recovery, one row a method.

    Columns: method, stopping_row, union_genes, union_share (of all genes), union_over_null (over the genes of
    random rankings), top_genes (distinct, of the ``k`` best a tissue), markers_found (share in the best 5 %),
    and the measures of :func:`recovery_table`.
    """
    found = ranks.assign(found=ranks["share"] <= TOP_SHARE).groupby("method")["found"].mean()
    rows = []
    for method, scores in rankings.items():
        row, genes = gene_sets.union_rule(scores)
        expected = gene_sets.union_null(scores.shape[1], len(gene_sets.known_tissues(scores)))[1]
        sizes = (len(genes), len(genes) / scores.shape[1], len(genes) / expected)
        rows.append((method, row, *sizes, len(gene_sets.top_union(scores, k)), found.get(method, np.nan)))
    columns = ["method", "stopping_row", "union_genes", "union_share", "union_over_null", "top_genes"]
    table = pd.DataFrame(rows, columns=[*columns, "markers_found"])
    return table.merge(recovered.drop(columns="chance"), on="method", how="left")


def shared(rankings: Mapping[str, np.ndarray], k: int) -> tuple[pd.DataFrame, dict[str, float]]:
    """Overlaps of the ``k`` best genes of every two methods, and the core of the three methods of the paper.

    The core is of limma, LightGBM and the network: by expected gradients, as published where these are
    missing; of all methods where there are no three. Columns and keys as ``gene_sets.overlaps`` and
    ``gene_sets.core``.
    """
    n_genes = next(iter(rankings.values())).shape[1]
    sets = {method: gene_sets.top_union(scores, k) for method, scores in rankings.items()}
    three = [sets[name] for name in CORE if name in sets][:3]
    three = three if len(three) == 3 else list(sets.values())
    return gene_sets.overlaps(sets, n_genes), gene_sets.core(three, n_genes)


def wide_ranks(ranks: pd.DataFrame) -> pd.DataFrame:
    """Ranks of the known genes, one row a method.

    ``ranks`` comes from :func:`marker_ranks`. A column is a gene, named by tissue and gene; with more than 12
    genes it is the median of a tissue. 1 is the best rank; NaN where a method did not score the tissue.
    """
    few = ranks["marker"].nunique() <= FEW
    named = ranks.assign(column=ranks["tissue"] + (" " + ranks["marker"] if few else ""))
    wide = named.pivot_table(index="method", columns="column", values="rank", aggfunc="median", sort=False)
    return wide.rename_axis(columns=None).reset_index()


def published_union() -> dict[str, float]:
    """What the union rule gives for random rankings of the published size.

    Keys: published_null_row (row where the rule stops), published_null_genes (genes that it keeps) and
    published_over_null (genes of the published set over these). Source: notebooks 2 and 3, 13,670 of 21,111
    genes.
    """
    row, n = gene_sets.union_null(PUBLISHED_GENES, PUBLISHED_TISSUES)
    return {"published_null_row": row, "published_null_genes": n, "published_over_null": PUBLISHED_SET / n}


def repeated_selection(runs: Sequence[Run], data: Expression, k: int) -> pd.DataFrame:
    """How often runs of expected gradients select the ``k`` best genes of their ensemble, one row a tissue.

    Columns: tissue, runs, frequency (mean share of runs with a gene of the ensemble in their top),
    in_every_run (genes), first (the best genes with their frequency).
    """
    columns = ["tissue", "runs", "frequency", "in_every_run", "first"]
    scores = [run.scores.per_tissue for run in runs if run.method == OURS]
    if not scores:
        return pd.DataFrame(columns=columns)
    top = gene_sets.rank_top(gene_sets.ensemble(scores), k)
    frequency = gene_sets.selection_frequency(scores, k)
    rows = []
    for t in np.flatnonzero(top[:, 0] >= 0):
        chosen = frequency[t, top[t]]
        pairs = zip(top[t, :N_SHOWN], chosen, strict=False)
        first = ", ".join(f"{data.genes[g]} {share:.2f}" for g, share in pairs)
        rows.append((data.tissues[t], len(scores), chosen.mean(), int((chosen == 1).sum()), first))
    return pd.DataFrame(rows, columns=columns)


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
        wanted = f"{SMALLEST} to {LARGEST} of the {len(place)} background genes"
        raise DataError(f"None of {len(columns)} terms has {wanted}; check the identifiers of both.")
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
    numbers of terms with q below 0.05 (method, tissue, terms). Without terms both are empty.
    """
    if not known.terms:
        columns = ["method", "tissue", "term", "name", "n", "expected", "p", "q"]
        return pd.DataFrame(columns=columns), pd.DataFrame(columns=[*columns[:2], "terms"]).astype(
            {"terms": int}
        )
    genes = np.array(data.genes)
    sets = {}
    for method, scores in rankings.items():
        for t, top in enumerate(gene_sets.rank_top(scores, k)):
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

    Columns: method, tf_share, tf_null (mean of the null), tf_p. No row where no factor is known.
    """
    mean = log_plus_one(data.values[split.train]).mean(axis=0)
    rows = []
    for method, scores in rankings.items() if known.is_tf.any() else ():
        chosen = gene_sets.top_union(scores, k)
        share = float(known.is_tf[chosen].mean())
        null = known.is_tf[matched_sets(mean, chosen, n_null, seed=seed)].mean(axis=1)
        rows.append((method, share, float(null.mean()), float(permutation_p(share, null))))
    return pd.DataFrame(rows, columns=["method", "tf_share", "tf_null", "tf_p"])


def best_terms(terms: pd.DataFrame) -> pd.DataFrame:
    """Term of smallest q in each tissue, and the method that finds it.

    ``terms`` is the first table of :func:`enriched`. Columns: tissue, term, name, method, n (genes shared),
    expected (by chance), q; no row for a tissue without a term below 0.05.
    """
    first = terms[terms["q"] < LEVEL].sort_values(["q", "p", "term"], kind="stable").drop_duplicates("tissue")
    columns = ["tissue", "term", "name", "method", "n", "expected", "q"]
    return first.sort_values("tissue")[columns].reset_index(drop=True)
