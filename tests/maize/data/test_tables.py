from __future__ import annotations

import numpy as np
import pytest
from reread.core.errors import DataError
from reread.maize.data.tables import Expression, Truth


def made(values, **changes) -> Expression:
    n = len(values)
    parts = {
        "tissue": np.arange(n) % 2,
        "tissues": ("root", "leaf"),
        "samples": tuple(f"S{i}" for i in range(n)),
        "genes": tuple(f"G{i}" for i in range(len(values[0]))),
        "replicate": np.ones(n, dtype=int),
        "group": np.array(["a"] * n),
    }
    return Expression(np.array(values, dtype=np.float32), **(parts | changes))


def test_samples_are_taken_in_the_order_asked_for_over_the_same_tissues(small):
    part = small.take(np.array([13, 0, 7]))

    assert part.samples == ("S13", "S00", "S07")
    assert part.tissue.tolist() == [4, 0, 1]
    assert part.group.tolist() == ["i", "a", "d"]
    assert part.n_tissues == 5
    assert (part.values == small.values[[13, 0, 7]]).all()


def test_genes_are_kept_in_the_order_asked_for_with_their_truth():
    truth = Truth(np.array([0, -1, 1]), np.array([False, True, False]))

    part = made([[1, 2, 3], [4, 5, 6]], truth=truth).keep_genes(np.array([2, 1]))

    assert part.genes == ("G2", "G1")
    assert part.values.tolist() == [[3, 2], [6, 5]]
    assert part.truth.tissue_of.tolist() == [1, -1]
    assert part.truth.is_decoy.tolist() == [False, True]


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ([[1, 2, 3], [1, -0.5, 3]], "gene G1 is -0.5 in sample S1.*1 such values"),
        ([[1, 2, np.nan], [1, np.nan, 3]], "gene G2 is nan in sample S0.*2 such values"),
        ([[np.inf, 2, 3], [1, 2, 3]], "gene G0 is inf in sample S0"),
    ],
)
def test_negative_and_missing_values_are_refused_with_gene_and_sample(values, says):
    with pytest.raises(DataError, match=says):
        made(values)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"samples": ("SRR7", "SRR7")}, "sample SRR7 occurs 2 times"),
        ({"genes": ("A", "B", "A")}, "gene A occurs 2 times"),
        ({"genes": ("A", "B")}, r"must have axes \(sample=2, gene=2\), but its shape is \(2, 3\)"),
        ({"tissue": np.array([0, 2])}, "must hold indices 0 to 1, but holds numbers from 0 to 2"),
        ({"tissue": np.array([-1, 1])}, "holds numbers from -1 to 1"),
        ({"group": np.array(["a"])}, "group must have axes"),
    ],
)
def test_parts_that_do_not_fit_are_refused(changes, says):
    with pytest.raises(DataError, match=says):
        made([[1, 2, 3], [4, 5, 6]], **changes)
