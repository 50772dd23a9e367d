"""Signatures as a trained network sees them: what later chapters read from the chapter that trained it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pandas as pd
from sklearn.decomposition import PCA

from reread.core.errors import DataError, ParameterError, did_you_mean
from reread.core.tables import door
from reread.lincs.data import filters
from reread.lincs.data import load as data
from reread.lincs.data.tables import Signatures
from reread.lincs.methods import latent_space as latent
from reread.lincs.models.arrays import Vae

PROTOCOLS = {"held-out": "-held-out", "random": ""}


class Upstream(Protocol):
    """A finished page, as ``page.upstream`` gives it."""

    page: str
    record: dict[str, Any]

    def artifact(self, name: str) -> Path:
        """Path of a file it left."""


@dataclass(frozen=True, eq=False)
class Encoded:
    """Signatures, the network that read them, and which of them taught it.

    Attributes
    ----------
    signatures : Signatures
    network : Vae
    is_trained : bool array, (signature,)
        Whether the network was trained on the row.
    layers : dict of str to float array, (signature, unit)
        What each layer says: e1, e2, e3 (latent means), d1, d2.
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
        """Rows (indices or a mask) in the order given."""
        rows = np.flatnonzero(rows) if np.asarray(rows).dtype == bool else np.asarray(rows)
        layers = {name: values[rows] for name, values in self.layers.items()}
        return replace(
            self, signatures=self.signatures.take(rows), is_trained=self.is_trained[rows], layers=layers
        )

    def of_kind(self, kind: str) -> Encoded:
        """Signatures of one kind, ``drug`` or ``knockdown``."""
        return self.take((self.signatures.meta["kind"] == kind).to_numpy())

    def in_line(self, cell: str) -> Encoded:
        """Signatures of one cell line; of all where the name is empty.

        Raises
        ------
        ParameterError
            If there is no such line.
        """
        lines = self.signatures.meta["cell"]
        if cell and not (lines == cell).any():
            raise ParameterError(f"There is no cell line {cell!r} here. {did_you_mean(cell, set(lines))}")
        return self.take((lines == cell).to_numpy() if cell else np.arange(len(lines)))

    def with_class(self, least_drugs: int = 1) -> Encoded:
        """Signatures of drugs whose class is known and has enough drugs."""
        meta = self.signatures.meta
        known = meta[(meta["kind"] == "drug") & (meta["pcl"] != "")]
        n_drugs = known.groupby("pcl")["pert_name"].nunique()
        return self.take(meta["pcl"].isin(n_drugs.index[n_drugs >= least_drugs]).to_numpy())


def read(pages: Sequence[Upstream], page: str, source: str, protocol: str = "held-out") -> Encoded:
    """Read the network of one page of chapter 02, and encode the signatures it was made from.

    Parameters
    ----------
    pages : sequence of Upstream
        From ``page.upstream("02-vae")``.
    page : str
        Which of them: ``drugs``, ``genes`` or ``merged``.
    source : str
        Where the signatures come from; the page must have read the same.
    protocol : str
        ``held-out``: trained with whole perturbations held out; ``random``: as published.

    Returns
    -------
    Encoded
        All signatures of the cell lines that the page used, also those that were kept from training by name
        (MG-132 and bortezomib in the paper).

    Raises
    ------
    ParameterError
        If there is no such page, or it read another source.
    DataError
        If what it left does not fit the signatures.
    """
    found = [one for one in pages if one.page == page]
    if not found:
        names = [one.page for one in pages]
        raise ParameterError(f"Chapter 02-vae has no page {page!r} here. {did_you_mean(page, names)}")
    settings, suffix = found[0].record["parameters"], PROTOCOLS[protocol]
    if settings["source"] != source:
        raise ParameterError(
            f"The network of page {page} was trained on {settings['source']!r}, not on {source!r}.\n"
            f"Run chapter 02-vae with that source first."
        )
    loaded = data.load(source, kind=settings["kind"], seed=settings["seed"])
    network = Vae.load(found[0].artifact(f"vae{suffix}.npz"))
    path = found[0].artifact(f"latent{suffix}.npz")
    with door(path, "encodings"), np.load(path, allow_pickle=False) as kept:
        trained, mu, rows = kept["trained"], kept["mu"], kept["rows"]
    in_lines = np.flatnonzero(filters.is_in_lines(loaded.meta, settings["min_per_line"]))
    is_trained = np.zeros(max(len(loaded), rows.max() + 1), dtype=bool)
    is_trained[rows[trained]] = True
    signatures = loaded.take(in_lines)
    layers = network.layers(signatures.values)
    place = np.searchsorted(in_lines, rows)
    if not np.isin(rows, in_lines).all() or not np.allclose(mu, layers["e3"][place], atol=1e-3):
        raise DataError(
            f"The network of page {page} does not give the latent means that the page left, for the "
            f"{len(rows)} of {len(loaded)} signatures of {source} that it read.\nRun chapter 02-vae again."
        )
    return Encoded(signatures, network, is_trained[in_lines], layers)


