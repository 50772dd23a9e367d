"""An array that does not fit is refused with the names of its axes."""

from __future__ import annotations

import numpy as np
import pytest
from reread.core.errors import DataError
from reread.core.validate import axes


@pytest.mark.parametrize(
    "sizes",
    [
        {"cell": None, "gene": None},
        {"cell": 3, "gene": None},
        {"cell": None, "gene": 4},
        {"cell": 3, "gene": 4},
    ],
)
def test_an_array_that_fits_passes(sizes):
    axes(np.zeros((3, 4)), "values", **sizes)


@pytest.mark.parametrize(
    ("sizes", "wanted"),
    [
        ({"cell": None}, "(cell)"),
        ({"cell": None, "gene": None, "batch": None}, "(cell, gene, batch)"),
        ({"cell": None, "gene": 3}, "(cell, gene=3)"),
        ({"cell": 4, "gene": 3}, "(cell=4, gene=3)"),
        ({"cell": 0, "gene": 4}, "(cell=0, gene=4)"),
    ],
)
def test_an_array_that_does_not_fit_is_named_with_its_axes(sizes, wanted):
    with pytest.raises(DataError) as caught:
        axes(np.zeros((3, 4)), "values", **sizes)

    assert str(caught.value) == f"values must have axes {wanted}, but its shape is (3, 4)."


def test_empty_axes_and_lists_are_measured_like_arrays():
    axes(np.zeros((0, 4)), "values", cell=0, gene=4)
    axes([[1, 2], [3, 4], [5, 6]], "values", cell=3, gene=2)
    axes(7, "a number")
    with pytest.raises(DataError, match=r"axes \(cell\), but its shape is \(\)"):
        axes(7, "a number", cell=None)
