"""Chapter 2: architecture, training curves, hold-outs, confusion matrices, gene order."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

import numpy as np
import pandas as pd

from reread.core import charts, diagrams
from reread.core.figures import Drawn
from reread.maize.methods.holdouts import CORRECTED, PUBLISHED
from reread.maize.models.training import Network

SAMPLES = {"": "training (with dropout)", "val_": "validation"}
DIFFERS = {"seed": "other seed", "order": "other gene order", "both": "other seed and order"}
EQUAL = 0.05  # macro-F1 within which models are called equal: two standard errors of 0.95 in 80 samples


def architecture(network: Network, n_genes: int) -> Drawn:
    """Draw the layers of a network as boxes, a column for each block of convolutions."""
    side, n_tissues = network.model.input_shape[1], network.model.output_shape[-1]
    columns, image = [[f"{n_genes:,} genes, log2 scale"]], f"image, {side} x {side} pixels"
    columns[0].append(image)
    block: list[str] = []
    for layer in network.model.layers:
        shape = layer.output.shape
        if layer.name.startswith("conv"):
            block.append(f"{layer.name}: 3 x 3, {shape[-1]} channels; batch normalisation; ReLU")
        elif layer.name.startswith("pool"):
            columns.append([*block, f"{layer.name}: 2 x 2 maximum, {shape[1]} x {shape[2]} pixels"])
            block = []
        elif layer.name in ("flat", "dense"):
            block.append(f"{layer.name}: {shape[-1]:,} values")
    columns += [block, [f"softmax over {n_tissues} tissues"]]
    flat = [box for column in columns for box in column]
    note = {image: "neighbours in the file, not in function"}
    return diagrams.flow(columns, list(pairwise(flat)), marked=note)


def curves(trained: Mapping[str, Network]) -> Drawn:
    """Draw loss and accuracy of each network by epoch, for training and validation samples."""
    parts = [
        pd.DataFrame({"epoch": one.curve["epoch"], "measure": name, "samples": f"{protocol}: {label}",
                      "value": one.curve[prefix + name]})
        for protocol, one in trained.items()
        for name in ("loss", "accuracy")
        for prefix, label in SAMPLES.items()
    ]  # fmt: skip
    table = pd.concat(parts, ignore_index=True).dropna()
    return charts.lines(table, "epoch", "value", hue="samples", panel="measure", shared=False,
                        labels={"value": "", "loss": "loss (cross-entropy)"})  # fmt: skip


def answer(summary: pd.DataFrame, leads: pd.DataFrame) -> dict[str, float | str]:
    """Values and words of the answer: macro-F1 on the first and the last kind of hold-out, and the ranking.

    ``word`` compares the corrected network with the best baseline on the last kind; within 0.05 they are
    called equal.
    """
    kinds = list(dict.fromkeys(summary["kind"]))
    score = summary.set_index(["kind", "model"])["macro_f1"]
    last = leads.set_index(["kind", "model"]).loc[(kinds[-1], CORRECTED)]
    row = summary[(summary["kind"] == kinds[-1]) & (summary["model"] == CORRECTED)].iloc[0]
    word = "is as good as" if abs(last["lead"]) <= EQUAL else "exceeds" if last["lead"] > 0 else "stays below"
    return {
        "easy": kinds[0], "hard": kinds[-1], "word": word, "baseline": last["baseline"],
        "published_easy": score[kinds[0], PUBLISHED], "published_hard": score[kinds[-1], PUBLISHED],
        "corrected_hard": score[kinds[-1], CORRECTED], "baseline_hard": score[kinds[-1], last["baseline"]],
        "low": row["low"], "high": row["high"], "n_test": row["n_test"], "n_tissues": row["n_tissues"],
    }  # fmt: skip


def holdouts(summary: pd.DataFrame) -> Drawn:
    """Draw macro-F1 (0 to 1) of each model on each hold-out; lines from the smallest to the largest seed."""
    sizes = summary.drop_duplicates("kind").set_index("kind")["n_test"]
    labels = {kind: f"{kind} (n = {n})" for kind, n in sizes.items()}
    labels |= {"macro_f1": "macro-F1 (line: range over seeds)", "kind": "hold-out"}
    return charts.dots(
        summary, "macro_f1", "model", hue="kind", low="low", high="high", labels=labels, limits=(0, 1.03)
    )


def confusion(table: pd.DataFrame) -> Drawn:
    """Draw confusion matrices: shades are shares of a row (0 to 1), numbers are predicted samples."""
    labels = {"share": "share of the row", "tissue": "true tissue", "predicted": "predicted tissue"}
    return charts.heatmap(
        table, "predicted", "tissue", "share", panel="model", text="n", numbers=".0f", labels=labels
    )


def order(runs: pd.DataFrame, pairs: pd.DataFrame, chance: float) -> Drawn:
    """Draw accuracy of each network by gene order, and the Jaccard index of top genes of two networks."""
    accuracy = {"measure": "accuracy", "networks": runs["order"], "value": runs["accuracy"]}
    overlap = {"measure": "overlap of top genes (Jaccard)", "networks": pairs["differs"].map(DIFFERS)}
    parts = [pd.DataFrame(accuracy), pd.DataFrame({**overlap, "value": pairs["jaccard"], "chance": chance})]
    table = pd.concat(parts, ignore_index=True)
    labels = {"value": "accuracy or overlap"}
    return charts.dots(table, "value", "networks", hue="measure", reference={"overlap by chance": chance},
                       labels=labels, limits=(0, 1.02))  # fmt: skip


def running_mean(curve: pd.DataFrame, n_train: int, batch: int) -> pd.DataFrame:
    """Share of the way that running means have moved in training, 1 - momentum^steps, by momentum."""
    steps = len(curve) * -(-n_train // batch)
    momentum = np.array([0.9, 0.95, 0.99, 0.999])
    return pd.DataFrame({"momentum": momentum, "steps": steps, "share of the way": 1 - momentum**steps})
