"""Supervised vector-quantised autoencoder of the paper, and a variant whose loss is bounded below.

Source: Xue, Ding, Lu 2020 (doi 10.1038/s41540-020-00158-2), arXiv 1909.11124, and the authors' notebook,
written anew. The convolutions for digits follow their tutorial on MNIST, smaller, for 8 by 8 images.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from reread.core.training.adam import FusedAdam
from reread.lincs.data.tables import CLIP
from reread.lincs.models.vae import Recipe

LEARNING_RATE, BATCH = 1e-4, 256
COMMITMENT, DIVERGENCE, DECAY = 0.25, 0.1, 0.99
# Mean squared difference a dimension between a signature and the nearest code of another class, beyond its
# own: set before any run to a quarter of that between two random corners of the tanh cube (2).
MARGIN = 0.5
SIDE, POSITIONS = 8, 16  # of an image of a digit: pixels, and 4 by 4 after the second convolution


class SvqNetwork(nn.Module):
    """Encoder to a point z, one code for each class, decoder back to genes.

    ``encoder`` and ``decoder`` are functions that make a module; they are called in the authors' order,
    around the codes, so that one seed gives the same weights. As published 75 codes of length 1000.
    """

    def __init__(self, encoder, decoder, n_codes: int, dim: int):
        super().__init__()
        self.encoder = encoder()
        self.codes = nn.Embedding(n_codes, dim)
        self.codes.weight.data.uniform_(-1 / n_codes, 1 / n_codes)
        self.decoder = decoder()

    def forward(self, x: Tensor, label: Tensor, *, is_straight: bool = True) -> tuple[Tensor, Tensor]:
        """Reconstruct x (signature, gene) from the code of its label; return it with z (signature, dim)."""
        z, code = self.encoder(x), self.codes(label)
        return self.decoder(z + (code - z).detach() if is_straight else code), z


class ScaledTanh(nn.Module):
    """Tanh scaled to the clipping range of the z-scores."""

    def forward(self, x: Tensor) -> Tensor:
        """Map any number into +-``CLIP``."""
        return CLIP * torch.tanh(x)


def dense(n_genes: int, n_codes: int, dim: int) -> SvqNetwork:
    """The published network: one tanh layer each way."""
    return SvqNetwork(
        lambda: nn.Sequential(nn.Linear(n_genes, dim), nn.Tanh()),
        lambda: nn.Sequential(nn.Linear(dim, n_genes), ScaledTanh()),
        n_codes,
        dim,
    )


def convolutions(n_codes: int, channels: int) -> SvqNetwork:
    """Two convolutions to ``POSITIONS * channels`` values within +-1, and back."""
    half = max(1, channels // 2)
    return SvqNetwork(
        lambda: nn.Sequential(
            nn.Unflatten(1, (1, SIDE, SIDE)), nn.Conv2d(1, half, 3, padding=1), nn.ReLU(),
            nn.Conv2d(half, channels, 4, stride=2, padding=1), nn.Flatten(), nn.Tanh(),
        ),
        lambda: nn.Sequential(
            nn.Unflatten(1, (channels, SIDE // 2, SIDE // 2)),
            nn.ConvTranspose2d(channels, half, 4, stride=2, padding=1), nn.ReLU(),
            nn.Conv2d(half, 1, 3, padding=1), nn.Sigmoid(), nn.Flatten(),
        ),
        n_codes, POSITIONS * channels,
    )  # fmt: skip


def squared_distance(z: Tensor, codes: Tensor) -> Tensor:
    """Squared Euclidean distance, (signature, code)."""
    return z.square().sum(1, keepdim=True) + codes.square().sum(1) - 2 * z @ codes.T


def published_loss(z: Tensor, codes: Tensor, label: Tensor) -> Tensor:
    """Attract z (signature, dim) and the code of its label, repel z and a nearer wrong code."""
    nearest = squared_distance(z, codes).argmin(1)
    is_wrong = (nearest != label).float()[:, None]
    own, near = codes[label], codes[nearest]
    pull = functional.mse_loss(own, z.detach()) + COMMITMENT * functional.mse_loss(own.detach(), z)
    push = (is_wrong * (near - z.detach()).square()).mean()
    push = push + DIVERGENCE * (is_wrong * (near.detach() - z).square()).mean()
    return pull - push


def bounded_loss(z: Tensor, codes: Tensor, label: Tensor, margin: float = MARGIN) -> Tensor:
    """Attract z to the code of its label, repel it from the nearest other up to a margin; at least 0."""
    distance = squared_distance(z, codes.detach()) / z.shape[1]
    own = distance.gather(1, label[:, None])[:, 0]
    others = distance.scatter(1, label[:, None], torch.inf)
    return COMMITMENT * own.mean() + functional.relu(margin + own - others.min(1).values).mean()


class Svqvae(Recipe):
    """Training: codes by gradient as published, or as moving averages with a bounded repulsion.

    With ``ema`` the gradient also stops at the code; that this helps was seen on simulated drugs held out of
    simulated training drugs. Defaults are as published.
    """

    def __init__(
        self, network, values: np.ndarray, label: np.ndarray, train: np.ndarray, valid: np.ndarray, *,
        codebook: str = "published", learning_rate: float = LEARNING_RATE, batch: int = BATCH, seed: int = 0,
        device: str = "auto",
    ):  # fmt: skip
        super().__init__(network, values, train, valid, batch=batch, seed=seed, device=device)
        self.codebook = codebook
        if codebook == "ema":
            # moving averages: buffers that no optimiser changes and a checkpoint stores
            codes = self.network.codes.weight.requires_grad_(False)
            self.network.register_buffer("code_count", torch.ones(len(codes), device=self.device))
            self.network.register_buffer("code_sum", codes.clone())
        trained = [part for part in self.network.parameters() if part.requires_grad]
        self.optimizer = FusedAdam(trained, learning_rate, amsgrad=True)
        self.label = torch.as_tensor(np.asarray(label, dtype=np.int64), device=self.device)

    def run_epoch(self) -> dict[str, float]:
        """Train one epoch; return mean errors (squared z-scores a gene) and the codebook loss."""
        error, codebook = self._trained()
        return {"train_mse": error, "valid_mse": self._validated()[0], "codebook_loss": codebook}

    def _step(self, rows: Tensor) -> Tensor:
        x, label = self.values[rows], self.label[rows]
        self.optimizer.zero_grad()
        rebuilt, z = self.network(x, label, is_straight=self.codebook == "published")
        error = functional.mse_loss(rebuilt, x)
        rule = published_loss if self.codebook == "published" else bounded_loss
        codebook = rule(z, self.network.codes.weight, label)
        (error + codebook).backward()
        self.optimizer.step()
        if self.codebook == "ema":
            self._move(z.detach(), label)
        return torch.stack((error.detach(), codebook.detach()))

    @torch.no_grad()
    def _move(self, z: Tensor, label: Tensor) -> None:
        one_hot = functional.one_hot(label, self.network.codes.num_embeddings).float()
        self.network.code_count.lerp_(one_hot.sum(0), 1 - DECAY)
        self.network.code_sum.lerp_(one_hot.T @ z, 1 - DECAY)
        count = self.network.code_count.clamp(min=1e-5)
        self.network.codes.weight.copy_(self.network.code_sum / count[:, None])

    def _errors(self, rows: Tensor) -> Tensor:
        x = self.values[rows]
        return (self.network(x, self.label[rows])[0] - x).square().flatten(1).mean(1).sum()[None]


class ImageCodes:
    """Trained codes of digits, as arrays: a code has 16 values for each channel."""

    def __init__(self, network: SvqNetwork):
        self.network = network.eval().requires_grad_(False)
        self.codes = network.codes.weight.cpu().numpy()

    def encode(self, values: np.ndarray) -> np.ndarray:
        """Map (image, pixel) to (image, dim)."""
        return self._run(self.network.encoder, values)

    def decode(self, z: np.ndarray) -> np.ndarray:
        """Map (image, dim) to (image, pixel)."""
        return self._run(self.network.decoder, z)

    def profiles(self) -> np.ndarray:
        """Decoded code of each digit, (code, pixel)."""
        return self.decode(self.codes)

    def _run(self, part: nn.Module, values: np.ndarray) -> np.ndarray:
        device = self.network.codes.weight.device
        return part(torch.as_tensor(np.asarray(values, dtype=np.float32), device=device)).cpu().numpy()
