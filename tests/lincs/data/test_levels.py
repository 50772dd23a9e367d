from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from reread.core.errors import DataError
from reread.lincs.data.plates import modz, robust_z
from reread.lincs.io import gct, gctx


def test_a_robust_z_is_median_and_mad_plate_by_plate():
    """The slow obvious way is the oracle."""
    rng = np.random.default_rng(0)
    values, plate = rng.standard_normal((11, 3)) * [1, 2, 0.01], np.array(list("ababbabaabb"))
    found = robust_z(values, plate)

    for name in "ab":
        for gene in range(3):
            wells = values[plate == name, gene]
            mad = max(np.median(np.abs(wells - np.median(wells))), 0.1)
            slow = (wells - np.median(wells)) / (1.4826 * mad)
            np.testing.assert_allclose(found[plate == name, gene], slow, rtol=1e-5, atol=1e-6)


def test_far_wells_are_cut_at_the_clip():
    values = np.array([[0.0], [1.0], [2.0], [500.0], [-500.0]])

    assert robust_z(values, np.zeros(5), clip=4).ravel()[3:].tolist() == [4, -4]


def test_the_real_plate_is_its_level_4_but_for_one_constant(mirror):
    level_3, meta = gct.read(mirror / "lincs/test_l1000.gct")
    level_4 = gctx.read(mirror / "lincs/test_l1000_highprecision.gctx", meta.row_ids, meta.column_ids)
    off = level_4 - robust_z(level_3, np.zeros(len(level_3)), clip=np.inf)

    assert np.ptp(off) < 5e-4
    assert off.mean() == pytest.approx(0.8596, abs=1e-4)


def test_values_that_are_not_finite_and_plates_of_one_well_are_refused():
    with pytest.raises(DataError, match="must be finite"):
        robust_z(np.array([[1.0], [np.nan]]), np.zeros(2))
    with pytest.raises(DataError, match="Plate 'b' has one well only"):
        robust_z(np.zeros((3, 2)), np.array(list("aab")))
    with pytest.raises(DataError, match=r"values must have axes \(well=4, gene\)"):
        robust_z(np.zeros((3, 2)), np.zeros(4))


def test_a_replicate_that_disagrees_weighs_least():
    rng = np.random.default_rng(0)
    true = rng.standard_normal(200)
    z = np.stack([true + 0.3 * rng.standard_normal(200) for _ in range(3)] + [rng.standard_normal(200)])
    signature, weights, cc = modz(z)

    assert weights.argmin() == 3 and weights.sum() == pytest.approx(1)
    assert signature == pytest.approx(weights @ z)
    assert cc.shape == (4, 4)


def test_modz_weighs_as_cmappy_weighs():
    """Its helper of weights; the whole of it stumbles over today's NumPy."""
    peer = pytest.importorskip("cmapPy.math.agg_wt_avg")
    z = np.random.default_rng(3).standard_normal((4, 50))
    z[:3] += np.linspace(-3, 3, 50)
    cc = pd.DataFrame(z.T).corr(method="spearman")
    theirs = peer.calculate_weights(pd.DataFrame(cc.to_numpy().copy()), 0.01)[1]

    np.testing.assert_allclose(modz(z)[1], theirs, atol=1e-4)


def test_of_two_replicates_each_weighs_half():
    z = np.random.default_rng(0).standard_normal((2, 9))

    assert modz(z)[1].tolist() == [0.5, 0.5]


def test_a_constant_replicate_has_the_least_weight_and_leaves_the_signature_finite():
    true = np.random.default_rng(0).standard_normal(200)
    signature, weights, cc = modz(np.stack([true, true + 0.1, np.full(200, 2.0)]))

    assert np.isfinite(signature).all() and np.isfinite(cc).all()
    assert weights.argmin() == 2 and weights[2] < 0.02
    assert cc[2].tolist() == [0, 0, 1]


def test_a_replicate_that_is_not_finite_is_refused():
    z = np.random.default_rng(0).standard_normal((3, 9))
    z[1, 4] = np.nan

    with pytest.raises(DataError, match="Rows with NaN"):
        modz(z)
