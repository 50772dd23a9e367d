"""What the figures of samples show, in sentences computed from the tables behind them."""

from __future__ import annotations

import pandas as pd


def alt_of_samples(table: pd.DataFrame) -> str:
    """What the scatter plot of samples shows: how much of the spread lies between tissues."""
    places = table[["first", "second"]]
    means = places.groupby(table["tissue"]).transform("mean")
    between = ((means - places.mean()) ** 2).sum() / ((places - places.mean()) ** 2).sum()
    return (
        f"Scatter plot of {len(table)} samples of {table['tissue'].nunique()} tissues on two principal "
        f"components; tissue explains {between['first']:.0%} of the first and {between['second']:.0%} of the "
        f"second."
    )


def alt_of_transforms(table: pd.DataFrame) -> str:
    """What the histograms show: the share of the lowest bin, and the empty bins above it."""
    said = []
    for name, bins in table.groupby("transform", sort=False):
        first = bins["share"].iloc[0]
        n_rare = int((bins["share"].iloc[1:] < first / 100).cummin().sum())
        said.append(f"{name}, {first:.0%} in the lowest bin and {n_rare} of {len(bins)} bins above it rare")
    return f"Two histograms of all values, shares on a log scale: {'; '.join(said)}."


def alt_of_layout(n_genes: int, side: int) -> str:
    """What the images show: the same values in two orders."""
    padding = side * side - n_genes
    return (
        f"Two square images of {side} by {side} pixels of one sample, {n_genes} genes and {padding} padding "
        f"pixels: on the left in the order of the file, on the right with the genes shuffled."
    )


def alt_of_hold_outs(table: pd.DataFrame) -> str:
    """What the chart of folds shows: how many samples each kind tests, and how many it never can."""
    tested = table[table["part"] == "test"].groupby("kind", sort=False)["sample"].nunique()
    stay = table[(table["kind"] == "group") & (table["part"] == "never held out")]["sample"].nunique()
    said = ", ".join(f"{kind} {n}" for kind, n in tested.items())
    return (
        f"Grid of folds by samples, coloured by training and test. Of {table['sample'].nunique()} samples, "
        f"tested at least once: {said}. {stay} never leave training under the group hold-out."
    )


def alt_of_neighbours(table: pd.DataFrame) -> str:
    """What the strips show: how often the nearest training sample is a replicate, and its correlation."""
    said = [
        f"{kind} {part['is_replicate'].mean():.0%} (mean r {part['r'].mean():.3f})"
        for kind, part in table.groupby("kind", sort=False)
    ]
    return (
        "Strip plot of the correlation of each test sample with its nearest training sample, which is a "
        f"replicate under: {', '.join(said)}."
    )
