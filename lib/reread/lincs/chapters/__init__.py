"""The figures of this study. Each function returns a matplotlib Figure and the table behind it."""

from __future__ import annotations

from reread.lincs.chapters.ch01_signatures import dose_strength, leak, replicates
from reread.lincs.chapters.ch02_vae import bottlenecks, by_perturbation, spectrum, vae_curves
from reread.lincs.chapters.ch03_svqvae import code_curves, code_usage, found
from reread.lincs.chapters.ch04_latent_space import (
    class_tree,
    latent_map,
    node_means,
    real_against_generated,
    told_apart,
)
from reread.lincs.chapters.ch05_classes_and_targets import recalls, split_gap
from reread.lincs.chapters.ch06_drug_query import handle_names, handle_ranks, retrieved, target_ranks
from reread.lincs.chapters.ch07_published_weights import (
    class_distances,
    class_transfer,
    decoded_genes,
    loud_nodes,
)
from reread.lincs.chapters.ch08_digits import digit_confusion, rebuilt_digits

__all__ = [
    "bottlenecks",
    "by_perturbation",
    "class_distances",
    "class_transfer",
    "class_tree",
    "code_curves",
    "code_usage",
    "decoded_genes",
    "digit_confusion",
    "dose_strength",
    "found",
    "handle_names",
    "handle_ranks",
    "latent_map",
    "leak",
    "loud_nodes",
    "node_means",
    "real_against_generated",
    "rebuilt_digits",
    "recalls",
    "replicates",
    "retrieved",
    "spectrum",
    "split_gap",
    "target_ranks",
    "told_apart",
    "vae_curves",
]