def representations(
    encoded: Encoded, reference: Encoded | None = None, *, n_components: int = 32
) -> dict[str, np.ndarray]:
    """Every representation of the signatures, by name.

    Parameters
    ----------
    encoded : Encoded
        What is represented.
    reference : Encoded, optional
        Where components and signature nodes come from: its rows that taught the network.
    n_components : int
        Principal components.

    Returns
    -------
    dict of str to float array, (signature, feature)
        raw, e1, e2, e3, nodes (signature nodes), d1, d2, pca; in this order.
    """
    reference = encoded if reference is None else reference
    taught = reference.take(reference.is_trained)
    nodes = signature_nodes(reference)
    n = min(n_components, *taught.signatures.values.shape)
    components = PCA(n, svd_solver="randomized", random_state=0).fit(taught.signatures.values)
    layers = encoded.layers
    return {
        "raw": encoded.signatures.values, **{name: layers[name] for name in ("e1", "e2", "e3")},
        "nodes": encoded.mu[:, nodes], **{name: layers[name] for name in ("d1", "d2")},
        "pca": components.transform(encoded.signatures.values),
    }  # fmt: skip


def signature_nodes(encoded: Encoded) -> np.ndarray:
    """Signature nodes by the published rule, over signatures that have a class, (signature node,).

    The authors take every signature with a class; here those of them that taught the network.

    Raises
    ------
    DataError
        If there is none, or no node speaks.
    """
    known = encoded.take(encoded.is_trained).with_class()
    if not len(known.signatures):
        raise DataError(
            f"None of the {int(encoded.is_trained.sum())} signatures that taught the network has a class.\n"
            f"Choose a page of chapter 02-vae whose signatures are of drugs."
        )
    return latent.signature_nodes(known.mu)


def codes_of(encoded: Encoded, pages: Sequence[Upstream]) -> dict[str, pd.DataFrame]:
    """A code of each class, by where it comes from.

    Parameters
    ----------
    encoded : Encoded
    pages : sequence of Upstream
        From ``page.upstream("03-svqvae")``.

    Returns
    -------
    dict of str to DataFrame, (pcl, feature)
        ``mean signature`` and ``latent means`` of the rows that taught the network, and ``S-VQ-VAE`` with the
        name of each page: its codebook.
    """
    taught = encoded.take(encoded.is_trained).with_class()
    pcl = taught.signatures.meta["pcl"].to_numpy(str)
    found = {
        "mean signature": latent.by_class(taught.signatures.values, pcl),
        "latent means": latent.by_class(taught.mu, pcl),
    }
    for page in pages:
        path = page.artifact("svqvae.npz")
        with door(path, "codes"), np.load(path, allow_pickle=False) as kept:
            found[f"S-VQ-VAE {page.page}"] = pd.DataFrame(kept["codes"], index=kept["pcls"].astype(str))
    return found


def families_of(signatures: Signatures) -> dict[str, int]:
    """Class to its planted family, without inert classes; empty where nothing was planted."""
    if signatures.truth is None:
        return {}
    truth = signatures.truth
    planted = zip(truth.pcls, truth.families, truth.strength, strict=True)
    return {pcl: family for pcl, family, strength in planted if strength != "inert"}
