"""Chapter 3: ranks of known genes, the union rule, overlaps, agreement of runs, enrichment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from reread.core import charts
from reread.core.errors import DataError
from reread.core.figures import Drawn
from reread.maize.methods.gene_rankings import OURS, PUBLISHED, TREES, Run
from reread.maize.methods.gene_rankings import agreement as agreement_of_runs
from reread.maize.methods.gene_sets import distinct_share, known_tissues, union_null, union_rule
from reread.maize.methods.ranking_tables import TOP_SHARE, shared

SHOWN = (PUBLISHED, OURS, TREES, "moderated t, next", "tau")
RANDOM = "random rankings"
# a walk over every row would write a csv of a hundred thousand lines
N_ROWS = 200


def marker_ranks(ranks: pd.DataFrame) -> Drawn:
    """Draw the rank of each known gene in its tissue by method; the best 5 % are shaded."""
    if ranks.empty:
        raise DataError("No gene of these data is known to be tissue-specific. Keep more genes.")
    n_genes = float((ranks["rank"] / ranks["share"]).max())
    labels = {"rank": f"rank of a known gene in its tissue, of {n_genes:,.0f}"}
    return charts.distributions(
        ranks.dropna(subset="rank"), "rank", by="method", log="x", labels=labels,
        shade={"best 5 %": (1, TOP_SHARE * n_genes)},
    )  # fmt: skip


def union_rows(rankings: Mapping[str, np.ndarray], share: float = 0.5) -> Drawn:
    """Draw distinct over listed genes by row of the merged rankings; a marker is where the rule stops."""
    shown = {name: rankings[name] for name in SHOWN if name in rankings}
    scores = next(iter(shown.values()))
    n_tissues, n_genes = len(known_tissues(scores)), scores.shape[1]
    rows = np.unique(np.geomspace(1, n_genes, N_ROWS).round().astype(int))
    parts = []
    for name, one in shown.items():
        stop = max(union_rule(one, share)[0], 1)
        parts.append(_walk(name, np.union1d(rows, stop), distinct_share(one)[0], stop))
    every = np.arange(1, n_genes + 1)
    random = n_genes * (1 - (1 - every / n_genes) ** n_tissues) / (n_tissues * every)
    stop = union_null(n_genes, n_tissues, share)[0]
    parts.append(_walk(RANDOM, np.union1d(rows, stop), random, stop))
    labels = {"row": "row of the merged rankings", "distinct": "distinct genes / listed genes"}
    return charts.lines(
        pd.concat(parts, ignore_index=True), "row", "distinct", hue="method", mark="stops", log="x",
        reference={"stop": share}, labels=labels,
    )  # fmt: skip


def _walk(name: str, rows: np.ndarray, distinct: np.ndarray, stop: int) -> pd.DataFrame:
    return pd.DataFrame({"method": name, "row": rows, "distinct": distinct[rows - 1], "stops": rows == stop})


def overlap(pairs: pd.DataFrame) -> Drawn:
    """Draw the number of shared top genes of two methods over the number expected by chance."""
    labels = {"ratio": "shared / expected", "left": "one method", "right": "other method"}
    return charts.heatmap(pairs, "left", "right", "ratio", numbers=".1f", middle=None, labels=labels)


def agreement(pairs: pd.DataFrame) -> Drawn:
    """Draw the overlap of the top genes of two runs that differ in the seed or in the gene order."""
    labels = {"jaccard": "overlap of the top genes (Jaccard)", "differs": "runs differ in"}
    return charts.dots(pairs, "jaccard", "method", hue="differs", labels=labels)


def enrichment(counts: pd.DataFrame) -> Drawn:
    """Draw the number of enriched terms by method and tissue."""
    labels = {"terms": "terms with q below 0.05"}
    return charts.heatmap(counts, "tissue", "method", "terms", numbers=".0f", labels=labels)


def by_top_k(rankings: Mapping[str, np.ndarray], runs: Sequence[Run], numbers: Sequence[int]) -> pd.DataFrame:
    """Median overlap ratio of two methods and mean Jaccard index of two seeds, by length of the top list."""
    rows = []
    for k in numbers:
        pairs, _ = shared(rankings, k)
        of_seeds = agreement_of_runs(runs, k).query("differs == 'seed'")
        means = of_seeds.groupby("method", sort=False)["jaccard"].mean()
        rows.append({"top genes": k, "overlap ratio": pairs["ratio"].median(), **means})
    return pd.DataFrame(rows)
