"""The figures of this study. Each function returns a matplotlib Figure and the table behind it."""

from __future__ import annotations

from reread.lincs.draw.data import dose_strength, leak, replicates
from reread.lincs.draw.training import bottlenecks, by_perturbation, spectrum, vae_curves
from reread.lincs.draw.weights import class_distances, class_transfer, decoded_genes, loud_nodes

__all__ = [
    "bottlenecks",
    "by_perturbation",
    "class_distances",
    "class_transfer",
    "decoded_genes",
    "dose_strength",
    "leak",
    "loud_nodes",
    "replicates",
    "spectrum",
    "vae_curves",
]
