"""Trained networks as NumPy arrays: encode and decode without torch, stored without pickle."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np

from reread.core import validate
from reread.core.errors import DataError
from reread.core.files import written_whole
from reread.core.tables import door
from reread.lincs.data.tables import CLIP

BLOCK = 8192


@dataclass(frozen=True, eq=False)
class _Weights:
    """Weights under the names of the network: ``encoder.0.weight`` (out, in), ``encoder.0.bias``."""

    weights: dict[str, np.ndarray]
    NEEDS: ClassVar[tuple[str, ...]] = ()

    def save(self, path: Path) -> Path:
        """Write the weights as ``.npz``; return the path."""
        with written_whole(Path(path)) as part, part.open("wb") as stream:
            np.savez(stream, **self.weights)
        return Path(path)

    @classmethod
    def load(cls, path: Path) -> _Weights:
        """Read what :meth:`save` wrote; a file of another network, or with Python objects, is a DataError."""
        with door(path, f"weights of a {cls.__name__}"), np.load(path, allow_pickle=False) as kept:
            weights = {name: kept[name] for name in kept.files}
        missing = [name for name in cls.NEEDS if name not in weights]
        if missing:
            raise DataError(f"{path} lacks {missing[0]!r}: these are not the weights of a {cls.__name__}.")
        _check_shapes(weights, path)
        return cls(weights)

    def _linear(self, name: str, x: np.ndarray) -> np.ndarray:
        return x @ self.weights[f"{name}.weight"].T + self.weights[f"{name}.bias"]

    def _tanh(self, name: str, x: np.ndarray) -> np.ndarray:
        return np.tanh(self._linear(name, x))

    def _checked(self, values: np.ndarray) -> np.ndarray:
        n_genes = self.weights["encoder.0.weight"].shape[1]
        validate.axes(values, "values", signature=None, gene=n_genes)
        return np.asarray(values, dtype=np.float32)


def _check_shapes(weights: dict[str, np.ndarray], path: Path) -> None:
    """Refuse weights that are not finite matrices, or whose bias is missing or of another length."""
    for name, values in weights.items():
        if values.dtype.kind != "f" or not np.isfinite(values).all():
            raise DataError(f"{path}: {name} must be finite numbers.")
        layer = name.removesuffix(".weight")
        if layer != name and layer != "codes":
            bias = weights.get(f"{layer}.bias", np.empty(0))
            if values.ndim != 2 or bias.shape != values.shape[:1]:
                raise DataError(
                    f"{path}: {name} has shape {values.shape} and its bias {bias.shape}; expected (out, "
                    "in) and (out,)."
                )


@dataclass(frozen=True, eq=False)
class Vae(_Weights):
    """A trained variational autoencoder; see :class:`reread.lincs.models.vae.VaeNetwork`."""

    NEEDS: ClassVar[tuple[str, ...]] = ("encoder.2.weight", "mu.weight", "logvar.weight", "decoder.4.weight")

    @property
    def latent(self) -> int:
        """Number of latent units."""
        return len(self.weights["mu.bias"])

    def posterior(self, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Map (signature, gene) to mean and log variance, (signature, unit) each."""
        hidden = self._tanh("encoder.2", self._tanh("encoder.0", self._checked(values)))
        return self._linear("mu", hidden), self._linear("logvar", hidden)

    def encode(self, values: np.ndarray) -> np.ndarray:
        """Posterior means, (signature, unit)."""
        return self.posterior(values)[0]

    def decode(self, z: np.ndarray) -> np.ndarray:
        """Z-scores (signature, gene) of points (signature, unit)."""
        return CLIP * self._tanh("decoder.4", self._decoded(np.asarray(z, dtype=np.float32))[1])

    def rebuild(self, values: np.ndarray) -> np.ndarray:
        """Reconstruct z-scores (signature, gene) from the posterior mean."""
        return self.decode(self.encode(values))

    def rebuild_sampled(self, values: np.ndarray, seed: int = 0) -> np.ndarray:
        """Reconstruct z-scores from one posterior sample, as the authors do in validation."""
        mu, logvar = self.posterior(values)
        noise = np.random.default_rng(seed).standard_normal(mu.shape, dtype=np.float32)
        return self.decode(mu + np.exp(0.5 * logvar) * noise)

    def generate(self, n: int, seed: int = 0) -> np.ndarray:
        """Decode ``n`` samples of the standard normal to z-scores (n, gene)."""
        return self.decode(np.random.default_rng(seed).standard_normal((n, self.latent), dtype=np.float32))

    def layers(self, values: np.ndarray) -> dict[str, np.ndarray]:
        """Output of each layer: e1, e2, e3 (the mean), d1 and d2, (signature, unit) each."""
        first = self._tanh("encoder.0", self._checked(values))
        second = self._tanh("encoder.2", first)
        mean = self._linear("mu", second)
        back = self._decoded(mean)
        return {"e1": first, "e2": second, "e3": mean, "d1": back[0], "d2": back[1]}

    def _decoded(self, z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        first = self._tanh("decoder.0", z)
        return first, self._tanh("decoder.2", first)


@dataclass(frozen=True, eq=False)
class Svq(_Weights):
    """A trained supervised vector-quantised autoencoder; see :func:`reread.lincs.models.svqvae.dense`."""

    NEEDS: ClassVar[tuple[str, ...]] = ("encoder.0.weight", "codes.weight", "decoder.0.weight")

    @property
    def codes(self) -> np.ndarray:
        """The code of each class, (code, dim)."""
        return self.weights["codes.weight"]

    def encode(self, values: np.ndarray) -> np.ndarray:
        """Map (signature, gene) to (signature, dim), each value within +-1."""
        return self._tanh("encoder.0", self._checked(values))

    def decode(self, z: np.ndarray) -> np.ndarray:
        """Z-scores (signature, gene) of points (signature, dim)."""
        return CLIP * self._tanh("decoder.0", np.asarray(z, dtype=np.float32))

    def profiles(self) -> np.ndarray:
        """Decoded code of each class, (code, gene)."""
        return self.decode(self.codes)


def nearest_code(z: np.ndarray, codes: np.ndarray, metric: str = "euclidean") -> np.ndarray:
    """Index (signature,) of the code (code, dim) nearest to each z (signature, dim), by distance or angle."""
    validate.axes(codes, "codes", code=None, dim=np.shape(z)[1])
    z, codes = np.asarray(z, dtype=np.float64), np.asarray(codes, dtype=np.float64)
    length = np.square(codes).sum(axis=1)
    if metric == "cosine":
        return (z @ (codes / np.sqrt(np.maximum(length, 1e-30))[:, None]).T).argmax(axis=1)
    parts = [length - 2 * z[i : i + BLOCK] @ codes.T for i in range(0, len(z), BLOCK)]
    return np.concatenate([np.zeros(0, dtype=np.int64), *(part.argmin(axis=1) for part in parts)])
