"""What the figures of the chapter on the VAE show, in sentences computed from the tables behind them."""

from __future__ import annotations

import pandas as pd

from reread.lincs.data.rows import HELD_OUT, RANDOM
from reread.lincs.methods.reconstruction import CHOSEN, PUBLISHED


def alt_of_curves(curves: pd.DataFrame) -> str:
    """What the figure of curves shows: the last error of the published loss under both splits."""
    last = curves.groupby(["split", "method"])["valid_mse"].last()
    return (
        "Line charts of error and information by pass; as published the error on kept rows ends at "
        f"{last[RANDOM, PUBLISHED]:.2f} under the random split, at {last[HELD_OUT, PUBLISHED]:.2f} with "
        "perturbations held out."
    )


def alt_of_bottlenecks(summary: pd.DataFrame) -> str:
    """What the figure of methods shows: components and both networks on held-out perturbations."""
    held = summary[summary["split"] == HELD_OUT].set_index("method")["r2"]
    said = ", ".join(f"{name} {held[name]:.2f}" for name in held.index if name.startswith("PCA"))
    return (
        f"Dot plot of R2 by method and split; with perturbations held out {said}, the VAE as published "
        f"{held[PUBLISHED]:.2f}, with beta chosen {held[CHOSEN]:.2f}."
    )


def alt_of_spectrum(units: pd.DataFrame) -> str:
    """What the figure of units shows: how many are active under each loss."""
    held = units[units["split"] == HELD_OUT].set_index("method")["active"]
    return (
        "Line chart of KL by latent unit on a log scale; with perturbations held out "
        f"{held[PUBLISHED]:.0f} units are active as published, {held[CHOSEN]:.0f} with beta chosen."
    )


def alt_of_perturbations(table: pd.DataFrame) -> str:
    """What the scatter shows: for how many perturbations the network is the better bottleneck."""
    better = int((table["r2_vae"] > table["r2_pca"]).sum())
    return (
        "Scatter plot of R2 by held-out perturbation, principal components against the VAE; the VAE explains "
        f"more for {better} of {len(table)}."
    )
