"""Plates of wells at level 3, their z-scores at level 4, and signatures of replicates at level 5."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from reread.core import validate
from reread.core.data import registry
from reread.core.errors import DataError, ParameterError, did_you_mean
from reread.core.stats import row_correlation, unit_rows
from reread.lincs.data.annotations import described
from reread.lincs.data.simulate import simulate
from reread.lincs.data.tables import Signatures, meta_frame
from reread.lincs.io import gct, gctx

HIGH_DOSE_UM = 1.0
N_CONTROLS = 24
NOISE = 1.5  # of a control well, z-scores
MAD_TO_SD = 1.4826  # of a normal distribution


@dataclass(frozen=True, eq=False)
class Plate:
    """Wells at level 3 (log2) and 4 (robust z-scores, not clipped), each (well, gene); ``meta`` (well,)."""

    level_3: np.ndarray
    level_4: np.ndarray
    meta: pd.DataFrame = field(repr=False)

    def __post_init__(self):
        for name in ("level_3", "level_4"):
            validate.axes(getattr(self, name), name, well=len(self.meta), gene=np.shape(self.level_4)[1])


def load(source: str = "simulated", *, seed: int = 0) -> Plate:
    """Load the wells of a plate.

    ``source``: ``plate``, 377 wells of A375 cells; or ``simulated``, two replicate plates of one simulated
    cell line, with controls. ``seed``: random seed of the simulation. ParameterError if the source is
    unknown. DataError if the files of both levels have different wells or genes.
    """
    if source == "simulated":
        drugs = simulate(seed)
        return _simulated(drugs.take((drugs.meta["kind"] == "drug").to_numpy()), seed)
    if source != "plate":
        raise ParameterError(f"There is no plate {source!r}. {did_you_mean(source, ('plate', 'simulated'))}")
    level_3, meta = gct.read(registry.fetch("lincs/level-3-plate"))
    path = registry.fetch("lincs/level-4-plate")
    level_4 = gctx.read(path, meta.row_ids, meta.column_ids)
    wells = described(meta.columns, meta.column_ids, plate=meta.columns["det_plate"].to_numpy())
    return Plate(level_3, level_4, wells)


def robust_z(
    values: np.ndarray, plate: np.ndarray, *, min_mad: float = 0.1, clip: float = 10.0
) -> np.ndarray:
    """Level 3 to 4: ``(x - median) / (1.4826 * MAD)`` of each gene on the plate of each well, clipped."""
    plate = np.asarray(plate)
    validate.axes(values, "values", well=len(plate), gene=None)
    if not np.isfinite(values).all():
        well, gene = np.argwhere(~np.isfinite(values))[0]
        found = f"well {well} has {values[well, gene]} at gene {gene}"
        raise DataError(f"values must be finite, but {found}. Drop the well or fill the gene.")
    out = np.empty(values.shape, dtype=np.float32)
    for name in np.unique(plate):
        wells = plate == name
        if wells.sum() < 2:
            raise DataError(f"Plate {str(name)!r} has one well only; a median needs more. Drop it.")
        off = values[wells] - np.median(values[wells], axis=0)
        mad = np.maximum(np.median(np.abs(off), axis=0), min_mad)
        out[wells] = np.clip(off / (MAD_TO_SD * mad), -clip, clip)
    return out


def modz(z: np.ndarray, *, min_weight: float = 0.01) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Level 4 to 5 (MODZ): mean of replicates (replicate, gene) weighted by their Spearman correlations.

    Returns the signature (gene,), the weights (replicate,), and the correlations (replicate, replicate).
    """
    # a constant replicate agrees with none: correlation 0, and so the least weight
    cc = row_correlation(z, method="spearman")
    np.fill_diagonal(cc, 1)
    agreement = np.maximum(cc, 0) * (1 - np.eye(len(z)))
    raw = np.maximum(agreement.sum(axis=1) / (len(z) - 1), min_weight)
    weights = raw / raw.sum()
    return weights @ z, weights, cc


def compare_levels(plate: Plate) -> pd.DataFrame:
    """Compare our z-scores with those of the plate, gene by gene.

    Returns DataFrame, (gene,): ``correlation`` over wells; ``offset``, median of theirs minus ours;
    ``max_difference`` over wells after the median of the offsets is subtracted.
    """
    ours = robust_z(plate.level_3, plate.meta["plate"].to_numpy(), clip=np.inf)
    correlation = (unit_rows(ours.T) * unit_rows(plate.level_4.T)).sum(axis=1)
    offset = np.median(plate.level_4 - ours, axis=0)
    largest = np.abs(plate.level_4 - ours - np.median(offset)).max(axis=0)
    return pd.DataFrame({"correlation": correlation, "offset": offset, "max_difference": largest})


def signatures_of(plate: Plate, *, seed: int = 0) -> pd.DataFrame:
    """Combine wells into signatures by MODZ: drugs at high dose, and controls in groups of the same size.

    ``seed``: assigns the controls to groups. Returns DataFrame, (signature,): ``kind`` (``drug`` or
    ``control``), ``name``, ``n`` wells, ``agreement`` (mean Spearman correlation between wells), ``strength``
    (root mean square of the signature), ``least_weight``. Source: :func:`modz`. A plate has one well for each
    drug and dose, so doses of at least one micromolar stand in for replicates; real level-5 signatures
    combine wells of several plates.
    """
    z = robust_z(plate.level_3, plate.meta["plate"].to_numpy())
    is_drug = (plate.meta["kind"] == "drug") & (plate.meta["dose_um"] >= HIGH_DOSE_UM)
    drugs = plate.meta[is_drug].groupby("pert_name").groups
    groups = [("drug", name, rows) for name, rows in drugs.items()]
    size = max(2, int(np.median([len(rows) for _, _, rows in groups])))
    control = np.random.default_rng(seed).permutation(np.flatnonzero(plate.meta["kind"] == "control"))
    grouped = control[: len(control) // size * size].reshape(-1, size)
    groups += [("control", f"controls {number}", rows) for number, rows in enumerate(grouped, 1)]
    rows = []
    for kind, name, wells in groups:
        if len(wells) > 1:
            signature, weights, cc = modz(z[np.asarray(wells)])
            agreement = cc[np.triu_indices(len(wells), 1)].mean()
            strength = np.sqrt(np.mean(signature**2))
            rows.append((kind, name, len(wells), agreement, strength, weights.min()))
    return pd.DataFrame(rows, columns=["kind", "name", "n", "agreement", "strength", "least_weight"])


def _simulated(drugs: Signatures, seed: int) -> Plate:
    """Two plates of the first cell line: simulated z-scores, scaled and shifted for each gene."""
    rng = np.random.default_rng(seed)
    kept = drugs.take((drugs.meta["cell"] == drugs.meta["cell"].iloc[0]).to_numpy())
    n_genes, names = len(drugs.genes), sorted(set(kept.meta["plate"]))
    control = np.repeat(names, N_CONTROLS)
    z = np.concatenate([kept.values, NOISE * rng.standard_normal((len(control), n_genes))])
    meta = meta_frame(len(control), kind="control", pert_name="DMSO", plate=control, sig_id=control)
    plate = pd.concat([kept.meta, meta], ignore_index=True)
    level, spread = rng.uniform(4, 14, n_genes), rng.uniform(0.3, 1.0, n_genes)
    level_4 = robust_z(z, plate["plate"].to_numpy(), min_mad=0, clip=np.inf)  # by definition
    return Plate((level + spread * z).astype(np.float32), level_4, plate)
