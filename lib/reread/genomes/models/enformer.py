"""Enformer: convolutions and attention over DNA, with the parameter names of enformer-pytorch.

Architecture: Avsec et al. 2021. The names of the parameters are those of ``enformer-pytorch`` (Phil Wang, MIT
licence), so that its weights load; the code is our own. The relative positions are computed once, and the
head computes only the wanted bins and tracks.
"""

from __future__ import annotations

import math
import pickle
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import nn
from torch.nn import functional

from reread.core.data.pretrained import CONFIG, Pretrained, find_pretrained
from reread.core.errors import DataError, ParameterError, need
from reread.core.files import written_whole
from reread.core.tables import door

BIN = 128  # bases
HALO = (3, 4)  # bins before and after a chunk that its convolutions reach into
CHUNK = 8  # bins
TRUNK = {"stem": 1, "conv_tower": 2, "transformer": 4, "final_pointwise": 6}  # places in enformer-pytorch


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
    tf_gamma: bool = True  # gammas scaled by their largest value over distances; False: over features


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
        return functional.silu(1.702 * x) / 1.702


class AttentionPool(nn.Module):
    """Halves the length: each pair of positions becomes its mean, weighted by learned logits."""

    def __init__(self, dim: int):
        super().__init__()
        self.to_attn_logits = nn.Conv2d(dim, dim, 1, bias=False)
        nn.init.dirac_(self.to_attn_logits.weight)
        self.to_attn_logits.weight.data.mul_(2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """From (sequence, channel, 2n) to (sequence, channel, n); a softmax over two is a sigmoid."""
        ahead = x[..., 0::2] - x[..., 1::2]
        return x[..., 1::2] + ahead * torch.sigmoid(self.to_attn_logits(ahead[..., None])[..., 0])


class Attention(nn.Module):
    """Attention with relative positions; those of one length are computed once."""

    def __init__(self, size: Architecture):
        super().__init__()
        self.heads, self.scale, self.n_features = size.heads, size.key_dim**-0.5, size.dim // size.heads
        self.tf_gamma = size.tf_gamma
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
        place = torch.einsum("bhid,hjd->bhij", q + self.rel_pos_bias, self._positions(x, q.dtype))
        logits = torch.einsum("bhid,bhjd->bhij", q + self.rel_content_bias, k) + relative_shift(place)
        out = torch.einsum("bhij,bhjd->bhid", logits.softmax(dim=-1), v)
        return self.to_out(out.transpose(1, 2).flatten(-2))

    def _positions(self, x: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
        """Keys (head, 2n - 1, key_dim) of all distances; kept while weights and number format stay."""
        weight, tf32 = self.to_rel_k.weight, torch.backends.cuda.matmul.fp32_precision
        key = (x.shape[1], weight.data_ptr(), weight._version, dtype, tf32)
        if torch.is_grad_enabled() or not self._kept or self._kept[0] != key:
            features = positional_features(x.shape[1], self.n_features, tf_gamma=self.tf_gamma).to(weight)
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


def positional_features(n: int, n_features: int, *, tf_gamma: bool) -> torch.Tensor:
    """Features (2n - 1, feature) of distances: exponentials, central masks, gammas, and all three signed.

    The published network, in TensorFlow, divides each gamma by its largest value over all distances, so
    ``tf_gamma``. A network that was trained with ``enformer-pytorch`` alone divides the gammas of each
    distance by the largest of them.
    """
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
        density / density.amax(dim=0 if tf_gamma else -1, keepdim=True),
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


def load_published(source: str | Path, size: Architecture | None = None) -> Enformer:
    """Read a network that ``enformer-pytorch`` saved: a file, a folder, or the id of a model on the hub.

    ``size`` is read from ``config.json`` in a folder, and that of the published network for a file alone.
    DataError if a file is missing or malformed, the network is of another kind, or a shape differs.
    """
    found = find_pretrained(source, extra="genomes")
    network = Enformer(size or (_size(found) if found.config else Architecture()))
    own = network.state_dict()
    with door(found.weights, "weights of Enformer") as path:
        if path.suffix == ".safetensors":
            state = need("safetensors.torch", "genomes").load_file(path)
        else:
            state = _unpickled(path)
        named = {name: state.get(name, state.get(_second_name(name))) for name in own}
        for name, value in named.items():
            if value is None or value.shape != own[name].shape:
                came = "absent" if value is None else tuple(value.shape)
                raise DataError(
                    f"{path}: {name} must have shape {tuple(own[name].shape)}, but is {came}.\n"
                    f"Are config.json and the weights of the same network?"
                )
        network.load_state_dict(named)
    return network.eval()


def _unpickled(path: Path) -> dict:
    """Tensors and plain values of a file; nothing else is unpickled."""
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError:
        raise DataError(f"{path} cannot be read as weights: it is no file of torch.save.") from None


def _second_name(name: str) -> str:
    """The name of the same weight in the trunk; a file of safetensors holds one of both only."""
    part, _, rest = name.partition(".")
    return f"_trunk.{TRUNK.get(part)}.{rest}"


def _size(found: Pretrained) -> Architecture:
    """Sizes that ``config.json`` says.

    Weights of the published sizes were trained in TensorFlow, which their config does not say:
    ``enformer-pytorch`` knows it by the name of the model.
    """
    config = {"use_convnext": False, "num_downsamples": 7, "output_heads": {}} | found.config
    if config["use_convnext"] or config["num_downsamples"] != 7 or "human" not in config["output_heads"]:
        raise DataError(
            f"{found.weights.parent / CONFIG} must describe a network with plain convolutions, 7 halvings "
            f"and a head 'human', but has use_convnext={config['use_convnext']}, "
            f"num_downsamples={config['num_downsamples']} and heads {sorted(config['output_heads'])}.\n"
            f"Only the published form of Enformer can be read."
        )
    size = Architecture(
        config.get("dim", 1536), config.get("depth", 11), config.get("heads", 8),
        config.get("attn_dim_key", 64), config.get("dim_divisible_by", 128), config["output_heads"]["human"],
        config.get("dropout_rate", 0.4),
    )  # fmt: skip
    is_published = size == replace(Architecture(), dropout=size.dropout)
    return replace(size, tf_gamma=is_published or bool(config.get("use_tf_gamma", False)))


def save(network: Enformer, path: Path) -> None:
    """Write weights and sizes of a network, whole or not at all.

    :func:`load` reads the file back; OSError if it cannot be written.
    """
    with written_whole(path) as part:
        torch.save({"size": asdict(network.size), "state": network.state_dict()}, part)


def load(path: Path) -> Enformer:
    """Read a network that :func:`save` wrote, in evaluation mode.

    DataError if the file is missing, damaged or of another program.
    """
    with door(path, "a network of this book"):
        kept = _unpickled(path)
        network = Enformer(Architecture(**kept["size"]))
        network.load_state_dict(kept["state"])
    return network.eval()
