"""Figures, tables and words of the chapter on rank value encoding."""

from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.sparse import csr_matrix

from reread.core import charts, diagrams
from reread.core.figures import Drawn
from reread.depression.data.counts import Counts
from reread.depression.data.rank_values import Cells, encode, gene_table
from reread.depression.data.splits import Split
from reread.depression.data.vocabulary import Vocabulary
from reread.depression.methods import baselines, evaluate

SHOWN = 12  # genes of the example
FULL = "log counts, all genes"
LABELS = {
    **evaluate.SPLITS, "auroc": "AUROC of logistic regression", "max_len": "longest sequence in tokens",
    "rank": "place in the sequence", "count": "molecules counted", "value": "count in 10,000 / median",
    "length": "genes with a count in the vocabulary",
}  # fmt: skip


def example(counts: Counts, vocabulary: Vocabulary, cell: int = 0) -> pd.DataFrame:
    """First genes of a cell: gene, count, value (count in 10,000 / median of the gene), rank (from 1)."""
    token, median = gene_table(counts.genes, vocabulary)
    table = pd.DataFrame({"gene": counts.genes, "count": counts.matrix[cell].toarray()[0]})
    table["value"] = table["count"] / counts.cells["n_counts"].iloc[cell] * 1e4 / median
    table = table[(token >= 0) & (table["count"] > 0)].sort_values("value", ascending=False, kind="stable")
    return table.head(SHOWN).reset_index(drop=True).assign(rank=lambda shown: shown.index + 1)


def example_figure(table: pd.DataFrame) -> Drawn:
    """Draw counts and scaled values of the first genes of a cell, in the order of the sequence."""
    both = table.melt(["gene", "rank"], ["count", "value"], "step", "size")
    look = {"labels": {**LABELS, "size": "", "gene": ""}, "order": {"gene": list(table["gene"])}}
    return charts.bars(both, x="size", y="gene", panel="step", columns=2, shared=False, **look)


def steps_figure(vocabulary: Vocabulary, max_len: int) -> Drawn:
    """Draw the steps of the encoding as boxes."""
    last = f"first {max_len:,} genes" + (" between <cls> and <eos>" if vocabulary.has_special else "")
    chain = ["counts of a cell", "counts in 10,000", "divided by the gene's median", "genes sorted by value"]
    chain.append(last)
    heads = ["count", "scale", "weigh", "sort", "cut"]
    marked = {last: "genes of lower rank are lost"}
    return diagrams.flow([[one] for one in chain], list(pairwise(chain)), marked=marked, heads=heads)


def versions(counts: Counts, words: dict[str, Vocabulary], max_len: int, ties: str) -> pd.DataFrame:
    """What each vocabulary keeps of a cell (V2: twice the tokens); ``cut`` is the share that lost genes."""
    rows = []
    for version, one in words.items():
        known = gene_table(counts.genes, one)[0] >= 0
        longest = max_len * (2 if version == "v2" else 1)
        is_cut = _detected(counts, one) > longest - 2 * one.has_special
        mean_length = encode(counts, one, longest, ties=ties).lengths.mean()
        rows.append({
            "version": version, "tokens": one.n_tokens, "max_len": longest,
            "known_genes": int(known.sum()), "mean_length": mean_length, "cut": is_cut.mean(),
        })  # fmt: skip
    return pd.DataFrame(rows)


def _detected(counts: Counts, vocabulary: Vocabulary) -> npt.NDArray[np.int32]:
    """Genes of the vocabulary with a count in each cell (cell,)."""
    known = np.flatnonzero(gene_table(counts.genes, vocabulary)[0] >= 0)
    return np.diff(counts.matrix[:, known].indptr)


def ties_and_scale(
    counts: Counts, vocabulary: Vocabulary, max_len: int, *, seed: int = 0
) -> dict[str, float]:
    """Share of cells whose order is the same with ``stable`` ties, and with multiplied counts."""
    factor = 2.0 ** np.random.default_rng(seed).integers(1, 4, len(counts))  # a power of two rounds nothing
    scaled = counts.cells.assign(n_counts=counts.cells["n_counts"] * factor)
    doubled = Counts(counts.matrix.multiply(factor[:, None]).tocsr(), counts.genes, scaled)
    cells = encode(counts, vocabulary, max_len)
    others = {"ties": encode(counts, vocabulary, max_len, ties="stable"),
              "scale": encode(doubled, vocabulary, max_len)}  # fmt: skip
    return {f"{k}.same_order": np.mean([*map(np.array_equal, cells, one)]) for k, one in others.items()}


