"""Check a simulation against what it says it planted, before any method is asked."""

from __future__ import annotations

import numpy as np

from reread.maize.tables import Expression
from reread.maize.transform import log_plus_one


def rises(data: Expression) -> dict[str, float]:
    """How far genes lie above the other tissues in the tissue they were planted for, on average.

    Parameters
    ----------
    data : Expression
        With or without a truth.

    Returns
    -------
    dict of str to float
        ``rise.planted`` of planted genes; ``rise.other`` of genes that are neither planted nor decoys, each
        in a tissue that was dealt to it in turn; log2(x + 1) units. Empty where nothing was planted.
    """
    if data.truth is None:
        return {}
    log = log_plus_one(data.values)
    mean = np.stack([log[data.tissue == k].mean(axis=0) for k in range(data.n_tissues)])
    above = (mean - mean.mean(axis=0)) * data.n_tissues / (data.n_tissues - 1)
    genes = np.arange(len(data.genes))
    is_planted = data.truth.tissue_of >= 0
    of = np.where(is_planted, data.truth.tissue_of, genes % data.n_tissues)
    rise = above[of, genes]
    is_other = ~is_planted & ~data.truth.is_decoy
    return {"rise.planted": float(rise[is_planted].mean()), "rise.other": float(rise[is_other].mean())}
