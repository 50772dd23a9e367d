"""How often the runs of one method choose the same genes, as a table."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from reread.maize.data.tables import Expression
from reread.maize.methods.gene_rankings import OURS, Run
from reread.maize.methods.gene_sets import rank_top
from reread.maize.methods.rank_stability import ensemble, selection_frequency

N_SHOWN = 3


def chosen_again(runs: Sequence[Run], data: Expression, k: int) -> pd.DataFrame:
    """How often runs of expected gradients choose the ``k`` best genes of their ensemble.

    Parameters
    ----------
    runs : sequence of Run
        Over seeds and orders of the genes; other methods are passed over.
    data : Expression
    k : int

    Returns
    -------
    DataFrame
        One row a tissue that was scored: tissue, runs, frequency (mean share of runs that have a gene of the
        ensemble in their top), in_every_run (genes), first (the best genes with their frequency). Empty
        without a run of the method.
    """
    columns = ["tissue", "runs", "frequency", "in_every_run", "first"]
    scores = [run.scores.per_tissue for run in runs if run.method == OURS]
    if not scores:
        return pd.DataFrame(columns=columns)
    top, frequency = rank_top(ensemble(scores), k), selection_frequency(scores, k)
    rows = []
    for t in np.flatnonzero(top[:, 0] >= 0):
        chosen = frequency[t, top[t]]
        first = ", ".join(
            f"{data.genes[g]} {share:.2f}" for g, share in zip(top[t, :N_SHOWN], chosen, strict=False)
        )
        rows.append((data.tissues[t], len(scores), chosen.mean(), int((chosen == 1).sum()), first))
    return pd.DataFrame(rows, columns=columns)
