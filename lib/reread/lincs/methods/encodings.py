"""Signatures encoded by a trained network: written by the chapters that train, read by later ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from operator import itemgetter
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.decomposition import PCA

from reread.core.errors import DataError, ParameterError, did_you_mean
from reread.core.tables import door
from reread.lincs.data import filters, load, own
from reread.lincs.data.tables import Signatures
from reread.lincs.methods import latent_space
from reread.lincs.methods.codebooks import CODEBOOKS, CodeRun, first_runs
from reread.lincs.models.numpy_weights import Vae, load_arrays, save_arrays

PROTOCOLS = {"held-out": "-held-out", "random": ""}


@dataclass(frozen=True, eq=False)
class Encoded:
    """Signatures, the network that encodes them, its training rows, and the output of each layer.

    ``is_trained`` (signature,) marks training rows; ``layers`` are e1, e2, e3 (latent means), d1 and d2, each
    (signature, unit).
    """

    signatures: Signatures
    network: Vae
    is_trained: np.ndarray
    layers: dict[str, np.ndarray] = field(repr=False)

    @property
    def mu(self) -> np.ndarray:
        """Latent means, (signature, node)."""
        return self.layers["e3"]

    def take(self, rows: np.ndarray) -> Encoded:
        """Rows (indices or a mask) in the given order."""
        layers = {name: values[rows] for name, values in self.layers.items()}
        kept = self.signatures.take(rows)
        return replace(self, signatures=kept, is_trained=self.is_trained[rows], layers=layers)

    def of_kind(self, kind: str) -> Encoded:
        """Signatures of one kind, ``drug`` or ``knockdown``."""
        return self.take((self.signatures.meta["kind"] == kind).to_numpy())

    def in_line(self, cell: str) -> Encoded:
        """Signatures of one cell line, of all where the name is empty; an unknown one is a ParameterError."""
        lines = self.signatures.meta["cell"]
        if cell and not (lines == cell).any():
            raise ParameterError(f"There is no cell line {cell!r} here. {did_you_mean(cell, set(lines))}")
        return self.take((lines == cell).to_numpy() if cell else np.arange(len(lines)))

    def with_class(self, least_drugs: int = 1) -> Encoded:
        """Signatures of drugs whose class is known and has at least ``least_drugs`` drugs."""
        return self.take(self.signatures.with_class(least_drugs))


def save_encodings(
    path: Path, network: Vae, values: np.ndarray, *, rows: np.ndarray, trained: np.ndarray
) -> Path:
    """Write the latent means of signatures as ``.npz``.

    ``values``: float array, (signature, gene). ``rows``: int array, (signature,); row of each signature in
    what :func:`reread.lincs.data.load.load` returned. ``trained``: int array, (row,); training rows among
    these signatures.
    Returns Path: arrays ``mu`` (signature, unit), ``rows`` and ``trained`` (signature,) as a mask.
    """
    is_trained = np.isin(np.arange(len(values)), trained)
    return save_arrays(path, mu=network.encode(values), rows=rows, trained=is_trained)


def save_codebooks(path: Path, runs: Sequence[CodeRun]) -> Path:
    """Write the codes of the first run of each method as ``.npz``.

    Returns Path: an array (pcl, dim) under the name of each method, and ``pcls`` (pcl,), the names of the
    classes.
    """
    codes = {name: run.network.codes for name, run in first_runs(runs).items()}
    return save_arrays(path, pcls=np.array(runs[0].pcls), **codes)


def read(pages: Sequence[Any], page: str, source: str, protocol: str = "held-out") -> Encoded:
    """Read the network of one page of chapter 02 and encode its signatures.

    ``pages``: from ``page.upstream("02-vae")``. ``page``: ``drugs``, ``genes`` or ``merged``. ``source``:
    source of the signatures; the page must have read the same. ``protocol``: ``held-out``: trained with whole
    perturbations held out; ``random``: as published. Returns Encoded: all signatures of the cell lines that
    the page used, including those excluded from training by name (MG-132 and bortezomib in the paper).
    ParameterError if there is no such page, or it read another source. DataError if its files do not fit the
    signatures.
    """
    by_name = {one.page: one for one in pages}
    if page not in by_name:
        raise ParameterError(f"Chapter 02-vae has no page {page!r} here. {did_you_mean(page, by_name)}")
    found = by_name[page]
    settings, suffix = found.record["parameters"], PROTOCOLS[protocol]
    if settings["source"] != source:
        raise ParameterError(
            f"The network of page {page} was trained on {settings['source']!r}, not on {source!r}.\n"
            f"Run:  reread run lincs/02-vae.{page} -p source={source}"
        )
    files = {name: settings[name] for name in own.PARAMETERS if name in settings}
    loaded = load.load(source, kind=settings["kind"], seed=settings["seed"], **files)
    network = Vae.load(found.artifact(f"vae{suffix}.npz"))
    path = found.artifact(f"latent{suffix}.npz")
    with door(path, "encodings"):
        trained, mu, rows = itemgetter("trained", "mu", "rows")(load_arrays(path, "encodings"))
    in_lines = np.flatnonzero(filters.is_in_lines(loaded.meta, settings["min_per_line"]))
    is_trained = np.zeros(max(len(loaded), rows.max() + 1), dtype=bool)
    is_trained[rows[trained]] = True
    signatures = loaded.take(in_lines)
    layers = network.layers(signatures.values)
    place = np.searchsorted(in_lines, rows)
    if not np.isin(rows, in_lines).all() or not np.allclose(mu, layers["e3"][place], atol=1e-3):
        raise DataError(
            f"The network of page {page} does not reproduce the latent means in {path.name} for the "
            f"{len(rows)} of {len(loaded)} signatures of {source}.\nRun:  reread run lincs/02-vae.{page}"
        )
    return Encoded(signatures, network, is_trained[in_lines], layers)


def representations(
    encoded: Encoded, reference: Encoded | None = None, *, n_components: int = 32
) -> dict[str, np.ndarray]:
    """All representations of the signatures.

    ``encoded``: what is represented. ``reference``: its training rows determine components and signature
    nodes; ``encoded`` when left out. Returns dict of str to float array, (signature, feature): raw, e1, e2,
    e3, nodes (signature nodes), d1, d2, pca; in this order.
    """
    reference = encoded if reference is None else reference
    train = reference.signatures.values[reference.is_trained]
    components = PCA(min(n_components, *train.shape), svd_solver="randomized", random_state=0).fit(train)
    raw, layers = encoded.signatures.values, dict(encoded.layers)
    back = {name: layers.pop(name) for name in ("d1", "d2")}
    nodes = encoded.mu[:, signature_nodes(reference)]
    return {"raw": raw, **layers, "nodes": nodes, **back, "pca": components.transform(raw)}


def signature_nodes(encoded: Encoded) -> np.ndarray:
    """Signature nodes by the published rule, over training signatures with a class, (signature node,).

    The authors use every signature with a class. DataError if none has a class, or no node is active.
    """
    known = encoded.take(encoded.is_trained).with_class()
    if not len(known.signatures):
        raise DataError("No training signature has a class. Choose a page of chapter 02-vae with drugs.")
    return latent_space.signature_nodes(known.mu)


def codes_of(encoded: Encoded, pages: Sequence[Any]) -> dict[str, pd.DataFrame]:
    """Codes of classes from signatures, from latent means, and the codebooks of chapter 03.

    ``pages``: finished pages of chapter 03. Returns dict of str to DataFrame, (pcl, feature): ``mean
    signature`` (z-scores) and ``latent means`` over training rows, and a codebook for each method of the
    pages. DataError if a page left no codebook.
    """
    train = encoded.take(encoded.is_trained).with_class()
    pcl = train.signatures.meta["pcl"].to_numpy(str)
    found = {
        "mean signature": latent_space.by_class(train.signatures.values, pcl),
        "latent means": latent_space.by_class(train.mu, pcl),
    }
    for path in (page.artifact("codebooks.npz") for page in pages):
        kept = load_arrays(path, "codes")
        found |= {f"S-VQ-VAE {name}": pd.DataFrame(kept[name], kept["pcls"]) for name in CODEBOOKS}
    return found


def families_of(signatures: Signatures) -> dict[str, int]:
    """Look up the simulated family of each class.

    Returns dict of str to int: class to the number of its family, without inert classes; empty for real
    signatures, which have no ground truth.
    """
    truth = signatures.truth
    families = {} if truth is None else dict(zip(truth.pcls, truth.families, strict=True))
    return {pcl: family for pcl, family in families.items() if truth.kinds[pcl] != "inert"}
