from __future__ import annotations

import numpy as np
import pytest
from reread.maize.data.tables import Expression


@pytest.fixture
def small():
    """Fourteen samples of five tissues and three genes; every axis has its own size.

    Tissue 0 has three groups, 1 and 2 two each, 3 and 4 one; 4 has one sample.
    """
    tissue = np.array([0, 0, 0, 0, 0, 0, 1, 1, 1, 2, 2, 3, 3, 4])
    group = np.array(list("aabbccddefghhi"))
    replicate = np.array([1, 2, 1, 2, 1, 2, 1, 2, 1, 1, 2, 1, 2, 1])
    values = np.random.default_rng(5).gamma(1, 10, (14, 3)).astype(np.float32)
    samples = tuple(f"S{i:02d}" for i in range(14))
    return Expression(
        values, tissue, ("root", "leaf", "ear", "silk", "lone"), samples, ("G1", "G2", "G3"), replicate, group
    )
