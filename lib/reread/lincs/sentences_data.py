"""What the figures about signatures show, in sentences computed from the tables behind them."""

from __future__ import annotations

import pandas as pd


def alt_of_strength(table: pd.DataFrame) -> str:
    """What the figure of doses shows: median strength at the lowest and at the highest dose."""
    doses = table[table["group"].str.fullmatch(r"[0-9.e-]+")]
    if len(doses) < 2:
        said = ", ".join(
            f"{row.group.replace(chr(10), ' ')} {row.median:.2f}" for row in table.itertuples(index=False)
        )
        return f"Dot plot of the strength of signatures, median and middle half by group: {said}."
    low, high = doses.iloc[0], doses.iloc[-1]
    return (
        f"Dot plot of the strength of signatures, median and middle half by dose: {low['median']:.2f} at "
        f"{low['group']} micromolar, {high['median']:.2f} at {high['group']} micromolar."
    )


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


def alt_of_leak(seen: pd.DataFrame, accuracy: pd.DataFrame) -> str:
    """What the figure of splits shows: drugs seen, and accuracy, at random and by drug."""
    drug = seen[seen["what"] == "drug"].set_index("scheme")["share_seen"]
    mean = accuracy.groupby("scheme")["accuracy"].mean()
    return (
        f"Two dot plots by way to split: at random {drug['random']:.0%} of test signatures are of a drug in "
        f"training and {mean['random']:.0%} find their class; by drug {drug['by drug']:.0%} and "
        f"{mean['by drug']:.0%}."
    )
