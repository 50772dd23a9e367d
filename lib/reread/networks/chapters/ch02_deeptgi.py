"""Figures of the DeepTGI chapter."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from reread.core import charts
from reread.networks.methods.batch_dependence import MOVED
from reread.networks.methods.comparison import LABELS, SCHEMES

if TYPE_CHECKING:
    from reread.core.figures import Drawn

FLOOR = MOVED / 10  # smallest change shown on the logarithmic axis


def folds(by_fold: pd.DataFrame) -> Drawn:
    """Draw the AUROC of each fold, for the network and for gene names, from ``protocol.by_fold``."""
    table = by_fold[["scheme", "method", "fold", "auroc"]]
    return charts.dots(
        table, x="auroc", y="scheme", hue="method", order={"scheme": list(SCHEMES)}, labels=LABELS,
        reference={"chance": 0.5},
    )  # fmt: skip


def loss_curves(curves: pd.DataFrame) -> Drawn:
    """Draw training and test loss of the first fold of each scheme by epoch, from ``Outcome.curves``.

    Each loss is divided by its value after the first epoch: the training loss of the published network has a
    reconstruction term that its test loss lacks.
    """
    first = curves[curves["fold"] == curves.groupby("scheme")["fold"].transform("min")]
    named = first.rename(columns={"train_loss": "training pairs", "test_loss": "test pairs"})
    table = named.melt(["scheme", "epoch"], ["training pairs", "test pairs"], "rows", "loss")
    table["loss"] /= table.groupby(["scheme", "rows"])["loss"].transform("first")
    labels = {**LABELS, "loss": "loss, relative to the first epoch"}
    return charts.lines(table, x="epoch", y="loss", hue="scheme", panel="rows", columns=2, labels=labels)


def batch(moves: np.ndarray) -> Drawn:
    """Draw the change of each prediction of a batch after its first pair was replaced.

    ``moves`` (pair of the batch,) comes from ``batch_dependence.change_one``.
    """
    kind = np.where(moves > MOVED, "changed", "unchanged (below 10⁻⁶)").astype(object)
    kind[0] = "replaced pair"
    table = pd.DataFrame(
        {"pair": np.arange(1, len(moves) + 1), "change": np.maximum(moves, FLOOR), "kind": kind}
    )
    labels = {"pair": "pair of the batch", "change": "change of probability"}
    return charts.scatter(table, x="pair", y="change", hue="kind", log="y", labels=labels)
