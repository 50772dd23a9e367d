"""What may stand in a record: keys that can be quoted, values that JSON can say."""

from __future__ import annotations

import re
from numbers import Real
from typing import Any

from reread.core.errors import ParameterError

NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
KEY = re.compile(r"[A-Za-z0-9]+([._-][A-Za-z0-9]+)*")


def check_key(key: Any) -> str:
    """Return a key of letters and digits, joined by dots, hyphens and underscores."""
    if not isinstance(key, str) or not KEY.fullmatch(key):
        raise ParameterError(f"A value is measured under a key like auroc.pair.spearman, not {key!r}.")
    return key


def check_name(name: Any) -> str:
    """Return a name of small letters, digits and hyphens."""
    if not isinstance(name, str) or not NAME.fullmatch(name):
        raise ParameterError(f"{name!r} must be small letters, digits and hyphens: it names files.")
    return name


def plain(key: str, value: Any) -> bool | int | float | str:
    """NumPy scalars as Python's own, so that JSON can say them."""
    import numpy as np  # late: a build with nothing to do measures nothing

    if isinstance(value, (bool, np.bool_)):
        return bool(value)
    if isinstance(value, (int, np.integer)):
        return int(value)
    if not isinstance(value, (Real, str)):
        kind = type(value).__name__
        raise ParameterError(f"{key!r} must be a number or a word, but came as {kind}: {value!r:.60}")
    return float(value) if isinstance(value, Real) else str(value)


def slug(value: Any) -> str:
    """Turn a name into a word for a key: ``one-hot names, logistic`` becomes ``one-hot-names-logistic``.

    Returns lower-case letters and digits joined by hyphens; every other sign separates words.
    """
    return "-".join(re.findall(r"[a-z0-9]+", str(value).lower()))
