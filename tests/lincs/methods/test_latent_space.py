from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from reread.core.errors import DataError
from reread.lincs.methods import latent_space as latent

N_SIGNATURES, N_NODES = 50, 8
SIGNAL = [1, 4, 6]


@pytest.fixture
def mu():
    rng = np.random.default_rng(0)
    values = 0.05 * rng.normal(size=(N_SIGNATURES, N_NODES))
    values[:, SIGNAL] += 1.5 * rng.normal(size=(N_SIGNATURES, len(SIGNAL)))
    return values


@pytest.fixture
def pcl():
    return np.array(["B", "A", "", "C", "A"] * 10)


@pytest.fixture
def codes():
    """Six classes in two families, spelt so that the alphabet does not tell them."""
    rng = np.random.default_rng(1)
    family = 2 * rng.normal(size=(2, 20))
    rows = np.repeat(family, 3, axis=0) + rng.normal(size=(6, 20))
    return pd.DataFrame(rows, index=["p", "t", "r", "q", "s", "o"])


FAMILIES = {"p": 0, "t": 0, "r": 0, "q": 1, "s": 1, "o": 1}


def test_nodes_above_the_published_threshold_are_the_planted_ones(mu):
    assert latent.signature_nodes(mu).tolist() == SIGNAL


def test_a_dead_encoder_has_no_signature_nodes(mu):
    with pytest.raises(DataError, match="encoder has collapsed"):
        latent.signature_nodes(0.01 * mu)


def test_means_of_classes_leave_unknown_and_small_classes_out(mu, pcl):
    pcl[3::5] = ""
    pcl[3] = "C"

    means = latent.by_class(mu, pcl)

    assert means.index.tolist() == ["A", "B"]
    np.testing.assert_allclose(means.loc["A"], mu[pcl == "A"].mean(axis=0))


def test_the_tree_puts_families_side_by_side(codes):
    order = latent.class_order(codes)

    assert {frozenset(order[:3]), frozenset(order[3:])} == {frozenset("ptr"), frozenset("qso")}


def test_planted_families_agree_and_shuffled_ones_do_not(codes):
    found = latent.family_agreement(codes, FAMILIES)
    crossed = latent.family_agreement(codes, {name: i % 2 for i, name in enumerate(codes.index)})

    assert found["ari"] == 1
    assert found["gap"] > 0.3
    # ten ways to cut six into two threes, so one in ten draws is as good as the truth
    assert found["families_p"] == pytest.approx(0.1, abs=0.05)
    assert crossed["ari"] < 0.3
    assert crossed["families_p"] > 0.3


def test_the_gap_agrees_with_a_loop_over_pairs(codes):
    found = latent.family_agreement(codes, FAMILIES, n_permutations=9)
    inside, outside = [], []
    for i, one in enumerate(codes.index):
        for other in codes.index[i + 1 :]:
            far = 1 - np.corrcoef(codes.loc[one], codes.loc[other])[0, 1]
            (inside if FAMILIES[one] == FAMILIES[other] else outside).append(far)

    assert found["gap"] == pytest.approx(np.mean(outside) - np.mean(inside))


@pytest.mark.parametrize(
    "families", [{}, dict.fromkeys("ptrqso", 1), dict(zip("ptrqso", range(6), strict=True))]
)
def test_families_of_one_class_or_one_family_are_refused(codes, families):
    with pytest.raises(DataError, match="two classes each"):
        latent.family_agreement(codes, families)


def test_the_map_is_that_of_its_first_array():
    rng = np.random.default_rng(2)
    first, second = rng.normal(size=(30, 5)) * [9, 4, 1, 1, 1], rng.normal(size=(12, 5))

    (one, two), explained = latent.two_components(first, second)

    assert one.shape == (30, 2)
    assert two.shape == (12, 2)
    assert explained[0] > explained[1] > 0
    np.testing.assert_allclose(np.abs(np.corrcoef(one[:, 0], first[:, 0])[0, 1]), 1, atol=0.01)
    np.testing.assert_allclose(one.mean(axis=0), 0, atol=1e-9)


def test_samples_of_a_class_have_its_mean_and_spread_on_the_nodes_and_the_prior_elsewhere(mu, pcl):
    mu[pcl == "A"] += 3

    drawn = latent.sample_class(mu, pcl, "A", np.array(SIGNAL), n=4000, seed=1)

    wanted = mu[pcl == "A"][:, SIGNAL]
    assert drawn.shape == (4000, N_NODES)
    np.testing.assert_allclose(drawn[:, SIGNAL].mean(axis=0), wanted.mean(axis=0), atol=0.12)
    np.testing.assert_allclose(drawn[:, SIGNAL].std(axis=0), wanted.std(axis=0), rtol=0.06)
    np.testing.assert_allclose(drawn[:, [0, 2]].mean(axis=0), 0, atol=0.06)
    np.testing.assert_allclose(drawn[:, [0, 2]].std(axis=0), 1, atol=0.06)


def test_trees_are_compared_with_means_and_with_families(codes):
    turned = codes.iloc[::-1]

    table = latent.trees({"same": codes, "turned": turned}, codes, FAMILIES, n_permutations=19)
    unknown = latent.trees({"same": codes}, codes, {})

    assert table["like_means"].tolist() == pytest.approx([1, 1])
    assert table["ari"].tolist() == [1, 1]
    assert unknown["ari"].isna().all()
