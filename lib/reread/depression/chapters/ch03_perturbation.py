"""Chapter 03: the four runs in one figure, and what the published test calls."""

from itertools import pairwise, product

import numpy as np
import pandas as pd

from reread.core import charts, diagrams
from reread.core.errors import ParameterError
from reread.core.figures import Drawn
from reread.core.metrics import auroc
from reread.depression.data.vocabulary import Vocabulary
from reread.depression.methods import shift_statistics

N_DOTS = 250  # genes of one group that a figure draws
CLASSES = RAISED, LOWERED, OTHER, REFIT = (
    "raised in cases", "lowered in cases", "other genes", "all genes, permuted labels",
)  # fmt: skip
PARTS = {"own": "own vector", "context": "attention of the others", "order": "positions of the others"}
DONE = {"delete": "deleted", "overexpress": "overexpressed"}
RUNS = {(start, change): f"{start}, {done}" for start in ("control", "case") for change, done in DONE.items()}
CHANGES = {"delete": "deletion", "overexpress": "overexpression"}
N_BINS, MIN_CELLS = 8, 3  # bins of the rank; cells of a dot


def gene_classes(vocabulary: Vocabulary, truth: pd.DataFrame | None) -> pd.Series:
    """Class of each gene by its token: raised or lowered in cases, or other; without truth all are other."""
    classes = pd.Series(OTHER, index=list(vocabulary.tokens.values()))
    if truth is not None:
        fold = truth.set_index("gene")["log2_fold"]
        token = fold.index.map(vocabulary.tokens)
        classes[token[fold > 0]] = RAISED
        classes[token[fold < 0]] = LOWERED
    return classes


def run_means(shifts: pd.DataFrame, classes: pd.Series) -> pd.DataFrame:
    """Mean shift (cosine) of genes in each model and run, by class or as a refit; in 3 cells at least."""
    means = shifts.groupby(["model", "start", "change", "gene"])["shift"].agg(shift="mean", n_cells="size")
    table = means.reset_index()
    table["run"] = pd.MultiIndex.from_frame(table[["start", "change"]]).map(RUNS)
    table["group"] = np.where(table["model"] == 0, table["gene"].map(classes), REFIT)
    return table[table["n_cells"] >= MIN_CELLS].reset_index(drop=True)


def draw_runs(means: pd.DataFrame) -> Drawn:
    """Draw the mean shifts of all runs by group; of many genes ``N_DOTS``, evenly spaced by their shift."""
    order = {"group": [one for one in CLASSES if one in set(means["group"])], "run": RUNS.values()}
    labels = {"milli": "mean shift towards the other state (cosine, thousandths)", "group": "genes"}
    shown = means.assign(milli=1000 * means["shift"])[["run", "group", "gene", "milli"]]
    ranked = shown.groupby(["run", "group"])["milli"]
    step = np.ceil(ranked.transform("size") / N_DOTS)
    shown = shown[(ranked.rank(method="first") - 1) % step == 0]
    look = {"panel": "run", "columns": 2, "order": order, "labels": labels, "shared": False}
    return charts.distributions(shown, "milli", by="group", reference={"no shift": 0.0}, **look)


def recovery(means: pd.DataFrame) -> pd.DataFrame:
    """AUROC of the disease genes by size of shift less median in each run of model 0; empty if unknown."""
    found = []
    for (start, change), rows in means[means["model"] == 0].groupby(["start", "change"], sort=False):
        is_disease = rows["group"] != OTHER
        if is_disease.any() and not is_disease.all():
            found.append((start, change, auroc(is_disease, (rows["shift"] - rows["shift"].median()).abs())))
    return pd.DataFrame(found, columns=["start", "change", "auroc"])


def published_calls(shifts: pd.DataFrame, classes: pd.Series) -> pd.DataFrame:
    """What the published test calls in each model and run; ``false_share`` of model 0, NaN without truth."""
    has_truth = (classes != OTHER).any()
    found = []
    for (model, start, change), rows in shifts.groupby(["model", "start", "change"]):
        table = shift_statistics.published(rows)
        is_false = table.loc[table["is_called"], "gene"].map(classes) == OTHER
        found.append({
            "model": model, "labels": "permuted" if model else "true", "start": start, "change": change,
            "run": RUNS[start, change], "n_tested": len(table), "share_called": table["is_called"].mean(),
            "false_share": is_false.mean() if has_truth and model == 0 else np.nan,
        })  # fmt: skip
    return pd.DataFrame(found)


def call_table(calls: pd.DataFrame) -> pd.DataFrame:
    """Columns run, labels, n_tested (genes), share_called and false_share (0 to 1), mean over networks."""
    by_run = calls.groupby(["run", "labels"], sort=False)[["n_tested", "share_called", "false_share"]]
    return by_run.mean().reset_index().dropna(axis=1, how="all")


