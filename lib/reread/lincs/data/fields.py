"""Fields of Connectivity Map files: kinds of treatment, doses in micromolar, times in hours."""

from __future__ import annotations

import re
import warnings
from collections import Counter
from collections.abc import Callable

import numpy as np
import pandas as pd

from reread.core.errors import DataError
from reread.lincs.data.tables import meta_frame

# Words of the field ``pert_type``; a suffix such as ``.cns`` (consensus) or ``.mut`` is ignored.
KIND_OF = {
    "trt_cp": "drug", "trt_poscon": "drug", "trt_sh": "knockdown", "trt_xpr": "knockdown",
    "ctl_vehicle": "control", "ctl_vector": "control", "ctl_untrt": "control",
    "trt_lig": "other", "trt_oe": "other", "trt_aby": "other",
}  # fmt: skip
MICROMOLAR = {"pm": 1e-6, "nm": 1e-3, "um": 1.0, "mm": 1e3, "m": 1e6}
HOURS = {
    **dict.fromkeys(("m", "min", "mins", "minute", "minutes"), 1 / 60),
    **dict.fromkeys(("h", "hr", "hrs", "hour", "hours"), 1.0),
    **dict.fromkeys(("d", "day", "days"), 24.0),
}
NOT_KNOWN = {"", "-666", "-666.0", "na", "nan", "none"}  # the Connectivity Map writes -666
QUANTITY = re.compile(r"((?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)\s*([a-zµμ]+)", re.IGNORECASE)


def described(table: pd.DataFrame, ids: tuple[str, ...] | pd.Series, **more: object) -> pd.DataFrame:
    """Fields of a Connectivity Map file as ``meta``; unknown treatments are ``other``, unknown units NaN."""
    missing = [name for name in ("pert_id", "pert_iname", "pert_type", "cell_id") if name not in table]
    if missing:
        raise DataError(f"The signatures lack the field {missing[0]!r}. It has {', '.join(table.columns)}.")
    name = table["pert_iname"].astype(str)
    kind = _read(table["pert_type"], _kind, "treatments", "they are neither drug, knock-down nor control")
    kind = kind.fillna("other")
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
    return _read(table[name], lambda text: quantity(text, units), what, "they are counted as not known")


def _kind(text: str) -> str | None:
    return KIND_OF.get(text.lower().split(".")[0])


def _read(column: pd.Series, read: Callable[[str], object], what: str, so: str) -> pd.Series:
    """Translate words, each once; say how many rows hold words that are not recognised."""
    words = column.astype(str).str.strip()
    known = {word: None if word.lower() in NOT_KNOWN else read(word) for word in words.unique()}
    lost = Counter(word for word in words if known[word] is None and word.lower() not in NOT_KNOWN)
    if lost:
        shown = ", ".join(f"{word[:80]!r} ({n})" for word, n in lost.most_common(5))
        warnings.warn(f"{sum(lost.values())} {what} of {len(words)} are not recognised: {shown}; {so}.",
                      stacklevel=3)  # fmt: skip
    return words.map({word: np.nan if value is None else value for word, value in known.items()})
