"""Say in one line what an array must look like, and get an error that names its axes."""

from __future__ import annotations

import numpy as np

from reread.core.errors import DataError


def axes(array: np.ndarray, name: str, **sizes: int | None) -> None:
    """Check the axes of an array; ``None`` leaves the size of an axis free."""
    shape = np.shape(array)
    wanted = "(" + ", ".join(k if v is None else f"{k}={v}" for k, v in sizes.items()) + ")"
    fits = len(shape) == len(sizes) and all(
        size is None or size == found for size, found in zip(sizes.values(), shape, strict=False)
    )
    if not fits:
        raise DataError(f"{name} must have axes {wanted}, but its shape is {shape}.")
