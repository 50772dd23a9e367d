"""How strong signatures are, by what was done to the cells."""

from __future__ import annotations

import numpy as np
import pandas as pd

from reread.lincs.data.tables import Signatures

# controls first, then doses ascending, then knock-downs
OTHERS = {
    "control": (-2.0, "control"),
    "drug": (-1.0, "dose\nunknown"),
    "knockdown": (np.inf, "knock-\ndown"),
}


def by_dose(signatures: Signatures) -> pd.DataFrame:
    """Strength of signatures, the root mean square of their z-scores, by what was done.

    Returns
    -------
    DataFrame, (group,)
        ``series`` (where rows of several files are pooled, else empty), ``group`` (a dose in micromolar,
        ``control``, ``dose unknown`` or ``knock-down``), ``n``, and the ``low`` (25th), ``median`` and
        ``high`` (75th percentile) strength; in the order of a horizontal axis.
    """
    meta = signatures.meta
    keys = [
        (dose, f"{dose:g}") if kind == "drug" and not np.isnan(dose) else OTHERS[kind]
        for kind, dose in zip(meta["kind"], meta["dose_um"], strict=True)
    ]
    table = pd.DataFrame(
        {
            "order": [order for order, _ in keys],
            "group": [group for _, group in keys],
            "series": meta["series"].fillna("") if "series" in meta else "",
            "strength": np.sqrt(np.mean(signatures.values.astype(float) ** 2, axis=1)),
        }
    )
    quarters = table.groupby(["order", "group", "series"])["strength"].describe(percentiles=[0.25, 0.5, 0.75])
    found = quarters.reset_index().rename(
        columns={"count": "n", "25%": "low", "50%": "median", "75%": "high"}
    )
    return found[["series", "group", "n", "low", "median", "high"]].astype({"n": int})
