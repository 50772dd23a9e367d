"""Try the reader on a file: a part is what the whole says, in the order asked for."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from reread.core.data import registry
from reread.core.errors import ParameterError, did_you_mean
from reread.lincs.data.tables import Signatures
from reread.lincs.io import gctx
from reread.lincs.io import gctx_stream as stream

FILES = {"level-5": "lincs/level-5", "plate": "lincs/level-4-plate", "pooled": "lincs/level-5",
         "gse70138": "lincs/level-5", "gse106127": "lincs/level-5", "merged": "lincs/level-5"}  # fmt: skip


def file_of(source: str, signatures: Signatures, folder: Path, *, seed: int = 0) -> Path:
    """A GCTX to try the reader on: the small one of the source, or simulated signatures written as one.

    A simulated file has 3,000 genes that are no landmarks, as those at GEO have 11,350. For the series at GEO
    it is the small level-5 file: the large one is extracted once and not read again.

    Raises
    ------
    ParameterError
        If the source is unknown.
    """
    if source == "simulated":
        from reread.lincs.data.simulate import write_simulated

        return write_simulated(Path(folder) / "simulated.gctx", signatures, seed=seed)
    if source not in FILES:
        raise ParameterError(f"There is no file for {source!r}. {did_you_mean(source, FILES)}")
    return registry.fetch(FILES[source])


def tried(path: Path, folder: Path, *, seed: int = 0) -> dict[str, float]:
    """Read a file in several ways and compare.

    Parameters
    ----------
    path : Path
        A GCTX that fits into memory.
    folder : Path
        Where the extracted matrix is written.
    seed : int
        Draws the part that is asked for, and the order of minibatches.

    Returns
    -------
    dict
        ``genes``, ``signatures``; ``subset_is_equal``: 1 if a random part in random order is that part of the
        whole; ``batches_are_equal``: 1 if minibatches bring every signature once, unchanged;
        ``memmap_is_equal``: 1 if the extracted matrix is the same again; ``subset_mb``, ``whole_mb``: size of
        the arrays.
    """
    meta, rng = gctx.read_meta(path), np.random.default_rng(seed)
    whole = gctx.read(path)
    genes = rng.permutation(whole.shape[1])[: max(1, whole.shape[1] // 4)]
    rows = rng.permutation(len(whole))[: max(1, len(whole) // 2)]
    names = [meta.row_ids[gene] for gene in genes]
    part = gctx.read(path, names, [meta.column_ids[row] for row in rows], block=100)
    seen = np.zeros(len(whole), dtype=int)
    is_same = True
    for values, index in stream.minibatches(path, names, batch=64, seed=seed, block=50):
        seen[index] += 1
        is_same &= bool((values == whole[index][:, genes]).all())
    mapped = stream.landmark_memmap(path, Path(folder) / f"{path.stem}.f32", names)
    return {
        "genes": whole.shape[1], "signatures": len(whole),
        "subset_is_equal": int((part == whole[rows][:, genes]).all()),
        "batches_are_equal": int(is_same and (seen == 1).all()),
        "memmap_is_equal": int((mapped == whole[:, genes]).all()),
        "subset_mb": part.nbytes / 1e6, "whole_mb": whole.nbytes / 1e6,
    }  # fmt: skip


def described(found: dict[str, float]) -> pd.DataFrame:
    """What was tried, as a table for readers."""
    words = {1: "yes", 0: "no"}
    rows = [
        ("genes in the file", f"{found['genes']:,}"),
        ("signatures in the file", f"{found['signatures']:,}"),
        ("a random part in random order is that part of the whole", words[found["subset_is_equal"]]),
        ("minibatches bring every signature once, unchanged", words[found["batches_are_equal"]]),
        ("the extracted memory-mapped matrix is the same again", words[found["memmap_is_equal"]]),
        ("size of the whole, MB", f"{found['whole_mb']:.1f}"),
        ("size of the part, MB", f"{found['subset_mb']:.1f}"),
    ]
    return pd.DataFrame(rows, columns=["asked", "found"])
