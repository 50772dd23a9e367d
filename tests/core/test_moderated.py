"""Shrunken variances: the values of limma, and what happens where genes do not vary."""

import numpy as np
import pytest
from reread.core import moderated
from reread.core.errors import DataError
from scipy.special import polygamma


@pytest.mark.parametrize("value", [0.01, 0.3, 1, 7, 200])
def test_the_inverse_of_trigamma_is_one(value):
    assert moderated._trigamma_inverse(polygamma(1, value)) == pytest.approx(value, rel=1e-8)


def test_the_prior_of_variances_that_were_drawn_from_one_is_found():
    rng = np.random.default_rng(2)
    true = 2.0 * 6 / rng.chisquare(6, size=40_000)
    observed = true * rng.chisquare(10, size=40_000) / 10

    prior_freedom, prior_variance = moderated.fit_prior(observed, 10)

    assert prior_freedom == pytest.approx(6, rel=0.05)
    assert prior_variance == pytest.approx(2, rel=0.02)


def test_equal_genes_share_one_variance_altogether():
    variance = np.full(20, 3.0)

    shrunk, freedom = moderated.shrink(variance, 8)

    assert shrunk.tolist() == [3.0] * 20
    assert freedom == np.inf


def test_a_constant_gene_gets_a_variance_and_the_rest_keeps_its_order():
    variance = np.array([0.0, 0.1, 1.0, 30.0])

    shrunk, _ = moderated.shrink(variance, 4)

    assert shrunk[0] > 0
    assert (np.diff(shrunk) > 0).all()


def test_variances_that_are_all_zero_cannot_be_shared():
    with pytest.raises(DataError, match="0 of 3"):
        moderated.shrink(np.zeros(3), 4)


# R 4.2, limma 3.54.1: squeezeVar(x, df) on LIMMA_VARIANCE, and with most variances 0
INDEX = np.arange(40)
LIMMA_VARIANCE = np.where(INDEX % 5 == 3, 0.0, 0.05 * (1 + INDEX % 7) ** 2 / (1 + (INDEX * 37) % 11))
LIMMA_TABLE = [
    (LIMMA_VARIANCE, 3, 0.424454334783543, 0.000480922052475002,
     {0: 4.38622083303e-02, 3: 5.96093362357e-05, 39: 3.65081267620e-01}),
    (LIMMA_VARIANCE, 12, 0.417476103424359, 0.000338938652115748,
     {0: 4.83303928906e-02, 3: 1.13951326829e-05, 39: 4.02669709782e-01}),
    (np.where(INDEX % 5 < 4, 0.0, LIMMA_VARIANCE), 6, 0.550629046241782, 6.17583791861221e-06,
     {0: 5.19125067053e-07, 4: 1.90821887756e-01, 39: 3.81643256388e-01}),
    (1 + 0.05 * (INDEX % 7), 4, np.inf, 1.14375, {0: 1.14375, 39: 1.14375}),
]  # fmt: skip


@pytest.mark.parametrize(("variance", "freedom", "prior_freedom", "prior_variance", "posterior"), LIMMA_TABLE)
def test_shrunken_variances_equal_those_of_limma_also_where_some_are_zero(
    variance, freedom, prior_freedom, prior_variance, posterior
):
    shrunk, total = moderated.shrink(variance, freedom)

    assert moderated.fit_prior(variance, freedom) == pytest.approx((prior_freedom, prior_variance))
    assert total == pytest.approx(prior_freedom + freedom)
    assert {i: shrunk[i] for i in posterior} == pytest.approx(posterior)
