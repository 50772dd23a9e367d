"""Turn the knob that makes an illusion: how many genes the negatives of a pair list are drawn from."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from reread.core.score import auroc
from reread.networks.data.negatives import draw_pairs
from reread.networks.data.simulate import simulate_network
from reread.networks.data.splits import split_pairs
from reread.networks.data.tables import Pairs
from reread.networks.methods.gene_name_baselines import one_hot_names

POOLS = (16, 32, 64)


def turn(
    *, n_genes: int = 120, n_tfs: int = 24, pools: Sequence[int] = POOLS, n_worlds: int = 3, seed: int = 0
) -> pd.DataFrame:
    """Measure what names alone reach, for ever larger pools of negatives and for matched ones.

    Parameters
    ----------
    n_genes, n_tfs : int
        Size of the simulated networks; no cell is simulated, since names see none.
    pools : sequence of int
        Numbers of genes that negatives are drawn from; those not below ``n_genes`` are left out.
    n_worlds : int
        Networks, drawn with seeds ``seed``, ``seed + 1``, ...
    seed : int

    Returns
    -------
    DataFrame
        One row for each setting and world: negatives (``pool of 16`` ... ``matched``), world, names_auroc
        (pair split) and names_auroc_both (TF and gene both held out), means over folds.
    """
    settings = [(f"pool of {size}", {"negatives": "pool", "pool": size}) for size in pools if size < n_genes]
    settings.append(("matched", {"negatives": "matched"}))
    rows = []
    for world in range(n_worlds):
        network = simulate_network(n_tfs, n_genes, seed=seed + world)
        for name, how in settings:
            pairs = draw_pairs(network.truth, np.arange(n_tfs), network.genes, seed=seed + world, **how)
            row = {"negatives": name, "world": world, "names_auroc": _names(pairs, "pair")}
            rows.append(row | {"names_auroc_both": _names(pairs, "both")})
    return pd.DataFrame(rows)


def _names(pairs: Pairs, scheme: str) -> float:
    folds = split_pairs(pairs, scheme)
    return float(np.mean([auroc(pairs.label[f.test], one_hot_names(pairs, f.train, f.test)) for f in folds]))
