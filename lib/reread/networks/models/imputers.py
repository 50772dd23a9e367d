"""Denoising autoencoders of cells: a small one, and the encoder of DeepTGI as released.

Both are trained alike, so that only the network differs. Sources: the small one after DCA (Eraslan 2019),
with squared error in place of its zero-inflated likelihood; hidden inputs after Noise2Self (Batson 2019).
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from reread.core.errors import ParameterError, did_you_mean
from reread.core.training.adam import FusedAdam
from reread.core.training.loop import Stream, device_of, fit
from reread.networks.models.deeptgi import BATCH, Autoencoder

KINDS = ("autoencoder", "deeptgi-encoder")
HIDDEN = 128
LEARNING_RATE = 1e-3  # the released 1e-5 leaves a network of this size untrained after a thousand steps
HIDE = 0.2  # share of the values that are hidden from the input in each batch


class Small(nn.Module):
    """Genes, one hidden layer, latent vector, one hidden layer, genes."""

    def __init__(self, n_genes: int, latent: int):
        super().__init__()
        self.encode = nn.Sequential(nn.Linear(n_genes, HIDDEN), nn.GELU(), nn.Linear(HIDDEN, latent))
        self.decode = nn.Sequential(nn.Linear(latent, HIDDEN), nn.GELU(), nn.Linear(HIDDEN, n_genes))

    def forward(self, x: Tensor) -> Tensor:
        """Map (cell, gene) to its reconstruction (cell, gene)."""
        return self.decode(self.encode(x))


class Released(nn.Module):
    """The autoencoder of DeepTGI with cells for its pairs; its attention mixes the cells of a batch."""

    def __init__(self, n_genes: int, latent: int):
        super().__init__()
        self.network = Autoencoder(n_genes, latent, "published")

    def forward(self, x: Tensor) -> Tensor:
        """Map (cell, gene) to its reconstruction (cell, gene)."""
        return self.network(x)[1]


class Denoiser:
    """Recipe of the training loop: hide values, rebuild all of them, mean squared error."""

    def __init__(self, values: np.ndarray, kind: str, latent: int, seed: int, device: str):
        self.device = device_of(device)
        self.stream = Stream(seed, self.device)
        with self.stream:
            network = Small if kind == "autoencoder" else Released
            self.network = network(values.shape[1], latent).to(self.device)
        self.optimizer = FusedAdam(self.network.parameters(), LEARNING_RATE)
        self.values = torch.as_tensor(values, dtype=torch.float32, device=self.device)
        self.centre = self.values.mean(dim=0)
        spread = self.values.std(dim=0, correction=0)
        self.spread = torch.where(spread > 0, spread, 1.0)

    def run_epoch(self) -> dict[str, float]:
        """Train one epoch; return the mean loss, in variances of a gene."""
        self.network.train()
        with self.stream:
            order = torch.randperm(len(self.values)).to(self.device)
            # a batch of one cell has no variance to normalise by
            losses = [self._step(self.values[rows]) for rows in order.split(BATCH) if len(rows) > 1]
        return {"loss": float(torch.stack(losses).mean())}

    def _step(self, values: Tensor) -> Tensor:
        self.optimizer.zero_grad()
        shown = torch.where(torch.rand_like(values) < HIDE, 0.0, values)
        loss = nn.functional.mse_loss(self.network(self._unit(shown)), self._unit(values))
        loss.backward()
        self.optimizer.step()
        return loss.detach()

    def _unit(self, values: Tensor) -> Tensor:
        return (values - self.centre) / self.spread

    @torch.no_grad()
    def rebuilt(self) -> np.ndarray:
        """Reconstruction (cell, gene) in the unit of the input, batch by batch in the order of the cells."""
        self.network.eval()
        parts = [self.network(self._unit(part)) for part in self.values.split(BATCH)]
        return (torch.cat(parts) * self.spread + self.centre).cpu().numpy()


def denoise(
    values: np.ndarray, kind: str, *, latent: int, epochs: int, seed: int = 0, device: str = "auto"
) -> np.ndarray:
    """Train a network of ``KINDS`` on all cells and return their reconstruction (cell, gene)."""
    if kind not in KINDS:
        raise ParameterError(f"There is no imputing network {kind!r}. {did_you_mean(kind, KINDS)}")
    if len(values) < 2 or epochs < 1:
        raise ParameterError(
            f"Training needs at least 2 cells and 1 epoch, but there are {len(values)} and {epochs}."
        )
    recipe = Denoiser(values, kind, latent, seed, device)
    fit(recipe, epochs=epochs)
    return recipe.rebuilt()
