"""Epochs of a network that reads sequences: batches of similar length, and the weights of the best epoch."""

from __future__ import annotations

import copy

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

GROUP = 50  # batches whose rows are sorted by length together, as transformers does


class BestEpoch(nn.Module):
    """The network and its weights of the best epoch so far; both are in a checkpoint."""

    def __init__(self, network: nn.Module):
        super().__init__()
        self.now, self.best = network, copy.deepcopy(network)
        # least loss, its epoch (0: none was chosen) and the epochs that are done
        self.register_buffer("numbers", torch.tensor([float("inf"), 0, 0], dtype=torch.float64))

    def seen(self, loss: float) -> None:
        """Keep the weights if the validation loss fell."""
        self.numbers[2] += 1
        if loss < self.numbers[0]:
            self.numbers[0], self.numbers[1] = loss, self.numbers[2]
            self.best.load_state_dict(self.now.state_dict())

    def finish(self) -> int:
        """Load the best weights; returns their epoch, 0 where none was chosen."""
        if self.numbers[1]:
            self.now.load_state_dict(self.best.state_dict())
        return int(self.numbers[1])


def length_grouped(
    rows: npt.NDArray, lengths: npt.NDArray, size: int, random: np.random.RandomState
) -> list[npt.NDArray]:
    """Batches of ``size`` rows in random order; rows are shuffled, and sorted by length within 50 batches."""
    shuffled = random.permutation(rows)
    groups = np.split(shuffled, np.arange(size * GROUP, len(shuffled), size * GROUP))
    ordered = np.concatenate([one[np.argsort(-lengths[one], kind="stable")] for one in groups])
    batches = np.split(ordered, np.arange(size, len(ordered), size))
    return [batches[i] for i in random.permutation(len(batches))]


def by_tokens(rows: npt.NDArray, lengths: npt.NDArray, most: int) -> list[npt.NDArray]:
    """Rows by length, in equal batches of at most ``most`` tokens (padding included), or of one row."""
    ordered = rows[np.argsort(lengths[rows], kind="stable")]
    n_batches = -(-len(ordered) // max(1, most // lengths[rows].max(initial=1)))
    return np.array_split(ordered, n_batches) if n_batches else []
