"""Alternative texts of the figures on classes and targets, computed from what they show."""

from __future__ import annotations

import pandas as pd

from reread.lincs.chapters.ch05_classes_and_targets import KNOWN
from reread.lincs.data.annotations import short
from reread.lincs.methods.drug_query import Handle


def alt_of_leak(table: pd.DataFrame) -> str:
    """What the dumbbells show: mean accuracy under both splits, and the best representation of new drugs."""
    mean = table.groupby("split")["accuracy"].mean()
    best = table[table["split"] == "held-out-drug"].sort_values("accuracy").iloc[-1]
    return (
        f"Dumbbell charts of accuracy by representation: {mean['random']:.2f} on average with random folds, "
        f"{mean['held-out-drug']:.2f} with drugs held out; best there: "
        f"{KNOWN.get(best['representation'], best['representation'])}, {best['accuracy']:.2f}."
    )


def alt_of_recalls(shown: pd.DataFrame) -> str:
    """What the figure of recalls shows: how many classes clear the null, and which is lowest."""
    clear = int((shown["accuracy"] > shown["null_high"]).sum())
    low = shown.loc[shown["accuracy"].idxmin()]
    return (
        f"Dot plot of recall by class, drugs held out, over the range of meaningless classes: {clear} of "
        f"{len(shown)} lie above it; the lowest is {short(low['pcl'])}, {low['accuracy']:.2f}."
    )


def alt_of_retrieved(table: pd.DataFrame) -> str:
    """What the figure of reciprocal ranks shows: the raw signature, group by group, and shuffled names."""
    raw = table[table["representation"] == "raw"]
    said = [f"{row.group} {row.mrr:.2f} against {row.null_mrr:.2f}" for row in raw.itertuples()]
    return (
        f"Dot plot of mean reciprocal ranks by representation; raw signatures against shuffled names: "
        f"{', '.join(said)}."
    )


def alt_of_ranks(shown: pd.DataFrame) -> str:
    """What the figure of ranks shows: how many drugs have a target first, and how many beat random order."""
    first, better = int((shown["rank"] == 1).sum()), int((shown["rank"] < shown["by_chance"]).sum())
    return (
        f"Dot plot of the rank of the first target of {len(shown)} drugs: {first} have it first, {better} "
        f"before the mean of random order, {int((shown['q'] < 0.05).sum())} with q below 0.05."
    )


def alt_of_handle(handle: Handle) -> str:
    """What the figure of a handle shows: mean rank and p of each drug."""
    said = [
        f"{row.drug} {row.mean_rank:.0f}, random order {row.by_chance:.0f}, p {row.p:.3f}"
        for row in handle.summary.head(4).itertuples()
    ]
    return f"Strip plot of the rank of the first target of every signature; means: {'; '.join(said)}."


def alt_of_names(shown: pd.DataFrame) -> str:
    """What the figure of names shows: the most similar name of each drug."""
    said = [f"{row.drug} {short(row.name_)} ({row.score:.2f})" for row in _first(shown).head(4).itertuples()]
    return f"Lollipop chart of the names most like each drug; nearest by mean signature: {', '.join(said)}."


def _first(shown: pd.DataFrame) -> pd.DataFrame:
    return shown[shown["rank"] == 1].rename(columns={"name": "name_"})
