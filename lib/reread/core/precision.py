"""Whether a fast number format may stand for fp32, judged in each run on values that the study needs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import pandas as pd

T = TypeVar("T")
Verdict = dict[str, float | bool]

FORMATS = ("bfloat16", "tf32", "float32")  # fastest first; the last one is exact
N_TOP, MIN_TOP, MIN_RANK_CORRELATION = 20, 18, 0.98
MIN_DEVIATION_CORRELATION = 0.99


def accepts_ranks(exact: npt.ArrayLike, fast: npt.ArrayLike) -> Verdict:
    """Whether fast values rank items as exact ones do.

    Both are (item,). Returns rank_correlation (Spearman), top_20 (items among the 20 largest of both) and
    accepted: at least 0.98 and at least 18 of 20, in proportion where there are fewer items. Values that are
    not finite are never accepted.
    """
    exact, fast = np.asarray(exact, dtype=float), np.asarray(fast, dtype=float)
    n_top = min(N_TOP, len(exact))
    shared = len(np.intersect1d(*(np.argsort(-one, kind="stable")[:n_top] for one in (exact, fast))))
    correlation = float(pd.Series(exact).corr(pd.Series(fast), method="spearman"))
    is_close = correlation >= MIN_RANK_CORRELATION and shared >= MIN_TOP * n_top / N_TOP
    is_accepted = bool(is_close and np.isfinite(fast).all())
    return {"rank_correlation": correlation, "top_20": shared, "accepted": is_accepted}


def accepts_deviations(exact: npt.ArrayLike, fast: npt.ArrayLike) -> Verdict:
    """Whether fast values keep the differences between the people of each row.

    Both are (row, person). Returns correlation (Pearson, of all deviations from the mean of their row),
    error (root mean square of what the format changes in them, in units of the exact ones) and accepted: a
    correlation above 0.99. Without a difference between people, and with values that are not finite, nothing
    is accepted. The values themselves agree far better than their differences, which may be mere rounding.
    """
    exact, fast = np.atleast_2d(exact).astype(float), np.atleast_2d(fast).astype(float)
    if exact.shape != fast.shape or not (np.isfinite(exact).all() and np.isfinite(fast).all()):
        return {"correlation": float("nan"), "error": float("nan"), "accepted": False}
    exact, fast = (one - one.mean(axis=1, keepdims=True) for one in (exact, fast))
    size = np.sqrt((exact**2).sum() * (fast**2).sum())
    correlation = float((exact * fast).sum() / size) if size > 0 else float("nan")
    error = float(np.sqrt(((fast - exact) ** 2).sum() / (exact**2).sum())) if size > 0 else float("nan")
    return {
        "correlation": correlation,
        "error": error,
        "accepted": bool(correlation > MIN_DEVIATION_CORRELATION),
    }


def choose(
    ways: Mapping[str, T], measure: Callable[[T], npt.ArrayLike],
    accepts: Callable[[npt.ArrayLike, npt.ArrayLike], Verdict],
) -> tuple[str, pd.DataFrame]:  # fmt: skip
    """Name of the first way that may stand for the last one, which is exact, and what was found.

    ``ways`` are alternatives by name, fastest first. ``measure`` computes with one of them the values that
    ``accepts`` compares. With one way alone nothing is measured. The table has a row for each way that was
    tried: ``format`` and the verdict.
    """
    *tried, last = ways
    exact = measure(ways[last]) if tried else None
    rows: list[dict] = []
    for name in tried:
        rows.append({"format": name, **accepts(exact, measure(ways[name]))})
        if rows[-1]["accepted"]:
            return name, pd.DataFrame(rows)
    return last, pd.DataFrame([*rows, {"format": last, "accepted": True}])
