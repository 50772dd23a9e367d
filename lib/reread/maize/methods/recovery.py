"""How many of the planted genes a ranking finds."""

from __future__ import annotations

import numpy as np

from reread.core import validate as check
from reread.core.errors import DataError
from reread.core.score import auroc
from reread.maize.data.tables import Truth
from reread.maize.methods.gene_sets import rank_top


def recovery(scores: np.ndarray, truth: Truth, k: int = 20) -> dict[str, float]:
    """Compare rankings with planted genes, mean over the tissues that have any.

    Parameters
    ----------
    scores : float array, (tissue, gene)
        Higher is more specific. A tissue of NaN named no gene: it found none, and ranks none above another.
    truth : Truth
        Which tissue each gene was planted for, and which genes are raised in several tissues.
    k : int
        Genes taken from the top of each ranking.

    Returns
    -------
    dict
        ``precision`` (share of the top k that was planted for the tissue), ``auroc`` (how often a planted
        gene outranks another), ``decoy_share`` (share of the top k that is raised in several tissues),
        ``chance`` (precision of a random ranking).

    Raises
    ------
    DataError
        If no tissue has planted genes.
    """
    check.axes(scores, "scores", tissue=None, gene=len(truth.tissue_of))
    planted = [t for t in range(len(scores)) if (truth.tissue_of == t).any()]
    if not planted:
        raise DataError("No gene is planted for any tissue, so there is no truth to compare with.")
    found = [_of_tissue(scores[t], truth.tissue_of == t, truth.is_decoy, k) for t in planted]
    precision, area, decoys, chance = np.mean(found, axis=0)
    return {
        "precision": float(precision), "auroc": float(area), "decoy_share": float(decoys),
        "chance": float(chance),
    }  # fmt: skip


def _of_tissue(
    score: np.ndarray, is_planted: np.ndarray, is_decoy: np.ndarray, k: int
) -> tuple[float, float, float, float]:
    if np.isnan(score).any():
        return 0.0, 0.5, 0.0, float(is_planted.mean())
    top = rank_top(score[None], k)[0]
    area = auroc(is_planted.astype(int), score)
    return is_planted[top].mean(), area, is_decoy[top].mean(), is_planted.mean()
