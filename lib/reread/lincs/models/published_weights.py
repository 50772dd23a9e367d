"""Weights that the authors published, and the results that they printed about them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.spatial.distance import cdist

from reread.core import validate
from reread.core.data import registry
from reread.core.errors import DataError, ParameterError, did_you_mean
from reread.core.tables import read_table
from reread.lincs.data import annotations
from reread.lincs.data import load as loading
from reread.lincs.data.tables import CLIP, Signatures
from reread.lincs.io import torch_legacy
from reread.lincs.models.numpy_weights import Svq

N_UNITS, N_LATENT, N_ACTIVE = 40, 100, 12  # of simulated weights
HEADS = ("SMP", "GP", "SMGP")
PARTS = ("encode", "embedding", "decode")
# deep_generative_model_LINCS_analysis.ipynb, in 49
SIGNATURE_NODES = (4, 21, 35, 50, 51, 54, 56, 76, 81, 85, 87, 97)
# A gene that pharmacology expects a class to move, and where to. They were picked with the decoded codes in
# view: they show what the codes say, and test nothing.
TEXTBOOK = (
    ("CP_MEK_INHIBITOR", "DUSP6", -1), ("CP_RAF_INHIBITOR", "DUSP6", -1),
    ("CP_GLUCOCORTICOID_RECEPTOR_AGONIST", "TSC22D3", 1), ("CP_HSP_INHIBITOR", "HSPA1A", 1),
    ("CP_PROTEASOME_INHIBITOR", "HMOX1", 1), ("CP_HMGCR_INHIBITOR", "HMGCS1", 1),
    ("CP_TOPOISOMERASE_INHIBITOR", "CDKN1A", 1), ("CP_HDAC_INHIBITOR", "CDKN1A", 1),
    ("CP_TUBULIN_INHIBITOR", "CDK1", -1),
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Published:
    """Published or simulated weights, with names and the printed results.

    ``pcls``, ``symbols``: tuple of str, (pcl,) and (gene,). ``mu``: dict; data set of a VAE to the weights
    (latent, unit) of its mean head; the last one has printed nodes. ``printed_nodes``: tuple of int.
    ``printed_neighbours``: DataFrame, (pcl,); ``pcl``, ``nn_pcl``, ``corr_dist``: nearest other class and its
    distance as printed. ``textbook``: tuple; class, symbol, and -1 or 1: a gene that the class is known to
    lower or raise. ``unseen``, ``familiar``: drugs with a class, from batches that training did not use, and
    from those that it did. ``example``: drug, cell line, expected classes. ``control``: class expected at
    chance: an inert one, or that of venlafaxine, which hardly changes expression in cancer cells.
    """

    model: Svq
    pcls: tuple[str, ...]
    symbols: tuple[str, ...]
    mu: Mapping[str, np.ndarray] = field(repr=False)
    printed_nodes: tuple[int, ...]
    printed_neighbours: pd.DataFrame = field(repr=False)
    textbook: tuple[tuple[str, str, int], ...]
    unseen: Signatures = field(repr=False)
    familiar: Signatures = field(repr=False)
    example: tuple[str, str, tuple[str, ...]]
    control: str

    def __post_init__(self):
        validate.axes(self.model.codes, "codes", pcl=len(self.pcls), unit=None)
        validate.axes(self.model.weights["decoder.0.bias"], "decoder bias", gene=len(self.symbols))
        for name, found in (("unseen", self.unseen), ("familiar", self.familiar)):
            annotations.check_classes(found.meta["pcl"], self.pcls, what=f"Signatures {name}")


def load(source: str, *, seed: int = 0) -> Published:
    """Load weights with what they are compared with.

    ``source``: ``weights``: the nine published files; ``simulated``: weights with known content. ``seed``:
    random seed of the simulation. ParameterError if the source is unknown. DataError if a file is missing or
    damaged, or tensors do not fit each other.
    """
    if source == "simulated":
        return _planted(seed)
    if source != "weights":
        raise ParameterError(
            f"There are no weights {source!r}. {did_you_mean(source, ('simulated', 'weights'))}"
        )
    path, columns = registry.fetch("lincs/published-neighbours"), ["i", "pcl", "nn_pcl", "corr_dist"]
    near = read_table(path, columns=columns, numbers=["i", "corr_dist"]).sort_values("i", ignore_index=True)
    level_5, plate = loading.load("level-5", kind="drug"), loading.load("plate", kind="drug")
    model = svqvae({part: registry.fetch(f"lincs/svqvae-{part}") for part in PARTS})
    heads = {name: read_tensor(registry.fetch(f"lincs/vae-mu-{name.lower()}"), "weight") for name in HEADS}
    example = ("vemurafenib", "A375", ("CP_RAF_INHIBITOR", "CP_MEK_INHIBITOR"))
    return Published(
        model, tuple(near["pcl"]), level_5.symbols, heads, SIGNATURE_NODES, near.drop(columns="i"), TEXTBOOK,
        level_5.take(level_5.with_class()), plate.take(plate.with_class()), example,
        "CP_NOREPINEPHRINE_REUPTAKE_INHIBITOR",
    )  # fmt: skip


def svqvae(paths: Mapping[str, Path]) -> Svq:
    """Read ``encode``, ``embedding`` and ``decode`` from three legacy files, in double precision."""
    named = {"codes.weight": read_tensor(paths["embedding"], "weight").astype(float)}
    for part in ("encode", "decode"):
        for name in ("0.weight", "0.bias"):
            named[f"{part}r.{name}"] = read_tensor(paths[part], name).astype(float)
    n_genes, n_units = named["decoder.0.weight"].shape
    validate.axes(named["encoder.0.weight"], "encoder", unit=n_units, gene=n_genes)
    validate.axes(named["codes.weight"], "codes", pcl=None, unit=n_units)
    return Svq(named)


def read_tensor(path: Path, name: str) -> np.ndarray:
    """Tensor of that name; a missing one, or values that are not finite, are a DataError."""
    found = torch_legacy.load(path)
    if name not in found:
        raise DataError(f"{path} has no tensor {name!r}; it has {', '.join(found)}.")
    if not np.isfinite(found[name]).all():
        raise DataError(f"{path}: {name} holds numbers that are not finite.")
    return found[name]


def active_nodes(mu: np.ndarray) -> pd.DataFrame:
    """Find active latent nodes by the norm of their weights alone.

    ``mu``: float array, (latent, unit); weights of the mean head. Returns DataFrame, (node,): ``node``,
    ``rank``, ``norm`` (largest first), ``is_active``: before the largest ratio of successive norms. DataError
    if there are fewer than two rows, or a norm is 0 or not finite. Source: ours. The authors take nodes whose
    mean absolute value over 12,079 signatures is above 0.5, which needs the encoder, and that is not public.
    A collapsed node has small weights for any data.
    """
    norm = np.linalg.norm(mu, axis=1)
    if len(norm) < 2 or not (np.isfinite(norm).all() and (norm > 0).all()):
        raise DataError("A largest ratio needs at least two units with a finite, positive weight norm.")
    order = np.argsort(-norm, kind="stable")
    rank = np.arange(1, len(order) + 1)
    n_active = int((norm[order][:-1] / norm[order][1:]).argmax()) + 1
    return pd.DataFrame({"node": order, "rank": rank, "norm": norm[order], "is_active": rank <= n_active})


def _planted(seed: int) -> Published:
    """An S-VQ-VAE whose codes decode to the simulated programmes, and mean heads with known active nodes."""
    drugs, rng = loading.load("simulated", kind="drug", seed=seed), np.random.default_rng(seed)
    truth = drugs.truth
    inside = np.arctanh(np.clip(truth.programs / CLIP, -0.999, 0.999))
    padded = np.concatenate([inside.T, rng.standard_normal((inside.shape[1], N_UNITS))], axis=1)
    basis = np.linalg.qr(padded[:, padded.any(axis=0)])[0][:, :N_UNITS]  # (gene, unit), orthonormal
    inert = ~truth.programs.any(axis=1)
    codes = np.where(inert[:, None], 0.05 * rng.standard_normal((len(inside), N_UNITS)), inside @ basis)
    codes = codes.astype(np.float32).astype(float)  # as a file would hold them
    bias = {"encoder.0.bias": np.zeros(N_UNITS), "decoder.0.bias": np.zeros(len(basis))}
    model = Svq({"encoder.0.weight": basis.T, "codes.weight": codes, "decoder.0.weight": basis, **bias})
    (few, _), (many, nodes) = _head(N_ACTIVE // 2, rng), _head(N_ACTIVE, rng)
    apart = cdist(codes, codes, metric="correlation") + np.diag(np.full(len(codes), np.inf))
    nearest = np.asarray(truth.pcls)[apart.argmin(axis=1)]
    neighbours = pd.DataFrame({"pcl": truth.pcls, "nn_pcl": nearest, "corr_dist": apart.min(axis=1)})
    strong = [i for i, kind in enumerate(truth.strength) if kind == "strong"]
    most = np.abs(truth.programs).argmax(axis=1)
    sign = np.sign(truth.programs).astype(int)
    textbook = tuple((truth.pcls[i], drugs.symbols[most[i]], int(sign[i, most[i]])) for i in strong)
    is_unseen = drugs.meta["cell"].isin(sorted(set(drugs.meta["cell"]))[::2]).to_numpy()
    first = drugs.meta[is_unseen].iloc[0]
    return Published(
        model, truth.pcls, drugs.symbols, {"few": few, "many": many}, nodes, neighbours, textbook,
        drugs.take(is_unseen), drugs.take(~is_unseen),
        (first["pert_name"], first["cell"], (first["pcl"],)),
        truth.pcls[truth.strength.index("inert")],
    )  # fmt: skip


def _head(n_active: int, rng: np.random.Generator) -> tuple[np.ndarray, tuple[int, ...]]:
    """Weights (latent, unit) of a mean head, and its active nodes."""
    active = np.sort(rng.permutation(N_LATENT)[:n_active])
    norm = rng.uniform(0.05, 0.15, N_LATENT)
    norm[active] = rng.uniform(0.7, 1.5, n_active)
    rows = rng.standard_normal((N_LATENT, 10 * N_UNITS))
    return norm[:, None] * rows / np.linalg.norm(rows, axis=1, keepdims=True), tuple(map(int, active))
