"""What figures of clusters and of their nulls show, in sentences computed from the tables behind them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from reread.maize.methods.clustering import ALL, REFERENCES

FEW = 20  # random sets below which none can say 0.05


def alt_of_sets(table: pd.DataFrame, nulls: Mapping[str, np.ndarray]) -> str:
    """How many sets beat all genes, and how many their random sets."""
    sets = table[~table["method"].isin(REFERENCES)]
    of_all = table.loc[table["method"] == ALL, "v"].iloc[0]
    n_null = len(nulls[sets["method"].iloc[0]])
    beaten = f"all {n_null}" if n_null < FEW else "95 %"
    level = 1.5 / (n_null + 1) if n_null < FEW else 0.05
    return (
        f"Dot plot of V-measure by set of genes over its random sets; {int((sets['p'] < level).sum())} of "
        f"{len(sets)} sets lie above {beaten} of their random sets, {int((sets['v'] > of_all).sum())} above "
        f"all genes ({of_all:.2f})."
    )


def alt_of_feedback(runs: pd.DataFrame) -> str:
    """What feeding labels back does to V."""
    last = runs[runs["run"] > 1].groupby("labels")["v"].mean()
    first = runs.loc[runs["run"] == 1, "v"].iloc[0]
    return (
        f"Line chart of V-measure by run: the first run has {first:.3f}; later runs have "
        f"{last['fed back']:.3f} on average with labels fed back and {last['left out']:.3f} without."
    )


def alt_of_sizes(table: pd.DataFrame) -> str:
    """How V of random genes moves with their number and with the number of clusters."""
    v = table.set_index(["n_clusters", "n_genes"])["v"]
    k, n = table["n_clusters"].iloc[0], table["n_genes"]
    return (
        f"Line chart of V-measure of random genes: with {k} clusters {v[k, n.min()]:.2f} for {n.min():,} "
        f"genes and {v[k, n.max()]:.2f} for {n.max():,}; the largest of any number is {v.max():.2f}."
    )


def caption_of_sizes(table: pd.DataFrame, n_tissues: int) -> str:
    """What the lines are: numbers of clusters."""
    numbers = [
        f"{k} (one a tissue)" if k == n_tissues else str(k) for k in dict.fromkeys(table["n_clusters"])
    ]
    return f"V-measure of random genes by how many they are, for {' and '.join(numbers)} clusters."


def alt_of_nulls(table: pd.DataFrame, methods: tuple[str, str]) -> str:
    """What each test says of the method that it is shown for."""
    rows = table.set_index("method")
    return (
        f"Two null distributions of V-measure on one axis: under the published normal curve {methods[0]} has "
        f"z {rows.loc[methods[0], 'z_gauss']:.1f}; among matched random sets {methods[1]} has "
        f"p {rows.loc[methods[1], 'p_perm']:.3f}."
    )


def alt_of_p_values(table: pd.DataFrame) -> str:
    """How many methods each test calls significant."""
    counts = {name: int((table[name] < 0.05).sum()) for name in ("p_gauss", "p_perm")}
    n = table[["p_gauss", "p_perm"]].notna().sum()
    return (
        f"Dot plot of p values by method on a logarithmic axis: below 0.05 lie {counts['p_gauss']} of "
        f"{n['p_gauss']} methods under the published null and {counts['p_perm']} of {n['p_perm']} in the "
        "permutation test."
    )


def alt_of_alarms(rates: Mapping[str, float]) -> str:
    """How often each test raises a false alarm."""
    return (
        f"Line chart of random sets called significant by level: at 0.05 the published test calls "
        f"{rates['published']:.0%} of random sets significant and the permutation test "
        f"{rates['permutation']:.0%}."
    )


def alt_of_spread(sources: Mapping[str, float]) -> str:
    """Which source of chance moves V most."""
    words = {"runs": "runs of k-means on one set", "sets": "random sets", "seeds": "embedding seeds"}
    said = [f"{words[name]} {sd:.4f}" for name, sd in sources.items()]
    return f"Bar chart of the standard deviation of V-measure by source of chance: {', '.join(said)}."
