"""What chapters on networks leave for later ones: encodings and weights, as arrays that hold no code."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from reread.core.files import written_whole
from reread.lincs.models.arrays import Svq, Vae

MOST = 10_000  # generated signatures, as the authors draw


def latent(
    path: Path, network: Vae, values: np.ndarray, *, rows: np.ndarray, trained: np.ndarray, seed: int
) -> Path:
    """Write what each layer says of every signature, and generated signatures beside them.

    Parameters
    ----------
    path : Path
        An ``.npz``.
    network : Vae
    values : float array, (signature, gene)
    rows : int array, (signature,)
        Where each signature stands in what ``data.load`` returned.
    trained : int array, (row,)
        Which of these signatures the network learned from.
    seed : int
        Of the draws of the standard normal that are decoded: as many as signatures, ``MOST`` at most.

    Returns
    -------
    Path
        Arrays ``mu``, ``e1`` to ``e3``, ``d1``, ``d2`` (signature, unit), ``rows``, ``trained`` (signature,)
        as a mask, and ``generated`` (n, gene).
    """
    layers = network.layers(values)
    mask = np.zeros(len(values), dtype=bool)
    mask[trained] = True
    arrays = {**layers, "mu": layers["e3"], "rows": rows, "trained": mask}
    return _save(path, arrays | {"generated": network.generate(min(len(values), MOST), seed)})


def codebook(
    path: Path,
    network: Svq,
    values: np.ndarray,
    *,
    pcls: tuple[str, ...],
    rows: np.ndarray,
    trained: np.ndarray,
) -> Path:
    """Write codes, their decoded profiles, and where each signature falls.

    Parameters
    ----------
    path, values, rows, trained
        As :func:`latent`.
    network : Svq
    pcls : tuple of str, (pcl,)
        Name of each code.

    Returns
    -------
    Path
        Arrays ``codes`` (pcl, dim), ``pcls``, ``profiles`` (pcl, gene), ``z`` (signature, dim), ``assigned``
        (index of the nearest code), ``rows`` and ``trained`` (signature,).
    """
    mask = np.zeros(len(values), dtype=bool)
    mask[trained] = True
    arrays = {"codes": network.codes, "pcls": np.array(pcls), "profiles": network.profiles()}
    arrays |= {"z": network.encode(values), "assigned": network.assign(values), "rows": rows, "trained": mask}
    return _save(path, arrays)


def _save(path: Path, arrays: dict[str, np.ndarray]) -> Path:
    with written_whole(Path(path)) as part, part.open("wb") as stream:
        np.savez(stream, **arrays)
    return Path(path)
