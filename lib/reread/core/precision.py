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

    Both are (row, person). Returns correlation (Pearson, of the worst row), error (the largest root mean
    square of what the format changes in the deviations of a row, in units of the exact ones) and accepted: a
    correlation above 0.99. Rows without a difference say nothing; without any other row, and with values that
    are not finite, nothing is accepted. Values agree better than their differences, which may be rounding.
    """
    exact, fast = np.atleast_2d(exact).astype(float), np.atleast_2d(fast).astype(float)
    if exact.shape != fast.shape or not (np.isfinite(exact).all() and np.isfinite(fast).all()):
        return {"correlation": float("nan"), "error": float("nan"), "accepted": False}
    exact, fast = (one - one.mean(axis=1, keepdims=True) for one in (exact, fast))
    sizes, fast_sizes = (np.sqrt((one**2).sum(axis=1)) for one in (exact, fast))
    varies = sizes > 0
    if not varies.any():
        return {"correlation": float("nan"), "error": float("nan"), "accepted": False}
    product = (exact * fast).sum(axis=1)[varies]
    size = sizes[varies] * fast_sizes[varies]
    worst = float(np.divide(product, size, out=np.zeros(len(size)), where=size > 0).min())
    error = float((np.sqrt(((fast - exact) ** 2).sum(axis=1))[varies] / sizes[varies]).max())
    return {"correlation": worst, "error": error, "accepted": worst > MIN_DEVIATION_CORRELATION}


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
