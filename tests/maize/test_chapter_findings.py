"""Findings that captions state, computed from the data of their figure."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from reread.maize.chapters import ch01_expression as ch01
from reread.maize.chapters import ch03_marker_genes as ch03
from reread.maize.data import simulate


def test_pixels_that_rise_along_a_row_correlate_and_padding_does_not_count():
    rising, n_genes = np.arange(16.0).reshape(4, 4), 14
    padded = rising.copy()
    padded[3, 2:] = -100

    found = ch01.neighbour_correlation({"rising": rising, "padded": padded, "turned": -(rising**2)}, n_genes)

    assert found["padded"] == pytest.approx(1)
    assert found["rising"] == pytest.approx(1)
    assert 0.9 < found["turned"] < 1


def test_the_share_of_two_components_is_that_of_a_singular_value_decomposition():
    data = simulate.simulate(seed=0)
    table = ch01.samples(data).table
    log = np.log2(data.values + 1.0)
    size = np.linalg.svd(log - log.mean(axis=0), compute_uv=False) ** 2

    found = ch01.samples_found(data, table)

    assert found["explained"] == pytest.approx(size[:2].sum() / size.sum(), abs=1e-3)
    assert found["farthest"] in set(data.tissue_names)


def test_captions_of_attributions_count_genes_and_are_empty_without_any():
    rows = [("a", 0, 0.1), ("a", 1, 0.2), ("b", 0, 0.3), ("b", 1, 0.1)]
    table = pd.DataFrame(rows, columns=["gene", "expression", "attribution"])
    table = table.assign(sample=["s", "t"] * 2, method="CNN", is_known=table["gene"] == "a")

    said = ch03.beeswarm_caption(table)

    assert said.startswith("For 1 of the 2 genes with the largest mean size, the attribution rises")
    assert "(CNN, 2 explained samples). The number of known genes among them is 1;" in said
    assert ch03.beeswarm_caption(pd.DataFrame()) == ch03.images_caption(pd.DataFrame()) == ""
