"""Rank value encoding as the published tokeniser does it: one dense cell at a time."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np


def tokenise(
    counts: np.ndarray, n_counts: np.ndarray, genes: list[str], tokens: Mapping[str, int],
    medians: Mapping[str, float], max_len: int,
) -> list[np.ndarray]:  # fmt: skip
    """Sequence of each cell of ``counts`` (gene, cell), as a loom file has it (Geneformer 4bddd45)."""
    known = np.array([i for i, gene in enumerate(genes) if gene in tokens and gene in medians])
    ids = np.array([tokens[genes[i]] for i in known])
    norm = np.array([medians[genes[i]] for i in known])
    special = ["<cls>", "<eos>"] if "<cls>" in tokens else []
    room = max_len - len(special)
    found = []
    values = counts[known, :] / n_counts * 10_000 / norm[:, None]
    for cell in range(values.shape[1]):
        is_there = np.nonzero(values[:, cell])[0]
        order = np.argsort(-values[is_there, cell])
        sequence = ids[is_there][order][:room]
        if special:
            sequence = np.array([tokens["<cls>"], *sequence, tokens["<eos>"]])
        found.append(sequence)
    return found
