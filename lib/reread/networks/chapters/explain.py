"""Figures about what a model looked at."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from reread.core import figures
from reread.core import validate as check
from reread.networks import plots as marks

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def attention(weights: np.ndarray, tokens: Sequence[str]) -> tuple[Figure, pd.DataFrame]:
    """Draw which token attends to which.

    Parameters
    ----------
    weights : float array, (query token, key token)
        Rows add up to 1; a mean over heads or pairs.
    tokens : sequence of str, (token,)
        Names of the tokens, the same for queries and keys.

    Returns
    -------
    Figure, DataFrame
        The table: query, key, attention.

    Raises
    ------
    DataError
        If names and weights do not fit.
    """
    check.axes(weights, "weights", query=len(tokens), key=len(tokens))
    figure, axes = figures.new(7, 1.6 + 0.36 * len(tokens))
    image = axes.imshow(weights, cmap="cividis", vmin=0, aspect="auto")
    half = weights.max() / 2
    for (query, key), value in np.ndenumerate(weights):
        shade = "white" if value < half else "black"
        text = f"{value:.2f}".lstrip("0")
        axes.text(key, query, text, ha="center", va="center", fontsize=8, color=shade)
    axes.set_xticks(range(len(tokens)), tokens, rotation=40, ha="right", rotation_mode="anchor")
    axes.set_yticks(range(len(tokens)), tokens)
    axes.set(xlabel="token attended to", ylabel="token that attends")
    figure.colorbar(image, ax=axes, shrink=0.8, label="attention")
    query, key = np.indices(weights.shape)
    names = np.asarray(tokens, dtype=str)
    table = pd.DataFrame(
        {"query": names[query.ravel()], "key": names[key.ravel()], "attention": weights.ravel()}
    )
    return figure, table


def attribution(table: pd.DataFrame, tf: str, top: int = 15) -> tuple[Figure, pd.DataFrame]:
    """Draw the genes that a TF's predictions rest on, beside what permuted genes would give.

    Parameters
    ----------
    table : DataFrame
        From ``attribute.attribute_tf``: gene, attribution, null_mean, null_high, p.
    tf : str
        Name of the TF, for the axis.
    top : int
        Genes shown.

    Returns
    -------
    Figure, DataFrame
        The rows shown, strongest first.
    """
    shown = table.nlargest(top, "attribution", keep="first").reset_index(drop=True)
    y = np.arange(len(shown))[::-1]
    figure, axes = figures.new(7, 1.2 + 0.27 * len(shown))
    beyond = (shown["attribution"] > shown["null_high"]).to_numpy()
    axes.hlines(
        y, 0, shown["null_high"], color="#dddddd", linewidth=9, label="95 % of permuted genes lie here"
    )
    for kind, i, text in ((beyond, 1, "beyond chance"), (~beyond, 0, "within chance")):
        axes.scatter(
            shown["attribution"][kind], y[kind], color=marks.colour(i), marker=marks.marker(i),
            s=40, zorder=3, label=text,
        )  # fmt: skip
    axes.set_yticks(y, shown["gene"])
    axes.set_xlim(left=0)
    axes.set_xlabel(f"attribution of predictions for {tf} (mean over targets)")
    figure.legend(loc="outside upper right", ncols=3, fontsize=marks.SMALL, frameon=False)
    marks.grid_lines(axes)
    return figure, shown
