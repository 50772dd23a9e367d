"""Simulated weights with known content, written as legacy files like the published ones."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.spatial.distance import cdist

from reread.lincs.data.tables import CLIP, Truth
from reread.lincs.io import torch_legacy

N_UNITS, N_LATENT, N_ACTIVE = 40, 100, 12


@dataclass(frozen=True, eq=False)
class Written:
    """Paths of the legacy files by part and data set, active nodes of the last head, and nearest classes."""

    svqvae: dict[str, Path]
    mu: dict[str, Path]
    nodes: tuple[int, ...]
    neighbours: pd.DataFrame


def write(folder: Path, truth: Truth, *, seed: int = 0) -> Written:
    """Write an S-VQ-VAE whose codes decode to the simulated programmes, and mean heads with active nodes."""
    rng = np.random.default_rng(seed)
    basis = _basis(truth.programs, rng)
    codes = np.arctanh(np.clip(truth.programs / CLIP, -0.999, 0.999)) @ basis
    inert = ~truth.programs.any(axis=1)
    codes[inert] = 0.05 * rng.standard_normal((int(inert.sum()), N_UNITS))
    codes = codes.astype(np.float32)
    n_genes = truth.programs.shape[1]
    parts = {
        "encode": {"0.weight": basis.T, "0.bias": np.zeros(N_UNITS)},
        "embedding": {"weight": codes},
        "decode": {"0.weight": basis, "0.bias": np.zeros(n_genes)},
    }
    svqvae = {name: torch_legacy.dump(folder / f"{name}.pth", tensors) for name, tensors in parts.items()}
    mu, nodes = {}, ()
    for name, n_active in (("few", N_ACTIVE // 2), ("many", N_ACTIVE)):
        weight, nodes = _head(n_active, rng)
        mu[name] = torch_legacy.dump(
            folder / f"mu-{name}.pth", {"weight": weight, "bias": np.zeros(N_LATENT)}
        )
    return Written(svqvae, mu, nodes, _neighbours(codes, truth.pcls))


def textbook(truth: Truth, symbols: tuple[str, ...]) -> tuple[tuple[str, str, int], ...]:
    """Gene that each strong class moves most: class, symbol, and -1 or 1."""
    rows = [i for i, strength in enumerate(truth.strength) if strength == "strong"]
    most = np.abs(truth.programs).argmax(axis=1)
    return tuple((truth.pcls[i], symbols[most[i]], int(np.sign(truth.programs[i, most[i]]))) for i in rows)


def _basis(programs: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Orthonormal columns (gene, unit) that span the programmes before the tanh."""
    inside = np.arctanh(np.clip(programs / CLIP, -0.999, 0.999)).T
    padded = np.concatenate([inside, rng.standard_normal((programs.shape[1], N_UNITS))], axis=1)
    left = np.linalg.qr(padded[:, padded.any(axis=0)])[0]
    return left[:, :N_UNITS]


def _head(n_active: int, rng: np.random.Generator) -> tuple[np.ndarray, tuple[int, ...]]:
    active = np.sort(rng.permutation(N_LATENT)[:n_active])
    norm = rng.uniform(0.05, 0.15, N_LATENT)
    norm[active] = rng.uniform(0.7, 1.5, n_active)
    rows = rng.standard_normal((N_LATENT, 10 * N_UNITS))
    return norm[:, None] * rows / np.linalg.norm(rows, axis=1, keepdims=True), tuple(map(int, active))


def _neighbours(codes: np.ndarray, pcls: tuple[str, ...]) -> pd.DataFrame:
    apart = cdist(codes.astype(float), codes.astype(float), metric="correlation")
    np.fill_diagonal(apart, np.inf)
    nearest = apart.argmin(axis=1)
    return pd.DataFrame({"pcl": pcls, "nn_pcl": np.asarray(pcls)[nearest], "corr_dist": apart.min(axis=1)})
