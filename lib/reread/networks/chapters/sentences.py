"""What a figure shows, in a sentence computed from the table behind it: alternative texts that cannot lie."""

from __future__ import annotations

import pandas as pd

from reread.networks.methods.benchmark import NAMES
from reread.networks.methods.protocol import NULL


def alt_of_folds(summary: pd.DataFrame) -> str:
    """What the figure of folds shows: network and names, on the first scheme and on the last."""
    said = []
    for scheme, rows in summary.groupby("scheme", sort=False):
        auroc = rows.set_index("method")["auroc"]
        network = next(m for m in auroc.index if m != NULL)
        said.append(f"{scheme} {auroc[network]:.2f} against {auroc[NULL]:.2f}")
    return f"Dot plot of AUROC by fold, network against names alone, mean by split: {', '.join(said)}."


def alt_of_splits(table: pd.DataFrame) -> str:
    """What the split figure shows: names fall to one half when both names are new, and what is best then."""
    names = table[table["method"] == NULL].set_index("scheme")["auroc"]
    both = table[(table["scheme"] == "both") & (table["family"] != NAMES)]
    best = both.loc[both["auroc"].idxmax()]
    return (
        f"Dumbbell chart: AUROC of names alone falls from {names['pair']:.2f} under the pair split to "
        f"{names['both']:.2f} with TFs and genes both new; the best method there is {best['method']}, "
        f"{best['auroc']:.2f}."
    )


def alt_of_lift(table: pd.DataFrame) -> str:
    """What the lift figure shows: how many methods clear names alone under the first and the last split."""
    said = []
    for scheme in ("pair", "both"):
        part = table[(table["scheme"] == scheme) & (table["family"] != NAMES)]
        said.append(f"{int((part['lift_low'] > 0).sum())} of {len(part)} under the {scheme} split")
    return (
        "Forest plot of expression lift by method and split; methods whose whole interval lies above "
        f"names alone: {said[0]}, {said[1]}."
    )


def alt_of_calibration(errors: dict[str, float]) -> str:
    """What the calibration figure shows: the calibration error of each version."""
    said = [f"{errors[key]:.2f} {key.removeprefix('ece.')}" for key in errors if key.startswith("ece.")]
    return (
        f"Calibration curve, observed against predicted shares; expected calibration error {', '.join(said)}."
    )
