"""What the figures about signatures show, in sentences computed from the tables behind them."""

from __future__ import annotations

import pandas as pd


def alt_of_strength(table: pd.DataFrame) -> str:
    """What the figure of doses shows: the weakest and the strongest group."""
    low, high = (table.loc[table["median"].agg(pick)] for pick in ("idxmin", "idxmax"))
    said = [
        f"{row['median']:.2f} ({' '.join(filter(None, (_dosed(row['group']), row['series'])))})"
        for row in (low, high)
    ]
    return f"Dot plot of strength by dose, median and middle half; medians go from {said[0]} to {said[1]}."


def alt_of_replicates(joined: pd.DataFrame) -> str:
    """What the figure of joined wells shows: agreement and strength of drugs and of controls."""
    mean = joined.groupby("kind")[["agreement", "strength"]].mean()
    said = [
        f"{kind}s agree at {row['agreement']:.2f} and reach {row['strength']:.2f}"
        for kind, row in mean.iterrows()
    ]
    return (
        f"Scatter plot of joined wells, strength of the signature by agreement; on average {', '.join(said)}."
    )


def alt_of_leak(seen: pd.DataFrame, recall: pd.DataFrame) -> str:
    """What the figure of splits shows: drugs seen, and recall, at random and by drug."""
    drug = seen[seen["what"] == "drug"].set_index("scheme")["share_seen"]
    mean = recall.groupby("scheme")["recall"].mean()
    return (
        f"Two dot plots by way to split: at random {drug['random']:.0%} of test signatures are of a drug in "
        f"training and {mean['random']:.0%} of a class find it on average; by drug {drug['by drug']:.0%} and "
        f"{mean['by drug']:.0%}."
    )


def _dosed(group: str) -> str:
    return group.replace("\n", " ").replace("knock- down", "knock-down") + (
        " µM" if group[0].isdigit() else ""
    )
