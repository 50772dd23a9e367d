"""Old names of what :mod:`reread.core.figures` holds."""

from __future__ import annotations

from reread.core.figures import (
    SMALL,
    colour,
    grid_lines,
    label_ends,
    line,
    marker,
    note,
    spread,
)

__all__ = ["SMALL", "colour", "grid_lines", "label_ends", "line", "marker", "note", "spread"]
