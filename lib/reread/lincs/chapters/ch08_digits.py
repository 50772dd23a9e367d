"""Figures of the workshop chapter: pictures, what codes make of them, and who is taken for whom."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from reread.core import figures
from reread.lincs.methods.digits import DIGITS, SIDE

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MANY = 0.5  # from here on a cell is dark and its number white


def rebuilt_digits(table: pd.DataFrame) -> tuple[Figure, pd.DataFrame]:
    """Draw held-out pictures over the decoded nearest code and the mean of the digit.

    Parameters
    ----------
    table : DataFrame
        From ``handwriting.examples``.

    Returns
    -------
    Figure, DataFrame
        The table. The number over a code is the digit it belongs to; a wrong one is in a frame.
    """
    kinds = table["row"].unique()
    figure, panels = figures.new(7.4, 0.95 * len(kinds), ncols=len(DIGITS), nrows=len(kinds))
    pixels = [name for name in table.columns if name.startswith("p") and name[1:].isdigit()]
    for down, kind in enumerate(kinds):
        rows = table[table["row"] == kind].sort_values("digit")
        for axes, (_, row) in zip(panels[down], rows.iterrows(), strict=True):
            picture = row[pixels].to_numpy(dtype=float).reshape(SIDE, SIDE)
            axes.imshow(picture, cmap="gray_r", vmin=0, vmax=1)
            axes.set(xticks=[], yticks=[])
            is_wrong = kind == "nearest code" and row["found"] != row["digit"]
            for spine in axes.spines.values():
                spine.set(visible=bool(is_wrong), color=figures.PALETTE[1], linewidth=2)
            if kind == "nearest code":
                axes.set_title(str(row["found"]), fontsize=9, loc="center", pad=2)
        panels[down][0].set_ylabel(kind.replace(" ", "\n"), rotation=0, ha="right", va="center", fontsize=9)
    return figure, table


def digit_confusion(shares: np.ndarray) -> tuple[Figure, pd.DataFrame]:
    """Draw which code the held-out pictures of each digit fall to.

    Parameters
    ----------
    shares : float array, (digit, code)
        From ``handwriting.confusion``.

    Returns
    -------
    Figure, DataFrame
        digit, code, share.
    """
    figure, axes = figures.new(4.8, 4.4)
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for (digit, code), share in np.ndenumerate(shares):
        if share >= 0.005:
            colour = "white" if share > MANY else "black"
            axes.text(code, digit, f"{100 * share:.0f}", ha="center", va="center", fontsize=8, color=colour)
    axes.set_xticks(range(len(DIGITS)), DIGITS)
    axes.set_yticks(range(len(DIGITS)), DIGITS)
    axes.set(xlabel="nearest code", ylabel="digit (per cent of its held-out pictures)")
    digit, code = np.indices(shares.shape)
    return figure, pd.DataFrame({"digit": digit.ravel(), "code": code.ravel(), "share": shares.ravel()})