def rank_features(cells: Cells, n_tokens: int) -> csr_matrix:
    """Sequences as numbers (cell, token): 1 for the first gene, falling to 0 after the last; 0 if absent."""
    place = np.arange(len(cells.tokens)) - np.repeat(cells.starts[:-1], cells.lengths)
    value = 1 - place / np.repeat(cells.lengths, cells.lengths)
    return csr_matrix((value, cells.tokens, cells.starts), shape=(len(cells), n_tokens))


def information(
    counts: Counts, vocabulary: Vocabulary, splits: list[Split], max_len: int, *, ties: str = "numpy"
) -> pd.DataFrame:
    """AUROC of logistic regression on counts, and on ranks cut at 1/8, 1/4, 1/2 and all of ``max_len``."""
    label = counts.cells["condition"].to_numpy()
    features = {(FULL, max_len): baselines.log_counts(counts)}
    for longest in sorted({max(8, max_len // part) for part in (8, 4, 2, 1)}):
        cells = encode(counts, vocabulary, longest, special=False, ties=ties)
        ranks = rank_features(cells, vocabulary.n_tokens)
        features["ranks", longest] = ranks[:, np.flatnonzero(ranks.getnnz(axis=0))].toarray()
    rows = []
    for (name, longest), values in features.items():
        method = {name: lambda _, y, train, test, x=values: baselines.logistic(x, y, train, test)}
        found = evaluate.by_seed(baselines.run(counts, label, splits, method))
        rows.append(found[["split", "auroc", "donor_auroc"]].assign(features=name, max_len=longest))
    return pd.concat(rows, ignore_index=True)


def information_figure(table: pd.DataFrame) -> Drawn:
    """Draw the AUROC by the length of the sequence (tokens) on both splits, with that of all counts."""
    full = table[table["features"] == FULL].set_index("split")["auroc"]
    ranks = table.loc[table["features"] == "ranks", ["split", "max_len", "auroc"]]
    both = pd.concat([ranks.assign(kind="ranks"), ranks.assign(kind=FULL, auroc=ranks["split"].map(full))])
    look = {"panel": "split", "columns": 2, "labels": LABELS, "order": {"split": list(evaluate.SPLITS)}}
    shown = both[["split", "max_len", "kind", "auroc"]]
    return charts.lines(shown, x="max_len", y="auroc", hue="kind", log="x", **look)


def lengths_figure(counts: Counts, vocabulary: Vocabulary, max_len: int) -> Drawn:
    """Draw how many genes of the vocabulary each cell has, by condition, with the longest sequence."""
    names = np.array(counts.conditions)[counts.cells["condition"].to_numpy()]
    table = pd.DataFrame({"length": _detected(counts, vocabulary), "condition": names})
    limit = {f"longest sequence, {max_len:,}": max_len} if table["length"].max() > 0.5 * max_len else {}
    return charts.distributions(table, x="length", hue="condition", labels=LABELS, reference=limit or None)


def words(table: pd.DataFrame) -> dict[str, float | str]:
    """Difference of the AUROC of ranks and of counts on new donors; below 0.02 it is ``about as well as``."""
    donor = table[table["split"] == "donor"].sort_values("max_len").groupby("features")["auroc"]
    longest, gap = donor.last()["ranks"], donor.last()["ranks"] - donor.last()[FULL]
    word = "about as well as" if abs(gap) < 0.02 else "better than" if gap > 0 else "worse than"
    shortest = donor.first()["ranks"] - longest
    return {"ranks_over_counts": gap, "ranks_over_counts.word": word, "shortest_over_longest": shortest}


def overview(counts: Counts, cells: Cells, max_len: int) -> dict[str, float]:
    """Numbers of cells, donors, genes; mean length (tokens); share of cells at the longest, by condition."""
    full_share = pd.Series(cells.lengths >= max_len).groupby(counts.cells["condition"].to_numpy()).mean()
    return {
        "n_cells": len(cells), "n_donors": counts.cells["donor"].nunique(), "n_genes": len(counts.genes),
        "mean_length": float(cells.lengths.mean()), "empty_cells": int((cells.lengths == 0).sum()),
        "full_share.control": full_share[0], "full_share.case": full_share[1],
    }  # fmt: skip
