"""Epochs of a network that reads sequences: batches of similar length, steps of AdamW, the best epoch."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from reread.core.training.loop import Stream

GROUP = 50  # batches whose rows are sorted by length together, as transformers does
WITHOUT_DECAY = ("bias", "LayerNorm.weight")
MOST_TOKENS = 65_536  # of a batch that is only predicted


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


class LengthGrouped:
    """A recipe of ``loop.fit``: steps of AdamW on batches of similar length, and the best epoch.

    ``loss`` maps row numbers to the mean loss of a batch. ``settings`` has ``epochs``, ``batch`` (rows of a
    step) and the ``accumulate`` parts that it is cut into, ``rate``, which rises over ``warmup`` steps and
    then falls linearly to 0, and ``weight_decay``, of all weights but biases and layer norms. Gradients are
    clipped to a norm of 1. ``validation`` rows choose the epoch; without them the last one is kept.
    """

    def __init__(
        self, network: nn.Module, loss: Callable[[npt.NDArray], torch.Tensor], settings: Any, seed: int,
        lengths: npt.NDArray, train: npt.NDArray, validation: npt.NDArray | None = None,
    ):  # fmt: skip
        self.loss, self.settings, self.lengths = loss, settings, lengths
        self.train, self.validation = train, validation
        self.device = next(network.parameters()).device
        self.stream = Stream(seed, self.device)
        self.network = BestEpoch(network)
        groups: list[dict] = [{"params": [], "weight_decay": decay} for decay in (settings.weight_decay, 0.0)]
        for name, one in network.named_parameters():
            if one.requires_grad:
                groups[name.endswith(WITHOUT_DECAY)]["params"].append(one)
        self.optimizer = torch.optim.AdamW(groups, lr=settings.rate, fused=True)

    def run_epoch(self) -> dict:
        """Train one epoch and return its losses."""
        batches = length_grouped(self.train, self.lengths, self.settings.batch, self.stream.numpy)
        done, warmup = int(self.network.numbers[2]), self.settings.warmup
        n_steps = max(self.settings.epochs * len(batches), warmup + 1)
        self.network.now.train()
        with self.stream:
            rates = np.interp(done * len(batches) + np.arange(len(batches)), [0, warmup, n_steps], [0, 1, 0])
            losses = [self._step(rows, rate) for rows, rate in zip(batches, rates, strict=True)]
        found = {"train_loss": float(np.mean(losses))}
        self.network.now.eval()
        if self.validation is not None:
            found["validation_loss"] = self._validation_loss(self.validation)
        self.network.seen(found.get("validation_loss", float("inf")))
        return found

    def _step(self, rows: npt.NDArray, rate: float) -> float:
        total = 0.0
        for group in self.optimizer.param_groups:
            group["lr"] = float(self.settings.rate * rate)  # a NumPy number could not be read again
        for part in np.array_split(rows, min(self.settings.accumulate, len(rows))):
            loss = self.loss(part) * (len(part) / len(rows))
            loss.backward()
            total += float(loss.detach())
        nn.utils.clip_grad_norm_(self.network.now.parameters(), 1.0)
        self.optimizer.step()
        self.optimizer.zero_grad()
        return total

    @torch.inference_mode()
    def _validation_loss(self, rows: npt.NDArray) -> float:
        parts = by_tokens(rows, self.lengths, MOST_TOKENS)
        return sum(float(self.loss(part)) * len(part) for part in parts) / len(rows)
