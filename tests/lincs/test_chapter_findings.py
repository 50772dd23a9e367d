"""Findings that captions state, computed from the table of their figure."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from reread.lincs.chapters import ch04_latent_space as ch04
from sklearn.neighbors import KNeighborsClassifier


def test_generated_signatures_of_half_the_width_have_a_spread_of_one_half():
    points = np.random.default_rng(0).normal(size=(30, 2))
    parts = {("VAE", "real"): points + 3, ("VAE", "generated"): points / 2, ("Gaussian", "real"): points,
             ("Gaussian", "generated"): points[::-1] + 1}  # fmt: skip
    rows = [pd.DataFrame(values, columns=["pc1", "pc2"]).assign(panel=panel, kind=kind)
            for (panel, kind), values in parts.items()]  # fmt: skip

    assert ch04.relative_spread(pd.concat(rows)) == pytest.approx({"VAE": 0.5, "Gaussian": 1.0})


def test_the_nearest_signature_of_the_map_is_that_of_scikit_learn():
    rng = np.random.default_rng(1)
    table = pd.DataFrame(rng.normal(size=(60, 2)), columns=["x", "y"]).assign(**{"class": list("aab") * 20})
    table.loc[0, ["x", "y"]] = table.loc[5, ["x", "y"]]  # two signatures in one place
    fitted = KNeighborsClassifier(1).fit(table[["x", "y"]], table["class"])
    near = fitted.kneighbors(n_neighbors=1, return_distance=False)[:, 0]

    found = ch04.nearest_of_class(table)

    assert found["share"] == (table["class"].to_numpy()[near] == table["class"]).mean()
    assert found["chance"] == pytest.approx((40 * 39 + 20 * 19) / (60 * 59))
