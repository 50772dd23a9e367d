"""Chapter 01: strength of signatures, checks of the reader, and what a random split shares."""

from __future__ import annotations

import numpy as np
import pandas as pd

from reread.core import charts, diagrams
from reread.core.figures import Drawn
from reread.lincs.data.tables import Signatures

# controls first, then doses ascending, then knock-downs and other treatments
OTHERS = {
    "control": (-2.0, "control"), "drug": (-1.0, "dose unknown"), "knockdown": (np.inf, "knock-down"),
    "other": (np.inf, "other treatment"),
}  # fmt: skip


def strength_by_dose(signatures: Signatures) -> pd.DataFrame:
    """Strength of signatures, the root mean square of their z-scores, by treatment.

    Returns DataFrame, (group,): ``series`` (where rows of several files are pooled, else empty), ``group`` (a
    dose in micromolar, or a kind), ``n``, and the ``low`` (25th), ``median`` and ``high`` (75th percentile)
    strength.
    """
    meta = signatures.meta
    keys = [
        (dose, f"{dose:g} µM") if kind == "drug" and not np.isnan(dose) else OTHERS[kind]
        for kind, dose in zip(meta["kind"], meta["dose_um"], strict=True)
    ]
    table = pd.DataFrame(keys, columns=["order", "group"])
    table["series"] = meta["series"].fillna("") if "series" in meta else ""
    table["strength"] = np.sqrt(np.mean(signatures.values.astype(float) ** 2, axis=1))
    found = table.groupby(["order", "group", "series"])["strength"].describe().reset_index()
    found = found.rename(columns={"count": "n", "25%": "low", "50%": "median", "75%": "high"})
    return found[["series", "group", "n", "low", "median", "high"]].astype({"n": int})


def draw_strength(table: pd.DataFrame) -> Drawn:
    """Draw the median and middle half of the strength (root mean square z-score) by dose."""
    hue = "series" if table["series"].nunique() > 1 else None
    labels = {"median": "strength (root mean square z-score)", "group": ""}
    return charts.dots(table, "median", "group", hue=hue, low="low", high="high", labels=labels)


def draw_replicates(combined: pd.DataFrame) -> Drawn:
    """Draw the strength (z-scores) of combined signatures by the mean Spearman correlation of their wells."""
    labels = {
        "agreement": "agreement of the wells (mean Spearman correlation)",
        "strength": "strength of the signature", "drug": "drug at high dose", "control": "control wells",
    }  # fmt: skip
    return charts.scatter(combined, "agreement", "strength", hue="kind", labels=labels)


def draw_recall(recall: pd.DataFrame) -> Drawn:
    """Draw the recall (0 to 1) of a nearest neighbour by split, a dot for each class and their mean."""
    labels = {"recall": "recall of the nearest neighbour", "scheme": "", "random": "at random"}
    chance = {"chance": 1 / recall["pcl"].nunique()}
    return charts.dots(recall, "recall", "scheme", labels=labels, reference=chance, limits=(-0.03, 1.03))


def draw_data_flow() -> Drawn:
    """Draw the way of the data of the study, from wells to the questions of the chapters, as boxes."""
    z, random, whole = "z-scores of a signature (levels 4, 5)", "random split, as published", "drugs held out"
    methods = ("VAE and S-VQ-VAE", "components, class means, raw signature")
    answers = "recon- struction, classes, targets"
    steps = [["wells of a plate (level 3)"], [z], [random, whole], [*methods], [answers]]
    arrows = [(steps[0][0], z), (z, random), (z, whole)]
    arrows += [(split, method) for split in (random, whole) for method in methods]
    arrows += [(method, answers) for method in methods]
    return diagrams.flow(steps, arrows, marked={random: "doses and replicates of a drug on both sides"})


def draw_simulator() -> Drawn:
    """Draw what the simulator adds to the z-scores of a signature, as boxes."""
    family, own, noise = "family programme", "class programme", "noise of each gene"
    drug = "drug: dose, cell line, off-target programme"
    target = "knock-down of a target: cell line, seed effect of the shRNA"
    total = "signature (978 z-scores)"
    arrows = [(family, own), (own, drug), (own, target), (drug, noise), (target, noise), (noise, total)]
    return diagrams.flow([[family], [own], [drug, target], [noise], [total]], arrows)
