"""Recovery of the planted genes of a simulation by a ranking."""

from __future__ import annotations

import numpy as np

from reread.core import validate
from reread.core.errors import DataError
from reread.core.metrics import auroc
from reread.maize.data.tables import Truth
from reread.maize.methods.gene_sets import rank_top

MEASURES = ("precision", "auroc", "false_positive_share", "chance")


def recovery(scores: np.ndarray, truth: Truth, k: int = 20) -> dict[str, float]:
    """Compare scores (tissue, gene) with the planted genes, mean over the tissues that have any."""
    validate.axes(scores, "scores", tissue=None, gene=len(truth.tissue_of))
    planted = [t for t in range(len(scores)) if (truth.tissue_of == t).any()]
    if not planted:
        raise DataError(
            "No gene is planted for any tissue, so recovery is undefined. Simulate planted genes."
        )
    found = [_of_tissue(scores[t], truth.tissue_of == t, truth.is_decoy, k) for t in planted]
    return dict(zip(MEASURES, map(float, np.mean(found, axis=0)), strict=True))


def _of_tissue(score: np.ndarray, is_planted: np.ndarray, is_decoy: np.ndarray, k: int) -> tuple:
    if np.isnan(score).any():
        return 0.0, 0.5, 0.0, is_planted.mean()
    top = rank_top(score[None], k)[0]
    area = auroc(is_planted.astype(int), score)
    return is_planted[top].mean(), area, is_decoy[top].mean(), is_planted.mean()
