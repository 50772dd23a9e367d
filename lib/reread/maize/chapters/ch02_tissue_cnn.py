"""Chapter 2: training curves, hold-outs, confusion matrix, gene order."""

from __future__ import annotations

import numpy as np
import pandas as pd

from reread.core import charts
from reread.core.figures import Drawn
from reread.maize.methods.gene_order import FILE

SAMPLES = {"": "training (with dropout)", "val_": "validation"}
DIFFERS = {"seed": "other seed", "order": "other gene order", "both": "other seed and order"}


def curves(curve: pd.DataFrame) -> Drawn:
    """Draw loss and accuracy by epoch, for training and validation samples."""
    parts = [
        pd.DataFrame(
            {"epoch": curve["epoch"], "measure": name, "samples": label, "value": curve[prefix + name]}
        )
        for name in ("loss", "accuracy")
        for prefix, label in SAMPLES.items()
    ]
    table = pd.concat(parts, ignore_index=True).dropna()
    return charts.lines(table, "epoch", "value", hue="samples", panel="measure", shared=False)


def training_sentence(curve: pd.DataFrame, at: float = 0.9) -> str:
    """Say in which epoch each accuracy first reaches ``at``, and its value in the last epoch."""
    sentences = []
    for prefix, label in (("", "training"), ("val_", "validation")):
        values = curve[f"{prefix}accuracy"]
        if values.notna().any():
            reached = curve.loc[values >= at, "epoch"]
            first = (
                f"first reaches {at} in epoch {reached.iloc[0]}" if len(reached) else f"never reaches {at}"
            )
            sentences.append(f"The {label} accuracy {first} and ends at {values.iloc[-1]:.2f}.")
    return " ".join(sentences)


def holdouts(summary: pd.DataFrame) -> Drawn:
    """Draw macro-F1 of each model on each hold-out; lines from the smallest to the largest seed."""
    sizes = summary.drop_duplicates("kind").set_index("kind")["n_test"]
    labels = {kind: f"{kind} (n = {n})" for kind, n in sizes.items()}
    labels |= {"macro_f1": "macro-F1 (line: range over seeds)", "kind": "hold-out"}
    return charts.dots(summary, "macro_f1", "model", hue="kind", low="low", high="high", labels=labels)


def confusion(table: pd.DataFrame) -> Drawn:
    """Draw the confusion matrix: shades are shares of a row, numbers are predictions."""
    labels = {"share": "share of the row", "tissue": "true tissue", "predicted": "predicted tissue"}
    return charts.heatmap(table, "predicted", "tissue", "share", text="n", numbers=".0f", labels=labels)


def order(runs: pd.DataFrame, pairs: pd.DataFrame, chance: float) -> Drawn:
    """Draw the accuracy of each network by gene order, and the overlap of top genes of two networks."""
    names = runs["order"].where(runs["order"] != FILE, "file order")
    accuracy = {"measure": "accuracy", "networks": names, "value": runs["accuracy"]}
    overlap = {"measure": "overlap of top genes (Jaccard)", "networks": pairs["differs"].map(DIFFERS)}
    parts = [pd.DataFrame(accuracy), pd.DataFrame({**overlap, "value": pairs["jaccard"], "chance": chance})]
    table = pd.concat(parts, ignore_index=True)
    labels = {"value": "accuracy or overlap"}
    return charts.dots(table, "value", "networks", hue="measure", reference={"overlap by chance": chance},
                       labels=labels, limits=(0, 1.02))  # fmt: skip


def running_mean(curve: pd.DataFrame, n_train: int, batch: int) -> pd.DataFrame:
    """Share of the way that running means have moved by the last epoch, 1 - momentum^steps, by momentum."""
    steps = len(curve) * -(-n_train // batch)
    momentum = np.array([0.9, 0.95, 0.99, 0.999])
    return pd.DataFrame({"momentum": momentum, "steps": steps, "share of the way": 1 - momentum**steps})
