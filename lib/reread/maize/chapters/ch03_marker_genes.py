"""Chapter 3: ranks of known genes, attributions, the union rule, overlaps, agreement, enrichment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from reread.core import charts, diagrams, figures
from reread.core.figures import Drawn
from reread.maize.data.image import log_plus_one, to_image
from reread.maize.methods.attribution import OURS, PUBLISHED, TREES, Run, gene_order
from reread.maize.methods.attribution import agreement as agreement_of_runs
from reread.maize.methods.gene_sets import distinct_share, known_tissues, union_null, union_rule
from reread.maize.methods.ranking_tables import SHUFFLED, TOP_SHARE, shared

SHOWN = (PUBLISHED, OURS, TREES, "moderated t, next", "tau")
RANDOM = "random rankings"
# a walk over every row would write a csv of a hundred thousand lines
N_ROWS = 200
N_GENES = 12  # genes of a beeswarm
GOLDEN = 0.618034  # steps that spread dots evenly
CLOSE = 0.05  # shares of known genes within which two methods are called equal


def marker_ranks(ranks: pd.DataFrame) -> Drawn:
    """Draw the rank (1 is best) of each known gene in its tissue by method; the best 5 % are shaded."""
    if ranks.empty:
        none = "No figure is drawn: no gene of these data is known to be specific to a tissue."
        return Drawn(None, pd.DataFrame(), f"{none} Keep more genes, or name some with -p known_genes=FILE.")
    n_genes = float((ranks["rank"] / ranks["share"]).max())
    labels = {"rank": f"rank of a known gene in its tissue, of {n_genes:,.0f}"}
    return charts.distributions(
        ranks.dropna(subset="rank"), "rank", by="method", log="x", labels=labels,
        shade={"best 5 %": (1, TOP_SHARE * n_genes)},
    )  # fmt: skip


def markers_caption(ranks: pd.DataFrame, n_known: int, n_genes: int) -> str:
    """State which method has the best median rank of the ``n_known`` known genes; empty without any."""
    if ranks.empty:
        return ""
    medians = ranks.groupby("method", sort=False)["rank"].median()
    return (
        f"No method has a better median rank of the known genes than {medians.idxmin()} "
        f"({medians.min():,.3g}); shuffled labels, the negative control, have {medians[SHUFFLED]:,.0f}. "
        f"Ranks of {n_known} known genes in their tissue: a dot is a gene, a bar the median; the best 5 % of "
        f"{n_genes:,} genes are shaded. A tie takes its last rank."
    )


def selection_steps() -> Drawn:
    """Draw the way from training samples to sets of genes as boxes, as published beside corrected."""
    columns = [
        ["training samples"],
        ["network as published", "corrected network, trees, regression", "statistics: t, F, tau"],
        ["SHAP values of held-out samples", "attributions of training samples", "statistic of each gene"],
        ["median of each tissue"],
        ["union rule: walk down all rankings", "top genes of each tissue"],
    ]
    arrows = [(columns[0][0], one) for one in columns[1]]
    arrows += [*zip(columns[1], columns[2], strict=True), *((one, columns[3][0]) for one in columns[2][:2])]
    arrows += [(columns[3][0], one) for one in columns[4]] + [(columns[2][2], columns[4][1])]
    return diagrams.flow(columns, arrows, marked={columns[2][0]: "genes are selected on the test set"})


def answer(methods: pd.DataFrame) -> dict[str, float | str]:
    """Shares of known genes found by both networks and by moderated t, and a word that compares the last two.

    Where a network was not explained, the first method of the table takes its place. Empty where no gene is
    known.
    """
    found = methods.set_index("method")["markers_found"]
    if found.isna().all():
        return {}
    ours, simple = found.get(OURS, found.iloc[0]), found["moderated t, next"]
    gap = ours - simple
    word = "as many as" if abs(gap) < CLOSE else "more than" if gap > 0 else "fewer than"
    return {"word": word, "published": found.get(PUBLISHED, ours), "ours": ours, "simple": simple}


def beeswarm(runs: Sequence[Run], markers: Sequence[tuple[str, str, int, int]]) -> Drawn:
    """Draw the attributions of every explained sample to the genes with the largest mean size.

    A dot is a sample: its attribution to the predicted class, and its expression as a share of the range of
    the gene. A known gene is followed by its tissue.
    """
    named = (run for name in (PUBLISHED, OURS, TREES) for run in runs if run.method == name)
    run = next((run for run in named if run.scores.each is not None), None)
    if run is None:
        return Drawn(None, pd.DataFrame(), "No figure is drawn: no attribution of single samples is at hand.")
    attribution, samples = run.scores.each, run.scores.explained
    log = log_plus_one(samples.values)
    spread = np.ptp(log, axis=0)
    level = (log - log.min(axis=0)) / np.where(spread > 0, spread, 1)
    tissue = {gene: name for name, _, _, gene in markers}
    top = np.argsort(-np.abs(attribution).mean(axis=0), kind="stable")[:N_GENES]
    figure, axes = figures.new(figures.WIDTH, 0.9 + 0.3 * len(top))
    parts = []
    for row, gene in enumerate(top):
        name = samples.genes[gene] + (f" ({tissue[gene]})" if gene in tissue else "")
        turn = 0.6 * (np.arange(len(attribution)) * GOLDEN % 1 - 0.5)
        shown = axes.scatter(attribution[:, gene], row + turn, c=level[:, gene], s=14, cmap="viridis", vmin=0,
                             vmax=1, linewidth=0, zorder=3)  # fmt: skip
        columns = {"method": run.method, "sample": samples.samples, "tissue": samples.tissue_names}
        columns |= {"gene": name, "is_known": gene in tissue}
        columns |= {"attribution": attribution[:, gene], "expression": level[:, gene]}
        parts.append(pd.DataFrame(columns))
    axes.axvline(0, color=figures.GREY, linewidth=1)
    axes.set_yticks(range(len(top)), [part["gene"].iloc[0] for part in parts])
    axes.set(ylim=(len(top) - 0.4, -0.6), xlabel="attribution to the probability of the predicted tissue")
    figures.grid_lines(axes, "x")
    figure.colorbar(shown, ax=axes, label="expression, from lowest to highest", shrink=0.8)
    table = pd.concat(parts, ignore_index=True)
    known = sum(int(gene) in tissue for gene in top)
    alt = (
        f"Beeswarm of {len(table):,} attributions, {run.method}: {len(attribution)} samples and "
        f"the {len(top)} genes with the largest mean size, {known} of them known; from "
        f"{table['attribution'].min():.2g} to {table['attribution'].max():.2g}."
    )
    return Drawn(figure, table, alt)


def beeswarm_caption(table: pd.DataFrame) -> str:
    """State for how many genes of :func:`beeswarm` the attribution rises with expression; empty without any.

    ``table`` is that of the figure. The sign is that of Pearson's correlation over the explained samples.
    """
    if table.empty:
        return ""
    genes = table.groupby("gene", sort=False)
    rises = sum(part["attribution"].corr(part["expression"]) > 0 for _, part in genes)
    return (
        f"For {rises} of the {len(genes)} genes with the largest mean size, the attribution rises with "
        f"expression ({table['method'].iloc[0]}, {table['sample'].nunique()} explained samples). The number "
        f"of known genes among them is {genes['is_known'].first().sum()}; a known gene is followed by its "
        "tissue. A dot is a sample, its colour the expression of the gene."
    )


def attribution_images(
    runs: Sequence[Run], markers: Sequence[tuple[str, str, int, int]], n_genes: int, seed: int
) -> Drawn:
    """Draw the scores of one tissue in the layout of the image, with its known genes marked.

    Panels: the published variant, expected gradients in the order of the file and in a random order.
    """
    wanted = [(PUBLISHED, 0), (OURS, 0), (OURS, 1)]
    chosen = [next((r for r in runs if (r.method, r.order) == one), None) for one in wanted]
    chosen = [run for run in chosen if run is not None]
    scored = [np.isfinite(run.scores.per_tissue).all(axis=1) for run in chosen]
    tissue = next((t for _, _, t, _ in markers if chosen and np.all(scored, axis=0)[t]), None)
    if tissue is None:
        alt = "No figure is drawn: no network scored a tissue with a known gene."
        return Drawn(None, pd.DataFrame(), alt)
    known = np.array([gene for _, _, t, gene in markers if t == tissue])
    name = next(name for name, _, t, _ in markers if t == tissue)
    figure, panels = figures.new(figures.WIDTH, 3.0, ncols=len(chosen))
    parts = []
    for axes, run in zip(np.atleast_1d(panels), chosen, strict=True):
        order = gene_order(n_genes, seed, run.order) if run.order else np.arange(n_genes)
        score = run.scores.per_tissue[tissue]
        reach = np.abs(score).max()
        image = to_image(score[None].astype(float), order)[0, :, :, 0] / reach
        shown = axes.imshow(image, cmap="PuOr_r", vmin=-1, vmax=1, interpolation="nearest")
        row, column = np.divmod(np.argsort(order)[known], len(image))
        axes.scatter(column, row, s=44, facecolor="none", edgecolor="black", linewidth=1.1)
        axes.set(xticks=[], yticks=[])
        axes.grid(False)
        words = "random order" if run.order else "order of the file"
        axes.set_title(f"{run.method},\n{words}", fontsize=9)
        cells = {"method": run.method, "order": words, "tissue": name, "gene": known}
        cells |= {"row": row, "column": column}
        parts.append(pd.DataFrame(cells | {"score": score[known] / reach}))
    figure.colorbar(shown, ax=panels, label="score / largest score", shrink=0.8)
    table = pd.concat(parts, ignore_index=True)
    alt = (
        f"Scores of {n_genes:,} genes for {name} in the layout of the image, {len(chosen)} panels by method "
        f"and gene order; {len(known)} known genes are marked, their mean score is "
        f"{table['score'].mean():.2f} of the largest."
    )
    return Drawn(figure, table, alt)


def images_caption(table: pd.DataFrame) -> str:
    """State the mean score of the known genes in each panel of :func:`attribution_images`; empty without any.

    ``table`` is that of the figure; a score is a share of the largest of its panel.
    """
    if table.empty:
        return ""
    means = table.groupby(["method", "order"], sort=False)["score"].mean()
    each = ", ".join(f"{mean:.2f} ({method}, {order})" for (method, order), mean in means.items())
    return (
        f"The known genes of {table['tissue'].iloc[0]} (n = {table['gene'].nunique()}) have a mean score, as "
        f"a share of the largest, of {each}. Scores of one tissue in the layout of the image; circles are "
        "its known genes. Scores that stay with a gene in a random order do not come from its neighbourhood."
    )


def union_rows(rankings: Mapping[str, np.ndarray], share: float = 0.5) -> Drawn:
    """Draw distinct over listed genes by row of the merged rankings; a marker is where the rule stops."""
    shown = {name: rankings[name] for name in SHOWN if name in rankings}
    scores = next(iter(shown.values()))
    n_tissues, n_genes = len(known_tissues(scores)), scores.shape[1]
    rows = np.unique(np.geomspace(1, n_genes, N_ROWS).round().astype(int))
    walks = {name: (distinct_share(one)[0], max(union_rule(one, share)[0], 1)) for name, one in shown.items()}
    every = np.arange(1, n_genes + 1)
    random = n_genes * (1 - (1 - every / n_genes) ** n_tissues) / (n_tissues * every)
    walks[RANDOM], parts = (random, union_null(n_genes, n_tissues, share)[0]), []
    for name, (distinct, stop) in walks.items():
        row = np.union1d(rows, stop)
        columns = {"method": name, "row": row, "distinct": distinct[row - 1], "stops": row == stop}
        parts.append(pd.DataFrame(columns))
    labels = {"row": "row of the merged rankings", "distinct": "distinct genes / listed genes"}
    return charts.lines(
        pd.concat(parts, ignore_index=True), "row", "distinct", hue="method", mark="stops", log="x",
        reference={"stop": share}, labels=labels,
    )  # fmt: skip


def recovered(table: pd.DataFrame) -> Drawn:
    """Draw the share (0 to 1) of planted genes among the top genes of each method, with that by chance."""
    labels = {"precision": "share of planted genes among the top genes of a tissue"}
    table = table.astype({"precision": float})  # measured samples have no planted gene, so no row
    chance = {"chance": float(table["chance"].iloc[0])} if len(table) else {}
    return charts.dots(
        table.sort_values("precision", ascending=False), "precision", "method", stem=True, labels=labels,
        reference=chance, limits=(0, 1.03),
    )  # fmt: skip


def overlap(pairs: pd.DataFrame) -> Drawn:
    """Draw the number of shared top genes of two methods over the number expected by chance."""
    labels = {"ratio": "shared / expected", "left": "one method", "right": "other method"}
    return charts.heatmap(pairs, "left", "right", "ratio", numbers=".1f", middle=None, labels=labels)


def agreement(pairs: pd.DataFrame) -> Drawn:
    """Draw the Jaccard index (0 to 1) of the top genes of two runs that differ in seed or gene order."""
    labels = {"jaccard": "overlap of the top genes (Jaccard)", "differs": "runs differ in"}
    return charts.dots(pairs, "jaccard", "method", hue="differs", labels=labels)


def enrichment(counts: pd.DataFrame) -> Drawn:
    """Draw the number of terms with q below 0.05 of each method, over all tissues (from ``enriched``)."""
    total = counts.groupby("method", sort=False)["terms"].sum().reset_index()
    return charts.bars(total, "terms", "method", labels={"terms": "terms with q below 0.05, all tissues"})


def by_top_k(rankings: Mapping[str, np.ndarray], runs: Sequence[Run], numbers: Sequence[int]) -> pd.DataFrame:
    """Agreement of methods and of seeds by the length of the top list.

    Columns: top genes (of a tissue), overlap ratio (shared over expected, median over pairs of methods), and
    for each explainer the mean Jaccard index (0 to 1) of two seeds.
    """
    rows = []
    for k in numbers:
        pairs, _ = shared(rankings, k)
        of_seeds = agreement_of_runs(runs, k).query("differs == 'seed'")
        means = of_seeds.groupby("method", sort=False)["jaccard"].mean()
        rows.append({"top genes": k, "overlap ratio": pairs["ratio"].median(), **means})
    return pd.DataFrame(rows)
