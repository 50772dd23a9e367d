"""What the figures about the published weights show, in sentences computed from the tables behind them."""

from __future__ import annotations

import numpy as np
import pandas as pd

from reread.lincs.data import annotations


def alt_of_nodes(table: pd.DataFrame) -> str:
    """What the figure of nodes shows: how many are loud in each data set."""
    loud = table.groupby("data_set", sort=False)["is_loud"].sum()
    said = ", ".join(f"{n} in {name}" for name, n in loud.items())
    return f"Line chart of the norms of latent nodes on a log scale: a few stand far above the rest, {said}."


def alt_of_distances(found: pd.DataFrame) -> str:
    """What the heatmap shows: the nearest pair, and the class that stands most alone."""
    near, far = found.loc[found["distance"].idxmin()], found.loc[found["distance"].idxmax()]
    return (
        f"Heatmap of distances between {len(found)} classes; nearest are {annotations.short(near['pcl'])} "
        f"and {annotations.short(near['nearest'])} ({near['distance']:.2f}), most alone is "
        f"{annotations.short(far['pcl'])} ({far['distance']:.2f})."
    )


def alt_of_genes(ranks: pd.DataFrame) -> str:
    """What the figure of genes shows: how often the expected gene is first, or third, from its end."""
    first, three = int((ranks["rank"] == 1).sum()), int((ranks["rank"] <= 3).sum())
    return (
        f"Strip plot of decoded z-scores by class: counted from the end where it is expected, the gene is "
        f"first in {first} of {len(ranks)} rows, and among the first three in {three}."
    )


def alt_of_transfer(tables: dict[str, pd.DataFrame], chance: float) -> str:
    """What the figure of drugs shows: mean reciprocal rank of each set of signatures, and chance."""
    said = ", ".join(f"{name} {np.mean(rows['mrr']):.2f}" for name, rows in tables.items())
    return f"Dot plot of the mean reciprocal rank of the own class, a drug each: {said}; random {chance:.2f}."
