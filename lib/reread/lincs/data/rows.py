"""Which signatures a network learns from, which it is asked about, and what the two share."""

from __future__ import annotations

import numpy as np
import pandas as pd

from reread.lincs.data import filters
from reread.lincs.data import splits as split
from reread.lincs.data.splits import Split
from reread.lincs.data.tables import Signatures

RANDOM, HELD_OUT = "random", "held out"
VALID_SHARE = 0.1  # the authors' random tenth
LEAKS = {"pert_name": "perturbation", "cell": "cell line", "plate": "plate", "pcl": "class"}


def used(signatures: Signatures, min_per_line: int = 0) -> np.ndarray:
    """Rows the paper trains on: lines with many signatures, without MG-132 and bortezomib."""
    kept = filters.is_in_lines(signatures.meta, min_per_line) & filters.is_without(signatures.meta)
    return np.flatnonzero(kept)


def splits(signatures: Signatures, *, share: float = 0.2, seed: int = 0) -> dict[str, Split]:
    """Split at random as published, a tenth to validate, and by whole perturbations."""
    return {
        RANDOM: split.random(len(signatures), share=VALID_SHARE, seed=seed),
        HELD_OUT: held_out(signatures, share=share, seed=seed),
    }


def held_out(signatures: Signatures, *, share: float = 0.2, seed: int = 0) -> Split:
    """Split by whole perturbations, and make sure of it.

    Raises
    ------
    DataError
        If a perturbation were on both sides.
    """
    part = split.by_group(signatures.meta, by=("pert_name",), share=share, seed=seed)
    split.assert_no_leak(signatures.meta, part)
    return part


def sizes(signatures: Signatures, parts: dict[str, Split]) -> dict[str, int]:
    """Count signatures, perturbations and genes, and the rows that each split keeps apart."""
    return {
        "signatures": len(signatures),
        "perturbations": int(signatures.meta["pert_name"].nunique()),
        "genes": len(signatures.genes),
        **{f"kept-apart.{name.replace(' ', '-')}": len(part.test) for name, part in parts.items()},
    }


def leaks(signatures: Signatures, parts: dict[str, Split]) -> pd.DataFrame:
    """Share of kept rows whose perturbation, line, plate or class training has seen: one row a split."""
    rows = []
    for name, part in parts.items():
        found = split.leak_report(signatures.meta, part, by=tuple(LEAKS)).set_index("column")["share_of_test"]
        rows.append({"split": name, **{said: found[column] for column, said in LEAKS.items()}})
    return pd.DataFrame(rows)
