"""Chapter 03: the network of each refit, the four runs in one figure, and what the published test calls."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from reread.core import charts, diagrams
from reread.core.errors import ParameterError
from reread.depression.methods import shift_statistics

if TYPE_CHECKING:
    import numpy.typing as npt

    from reread.core.figures import Drawn
    from reread.depression.data.simulate import Truth
    from reread.depression.data.vocabulary import Vocabulary
    from reread.depression.methods.refits import Design
    from reread.depression.models.classifier import Classifier, Settings

N_DOTS = 250  # genes of one group that a figure draws
RAISED, LOWERED, OTHER, REFIT = (
    "raised in cases",
    "lowered in cases",
    "other genes",
    "all genes, permuted labels",
)
CLASSES = (RAISED, LOWERED, OTHER, REFIT)
PARTS = {"own": "own vector", "context": "attention of the others", "order": "positions of the others"}
RUNS = {
    ("control", "delete"): "control, deleted",
    ("control", "overexpress"): "control, overexpressed",
    ("case", "delete"): "case, deleted",
    ("case", "overexpress"): "case, overexpressed",
}
CHANGES = {"delete": "deletion", "overexpress": "overexpression"}
N_BINS = 8


def fitter(
    design: Design, n_tokens: int, settings: Settings, *, width: int, layers: int, heads: int, max_len: int,
    checkpoint: str = "",
) -> Callable[[npt.NDArray, int, Path], Classifier]:  # fmt: skip
    """Return the function from labels, seed and folder to a classifier fitted on the training donors.

    ``checkpoint`` is a folder or hub id to start from; without one the network is from scratch. A fitted
    network is kept in the folder and read from there by a run that goes on after a kill.
    """
    from reread.depression.models.classifier import Classifier

    def fit(labels: npt.NDArray, seed: int, folder: Path) -> Classifier:
        if folder.is_dir():
            return Classifier.from_pretrained(folder)
        if checkpoint:
            model = Classifier.from_pretrained(checkpoint, seed=seed)
        else:
            model = Classifier.from_scratch(width, layers, heads, max_len, n_tokens, seed=seed)
        model.fit(design.cells, labels, design.is_train, settings=settings, seed=seed)
        part = folder.with_name(f"{folder.name}.part")
        model.save(part)
        part.rename(folder)
        return model

    return fit


def gene_classes(vocabulary: Vocabulary, truth: Truth | None) -> pd.Series:
    """Class of each gene by its token: raised or lowered in cases, or other; without truth all are other."""
    classes = pd.Series(OTHER, index=list(vocabulary.tokens.values()))
    if truth is not None:
        fold = truth.genes.set_index("gene")["log2_fold"]
        token = fold.index.map(vocabulary.tokens)
        classes[token[fold > 0]] = RAISED
        classes[token[fold < 0]] = LOWERED
    return classes


def run_means(shifts: pd.DataFrame, classes: pd.Series) -> pd.DataFrame:
    """Mean shift of each gene in each model and run: model, run, gene, shift, n_cells, group."""
    means = shifts.groupby(["model", "start", "change", "gene"])["shift"].agg(shift="mean", n_cells="size")
    table = means.reset_index()
    table["run"] = [RUNS[key] for key in zip(table["start"], table["change"], strict=True)]
    table["group"] = np.where(table["model"] == 0, table["gene"].map(classes), REFIT)
    return table[table["n_cells"] >= shift_statistics.MIN_CELLS].reset_index(drop=True)


def draw_runs(means: pd.DataFrame) -> Drawn:
    """Draw the mean shift of genes in all runs: true labels by class of gene, and permuted labels.

    Of a group with more than ``N_DOTS`` genes, evenly spaced ones are drawn, from the lowest to the highest.
    """
    order = {"group": [group for group in CLASSES if (means["group"] == group).any()], "run": RUNS.values()}
    labels = {"milli": "mean shift towards the other state (cosine, thousandths)", "group": "genes"}
    shown = means.assign(milli=1000 * means["shift"])[["run", "group", "gene", "milli"]]
    ranked = shown.groupby(["run", "group"])["milli"]
    step = np.ceil(ranked.transform("size") / N_DOTS)
    shown = shown[(ranked.rank(method="first") - 1) % step == 0]
    return charts.distributions(
        shown, "milli", by="group", panel="run", columns=2, order=order,
        labels=labels, reference={"no shift": 0.0}, shared=False,
    )  # fmt: skip


def recovery(means: pd.DataFrame) -> pd.DataFrame:
    """AUROC of the disease genes by the size of their shift in model 0, for each run: start, change, auroc.

    The median shift of the run is subtracted first. Empty without truth.
    """
    from reread.core.metrics import auroc

    found = []
    for (start, change), rows in means[means["model"] == 0].groupby(["start", "change"], sort=False):
        is_disease = rows["group"] != OTHER
        if is_disease.any() and not is_disease.all():
            found.append((start, change, auroc(is_disease, (rows["shift"] - rows["shift"].median()).abs())))
    return pd.DataFrame(found, columns=["start", "change", "auroc"])


def published_calls(shifts: pd.DataFrame, classes: pd.Series) -> pd.DataFrame:
    """What the published test calls in each model and run: model, labels, run, n_tested, share_called.

    Also false_share, the share of the calls of model 0 that are no disease genes; NaN without truth, or where
    the labels were permuted.
    """
    has_truth = (classes != OTHER).any()
    found = []
    for (model, start, change), rows in shifts.groupby(["model", "start", "change"]):
        table = shift_statistics.published(rows)
        calls = shift_statistics.calibrate(table["is_called"], table["gene"].map(classes) != OTHER)
        known = has_truth and model == 0
        found.append(
            {
                "model": model,
                "labels": "permuted" if model else "true",
                "start": start,
                "change": change,
                "run": RUNS[start, change],
                "n_tested": len(table),
                "share_called": table["is_called"].mean(),
                "false_share": calls["false_share"] if known else np.nan,
            }
        )
    return pd.DataFrame(found)


def call_table(calls: pd.DataFrame) -> pd.DataFrame:
    """Calls of the published test by run and labels, mean over networks, with the false share if known."""
    columns = ["n_tested", "share_called", "false_share"]
    return (
        calls.groupby(["run", "labels"], sort=False)[columns].mean().reset_index().dropna(axis=1, how="all")
    )


def call_shares(calls: pd.DataFrame) -> dict[str, float]:
    """Share of genes called over all runs, and false share where known: ``share_called.true`` and so on."""
    shares = calls.groupby("labels")["share_called"].mean().add_prefix("share_called.").to_dict()
    false = calls["false_share"].mean()
    return shares if np.isnan(false) else shares | {"false_share.published": float(false)}


def model_scores(models: pd.DataFrame) -> dict[str, float]:
    """AUROC on held-out donors of the networks with true labels and, as a mean, with permuted labels."""
    labels = np.where(models["model"] == 0, "true", "permuted")
    return models.groupby(labels)["auroc"].mean().add_prefix("auroc.").to_dict()


def answers(recovery: pd.DataFrame, calls: pd.DataFrame) -> dict[str, str]:
    """Sentence of the answer: false calls and the ranking of the disease genes, where they are known."""
    if not len(recovery):
        return {"truth": "No ground truth is known for these cells."}
    by_change = recovery.groupby("change")["auroc"].mean()
    found = " and ".join(f"{value:.2f} ({CHANGES[change]})" for change, value in by_change.items())
    false = calls["false_share"].mean()
    return {
        "truth": f"In the simulation, {false:.0%} of its calls are no disease genes; the size of the shift "
        f"ranks the disease genes with an AUROC of {found}."
    }


def tokens_of(vocabulary: Vocabulary, genes: list[str]) -> list[int] | None:
    """Tokens of named genes; None, which means every gene, where none is named."""
    unknown = [gene for gene in genes if gene not in vocabulary.tokens]
    if unknown:
        raise ParameterError(f"{len(unknown)} genes are not in the vocabulary, for instance {unknown[0]!r}.")
    return [vocabulary.tokens[gene] for gene in genes] or None


def calls_by_cells(shifts: pd.DataFrame, classes: pd.Series) -> pd.DataFrame:
    """What the published test calls on the first 1/8, 1/4, 1/2 and all of the cells: also cells (of a run).

    Of the networks on permuted labels the first four are taken.
    """
    n_cells = shifts["unit"].max() + 1
    kept = shifts[shifts["model"] < 5]
    tables = []
    for part in (8, 4, 2, 1):
        # every part-th unit, so that long and short cells are in each
        rows = kept[kept["unit"] % part == 0]
        tables.append(published_calls(rows, classes).assign(cells=-(-n_cells // part) // 2))
    return pd.concat(tables, ignore_index=True)


def draw_calls(calls: pd.DataFrame) -> Drawn:
    """Draw the share of genes that the published test calls along the number of cells."""
    labels = {"share_called": "share of genes called", "cells": "cells of a run", "true": "true labels",
              "permuted": "permuted donor labels", **CHANGES}  # fmt: skip
    return charts.lines(
        calls[["change", "labels", "model", "start", "cells", "share_called"]], x="cells", y="share_called",
        hue="labels", panel="change", columns=2, labels=labels, limits=(0, None),
    )  # fmt: skip


def part_sizes(parts: pd.DataFrame) -> pd.DataFrame:
    """Mean size of each part of a deletion along the rank: part, rank (middle of the bin), size."""
    if not len(parts):
        return pd.DataFrame({"part": [], "rank": [], "size": []})
    edges = np.unique(np.quantile(parts["rank"], np.linspace(0, 1, N_BINS + 1)).round())
    place = pd.cut(parts["rank"], edges, include_lowest=True)
    rows = [
        pd.DataFrame({"rank": parts["rank"], "size": parts[part].abs()})
        .groupby(place, observed=True)
        .mean()
        .assign(part=name)
        for part, name in PARTS.items()
    ]
    return pd.concat(rows, ignore_index=True)[["part", "rank", "size"]]


def part_shares(parts: pd.DataFrame) -> dict[str, float]:
    """Share of the mean absolute size that each part has; empty where no cell was split."""
    if not len(parts):
        return {}
    sizes = parts[list(PARTS)].abs().mean()
    return (sizes / sizes.sum()).to_dict()


def draw_parts(parts: pd.DataFrame) -> Drawn:
    """Draw the size of the three parts of a deletion along the rank of the gene."""
    labels = {"rank": "rank of the deleted gene", "size": "mean size of the part (cosine)", "part": "part"}
    return charts.lines(part_sizes(parts), x="rank", y="size", hue="part", labels=labels)


def draw_method() -> Drawn:
    """Draw what happens to a cell of four genes."""
    cell, deleted, raised = "A B C D\n(a cell, by rank)", "A C D\n(B deleted)", "C A B D\n(C overexpressed)"
    network, mean, goal = (
        "network",
        "mean of the\ntoken vectors",
        "shift = cosine with the\ngoal state, after - before",
    )
    return diagrams.flow(
        [[cell], [deleted, raised], [network], [mean], [goal]],
        [
            (cell, deleted),
            (cell, raised),
            (deleted, network),
            (raised, network),
            (network, mean),
            (mean, goal),
        ],
    )
