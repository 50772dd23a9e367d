"""Enformer: convolutions and attention over DNA, with the parameter names of enformer-pytorch.

Architecture: Avsec et al. 2021. The names of the parameters are those of ``enformer-pytorch`` (Phil Wang, MIT
licence), so that its weights load; the code is our own. The relative positions are computed once, and the
head computes only the wanted bins and tracks.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from functools import cached_property
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import nn
from torch.nn import functional

from reread.core.errors import DataError, ParameterError
from reread.core.files import written_whole
from reread.core.tables import door

BIN = 128  # bases
HALO = (3, 4)  # bins before and after a chunk that its convolutions reach into
CHUNK = 8  # bins


@dataclass(frozen=True)
class Architecture:
    """Sizes of a network; the defaults are those of the published one."""

    dim: int = 1536
    depth: int = 11
    heads: int = 8
    key_dim: int = 64
    divisible_by: int = 128
    n_tracks: int = 5313
    dropout: float = 0.4


class Residual(nn.Module):
    """Adds the input to the output of ``fn``."""

    def __init__(self, fn: nn.Module):
        super().__init__()
        self.fn = fn

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """``fn(x) + x``."""
        return self.fn(x) + x


class Gelu(nn.Module):
    """The approximation of GELU that Enformer uses."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """``x`` times a sigmoid."""
        return torch.sigmoid(1.702 * x) * x


class AttentionPool(nn.Module):
    """Halves the length: each pair of positions becomes its mean, weighted by learned logits."""

    def __init__(self, dim: int):
        super().__init__()
        self.to_attn_logits = nn.Conv2d(dim, dim, 1, bias=False)
        nn.init.dirac_(self.to_attn_logits.weight)
        self.to_attn_logits.weight.data.mul_(2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """From (sequence, channel, 2n) to (sequence, channel, n)."""
        pairs = x.unflatten(-1, (-1, 2))
        return (pairs * self.to_attn_logits(pairs).softmax(dim=-1)).sum(dim=-1)


class Attention(nn.Module):
    """Attention with relative positions; those of one length are computed once."""

    def __init__(self, size: Architecture):
        super().__init__()
        self.heads, self.scale, self.n_features = size.heads, size.key_dim**-0.5, size.dim // size.heads
        inner = size.key_dim * size.heads
        self.to_q, self.to_k = (nn.Linear(size.dim, inner, bias=False) for _ in range(2))
        self.to_v = nn.Linear(size.dim, size.dim, bias=False)
        self.to_out = nn.Linear(size.dim, size.dim)
        nn.init.zeros_(self.to_out.weight)
        nn.init.zeros_(self.to_out.bias)
        self.to_rel_k = nn.Linear(self.n_features, inner, bias=False)
        self.rel_content_bias = nn.Parameter(torch.randn(1, size.heads, 1, size.key_dim))
        self.rel_pos_bias = nn.Parameter(torch.randn(1, size.heads, 1, size.key_dim))
        self._kept: tuple = ()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """From (sequence, bin, dim) to the same."""
        split = (self.heads, -1)
        q, k, v = (to(x).unflatten(-1, split).transpose(1, 2) for to in (self.to_q, self.to_k, self.to_v))
        q = q * self.scale
        place = torch.einsum("bhid,hjd->bhij", q + self.rel_pos_bias, self._positions(x))
        logits = torch.einsum("bhid,bhjd->bhij", q + self.rel_content_bias, k) + relative_shift(place)
        out = torch.einsum("bhij,bhjd->bhid", logits.softmax(dim=-1), v)
        return self.to_out(out.transpose(1, 2).flatten(-2))

    def _positions(self, x: torch.Tensor) -> torch.Tensor:
        """Keys (head, 2n - 1, key_dim) of all distances; kept while the weights do not change."""
        weight = self.to_rel_k.weight
        key = (x.shape[1], weight.data_ptr(), weight._version, x.dtype)
        if torch.is_grad_enabled() or not self._kept or self._kept[0] != key:
            features = positional_features(x.shape[1], self.n_features).to(weight)
            found = self.to_rel_k(features).unflatten(-1, (self.heads, -1)).transpose(0, 1)
            if torch.is_grad_enabled():
                return found
            self._kept = (key, found)
        return self._kept[1]


def relative_shift(x: torch.Tensor) -> torch.Tensor:
    """From logits by distance (..., i, 2n - 1) to logits by position (..., i, n)."""
    n, n_distances = x.shape[-2:]
    padded = functional.pad(x, (1, 0)).reshape(*x.shape[:-2], n_distances + 1, n)
    return padded[..., 1:, :].reshape(*x.shape[:-2], n, n_distances)[..., : (n_distances + 1) // 2]


def positional_features(n: int, n_features: int) -> torch.Tensor:
    """Features (2n - 1, feature) of distances: exponentials, central masks, gammas, and all three signed."""
    if n_features % 6:
        raise ParameterError(f"dim / heads must be a multiple of 6, but is {n_features}.")
    each = n_features // 6
    distance = torch.arange(-n + 1, n)
    far = distance.abs().float()[:, None]
    half_life = 2 ** torch.linspace(3.0, math.log2(n), each)
    widths = 2 ** torch.arange(1, each + 1).float() - 1
    spread, mean = n / (2 * each), torch.linspace(n / each, n, each)
    shape, rate = (mean / spread) ** 2, mean / spread**2
    density = (
        torch.exp(torch.xlogy(shape - 1, far) - rate * far - torch.lgamma(shape) + shape * torch.log(rate))
        + 1e-8
    )
    features = [
        torch.exp(-math.log(2.0) / half_life * far),
        (widths > far).float(),
        density / density.amax(dim=-1, keepdim=True),
    ]
    whole = torch.cat(features, dim=-1)
    return torch.cat([whole, torch.sign(distance)[:, None] * whole], dim=-1)


def conv_block(dim: int, dim_out: int, width: int = 1) -> nn.Sequential:
    """Batch normalisation, GELU and a convolution."""
    return nn.Sequential(nn.BatchNorm1d(dim), Gelu(), nn.Conv1d(dim, dim_out, width, padding=width // 2))


def filters(size: Architecture) -> list[int]:
    """Channels of the convolution tower, growing from half of ``dim`` to ``dim``."""
    half = size.dim // 2
    base = math.exp(math.log(size.dim / half) / 5)
    return [half, *(int(round(half * base**i / size.divisible_by) * size.divisible_by) for i in range(6))]


class Enformer(nn.Module):
    """The network; ``size`` says how large it is."""

    def __init__(self, size: Architecture):
        super().__init__()
        self.size, half, drop = size, size.dim // 2, size.dropout
        first = [nn.Conv1d(4, half, 15, padding=7), Residual(conv_block(half, half))]
        self.stem = nn.Sequential(*first, AttentionPool(half))
        channels = filters(size)
        self.conv_tower = nn.Sequential(
            *(
                nn.Sequential(conv_block(a, b, 5), Residual(conv_block(b, b)), AttentionPool(b))
                for a, b in pairwise(channels)
            )
        )
        blocks = (
            nn.Sequential(
                Residual(nn.Sequential(nn.LayerNorm(size.dim), Attention(size), nn.Dropout(drop))),
                Residual(
                    nn.Sequential(
                        nn.LayerNorm(size.dim), nn.Linear(size.dim, 2 * size.dim), nn.Dropout(drop),
                        nn.ReLU(), nn.Linear(2 * size.dim, size.dim), nn.Dropout(drop),
                    )
                ),
            )
            for _ in range(size.depth)
        )  # fmt: skip
        self.transformer = nn.Sequential(*blocks)
        last = conv_block(channels[-1], 2 * size.dim)
        self.final_pointwise = nn.Sequential(nn.Identity(), last, nn.Identity(), nn.Dropout(drop / 8), Gelu())
        head = nn.Sequential(nn.Linear(2 * size.dim, size.n_tracks), nn.Softplus())
        self._heads = nn.ModuleDict({"human": head})

    def convolve(self, x: torch.Tensor) -> torch.Tensor:
        """From one-hot bases (sequence, 4, base) to (sequence, channel, bin of 128 bases)."""
        return self.conv_tower(self.stem(x))

    def attend(
        self, x: torch.Tensor, bins: slice = slice(None), tracks: npt.NDArray[np.intp] | None = None
    ) -> torch.Tensor:
        """From (sequence, channel, bin) to the tracks of some bins (sequence, bin, track)."""
        return self.read(self.embed(x, bins), tracks)

    def embed(self, x: torch.Tensor, bins: slice = slice(None)) -> torch.Tensor:
        """From (sequence, channel, bin) to what the head reads of some bins (sequence, bin, feature)."""
        x = self.transformer(x.transpose(1, 2))[:, bins]
        x = self.final_pointwise[1](x.transpose(1, 2)).transpose(1, 2)
        return self.final_pointwise[4](self.final_pointwise[3](x))

    def read(self, x: torch.Tensor, tracks: npt.NDArray[np.intp] | None = None) -> torch.Tensor:
        """From the features of bins (sequence, bin, feature) to their tracks (sequence, bin, track)."""
        linear = self._heads["human"][0]
        chosen = slice(None) if tracks is None else torch.as_tensor(tracks, device=x.device)
        return functional.softplus(functional.linear(x, linear.weight[chosen], linear.bias[chosen]))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """From one-hot bases (sequence, base, 4) to tracks (sequence, bin, track)."""
        return self.attend(self.convolve(x.transpose(1, 2)))

    @cached_property
    def device(self) -> torch.device:
        """Where the weights lie."""
        return next(self.parameters()).device


def one_hot(sequences: npt.NDArray[np.uint8], device: torch.device) -> torch.Tensor:
    """One-hot bases (sequence, 4, base) in the order A, C, G, T; N and every other letter are zeros."""
    letters = torch.as_tensor(np.frombuffer(b"ACGT", dtype=np.uint8).copy(), device=device)
    found = torch.as_tensor(np.ascontiguousarray(sequences), device=device)
    return (found[:, None] == letters[None, :, None]).float()


def load_published(weights: Path, size: Architecture | None = None) -> Enformer:
    """Network with weights that ``enformer-pytorch`` saved; DataError if their shapes differ."""
    network = Enformer(size or Architecture())
    with door(weights, "weights of Enformer"):
        state = torch.load(weights, map_location="cpu", weights_only=True)
        own = network.state_dict()
        for name, value in own.items():
            if name not in state or state[name].shape != value.shape:
                came = tuple(state[name].shape) if name in state else "absent"
                raise DataError(f"{weights}: {name} must have shape {tuple(value.shape)}, but is {came}.")
        network.load_state_dict({name: state[name] for name in own})
    return network.eval()


def save(network: Enformer, path: Path) -> None:
    """Write weights and sizes; :func:`load` reads them back."""
    with written_whole(path) as part:
        torch.save({"size": asdict(network.size), "state": network.state_dict()}, part)


def load(path: Path) -> Enformer:
    """Read a network that :func:`save` wrote."""
    with door(path, "a network of this book"):
        kept = torch.load(path, map_location="cpu", weights_only=True)
        network = Enformer(Architecture(**kept["size"]))
        network.load_state_dict(kept["state"])
    return network.eval()
