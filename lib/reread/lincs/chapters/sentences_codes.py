"""What the figures of the chapters on codebooks show, in sentences computed from the tables behind them."""

from __future__ import annotations

import numpy as np
import pandas as pd

from reread.lincs.methods.codebooks import CODE, HELD, MEAN, TAUGHT


def alt_of_codes(given: pd.DataFrame, history: pd.DataFrame) -> str:
    """What the curves of a codebook show: its error over that of the class means, on what it was taught."""
    taught = given[given["rows"] == TAUGHT].groupby("method")["mse"].mean()
    end = history["codebook_loss"].iloc[-1]
    return (
        f"Line charts by pass: the error of codes on training rows is {taught[CODE]:.2f}, of the class "
        f"means {taught[MEAN]:.2f}; the loss of the codebook ends at {end:.2f}."
    )


def alt_of_found(summary: pd.DataFrame) -> str:
    """What the figure of classes found shows: codes and class means on held-out drugs, by distance."""
    held = summary[(summary["rows"] == HELD) & (summary["metric"] == "euclid")].set_index("method")["recall"]
    return (
        "Dot plot of recall by method on training and held-out rows; of the latter, by distance, the nearest "
        f"code finds {held[CODE]:.0%}, the nearest class mean {held[MEAN]:.0%}."
    )


def alt_of_usage(report: pd.DataFrame) -> str:
    """What the bars show: how many codes nothing falls to, and which draws most."""
    top = report.loc[report["assigned"].idxmax()]
    return (
        f"Bar chart of held-out signatures by class: {int(report['is_dead'].sum())} of {len(report)} codes "
        f"draw none, the code {top['code']} draws {int(top['assigned'])} with {int(top['labelled'])} labels."
    )


def alt_of_digits(table: pd.DataFrame) -> str:
    """What the pictures show: how many of the ten fall to the code of their digit."""
    asked = table[table["row"] == "nearest code"]
    right = int((asked["digit"] == asked["found"]).sum())
    return (
        "Three rows of ten small pictures: held-out digits, their nearest codes decoded, and the means of "
        f"each digit; {right} of 10 fall to the code of their own digit."
    )


def alt_of_loose(table: pd.DataFrame) -> str:
    """What the pictures of z show: how many are nearer to the picture than the mean of the digit is."""
    pixels = [name for name in table.columns if name.startswith("p") and name[1:].isdigit()]
    rows = {name: part.sort_values("digit")[pixels].to_numpy() for name, part in table.groupby("row")}
    errors = {name: np.square(rows[name] - rows["picture"]).mean(axis=1) for name in ("z", "class mean")}
    nearer = int((errors["z"] < errors["class mean"]).sum())
    return (
        "Three rows of ten small pictures: held-out digits, z decoded without its code, and the means of the "
        f"digits; {nearer} of 10 decoded z are nearer to the picture than the mean is."
    )


def alt_of_confusion(shares: np.ndarray) -> str:
    """What the grid shows: the digit that is found least often, and what it is taken for."""
    worst = int(np.argmin(np.diag(shares)))
    other = int(np.argmax(np.where(np.arange(len(shares)) == worst, -1, shares[worst])))
    return (
        "Grid of digits by nearest code, most shares on the diagonal; the digit found least often is "
        f"{worst}, with {shares[worst, worst]:.0%}, most often taken for {other}."
    )
