"""Alternative texts of the figures on the latent space, computed from what they show."""

from __future__ import annotations

import pandas as pd

from reread.lincs.data.annotations import short


def alt_of_generated(points: pd.DataFrame) -> str:
    """What the scatter shows: how far generated points spread beside real ones on the first component."""
    said = []
    for panel, rows in points.groupby("panel", sort=False):
        spread = rows.groupby("kind")["pc1"].std()
        said.append(f"{panel} spreads {spread[panel] / spread['real']:.0%} as far as real ones")
    return (
        f"Scatter plots of real and generated signatures on two components; on the first {', '.join(said)}."
    )


def alt_of_tests(table: pd.DataFrame) -> str:
    """What the figure of tests shows: share told apart in each comparison."""
    said = [f"{row.compared.replace(', ', ' ')} {row.c2st:.2f}" for row in table.itertuples()]
    return f"Dot plots of two tests; share that the classifier tells apart: {', '.join(said)}."


def alt_of_nodes(means: pd.DataFrame) -> str:
    """What the map of nodes shows: its size and its strongest entry."""
    row, column = means.abs().stack().idxmax()
    return (
        f"Heat map of {means.shape[1]} signature nodes in {len(means)} classes; the strongest mean is "
        f"{means.loc[row, column]:.1f}, node {column} in {short(row)}."
    )


def alt_of_map(places: pd.DataFrame) -> str:
    """What the map shows: the class that stands farthest from the middle."""
    centres = places[places["pcl"] != ""].groupby("pcl")[["x", "y"]].mean()
    far = centres.pow(2).sum(axis=1).idxmax()
    return (
        f"Scatter plot of {len(places)} signatures of {len(centres)} classes on two components of the latent "
        f"means; {short(far)} stands farthest from the middle."
    )


def alt_of_tree(distance: pd.DataFrame) -> str:
    """What the tree shows: the two classes that are nearest to each other."""
    apart = distance.where(distance.index.to_numpy()[:, None] != distance.columns.to_numpy())
    one, other = apart.stack().idxmin()
    return (
        f"Tree of {len(distance)} classes beside a heat map of their correlation distances; nearest are "
        f"{short(one)} and {short(other)}, {distance.loc[one, other]:.2f} apart."
    )
