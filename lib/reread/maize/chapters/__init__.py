"""The figures of this study. Each function returns a matplotlib Figure and the table behind it."""

from __future__ import annotations

from reread.maize.chapters.ch01_expression import hold_outs, layout, neighbours, samples, transforms
from reread.maize.chapters.ch02_tissue_cnn import confusion, curves, ladder, order
from reread.maize.chapters.ch03_marker_genes import agreement, enrichment, marker_ranks, overlap, union_walk
from reread.maize.chapters.ch04_clusters import (
    by_size,
    false_alarms,
    feedback,
    p_values,
    spread,
    two_nulls,
    v_by_set,
)

__all__ = [
    "agreement",
    "by_size",
    "confusion",
    "curves",
    "enrichment",
    "false_alarms",
    "feedback",
    "hold_outs",
    "ladder",
    "layout",
    "marker_ranks",
    "neighbours",
    "order",
    "overlap",
    "p_values",
    "samples",
    "spread",
    "transforms",
    "two_nulls",
    "union_walk",
    "v_by_set",
]
