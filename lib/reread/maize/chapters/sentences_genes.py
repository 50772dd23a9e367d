"""What figures of rankings show, in sentences computed from the tables behind them."""

from __future__ import annotations

import pandas as pd

from reread.maize.methods.gene_rankings import PUBLISHED


def alt_of_markers(table: pd.DataFrame) -> str:
    """Which methods find most and fewest of the known genes."""
    found = table.set_index("method")["markers_found"]
    most, fewest = (_named(found[found == share].index) for share in (found.max(), found.min()))
    return (
        f"Strip plot of the ranks of known genes by method; in the best 5 % lie {found.max():.0%} for {most} "
        f"and {found.min():.0%} for {fewest}."
    )


def _named(methods: pd.Index) -> str:
    return methods[0] if len(methods) == 1 else f"{len(methods)} methods"


def alt_of_walk(table: pd.DataFrame, method: str = PUBLISHED) -> str:
    """How far the union rule of the published method lies from that of random rankings."""
    row = table.set_index("method").loc[method]
    return (
        f"Line chart of distinct genes over genes named by rows kept: {method} stops after "
        f"{row['union_depth']:,.0f} rows with {row['union_share']:.0%} of all genes, "
        f"{row['union_over_null']:.2f} times what random rankings keep."
    )


def alt_of_overlap(pairs: pd.DataFrame) -> str:
    """Which two methods share most, and least, over chance."""
    high, low = (pairs.loc[getattr(pairs["ratio"], which)()] for which in ("idxmax", "idxmin"))
    return (
        f"Triangle of numbers: genes that two methods share over chance, from {low['ratio']:.1f} times "
        f"({low['left']} and {low['right']}) to {high['ratio']:.1f} ({high['left']} and {high['right']})."
    )


def alt_of_agreement(means: pd.DataFrame) -> str:
    """Mean overlap of runs by what differs."""
    least, most = (means.loc[getattr(means["jaccard"], which)()] for which in ("idxmin", "idxmax"))
    return (
        f"Dot plot of overlap between runs that differ in one thing: least {least['jaccard']:.2f} "
        f"({least['method']}, another {least['differs']}), most {most['jaccard']:.2f} "
        f"({most['method']}, another {most['differs']})."
    )


def alt_of_enrichment(counts: pd.DataFrame) -> str:
    """Which method has most enriched terms, and which fewest."""
    total = counts.sum(axis=1)
    most, fewest = (_named(total[total == n].index) for n in (total.max(), total.min()))
    if total.nunique() == 1:
        return f"Table of numbers of enriched terms by method and tissue; every method has {total.iloc[0]}."
    return (
        f"Table of numbers of enriched terms by method and tissue; most, {total.max()}, for {most}, and "
        f"fewest, {total.min()}, for {fewest}."
    )
