"""Several worlds at once: load them, and sum up what travels from one to another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import permutations

import pandas as pd

from reread.networks.data import load as data
from reread.networks.data.tables import Expression, Pairs, World
from reread.networks.methods import overlap, transfer

PUBLISHED = "published predictions"


def load_each(sources: Sequence[str], *, seed: int = 0) -> dict[str, World]:
    """Load worlds by name; a single simulated source becomes two worlds, since transfer needs two.

    Returns
    -------
    dict of World
        By the name of their expression. The second simulated world is another network among other genes.
    """
    named = {source: data.load(source, seed=seed) for source in sources}
    if len(named) == 1:
        (source,) = named
        other = _renamed(data.load(source, seed=seed + 1), f"{source} 2")
        named[other.expression.name] = other
    return named


def overlaps(worlds: Mapping[str, World]) -> pd.DataFrame:
    """Count what each two worlds share: source, target, cells (of the target), genes, tfs, pairs."""
    rows = []
    for source, target in permutations(worlds, 2):
        shared = overlap.overlap(worlds[source], worlds[target])
        counts = {"cells": int(shared.cells.sum()), "genes": shared.n_genes}
        rows.append(
            {"source": source, "target": target, **counts, "tfs": shared.n_tfs, "pairs": shared.n_pairs}
        )
    return pd.DataFrame(rows)


def unseen(moved: pd.DataFrame) -> pd.DataFrame:
    """Mean AUROC by method where TFs and genes are both new to the source: columns method, unseen_auroc."""
    rows = moved[moved["excluded"] == transfer.EXCLUDE[-1]]
    return rows.groupby("method", sort=False)["auroc"].mean().rename("unseen_auroc").reset_index()


def transfer_table(moved: pd.DataFrame) -> pd.DataFrame:
    """AUROC, a row for source, target and method, a column for what is taken out; then the pairs left."""
    keys = ["source", "target", "method"]
    wide = moved.pivot_table(index=keys, columns="excluded", values="auroc", sort=False, dropna=False)
    left = moved[moved["excluded"] == transfer.EXCLUDE[-1]].set_index(keys)["n_pairs"].rename("pairs left")
    return wide[list(transfer.EXCLUDE)].join(left).dropna(how="all").reset_index()


def to_new_world(*, n_worlds: int, seed: int = 0) -> pd.DataFrame:
    """Learn on ``n_worlds`` simulated worlds, predict another; columns of :func:`transfer.to_new_world`."""
    made = [data.load("simulated", seed=seed + k) for k in range(n_worlds + 1)]
    kept = ["method", "auroc", "auprc_ratio", "early_precision_ratio", "brier", "calibration_error"]
    return transfer.to_new_world(made[:-1], made[-1], seed=seed)[kept]


def published_over_names(by_names: pd.DataFrame) -> dict[str, float]:
    """AUROC of the published predictions minus that of the best names-only rule; empty without them."""
    auroc = by_names.set_index("method")["auroc"]
    if PUBLISHED not in auroc:
        return {}
    return {"published_over_names": float(auroc[PUBLISHED] - auroc.drop(PUBLISHED).max())}


def learnt_over_spearman(moved: pd.DataFrame) -> float:
    """Mean AUROC of pair statistics minus that of |Spearman|, where TFs and genes are both new."""
    mean = unseen(moved).set_index("method")["unseen_auroc"]
    return float(mean["pair statistics"] - mean["|Spearman|"])


def alt_of_transfer(moved: pd.DataFrame) -> str:
    """What the transfer figure shows, from the table behind it."""
    mean = unseen(moved).set_index("method")["unseen_auroc"]
    return (
        f"Heat map of AUROC from source to target on pairs whose TF and gene are new: pair statistics "
        f"{mean['pair statistics']:.2f} on average, untaught |Spearman| {mean['|Spearman|']:.2f}."
    )


def _renamed(world: World, name: str) -> World:
    """The world under another name, and every gene with it: nothing of it is known elsewhere by name."""
    genes = tuple(f"{gene} of 2" for gene in world.expression.genes)
    pairs = Pairs(world.pairs.tf, world.pairs.gene, world.pairs.label, genes)
    return World(Expression(world.expression.values, genes, name), pairs, world.tfs, world.truth)
