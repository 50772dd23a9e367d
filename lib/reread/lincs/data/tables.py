"""Tables of this study: signatures with their metadata, and the ground truth of a simulation."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from reread.core import validate
from reread.core.errors import DataError

META = (
    "sig_id", "pert_id", "pert_name", "kind", "cell", "dose_um", "time_h", "plate", "pcl", "gene",
)  # fmt: skip
NUMBERS = ("dose_um", "time_h")
KINDS = ("drug", "knockdown", "control", "other")
CLIP = 10.0


@dataclass(frozen=True, eq=False)
class Truth:
    """Ground truth of a simulation.

    ``programs``: float array, (pcl, gene); mean direction of each class, z-scores; an inert class has a row
    of zeros. ``pcls``: tuple of str, (pcl,); names of the classes (PCL: perturbational class, drugs that
    share a mechanism). ``strength``: tuple of str, (pcl,); ``strong``, ``weak`` or ``inert``. ``targets``:
    dict; drug to the genes whose knock-down mimics it; symbols, as in ``meta.gene``. ``families``: tuple of
    int, (pcl,); family of each class.
    """

    programs: np.ndarray
    pcls: tuple[str, ...]
    strength: tuple[str, ...]
    targets: dict[str, tuple[str, ...]]
    families: tuple[int, ...]

    def __post_init__(self):
        validate.axes(self.programs, "programs", pcl=len(self.pcls), gene=None)
        validate.axes(self.strength, "strength", pcl=len(self.pcls))
        validate.axes(self.families, "families", pcl=len(self.pcls))

    @property
    def kinds(self) -> dict[str, str]:
        """Class to its strength."""
        return dict(zip(self.pcls, self.strength, strict=True))


@dataclass(frozen=True, eq=False)
class Signatures:
    """Expression changes, one row a perturbation, with metadata.

    ``values``: float32 array, (signature, gene); Z-scores, clipped to 10 on both sides. ``genes``,
    ``symbols``: tuple of str, (gene,); id (Entrez, as text) and symbol of each column. ``meta``: DataFrame,
    (signature,); columns ``META``, numbered rows; unknown ``pcl`` and ``gene`` are empty, unknown ``dose_um``
    (micromolar) and ``time_h`` (hours) NaN. ``truth``: Truth or None; ground truth of simulated signatures.
    ``report``: dict; what a record keeps of own files.
    DataError if sizes differ, values are not finite, a column of ``meta`` is missing or a kind is unknown.
    """

    values: np.ndarray
    genes: tuple[str, ...]
    symbols: tuple[str, ...]
    meta: pd.DataFrame = field(repr=False)
    truth: Truth | None = field(default=None, repr=False)
    report: dict[str, str] = field(default_factory=dict, repr=False)

    def __post_init__(self):
        validate.axes(self.symbols, "symbols", gene=len(self.genes))
        validate.axes(self.values, "values", signature=len(self.meta), gene=len(self.genes))
        bad = ~np.isfinite(self.values)
        if bad.any():
            row, column = np.argwhere(bad)[0]
            first = f"{self.values[row, column]} at signature {row}, gene {column}"
            raise DataError(
                f"values must be finite, but {int(bad.sum())} of {bad.size} are not; the first is {first}.\n"
                "Drop or fill them first."
            )
        _check_meta(self.meta)

    def __len__(self) -> int:
        return len(self.values)

    def take(self, rows: np.ndarray) -> Signatures:
        """Rows (indices or a mask) in the given order, with meta numbered anew."""
        rows = np.asarray(rows)
        rows = np.flatnonzero(rows) if rows.dtype == bool else rows.astype(np.int64)
        return replace(self, values=self.values[rows], meta=self.meta.iloc[rows].reset_index(drop=True))

    def with_class(self, least_drugs: int = 1) -> np.ndarray:
        """Mask (signature,) of the drugs whose class is known and has at least ``least_drugs`` drugs."""
        is_known = (self.meta["kind"] == "drug") & (self.meta["pcl"] != "")
        n_drugs = self.meta["pert_name"].where(is_known).groupby(self.meta["pcl"]).transform("nunique")
        return (is_known & (n_drugs >= least_drugs)).to_numpy()

    @property
    def pcls(self) -> tuple[str, ...]:
        """Names of the classes that occur, sorted."""
        return tuple(sorted(set(self.meta["pcl"]) - {""}))


def meta_frame(n: int, **columns: object) -> pd.DataFrame:
    """A table ``META`` of ``n`` rows; columns that are not given are unknown."""
    unknown = {name: np.nan if name in NUMBERS else "" for name in META}
    frame = pd.DataFrame({**unknown, **columns}, index=pd.RangeIndex(n))
    return frame.astype({name: float if name in NUMBERS else object for name in META})


def _check_meta(meta: pd.DataFrame) -> None:
    missing = [name for name in META if name not in meta.columns]
    if missing:
        raise DataError(f"meta lacks the columns {', '.join(missing)}; it needs {', '.join(META)}.")
    unknown = sorted(set(meta["kind"]) - set(KINDS))
    if unknown:
        raise DataError(f"meta names the kind {unknown[0]!r}; known kinds are {', '.join(KINDS)}.")
    if not meta.index.equals(pd.RangeIndex(len(meta))):
        raise DataError("Rows of meta must be numbered 0, 1, 2, ...; call reset_index(drop=True) first.")
