"""Read the reader's own signatures (GCT, GCTX or h5ad), with drugs, cell lines, doses, times and classes."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pandas as pd

from reread.core.data import matrix
from reread.core.data.matrix import Matrix
from reread.core.errors import DataError, short
from reread.lincs.data import annotations
from reread.lincs.data.tables import CLIP, Signatures, meta_frame
from reread.lincs.io import gct, gctx

PARAMETERS = ("path", "classes", "pert_key", "cell_key", "dose_key", "time_key", "type_key")
SYMBOLS = ("pr_gene_symbol", "gene_symbol", "symbol")
LEAST = (80, 31)  # signatures and genes: 30 principal components of the training half are the baseline
MOST_BEYOND = 0.05  # share of values that may lie beyond the clip of z-scores
FORMATS = "a .gct, .gctx or .h5ad file"


def read(
    *, path: str = "", classes: str = "", pert_key: str = "pert_iname", cell_key: str = "cell_id",
    dose_key: str = "pert_idose", time_key: str = "pert_itime", type_key: str = "",
) -> Signatures:  # fmt: skip
    """Read a file of signatures, and their classes where a table names them.

    ``path`` and ``classes`` are paths, the others as :func:`from_matrix`; ``report`` keeps the digests.
    ParameterError: no file is named. DataError: another format, a damaged file, and as :func:`from_matrix`.
    """
    files = matrix.named({"path": path, "classes": classes}, ["path"])
    found, symbols = read_matrix(files["path"])
    keys = {"pert_key": pert_key, "cell_key": cell_key, "dose_key": dose_key, "time_key": time_key}
    known = annotations.read_classes(files["classes"]) if "classes" in files else {}
    return from_matrix(
        found, **keys, type_key=type_key, classes=known, symbols=symbols, report=matrix.digests(files)
    )


def read_matrix(path: Path) -> tuple[Matrix, tuple[str, ...]]:
    """Values (signature, gene) with their fields, and the symbol of each gene, its id where none is given."""
    if path.suffix == ".h5ad":
        found = matrix.read(path)
        return found, found.genes
    if path.suffix == ".gct":
        values, meta = gct.read(path)
    elif path.suffix == ".gctx":
        values, meta = gctx.read(path), gctx.read_meta(path)
    else:
        raise DataError(
            f"{path} must be {FORMATS}, but its name ends in {path.suffix or 'nothing'!r}.\n"
            f"Unpack a .gz file, and write a table as GCT or h5ad."
        )
    name = next((one for one in SYMBOLS if one in meta.rows), None)
    symbols = meta.row_ids if name is None else tuple(meta.rows[name].astype(str))
    return Matrix(values, meta.column_ids, meta.row_ids, meta.columns, str(path)), symbols


def from_matrix(
    found: Matrix, *, pert_key: str, cell_key: str, dose_key: str = "", time_key: str = "",
    type_key: str = "", classes: dict[str, str] | None = None, **more: object,
) -> Signatures:  # fmt: skip
    """Take a matrix of a notebook as signatures.

    Parameters
    ----------
    found : Matrix
        Z-scores (signature, gene), from ``core.data.matrix.from_anndata`` or :func:`read_matrix`.
    pert_key, cell_key : str
        Fields that name the perturbation and the cell line.
    dose_key, time_key : str
        Fields of dose and time, text with a unit (``10 uM``, ``3 d``) or numbers in micromolar and hours;
        empty if not known.
    type_key : str
        Field with the treatments of the Connectivity Map (``trt_cp``, ``ctl_vehicle``, ``trt_sh``); without
        it every signature is one of a drug.
    classes : dict
        Perturbation to class.
    **more
        ``symbols`` (gene,) and ``report``, what the record keeps of the files.

    Returns
    -------
    Signatures
        Values clipped to 10 on both sides, perturbations without a class have an empty ``pcl``.

    Raises
    ------
    DataError
        If a field is missing or empty, values are no z-scores or too few, there is one perturbation only, or
        the classes name no perturbation of the file or leave fewer than two classes of two drugs.
    """
    _check_scale(found)
    if any(n < least for n, least in zip(found.values.shape, LEAST, strict=True)):
        n_signatures, n_genes = found.values.shape
        raise DataError(
            f"{found.name} holds {n_signatures} signatures of {n_genes} genes, but at least {LEAST[0]} of "
            f"{LEAST[1]} are needed, to compare networks with 30 principal components.\nAdd signatures."
        )
    names = found.column(pert_key, "pert_key", "the perturbation").astype(object)
    if len(set(names)) < 2:
        raise DataError(
            f"{found.name} has one perturbation, {short(names[0])}, but whole perturbations are held out.\n"
            f"Add signatures of another one, or name its column: -p pert_key=COLUMN"
        )
    kind = np.full(len(names), "drug", dtype=object)
    if type_key:
        words = found.column(type_key, "type_key", "the treatment")
        kind = np.array(
            [annotations.KIND_OF.get(one.lower().split(".")[0], "other") for one in words], object
        )
        if (kind == "other").all():
            raise DataError(
                f"{found.name}: no entry of {type_key}, such as {short(words[0])}, is a known treatment.\n"
                f"Write trt_cp for drugs, ctl_vehicle for controls, trt_sh for knock-downs, or leave it out."
            )
    pcl = np.array([(classes or {}).get(name, "") for name in names], dtype=object)
    if classes:
        _check_classes(found.name, names, np.where(kind == "drug", pcl, ""), classes)
    meta = meta_frame(
        len(names), sig_id=list(found.samples), pert_id=names, pert_name=names, kind=kind, pcl=pcl,
        cell=found.column(cell_key, "cell_key", "the cell line").astype(object),
        gene=np.where(kind == "knockdown", names, ""),
        dose_um=_quantities(found, dose_key, "dose_key", annotations.MICROMOLAR, "the dose"),
        time_h=_quantities(found, time_key, "time_key", annotations.HOURS, "the time"),
    )  # fmt: skip
    more = {"symbols": found.genes, **more}
    return Signatures(np.clip(found.values, -CLIP, CLIP), found.genes, meta=meta, **more)


def _quantities(found: Matrix, key: str, parameter: str, units: dict[str, float], what: str) -> np.ndarray:
    """Numbers (signature,) in micromolar or hours; NaN where not known, and with a warning where not read."""
    if not key:
        return np.full(len(found.samples), np.nan)
    if key not in found.fields:
        found.column(key, parameter, what)  # refuses it, with the nearest name
    words = found.fields[key].astype(str).str.strip()
    with_unit = words.map(lambda word: annotations.quantity(word, units)).astype(float)
    read = pd.to_numeric(words, errors="coerce").fillna(with_unit)
    is_unknown = words.str.lower().isin(annotations.NOT_KNOWN)
    lost = words[read.isna() & ~is_unknown]
    if len(lost):
        warnings.warn(
            f"{found.name}: {len(lost)} entries of {key}, such as {short(lost.iloc[0])!r}, are not "
            f"recognised; they are counted as not known.",
            stacklevel=3,
        )
    return read.where(~is_unknown).to_numpy()


def _check_classes(name: str, names: np.ndarray, pcl: np.ndarray, classes: dict[str, str]) -> None:
    """Refuse classes that name nothing of the file, or too few to hold a drug out."""
    if not (pcl != "").any():
        raise DataError(
            f"{name}: none of its {len(set(names))} drugs, such as {short(names[0])}, is among the "
            f"{len(classes)} of the classes, such as {short(next(iter(classes)))}.\n"
            f"Name drugs alike in both files."
        )
    drugs = pd.DataFrame({"pcl": pcl, "drug": names})[pcl != ""].groupby("pcl")["drug"].nunique()
    if (drugs > 1).sum() < 2:
        raise DataError(
            f"{name}: two classes of at least two drugs are needed, to hold drugs out, but there are "
            f"{(drugs > 1).sum()} (of {len(drugs)}).\n"
            f"Add classes, or run chapter 02 without them."
        )


def _check_scale(found: Matrix) -> None:
    """Refuse levels of expression: z-scores have both signs and seldom pass 10."""
    low, high = float(found.values.min()), float(found.values.max())
    beyond = float((np.abs(found.values) > CLIP).mean())
    if low >= 0 or beyond > MOST_BEYOND:
        raise DataError(
            f"{found.name} holds values from {low:.3g} to {high:.3g}, {beyond:.0%} of them beyond ±{CLIP:g}, "
            f"but z-scores are needed.\nCompute them against the wells of each plate (level 4 or 5 of L1000)."
        )
