"""Chapter 03: training curves of a codebook, recall of its codes, and their usage."""

from __future__ import annotations

import pandas as pd

from reread.core import charts
from reread.core.figures import Drawn
from reread.lincs.data.annotations import short
from reread.lincs.methods.codebooks import MEAN, TEST, TRAIN

METRICS = {"euclidean": "by distance", "cosine": "by angle"}
MOST_CODES = 25


def draw_curves(history: pd.DataFrame, given: pd.DataFrame) -> Drawn:
    """Draw the error given the label with that of the class means, and the codebook loss, by epoch."""
    floor = given[given["method"] == MEAN].set_index("rows")["mse"]
    parts = []
    for rows, column in ((TRAIN, "train_mse"), (TEST, "valid_mse")):
        parts.append(_curve(history, history[column], "error, label given", f"code, {rows}"))
        parts.append(_curve(history, floor[rows], "error, label given", f"class mean, {rows}"))
    parts.append(_curve(history, history["codebook_loss"], "codebook loss", "codebook loss"))
    table = pd.concat(parts, ignore_index=True)
    return charts.lines(table, "epoch", "value", hue="curve", panel="measure", columns=2,
                        labels={"value": ""})  # fmt: skip


def draw_recall(inferred: pd.DataFrame, n_classes: int) -> Drawn:
    """Draw the recall of the nearest code and of the nearest class mean, a dot for each seed."""
    way = inferred["method"] + ", " + inferred["metric"].map(METRICS)
    labels = {"recall": "recall, mean over classes", "way": "", "rows": ""}
    return charts.dots(inferred.assign(way=way), "recall", "way", hue="rows", labels=labels,
                       reference={"chance": 1 / n_classes}, limits=(0, 1.03))  # fmt: skip


def draw_usage(report: pd.DataFrame) -> Drawn:
    """Draw the held-out signatures with the label of each code, those assigned to it, and those with both."""
    shown = report.sort_values(["labelled", "code"], ascending=[False, True], kind="stable").head(MOST_CODES)
    table = shown.melt("code", ["labelled", "assigned", "correct"], "signatures", "number")
    labels = {"labelled": "with the label", "assigned": "assigned to the code", "correct": "both", "code": "",
              "number": "held-out signatures", "signatures": ""}  # fmt: skip
    return charts.dots(table.assign(code=table["code"].map(short)), "number", "code", hue="signatures",
                       connect=True, labels=labels)  # fmt: skip


def _curve(history: pd.DataFrame, value, measure: str, name: str) -> pd.DataFrame:
    return pd.DataFrame({"epoch": history["epoch"], "value": value, "measure": measure, "curve": name})
