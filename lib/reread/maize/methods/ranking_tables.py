"""Rankings as tables a reader can take in: what they find, and what they share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from reread.maize.data.splits import Split
from reread.maize.data.tables import Expression
from reread.maize.data.transform import log_plus_one
from reread.maize.methods import tissue_specificity as specificity
from reread.maize.methods.gene_rankings import LIMMA, OURS, PUBLISHED, TREES, Run
from reread.maize.methods.gene_sets import known_tissues, top_union, union_null, union_rule
from reread.maize.methods.overlap import core, overlaps
from reread.maize.methods.recovery import recovery

SHUFFLED = "shuffled labels"
TOP_SHARE = 0.05  # a marker is found when it lies among the best 5 % of its tissue
CORE = (LIMMA, TREES, OURS, PUBLISHED)
FEW = 12  # so many known genes have a column each in the table of ranks
PUBLISHED_GENES, PUBLISHED_TISSUES, PUBLISHED_SET = 21_111, 11, 13_670  # notebooks 2 and 3


def recovery_table(
    data: Expression, split: Split, runs: Sequence[Run], k: int, seed: int = 0
) -> pd.DataFrame:
    """What each method recovers of the planted genes: one row a method and seed.

    Parameters
    ----------
    data : Expression
    split : Split
        Statistics look at its training samples.
    runs : sequence of Run
    k : int
    seed : int
        Shuffles the labels of the control.

    Returns
    -------
    DataFrame
        method, seed, precision, auroc, decoy_share, chance. The control is the moderated t against the next
        tissue with the labels of the samples shuffled. No row where nothing was planted.
    """
    columns = ["method", "seed", "precision", "auroc", "decoy_share", "chance"]
    if data.truth is None:
        return pd.DataFrame(columns=columns)
    rows = [(r.method, r.seed, r.scores.per_tissue) for r in runs if r.order == 0]
    log, tissue = log_plus_one(data.values[split.train]), data.tissue[split.train]
    rows += [(m, seed, specificity.score(m, log, tissue, data.n_tissues)) for m in specificity.METHODS]
    for s in range(seed, seed + 10):  # one shuffle alone can be lucky: chance is one gene in 75
        shuffled = np.random.default_rng([s, 4]).permutation(tissue)
        rows.append((SHUFFLED, s, specificity.moderated_t_next(log, shuffled, data.n_tissues)))
    found = [{"method": m, "seed": s, **recovery(scores, data.truth, k)} for m, s, scores in rows]
    return pd.DataFrame(found, columns=columns)


def mean_over_seeds(table: pd.DataFrame) -> pd.DataFrame:
    """Mean of the measures of :func:`recovery_table` over seeds, one row a method."""
    return table.drop(columns="seed").groupby("method", sort=False).mean().reset_index()


def marker_ranks(
    rankings: Mapping[str, np.ndarray], markers: Sequence[tuple[str, str, int, int]]
) -> pd.DataFrame:
    """Where each method ranks the genes known to be specific.

    Parameters
    ----------
    rankings : mapping of str to float array, (tissue, gene)
    markers : sequence of (tissue, name, index of the tissue, index of the gene)

    Returns
    -------
    DataFrame
        method, tissue, marker, rank (1 is best; a tie takes the worst place of its group, so that a gene
        among thousands of zeros is not found by its name), share (rank over genes). NaN where the tissue was
        not scored.
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
    """One row a method: what the union rule keeps, how many markers are found, what is recovered.

    Returns
    -------
    DataFrame
        method, union_depth, union_genes, union_share (of all genes), union_over_null (over the genes of
        random rankings), top_genes (distinct, of the ``k`` best a tissue), markers_found (share in the best
        5 %), and the columns of :func:`mean_over_seeds`, NaN where nothing was planted.
    """
    found = ranks.assign(found=ranks["share"] <= TOP_SHARE).groupby("method")["found"].mean()
    rows = []
    for method, scores in rankings.items():
        depth, genes = union_rule(scores)
        expected = union_null(scores.shape[1], len(known_tissues(scores)))[1]
        rows.append(
            {
                "method": method, "union_depth": depth, "union_genes": len(genes),
                "union_share": len(genes) / scores.shape[1], "union_over_null": len(genes) / expected,
                "top_genes": len(top_union(scores, k)), "markers_found": found.get(method, np.nan),
            }
        )  # fmt: skip
    means = mean_over_seeds(recovered).drop(columns="chance")
    return pd.DataFrame(rows).merge(means, on="method", how="left")


def shared(rankings: Mapping[str, np.ndarray], k: int) -> tuple[pd.DataFrame, dict[str, float]]:
    """What the top genes of the methods share, two by two, and the core of the three kinds of the paper.

    Returns
    -------
    DataFrame
        From :func:`reread.maize.methods.overlap.overlaps`, of the ``k`` best genes of each tissue.
    dict
        From :func:`reread.maize.methods.overlap.core`, of limma, LightGBM and the network: explained by
        expected
        gradients, as published where these are missing; of all methods where there are no three.
    """
    n_genes = next(iter(rankings.values())).shape[1]
    sets = {method: top_union(scores, k) for method, scores in rankings.items()}
    three = [sets[name] for name in CORE if name in sets][:3]
    return overlaps(sets, n_genes), core(three if len(three) == 3 else list(sets.values()), n_genes)


def wide_ranks(ranks: pd.DataFrame) -> pd.DataFrame:
    """Ranks of the known genes: one row a method, one column a gene; the median of a tissue where many."""
    few = ranks["marker"].nunique() <= FEW
    named = ranks.assign(column=ranks["tissue"] + (" " + ranks["marker"] if few else ""))
    wide = named.pivot_table(index="method", columns="column", values="rank", aggfunc="median", sort=False)
    return wide.rename_axis(columns=None).reset_index()


def walked(rankings: Mapping[str, np.ndarray]) -> list[str]:
    """Methods whose walk down the rankings is drawn: the published one first, then one of each kind."""
    wanted = (PUBLISHED, OURS, TREES, "moderated t, next", "tau")
    return [name for name in wanted if name in rankings]


def published_walk() -> dict[str, float]:
    """Where the union rule stops at the published size, by the authors and by chance in closed form."""
    depth, n = union_null(PUBLISHED_GENES, PUBLISHED_TISSUES)
    return {
        "published_null_depth": depth,
        "published_null_genes": n,
        "published_over_null": PUBLISHED_SET / n,
    }
