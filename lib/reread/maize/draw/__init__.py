"""The figures of this study. Each function returns a matplotlib Figure and the table behind it."""

from __future__ import annotations

from reread.maize.draw.data import hold_outs, layout, neighbours, samples, transforms

__all__ = ["hold_outs", "layout", "neighbours", "samples", "transforms"]
