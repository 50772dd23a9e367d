"""Check a simulation against what it says it planted, before any method is asked."""

from __future__ import annotations

import numpy as np

from reread.maize.data.tables import Expression
from reread.maize.data.transform import log_plus_one

MOST = 0.99  # of the other genes: one in a hundred may be moved far by its module


def rises(data: Expression) -> dict[str, float]:
    """How far genes rise above the other tissues: planted ones in theirs, others where they are highest.

    Parameters
    ----------
    data : Expression
        With or without a truth.

    Returns
    -------
    dict of str to float
        log2(x + 1) units; empty where nothing was planted. ``rise.planted``: mean of the planted genes, each
        in the tissue it was planted for. ``rise.other``: the rise that 99 of 100 genes that are neither
        planted nor decoys stay below, each in the tissue where it is *highest*.

    Notes
    -----
    A mean over signed rises of the other genes would be 0 whatever they do: what a gene has in one tissue it
    lacks in the rest. In its highest tissue every gene lies above 0, by sampling and, in a module, by what
    the module does there; what matters is that this stays below the smallest rise that is planted.
    """
    if data.truth is None:
        return {}
    log = log_plus_one(data.values)
    mean = np.stack([log[data.tissue == k].mean(axis=0) for k in range(data.n_tissues)])
    above = (mean - mean.mean(axis=0)) * data.n_tissues / (data.n_tissues - 1)
    planted = np.flatnonzero(data.truth.tissue_of >= 0)
    is_other = (data.truth.tissue_of < 0) & ~data.truth.is_decoy
    return {
        "rise.planted": float(above[data.truth.tissue_of[planted], planted].mean()),
        "rise.other": float(np.quantile(above[:, is_other].max(axis=0), MOST)),
    }
