"""Trained networks as NumPy arrays: encode and decode without torch, stored without pickle."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from reread.core import validate
from reread.core.errors import DataError
from reread.core.files import written_whole
from reread.core.tables import door
from reread.lincs.data.tables import CLIP

BLOCK = 8192


def save_arrays(path: Path, **arrays: np.ndarray) -> Path:
    """Write arrays as ``.npz``, whole or not at all; return the path."""
    with written_whole(Path(path)) as part, part.open("wb") as stream:
        np.savez(stream, **arrays)
    return Path(path)


def load_arrays(path: Path, what: str) -> dict[str, np.ndarray]:
    """Read what :func:`save_arrays` wrote; a damaged file, or one with Python objects, is a DataError."""
    with door(path, what), np.load(path, allow_pickle=False) as kept:
        return {name: kept[name] for name in kept.files}


@dataclass(frozen=True, eq=False)
class _Weights:
    """Weights under the names of the network: ``encoder.0.weight`` (out, in), ``encoder.0.bias``."""

    weights: dict[str, np.ndarray]

    def _linear(self, name: str, x: np.ndarray) -> np.ndarray:
        return x @ self.weights[f"{name}.weight"].T + self.weights[f"{name}.bias"]

    def _tanh(self, name: str, x: np.ndarray) -> np.ndarray:
        return np.tanh(self._linear(name, x))

    def _checked(self, values: np.ndarray) -> np.ndarray:
        validate.axes(values, "values", signature=None, gene=self.weights["encoder.0.weight"].shape[1])
        return np.asarray(values, dtype=np.float32)


@dataclass(frozen=True, eq=False)
class Vae(_Weights):
    """A trained variational autoencoder; see :class:`reread.lincs.models.vae.VaeNetwork`."""

    def save(self, path: Path) -> Path:
        """Write the weights as ``.npz``; return the path."""
        return save_arrays(path, **self.weights)

    @classmethod
    def load(cls, path: Path) -> Vae:
        """Read what :meth:`save` wrote; a file of another network, or with Python objects, is a DataError."""
        weights = load_arrays(path, "weights of a VAE")
        with door(path, "weights of a VAE"):
            for layer in ("encoder.0", "encoder.2", "mu", "logvar", "decoder.0", "decoder.2", "decoder.4"):
                matrix, bias = weights.get(f"{layer}.weight"), weights.get(f"{layer}.bias")
                if matrix is None or bias is None or matrix.shape[:-1] != bias.shape:
                    raise DataError(f"{path} lacks {layer!r}: these are not the weights of a VAE.")
                if not (np.isfinite(matrix).all() and np.isfinite(bias).all()):
                    raise DataError(f"{path}: {layer} must be finite numbers.")
        return cls(weights)

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
        size = (n, len(self.weights["mu.bias"]))
        return self.decode(np.random.default_rng(seed).standard_normal(size, dtype=np.float32))

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
    z, codes = np.asarray(z, dtype=np.float64), np.asarray(codes, dtype=np.float64)
    length = np.square(codes).sum(axis=1)
    if metric == "cosine":
        return (z @ (codes / np.sqrt(np.maximum(length, 1e-30))[:, None]).T).argmax(axis=1)
    parts = [length - 2 * z[i : i + BLOCK] @ codes.T for i in range(0, len(z), BLOCK)]
    return np.concatenate([part.argmin(axis=1) for part in parts])
