"""Test whether the prediction of a pair depends on the other pairs of its batch."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from reread.core.errors import DataError
from reread.core.metrics import auroc
from reread.networks.data.tables import Pairs

# Smaller changes are rounding of matrix products; a true dependence is a thousand times larger.
MOVED = 1e-6


def change_one(predict: Callable, pairs: Pairs, test: np.ndarray, *, batch_size: int = 32) -> np.ndarray:
    """Replace one test pair of a batch and measure the change of every prediction of the batch.

    ``predict(tf, gene, batch_size=...)`` gives probabilities (pair,). The first ``batch_size`` rows of
    ``test`` are the batch; its first pair is replaced by the first later one with both genes different.
    Returns the absolute change of probability (pair of the batch,), entry 0 for the replaced pair. Without
    such a later pair it raises DataError.
    """
    batch, later = test[:batch_size], test[batch_size:]
    first = batch[0]
    other = later[(pairs.tf[later] != pairs.tf[first]) & (pairs.gene[later] != pairs.gene[first])]
    if len(other) == 0:
        raise DataError(
            f"The test of batch dependence needs a pair beyond the first {batch_size} with two other genes, "
            f"but none of the {len(later)} pairs beyond them has.\nAsk for a smaller batch."
        )
    changed = np.concatenate((other[:1], batch[1:]))
    before, after = (
        predict(pairs.tf[rows], pairs.gene[rows], batch_size=batch_size) for rows in (batch, changed)
    )
    return np.abs(after - before)


def batch_dependence(
    predict: Callable, pairs: Pairs, test: np.ndarray, *, batch_size: int = 32, seed: int = 0
) -> dict[str, float]:
    """Predict the same pairs in other batches, and count what changes.

    ``moved`` of ``batch`` predictions change when one pair is replaced (:func:`change_one`). Then for
    ``shuffled`` (another order) and ``alone`` (one pair a batch): ``mean_move``, ``largest_move``
    (probability), ``flips`` (labels at threshold 0.5) and ``auroc_change``. Rows of one class raise
    DataError.
    """
    moves = change_one(predict, pairs, test, batch_size=batch_size)
    tf, gene, label = pairs.tf[test], pairs.gene[test], pairs.label[test]
    before = predict(tf, gene, batch_size=batch_size)
    order = np.random.default_rng(seed).permutation(len(test))
    shuffled = np.empty_like(before)
    shuffled[order] = predict(tf[order], gene[order], batch_size=batch_size)
    alone = predict(tf, gene, batch_size=1)
    counts = {"batch": float(len(moves)), "moved": float((moves > MOVED).sum())}
    return counts | _compared("shuffled", label, before, shuffled) | _compared("alone", label, before, alone)


def _compared(name: str, label: np.ndarray, before: np.ndarray, after: np.ndarray) -> dict[str, float]:
    move = np.abs(after - before)
    move[move <= MOVED] = 0.0
    after = np.where(move > 0, after, before)
    return {
        f"{name}_mean_move": float(move.mean()),
        f"{name}_largest_move": float(move.max()),
        f"{name}_flips": float(((before > 0.5) != (after > 0.5)).sum()),
        f"{name}_auroc_change": auroc(label, after) - auroc(label, before),
    }
