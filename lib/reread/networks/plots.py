"""What stands for each family and split in the figures of this study, beside the marks that all share."""

from __future__ import annotations

from reread.core.figures import MARKERS, PALETTE
from reread.core.marks import SMALL, colour, grid_lines, label_ends, line, marker, note, spread
from reread.networks.methods.benchmark import DEEP, NAMES, SUPERVISED, UNSUPERVISED

__all__ = [
    "FAMILIES", "FAMILY_COLOUR", "FAMILY_MARKER", "SCHEME_COLOUR", "SCHEME_LABEL", "SCHEME_MARKER", "SMALL",
    "colour", "grid_lines", "label_ends", "line", "marker", "note", "spread",
]  # fmt: skip

FAMILIES = (NAMES, UNSUPERVISED, SUPERVISED, DEEP)
FAMILY_COLOUR = dict(zip(FAMILIES, (PALETTE[5], PALETTE[2], PALETTE[0], PALETTE[1]), strict=True))
FAMILY_MARKER = dict(zip(FAMILIES, MARKERS, strict=False))
SCHEME_LABEL = {"pair": "pair split", "tf": "TF held out", "gene": "gene held out", "both": "both held out"}
SCHEME_COLOUR = dict(zip(SCHEME_LABEL, (PALETTE[1], PALETTE[4], PALETTE[3], PALETTE[0]), strict=True))
SCHEME_MARKER = dict(zip(SCHEME_LABEL, ("o", "^", "s", "D"), strict=True))
