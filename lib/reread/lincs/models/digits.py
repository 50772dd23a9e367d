"""S-VQ-VAE for images of digits: convolutional encoder and decoder, the same training.

Source: the authors' tutorial on MNIST, of which we have a description; smaller, for 8 by 8 images.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from reread.lincs.models.svqvae import SvqNetwork, Svqvae

SIDE = 8
POSITIONS = 16  # of an image after the second convolution: 4 by 4


def convolutions(n_codes: int, channels: int) -> SvqNetwork:
    """Two convolutions to ``POSITIONS * channels`` values within +-1, and back."""
    half = max(1, channels // 2)
    return SvqNetwork(
        lambda: nn.Sequential(
            nn.Unflatten(1, (1, SIDE, SIDE)),
            nn.Conv2d(1, half, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(half, channels, 4, stride=2, padding=1),
            nn.Flatten(),
            nn.Tanh(),
        ),
        lambda: nn.Sequential(
            nn.Unflatten(1, (channels, SIDE // 2, SIDE // 2)),
            nn.ConvTranspose2d(channels, half, 4, stride=2, padding=1),
            nn.ReLU(),
            nn.Conv2d(half, 1, 3, padding=1),
            nn.Sigmoid(),
            nn.Flatten(),
        ),
        n_codes,
        POSITIONS * channels,
    )


class DigitBook:
    """A codebook of digits: ``values`` (image, pixel) and ``label`` (image,) in, arrays out.

    A code has 16 values for each channel. Settings are ``codebook``, ``learning_rate``, ``batch``,
    ``seed`` and ``device`` of :class:`reread.lincs.models.svqvae.Svqvae`.
    """

    def __init__(self, values, label, train, valid, *, channels: int = 32, **settings):
        n = int(np.max(label)) + 1
        self.recipe = Svqvae(lambda: convolutions(n, channels), values, label, train, valid, **settings)

    @property
    def codes(self) -> np.ndarray:
        """The code of each digit, (code, dim)."""
        return self.recipe.network.codes.weight.detach().cpu().numpy()

    @torch.no_grad()
    def encode(self, values: np.ndarray) -> np.ndarray:
        """Map (image, pixel) to (image, dim)."""
        return self.recipe.network.eval().encoder(self._tensor(values)).cpu().numpy()

    @torch.no_grad()
    def decode(self, z: np.ndarray) -> np.ndarray:
        """Map (image, dim) to (image, pixel)."""
        return self.recipe.network.eval().decoder(self._tensor(z)).cpu().numpy()

    def profiles(self) -> np.ndarray:
        """Decoded code of each digit, (code, pixel)."""
        return self.decode(self.codes)

    def _tensor(self, values: np.ndarray) -> torch.Tensor:
        return torch.as_tensor(np.asarray(values, dtype=np.float32), device=self.recipe.device)
