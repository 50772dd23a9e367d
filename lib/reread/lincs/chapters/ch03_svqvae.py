"""Chapter 03: recall of both codebooks beside class means, training curves, usage of codes."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from reread.core import charts, diagrams
from reread.core.figures import Drawn
from reread.lincs.data.annotations import short
from reread.lincs.methods.codebooks import MEAN, TEST, TRAIN, CodeRun, first_runs

METRICS = {"euclidean": "by distance, as published", "cosine": "by angle"}
MOST_CODES = 15


def draw_recall(inferred: pd.DataFrame, n_classes: int) -> Drawn:
    """Draw the recall (0 to 1) of the nearest code and of the nearest class mean, a dot for each seed."""
    labels = {"recall": "recall, mean over classes", "method": "", "rows": "", TRAIN: "training drugs",
              TEST: "held-out drugs", **METRICS}  # fmt: skip
    return charts.dots(inferred, "recall", "method", hue="rows", panel="metric", columns=2, labels=labels,
                       reference={"chance": 1 / n_classes}, limits=(0, 1.03))  # fmt: skip


def draw_curves(runs: Sequence[CodeRun], given: pd.DataFrame) -> Drawn:
    """Draw the error given the class (squared z-scores), that of class means, and codebook loss, by epoch."""
    floor = given[given["method"] == MEAN].set_index("rows")["mse"]
    names = {"train_mse": (TRAIN, "error given the class"), "valid_mse": (TEST, "error given the class"),
             "codebook_loss": (TRAIN, "codebook loss")}  # fmt: skip
    parts = []
    for method, run in first_runs(runs).items():
        for column, (rows, measure) in names.items():
            curve = run.history[["epoch"]].assign(measure=measure, rows=rows)
            parts.append(curve.assign(value=run.history[column], method=method))
            if column != "codebook_loss":
                parts.append(curve.assign(value=floor[rows], method=MEAN))
    table = pd.concat(parts, ignore_index=True).drop_duplicates()
    labels = {"value": "", TRAIN: "training drugs", TEST: "held-out drugs"}
    return charts.lines(table, "epoch", "value", hue="method", style="rows", panel="measure", columns=2,
                        shared=False, labels=labels)  # fmt: skip


def draw_usage(report: pd.DataFrame) -> Drawn:
    """Draw for each code the held-out signatures with its label and those assigned to it, by method."""
    most = report.groupby("code")[["labelled", "assigned"]].max().max(axis=1).nlargest(MOST_CODES).index
    shown = report[report["code"].isin(most)].sort_values("code")
    table = shown.melt(["code", "method"], ["labelled", "assigned", "correct"], "signatures", "number")
    labels = {"labelled": "with the label", "assigned": "assigned to the code", "correct": "both", "code": "",
              "number": "held-out signatures", "signatures": ""}  # fmt: skip
    return charts.dots(table.assign(code=table["code"].map(short)), "number", "code", hue="signatures",
                       panel="method", columns=2, connect=True, labels=labels)  # fmt: skip


def draw_network(n_genes: int, dim: int, n_codes: int) -> Drawn:
    """Draw the layers of the network as boxes, and where both variants differ."""
    code, z = f"code of the class\n({n_codes} codes of {dim})", f"point z\n({dim}, within ±1)"
    gene, out = f"signature\n({n_genes} z-scores)", f"reconstruction\n({n_genes}, within ±10)"
    return diagrams.flow(
        [[gene], [z, "class label"], [code], [out]],
        [(gene, z, "tanh layer"), ("class label", code, "chooses"), (z, code, "attracts"),
         (code, out, "tanh layer")],
        marked={code: "as published: error gradient passes straight to z, repulsion unbounded"},
    )  # fmt: skip
