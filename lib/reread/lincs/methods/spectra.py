"""What each latent unit of a trained network says, and how the training went."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from reread.lincs.data.splits import Split
from reread.lincs.data.tables import Signatures
from reread.lincs.methods.latent_usage import ACTIVE_NATS, DEAD_NATS, unit_kl
from reread.lincs.methods.reconstruction import Run


def spectrum(signatures: Signatures, parts: dict[str, Split], runs: Sequence[Run]) -> pd.DataFrame:
    """KL of each latent unit on rows that training has not seen, largest first.

    Returns
    -------
    DataFrame
        split, method, seed, rank (1 is the largest), kl (nats a signature).
    """
    tables = []
    for run in runs:
        kl = unit_kl(*run.network.posterior(signatures.values[parts[run.split].test]))
        table = pd.DataFrame({"rank": np.arange(1, len(kl) + 1), "kl": np.sort(kl)[::-1]})
        tables.append(table.assign(split=run.split, method=run.method, seed=run.seed))
    return pd.concat(tables, ignore_index=True)[["split", "method", "seed", "rank", "kl"]]


def units(spectrum: pd.DataFrame) -> pd.DataFrame:
    """Count units by what they say: one row a split and method, means over seeds.

    Returns
    -------
    DataFrame
        split, method; ``active`` (above a tenth of a nat), ``dead`` (below a hundredth), ``nats`` in all.
    """
    kl = spectrum["kl"]
    marked = spectrum.assign(active=kl > ACTIVE_NATS, dead=kl < DEAD_NATS, nats=kl)
    sums = marked.groupby(["split", "method", "seed"], sort=False)[["active", "dead", "nats"]].sum()
    return sums.groupby(level=["split", "method"], sort=False).mean().reset_index()


def curves(runs: Sequence[Run]) -> pd.DataFrame:
    """Curves of all runs below each other, with split, method and seed."""
    return pd.concat(
        [run.history.assign(split=run.split, method=run.method, seed=run.seed) for run in runs],
        ignore_index=True,
    )
