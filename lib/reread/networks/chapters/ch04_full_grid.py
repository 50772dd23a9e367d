"""Figures of the chapter on the full grid."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reread.core import charts
from reread.networks.methods.comparison import LABELS

if TYPE_CHECKING:
    import pandas as pd

    from reread.core.figures import Drawn

CHANGES = {
    "another-seed": "another seed",
    "one-cell-fewer": "one cell fewer",
    "resampled-cells": "resampled cells",
}


def stability(table: pd.DataFrame) -> Drawn:
    """Draw the overlap of the top edges with those of the first run, from ``stability.stability``."""
    labels = {**LABELS, **CHANGES, "jaccard": "Jaccard index"}
    return charts.dots(
        table, x="jaccard", y="method", panel="change", labels=labels, stem=True, limits=(0, 1.04), columns=3
    )
