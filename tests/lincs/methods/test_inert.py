from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from reread.core.errors import DataError
from reread.lincs.data import simulate
from reread.lincs.methods import inert


def drawn(seed):
    world = simulate.simulate(seed, n_genes=40, n_per_family=2, n_drugs=6, n_knockdowns=12, n_hairpins=1)
    return world.take((world.meta["kind"] == "drug").to_numpy())


@pytest.fixture(scope="module")
def drugs():
    return drawn(0)


def test_the_last_classes_of_two_families_are_inert(drugs):
    assert inert.names(drugs) == ("B2", "C2")
    assert inert.names(replace(drugs, truth=None)) == ()


def test_inert_classes_have_p_like_chance_over_many_worlds():
    worlds = [drawn(seed) for seed in range(30)]

    p = [inert.against_each_other(one.values, one, n_permutations=39)["p"] for one in worlds]

    assert 0.35 < np.mean(p) < 0.65
    assert np.mean(np.array(p) <= 0.2) < 0.4
    assert min(p) < 0.3


def test_a_programme_that_an_inert_class_must_not_have_is_found(drugs):
    values = drugs.values + 2.0 * (drugs.meta["pcl"] == "C2").to_numpy()[:, None]

    found = inert.against_each_other(values, drugs, n_permutations=99)

    assert found["p"] < 0.05
    assert found["accuracy"] > 0.9
    assert found["null_mean"] == pytest.approx(0.5, abs=0.1)


def test_without_two_inert_classes_nothing_is_asked(drugs):
    assert inert.against_each_other(drugs.values, replace(drugs, truth=None)) == {}


def test_features_of_other_signatures_are_refused(drugs):
    with pytest.raises(DataError, match="signature"):
        inert.against_each_other(drugs.values[:-1], drugs)
