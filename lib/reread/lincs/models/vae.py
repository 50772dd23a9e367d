"""Variational autoencoder of the paper, with its loss as published or with an explicit beta.

Source: Xue, Ding, Lu 2020 (doi 10.1038/s41540-020-00158-2) and the authors' notebook, written anew.
"""

from __future__ import annotations

from functools import partial

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from reread.core.training.adam import FusedAdam
from reread.core.training.loop import Stream, device_of
from reread.lincs.data.tables import CLIP

LEARNING_RATE = 1e-3
BATCH = 512


class VaeNetwork(nn.Module):
    """Encoder n_genes-hidden-hidden-(mu, log variance), and a decoder that mirrors it; tanh activations.

    As published 978, 1000 and 100. The output is scaled to ``CLIP``. Layers are made in the authors'
    order, so that one seed gives the same weights.
    """

    def __init__(self, n_genes: int, hidden: int, latent: int):
        super().__init__()
        self.encoder = nn.Sequential(*_tanh(n_genes, hidden), *_tanh(hidden, hidden))
        self.decoder = nn.Sequential(*_tanh(latent, hidden), *_tanh(hidden, hidden), *_tanh(hidden, n_genes))
        self.mu, self.logvar = nn.Linear(hidden, latent), nn.Linear(hidden, latent)

    def posterior(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Map (signature, gene) to mean and log variance, (signature, unit) each."""
        hidden = self.encoder(x)
        return self.mu(hidden), self.logvar(hidden)

    def decode(self, z: Tensor) -> Tensor:
        """Map (signature, unit) to z-scores (signature, gene)."""
        return CLIP * self.decoder(z)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Reconstruct x from one posterior sample; return it with mean and log variance."""
        mu, logvar = self.posterior(x)
        return self.decode(mu + torch.exp(0.5 * logvar) * torch.randn_like(mu)), mu, logvar


def _tanh(n_in: int, n_out: int) -> tuple[nn.Module, nn.Module]:
    return nn.Linear(n_in, n_out), nn.Tanh()


def kl(mu: Tensor, logvar: Tensor) -> Tensor:
    """Kullback-Leibler divergence from the standard normal of each unit, (signature, unit), nats."""
    return 0.5 * (mu.square() + logvar.exp() - 1 - logvar)


def published_loss(rebuilt: Tensor, x: Tensor, mu: Tensor, logvar: Tensor) -> Tensor:
    """Mean squared error over signatures and genes, plus KL averaged over signatures and units."""
    return functional.mse_loss(rebuilt, x) + kl(mu, logvar).mean()


def explicit_loss(
    rebuilt: Tensor, x: Tensor, mu: Tensor, logvar: Tensor, *, beta: float, free_bits: float = 0.0
) -> Tensor:
    """Negative evidence lower bound with unit noise and the KL weighted by ``beta``; nats a signature."""
    error = 0.5 * (rebuilt - x).square().sum(1).mean()
    return error + beta * kl(mu, logvar).mean(0).clamp(min=free_bits).sum()


class Recipe:
    """A training: data stay on the device, random numbers are used in the authors' order.

    ``network`` is a function, called inside the random stream. ``train`` and ``valid`` are rows of ``values``
    (signature, gene); validation rows give the curve only. ``_step`` trains on rows and returns their mean
    losses, ``_errors`` returns the sums of the errors of validation rows.
    """

    def __init__(self, network, values, train, valid, *, batch: int, seed: int, device: str):
        self.device, self.batch = device_of(device), batch
        self.stream = Stream(seed, self.device)
        with self.stream:
            self.network = network().to(self.device)
        self.values = torch.as_tensor(np.asarray(values, dtype=np.float32), device=self.device)
        self.train, self.valid = (
            torch.as_tensor(np.asarray(rows, dtype=np.int64)) for rows in (train, valid)
        )

    def _trained(self) -> list[float]:
        """Train one pass; return the mean of the losses over batches."""
        self.network.train()
        with self.stream:
            order = shuffled(len(self.train))
            steps = [self._step(rows.to(self.device)) for rows in self.train[order].split(self.batch)]
        return torch.stack(steps).mean(0).tolist()

    @torch.no_grad()
    def _validated(self) -> list[float]:
        """Mean of the errors over validation rows; NaN without any."""
        self.network.eval()
        sums = [self._errors(rows.to(self.device)) for rows in self.valid.split(4096)]
        return (torch.stack(sums).sum(0) / len(self.valid)).tolist()

    def weights(self) -> dict[str, np.ndarray]:
        """Weights and biases by name, for :mod:`reread.lincs.models.numpy_weights`."""
        return {name: part.cpu().numpy() for name, part in self.network.state_dict().items()}


class VaeTraining(Recipe):
    """Training of the variational autoencoder; defaults are as published."""

    def __init__(
        self, values: np.ndarray, train: np.ndarray, valid: np.ndarray, *, hidden: int = 1000,
        latent: int = 100, loss: str = "published", beta: float = 1.0, warmup: int = 0,
        free_bits: float = 0.0, batch: int = BATCH, seed: int = 0, device: str = "auto",
    ):  # fmt: skip
        network = partial(VaeNetwork, values.shape[1], hidden, latent)
        super().__init__(network, values, train, valid, batch=batch, seed=seed, device=device)
        self.optimizer = FusedAdam(self.network.parameters(), LEARNING_RATE)
        self.optimizer.param_groups[0]["epochs"] = 0  # stored here, so that it is in the checkpoint
        self.loss, self.beta, self.warmup, self.free_bits = loss, beta, warmup, free_bits

    def run_epoch(self) -> dict[str, float]:
        """Train one epoch; return mean errors (squared z-scores a gene), KL (nats a signature) and beta."""
        beta, (error, divergence) = self.beta_now(), self._trained()
        self.optimizer.param_groups[0]["epochs"] += 1
        valid_error, valid_divergence = self._validated()
        return {
            "train_mse": error, "valid_mse": valid_error,
            "train_kl": divergence, "valid_kl": valid_divergence, "beta": beta,
        }  # fmt: skip

    def beta_now(self) -> float:
        """Weight of the KL in the next epoch, in the units of :func:`explicit_loss`."""
        if self.loss == "published":
            return self.values.shape[1] / (2 * self.network.mu.out_features)
        done = self.optimizer.param_groups[0]["epochs"]
        return self.beta * (min(1.0, done / self.warmup) if self.warmup else 1.0)

    def _step(self, rows: Tensor) -> Tensor:
        x = self.values[rows]
        self.optimizer.zero_grad()
        rebuilt, mu, logvar = self.network(x)
        if self.loss == "published":
            loss = published_loss(rebuilt, x, mu, logvar)
        else:
            loss = explicit_loss(rebuilt, x, mu, logvar, beta=self.beta_now(), free_bits=self.free_bits)
        loss.backward()
        self.optimizer.step()
        with torch.no_grad():
            return torch.stack((functional.mse_loss(rebuilt, x), kl(mu, logvar).sum(1).mean()))

    def _errors(self, rows: Tensor) -> Tensor:
        x = self.values[rows]
        mu, logvar = self.network.posterior(x)
        error = (self.network.decode(mu) - x).square().mean(1).sum()
        return torch.stack((error, kl(mu, logvar).sum()))


def shuffled(n: int) -> Tensor:
    """Permutation of n rows that uses torch's random stream as the authors' data loader does."""
    _loader_seed()
    return torch.randperm(n, generator=torch.Generator().manual_seed(_loader_seed()))


def _loader_seed() -> int:
    """Number that a DataLoader draws from the random stream each time it is started."""
    return int(torch.empty((), dtype=torch.int64).random_())