def scores(models: pd.DataFrame, calls: pd.DataFrame) -> dict[str, float]:
    """AUROC on held-out donors and share of genes called, by labels (true, permuted), and the false share."""
    labels = np.where(models["model"] == 0, "true", "permuted")
    found = models.groupby(labels)["auroc"].mean().add_prefix("auroc.").to_dict()
    found |= calls.groupby("labels")["share_called"].mean().add_prefix("share_called.").to_dict()
    false = calls["false_share"].dropna()
    return found | ({"false_share.published": false.mean()} if len(false) else {})


def answers(recovery: pd.DataFrame, calls: pd.DataFrame) -> dict[str, str]:
    """Sentence of the answer: false calls and the ranking of the disease genes, where they are known."""
    if not len(recovery):
        return {"truth": "No ground truth is known for these cells."}
    by_change = recovery.groupby("change")["auroc"].mean()
    found = " and ".join(f"{value:.2f} ({CHANGES[change]})" for change, value in by_change.items())
    share = 100 * calls["false_share"].mean()
    false = "it calls no gene" if np.isnan(share) else f"{share:.0f} % of its calls are no disease genes"
    ranks = f"the size of the shift ranks the disease genes with an AUROC of {found}"
    return {"truth": f"In the simulation, {false}; {ranks}."}


def tokens_of(vocabulary: Vocabulary, genes: list[str]) -> list[int] | None:
    """Tokens of named genes; None, for every gene, where none is named. ParameterError for an unknown one."""
    unknown = [gene for gene in genes if gene not in vocabulary.tokens]
    if unknown:
        raise ParameterError(f"{len(unknown)} genes are not in the vocabulary, for instance {unknown[0]!r}.")
    return [vocabulary.tokens[gene] for gene in genes] or None


def calls_by_cells(shifts: pd.DataFrame, classes: pd.Series) -> pd.DataFrame:
    """What the published test calls in each 8th, 4th, 2nd and every cell, with up to four refits."""
    n_cells, kept = shifts["unit"].max() + 1, shifts[shifts["model"] < 5]
    every = {part: kept[kept["unit"] % part == 0] for part in (8, 4, 2, 1)}
    tables = [published_calls(one, classes).assign(cells=-(-n_cells // k) // 2) for k, one in every.items()]
    return pd.concat(tables, ignore_index=True)


def draw_calls(calls: pd.DataFrame) -> Drawn:
    """Draw the share (0 to 1) of genes that the published test calls along the number of cells."""
    labels = {"share_called": "share of genes called", "cells": "cells of a run", "true": "true labels",
              "permuted": "permuted donor labels", **CHANGES}  # fmt: skip
    return charts.lines(
        calls[["change", "labels", "model", "start", "cells", "share_called"]], x="cells", y="share_called",
        hue="labels", panel="change", columns=2, labels=labels, limits=(0, None),
    )  # fmt: skip


def part_shares(parts: pd.DataFrame) -> dict[str, float]:
    """Share (0 to 1) of the mean absolute size that each part has; empty where no cell was split."""
    sizes = parts.reindex(columns=list(PARTS)).abs().mean().dropna()
    return (sizes / sizes.sum()).to_dict()


def draw_parts(parts: pd.DataFrame) -> Drawn:
    """Draw the mean size (cosine) of the three parts of a deletion along the rank of the gene, eight bins."""
    parts = parts.reindex(columns=["rank", *PARTS])
    edges = np.unique(parts["rank"].quantile(np.linspace(0, 1, N_BINS + 1)).round().dropna())
    place = pd.cut(parts["rank"], edges, include_lowest=True) if len(parts) else parts["rank"]
    sizes = parts.abs().groupby(place, observed=True).mean().rename(columns=PARTS)
    table = sizes.melt("rank", var_name="part", value_name="size")[["part", "rank", "size"]]
    labels = {"rank": "rank of the deleted gene", "size": "mean size of the part (cosine)", "part": "part"}
    return charts.lines(table, x="rank", y="size", hue="part", labels=labels)


def draw_method() -> Drawn:
    """Draw what happens to a cell of four genes, as boxes."""
    columns = [
        ["A B C D\n(a cell, by rank)"], ["A C D\n(B deleted)", "C A B D\n(C overexpressed)"], ["network"],
        ["mean of the\ntoken vectors"], ["shift = cosine with the\ngoal state, after - before"],
    ]  # fmt: skip
    return diagrams.flow(columns, [arrow for both in pairwise(columns) for arrow in product(*both)])
