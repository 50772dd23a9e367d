"""Fields of Connectivity Map files, and the classes and targets of drugs.

A table of classes is a CSV with the columns ``pert_id`` and ``pcl``, one row a drug; a table of targets has
``pert_name`` and ``gene``, one row for each target of a drug. Neither is in the authors' repository.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from reread.core.errors import DataError, did_you_mean
from reread.core.tables import read_table
from reread.lincs.data.tables import meta_frame

# Short words of class names that are no abbreviations.
ORDINARY = {
    "ACID", "AURORA", "BETA", "BILE", "CELL", "GAMMA", "GYRASE", "KINASE", "LIGAND", "REPEAT", "RICH",
    "SIGMA", "SODIUM", "STEROL", "TYPE", "WALL",
}  # fmt: skip

# Common pharmacology, for the drugs of the small real sources. Left out: drugs with two targets of equal
# weight, and those for whose target the paper has no class.
DRUG_CLASSES = {
    drug: f"CP_{name}"
    for name, drugs in {
        "PI3K_INHIBITOR": "AZD-6482 GSK-1059615 SAR-245408 TGX-221 buparlisib",
        "MEK_INHIBITOR": "AZD-8330 PD-0325901 PD-184352 trametinib",
        "CDK_INHIBITOR": "CGP-60474 roscovitine",
        "EGFR_INHIBITOR": "CP-724714 erlotinib neratinib pelitinib",
        "DNA_DEPENDENT_PROTEIN_KINASE_INHIBITOR": "NU-7441",
        "RAF_INHIBITOR": "PLX-4720 vemurafenib",
        "GLYCOGEN_SYNTHASE_KINASE_INHIBITOR": "TWS-119",
        "HMGCR_INHIBITOR": "atorvastatin",
        "AURORA_KINASE_INHIBITOR": "barasertib tozasertib",
        "VEGFR_INHIBITOR": "brivanib",
        "SRC_INHIBITOR": "dasatinib",
        "PKC_INHIBITOR": "enzastaurin",
        "HSP_INHIBITOR": "geldanamycin radicicol",
        "TOPOISOMERASE_INHIBITOR": "mitoxantrone",
        "MTOR_INHIBITOR": "torin-2",
        "NOREPINEPHRINE_REUPTAKE_INHIBITOR": "venlafaxine",
    }.items()
    for drug in drugs.split()
}

# Words of the field ``pert_type``; a suffix such as ``.cns`` (consensus) or ``.mut`` is ignored.
KIND_OF = {
    "trt_cp": "drug", "trt_poscon": "drug", "trt_sh": "knockdown", "trt_xpr": "knockdown",
    "ctl_vehicle": "control", "ctl_vector": "control", "ctl_untrt": "control",
    "trt_lig": "other", "trt_oe": "other", "trt_aby": "other",
}  # fmt: skip
MICROMOLAR = {"pm": 1e-6, "nm": 1e-3, "um": 1.0, "mm": 1e3, "m": 1e6}
UNITS = {1 / 60: "m min mins minute minutes", 1.0: "h hr hrs hour hours", 24.0: "d day days"}
HOURS = {unit: hours for hours, units in UNITS.items() for unit in units.split()}
NOT_KNOWN = {"", "-666", "-666.0", "na", "nan", "none"}  # the Connectivity Map writes -666
QUANTITY = re.compile(r"((?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)\s*([a-zµμ]+)", re.IGNORECASE)


def described(table: pd.DataFrame, ids: tuple[str, ...] | pd.Series, **more: object) -> pd.DataFrame:
    """Fields of a Connectivity Map file as ``meta``; unknown treatments are ``other``, unknown units NaN."""
    missing = [name for name in ("pert_id", "pert_iname", "pert_type", "cell_id") if name not in table]
    if missing:
        raise DataError(f"The signatures lack the field {missing[0]!r}. It has {', '.join(table.columns)}.")
    name = table["pert_iname"].astype(str)
    neither = "they are neither drug, knock-down nor control"
    kind = _translated(
        table["pert_type"], lambda text: KIND_OF.get(text.lower().split(".")[0]), "treatments", neither
    ).fillna("other")
    columns = {
        "sig_id": list(ids), "pert_id": table["pert_id"], "pert_name": name, "kind": kind,
        "cell": table["cell_id"], "gene": name.where(kind == "knockdown", ""),
        "dose_um": _quantity(table, "pert_idose", MICROMOLAR, "doses"),
        "time_h": _quantity(table, "pert_itime", HOURS, "times"),
    }  # fmt: skip
    columns = {key: np.asarray(values, dtype=object) for key, values in columns.items()}
    return meta_frame(len(table), **columns, **more)


def quantity(text: str, units: dict[str, float]) -> float | None:
    """Read a number with its unit: ``10 μM`` in micromolar, ``3 d`` in hours; None if not recognised."""
    found = QUANTITY.fullmatch(text.strip())
    unit = re.sub("[µμ]", "u", found[2].lower()) if found else ""
    return float(found[1]) * units[unit] if unit in units else None


def _quantity(table: pd.DataFrame, name: str, units: dict[str, float], what: str) -> pd.Series:
    if name not in table:
        return pd.Series(np.nan, index=table.index)
    return _translated(table[name], lambda text: quantity(text, units), what, "they are counted as not known")


def _translated(column: pd.Series, read: Callable[[str], object], what: str, so: str) -> pd.Series:
    """Translate words, each once; say how many rows hold words that are not recognised."""
    words = column.astype(str).str.strip()
    words = words.where(~words.str.lower().isin(NOT_KNOWN))
    found = words.map({word: read(word) for word in words.dropna().unique()})
    lost = words[found.isna()].value_counts()
    if len(lost):
        shown = ", ".join(f"{word[:80]!r} ({n})" for word, n in lost.head(5).items())
        warnings.warn(f"{lost.sum()} {what} of {len(words)} are not recognised: {shown}; {so}.", stacklevel=3)
    return found


def read_classes(path: Path, known: Iterable[str] = ()) -> dict[str, str]:
    """Read a table of classes, ``pert_id`` to class."""
    table = _read(path, ("pert_id", "pcl")).drop_duplicates()
    double = table.loc[table["pert_id"].duplicated(), "pert_id"].tolist()
    if double:
        drugs = f"{len(double)} drugs into more than one class, such as {double[0]!r}"
        raise DataError(f"{path} puts {drugs}. Keep one row each.")
    check_classes(table["pcl"], known, what=str(path))
    return dict(zip(table["pert_id"], table["pcl"], strict=True))


def read_targets(path: Path, genes: Iterable[str] = ()) -> dict[str, tuple[str, ...]]:
    """Read a table of targets, drug to sorted symbols; targets that are not among ``genes`` are left out."""
    table, genes = _read(path, ("pert_name", "gene")), set(genes)
    kept = table[table["gene"].isin(genes)] if genes else table
    if kept.empty:
        targets = f"{table['gene'].nunique()} targets in {path}, such as {table['gene'].iloc[0]!r},"
        raise DataError(f"None of the {targets} was knocked down. Targets are named by symbol.")
    return {drug: tuple(sorted(set(rows))) for drug, rows in kept.groupby("pert_name", sort=True)["gene"]}


def check_classes(found: Iterable[str], known: Iterable[str], *, what: str = "The table") -> None:
    """Raise DataError for a class that is not among ``known``; without ``known`` nothing is checked."""
    known = set(known)
    unknown = sorted(set(found) - known - {""}) if known else []
    if unknown:
        classes = f"{len(unknown)} classes that are not known here, such as {unknown[0]!r}"
        raise DataError(f"{what} names {classes}. {did_you_mean(unknown[0], known)}")


def with_classes(meta: pd.DataFrame, classes: Mapping[str, str], *, by: str = "pert_id") -> pd.DataFrame:
    """Fill ``pcl`` from a mapping of ``by`` to class; other rows get an empty class."""
    return meta.assign(pcl=meta[by].map(classes).fillna("").astype(object))


def short(pcl: str) -> str:
    """Name of a class in plain words: ``CP_MEK_INHIBITOR`` is ``MEK inhibitor``.

    A name without ``CP_``, of a drug, a gene or a class of the reader's own, is returned as it is.
    """
    if not pcl.startswith("CP_"):
        return pcl
    words = pcl.removeprefix("CP_").split("_")
    return " ".join(word.lower() if word in ORDINARY or len(word) > 6 else word for word in words)


def compared(value: float, other: float, *, by: float = 0.02) -> str:
    """Compare two values in words, for a sentence of the page.

    Returns str: ``higher than``, ``lower than``, or ``within 0.02 of`` where they differ by at most ``by``,
    which has the unit of the values.
    """
    if abs(value - other) <= by:
        return f"within {by:g} of"
    return "higher than" if value > other else "lower than"


def _read(path: Path, columns: tuple[str, ...]) -> pd.DataFrame:
    if not Path(path).is_file():
        raise DataError(f"There is no table {path}. It is a CSV with the columns {', '.join(columns)}.")
    table = read_table(path, columns=columns).apply(lambda values: values.str.strip())
    empty = (table == "").any(axis=1).to_numpy()
    if empty.any():
        line = int(empty.argmax()) + 2
        raise DataError(f"{path}, line {line}: has an empty cell; every row needs {' and '.join(columns)}.")
    return table
