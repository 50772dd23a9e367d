"""Chapter 08: images of digits, their reconstructions, and the confusion matrix of the codes."""

from __future__ import annotations

import numpy as np
import pandas as pd

from reread.core import charts, figures
from reread.core.figures import Drawn
from reread.lincs.methods.digits import DIGITS, PIXELS, SIDE


def draw_images(table: pd.DataFrame) -> Drawn:
    """Draw held-out images over their reconstruction and the mean of the digit; a wrong code has a frame.

    ``table`` is that of :func:`reread.lincs.methods.digits.examples`.
    """
    kinds = table["row"].unique()
    figure, panels = figures.new(figures.WIDTH, 0.95 * len(kinds), ncols=len(DIGITS), nrows=len(kinds))
    for down, kind in enumerate(kinds):
        rows = table[table["row"] == kind].sort_values("digit")
        for axes, (_, row) in zip(panels[down], rows.iterrows(), strict=True):
            axes.imshow(row[PIXELS].to_numpy(dtype=float).reshape(SIDE, SIDE), cmap="gray_r", vmin=0, vmax=1)
            axes.set(xticks=[], yticks=[])
            axes.grid(False)
            is_wrong = kind == "nearest code" and row["found"] != row["digit"]
            for spine in axes.spines.values():
                spine.set(visible=bool(is_wrong), color=figures.PALETTE[1], linewidth=2)
            if kind == "nearest code":
                axes.set_title(str(row["found"]), fontsize=9, loc="center", pad=2)
        panels[down][0].set_ylabel(kind.replace(" ", "\n"), rotation=0, ha="right", va="center", fontsize=9)
    return Drawn(figure, table, _finding(table))


def draw_confusion(shares: pd.DataFrame) -> Drawn:
    """Draw the share of the images of each digit that are assigned to each code."""
    labels = {"code": "nearest code", "share": "share of the images of a digit"}
    return charts.heatmap(shares, "code", "digit", "share", numbers=".2f", labels=labels, limits=(0, 1))


def _finding(table: pd.DataFrame) -> str:
    """Alt text: how many images have their own code, or a z nearer to them than the mean of the digit."""
    rows = {name: part.sort_values("digit") for name, part in table.groupby("row")}
    if "nearest code" in rows:
        right = int((rows["nearest code"]["digit"] == rows["nearest code"]["found"]).sum())
        return (
            "Three rows of ten small images: held-out digits, their nearest codes decoded, and the mean of "
            f"each digit; {right} of 10 are assigned to the code of their own digit."
        )
    image = rows["image"][PIXELS].to_numpy(dtype=float)
    errors = [np.square(rows[name][PIXELS].to_numpy() - image).mean(axis=1) for name in ("z", "class mean")]
    n = int((errors[0] < errors[1]).sum())
    return (
        "Three rows of ten small images: held-out digits, z decoded without its code, and the mean of "
        f"each digit; {n} of 10 decoded z are nearer to the image than the mean is."
    )
