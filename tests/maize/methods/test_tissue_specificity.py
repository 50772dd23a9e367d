from __future__ import annotations

import numpy as np
import pytest
from reread.core.errors import DataError, ParameterError
from reread.maize.methods import empirical_bayes as squeeze
from reread.maize.methods import tissue_specificity as specificity
from scipy import stats
from scipy.special import polygamma

# tissue 1 of 4 has no sample; every axis has its own size
TISSUE = np.array([0, 0, 0, 2, 2, 3, 3, 3, 3])
N_TISSUES, N_GENES = 4, 60


@pytest.fixture(scope="module")
def log():
    rng = np.random.default_rng(0)
    spread = np.sqrt(rng.gamma(3, 0.3, size=N_GENES))
    values = 5 + spread * rng.normal(size=(len(TISSUE), N_GENES))
    values[TISSUE == 2, :10] += 4
    values[np.isin(TISSUE, (0, 3)), 10:20] += 4
    return values


def tau_by_definition(mean):
    n_tissues, n_genes = mean.shape
    return [
        sum(1 - mean[t, g] / max(mean[:, g]) for t in range(n_tissues)) / (n_tissues - 1)
        for g in range(n_genes)
    ]


def test_tau_equals_its_definition():
    mean = np.random.default_rng(1).gamma(1, 2, size=(7, 50))

    assert specificity.tau(mean) == pytest.approx(tau_by_definition(mean), abs=1e-12)


def test_tau_is_one_for_one_tissue_and_zero_for_all_alike_or_none():
    mean = np.array([[3.0, 2, 0, 0], [0, 2, 0, 4], [0, 2, 0, 2]])

    assert specificity.tau(mean).tolist() == [1, 0, 0, 0.75]


def test_tau_leaves_out_a_tissue_without_samples():
    mean = np.array([[3.0, 2], [np.nan, np.nan], [1, 2]])

    assert specificity.tau(mean).tolist() == pytest.approx([2 / 3, 0])


@pytest.mark.parametrize(
    ("mean", "said"), [(np.array([[1.0, -1], [0, 0]]), "-1"), (np.array([[1.0, 1], [np.nan] * 2]), "1 of 2")]
)
def test_tau_refuses_what_has_no_specificity(mean, said):
    with pytest.raises(DataError, match=said):
        specificity.tau(mean)


def test_f_agrees_with_scipy(log):
    groups = [log[t == TISSUE] for t in (0, 2, 3)]

    assert specificity.anova_f(log, TISSUE) == pytest.approx(stats.f_oneway(*groups).statistic)


def test_plain_t_agrees_with_scipy(log):
    found = specificity.t_one_vs_rest(log, TISSUE, N_TISSUES)

    for t in (0, 2, 3):
        assert found[t] == pytest.approx(stats.ttest_ind(log[t == TISSUE], log[t != TISSUE]).statistic)
    assert np.isnan(found[1]).all()


def moderated_by_hand(log, tissue, contrast_of):
    """One gene and one tissue at a time."""
    tissues = sorted(set(tissue))
    freedom = len(tissue) - len(tissues)
    variance = [
        sum(((log[tissue == t, g] - log[tissue == t, g].mean()) ** 2).sum() for t in tissues) / freedom
        for g in range(log.shape[1])
    ]
    prior_freedom, prior = squeeze.prior_of(np.array(variance), freedom)
    found = np.full((max(tissues) + 1, log.shape[1]), np.nan)
    for g in range(log.shape[1]):
        mean = {t: log[tissue == t, g].mean() for t in tissues}
        posterior = (prior_freedom * prior + freedom * variance[g]) / (prior_freedom + freedom)
        for t in tissues:
            weight = contrast_of(t, mean)
            gap = sum(w * mean[o] for o, w in weight.items())
            size = sum(w**2 / (tissue == o).sum() for o, w in weight.items())
            found[t, g] = gap / np.sqrt(posterior * size)
    return found


def against_next(t, mean):
    rival = max((o for o in mean if o != t), key=mean.get)
    return {t: 1, rival: -1}


def against_rest(t, mean):
    return {o: 1 if o == t else -1 / (len(mean) - 1) for o in mean}


@pytest.mark.parametrize(
    ("method", "contrast_of"),
    [(specificity.moderated_t_next, against_next), (specificity.moderated_t_rest, against_rest)],
)
def test_moderated_t_agrees_with_one_contrast_at_a_time(log, method, contrast_of):
    expected = moderated_by_hand(log, TISSUE, contrast_of)

    assert method(log, TISSUE, N_TISSUES) == pytest.approx(expected, nan_ok=True)


def test_against_the_next_a_gene_is_positive_in_one_tissue_only(log):
    found = specificity.moderated_t_next(log, TISSUE, N_TISSUES)

    assert ((found > 0).sum(axis=0) == 1).all()


def test_a_gene_raised_in_two_tissues_is_specific_against_the_rest_and_not_against_the_next(log):
    next_best = specificity.moderated_t_next(log, TISSUE, N_TISSUES)[0]
    rest = specificity.moderated_t_rest(log, TISSUE, N_TISSUES)[0]

    assert rest[10:20].mean() > rest[20:].mean() + 1
    assert next_best[10:20].mean() < 1


@pytest.mark.parametrize("method", specificity.METHODS)
def test_every_method_puts_planted_genes_first_and_knows_no_tissue_without_samples(log, method):
    scores = specificity.score(method, log, TISSUE, N_TISSUES)
    top = np.argsort(-scores[2])[:10]

    assert scores.shape == (N_TISSUES, N_GENES)
    assert (top < 10).mean() >= 0.8
    assert np.isnan(scores[1]).all()


def test_a_wrong_method_is_refused_with_the_nearest(log):
    with pytest.raises(ParameterError, match="moderated t, next"):
        specificity.score("moderated t next", log, TISSUE, N_TISSUES)


def test_one_sample_in_each_tissue_tells_nothing_of_variance():
    with pytest.raises(DataError, match="largest has 1"):
        specificity.moderated_t_next(np.zeros((3, 5)), np.arange(3), 3)


def test_labels_out_of_range_are_refused():
    with pytest.raises(DataError, match="0 to 1"):
        specificity.tissue_moments(np.zeros((3, 5)), np.array([0, 1, 2]), 2)


@pytest.mark.parametrize("value", [0.01, 0.3, 1, 7, 200])
def test_the_inverse_of_trigamma_is_one(value):
    assert squeeze.trigamma_inverse(polygamma(1, value)) == pytest.approx(value, rel=1e-8)


def test_the_prior_of_variances_that_were_drawn_from_one_is_found():
    rng = np.random.default_rng(2)
    true = 2.0 * 6 / rng.chisquare(6, size=40_000)
    observed = true * rng.chisquare(10, size=40_000) / 10

    prior_freedom, prior_variance = squeeze.prior_of(observed, 10)

    assert prior_freedom == pytest.approx(6, rel=0.05)
    assert prior_variance == pytest.approx(2, rel=0.02)


def test_equal_genes_share_one_variance_altogether():
    variance = np.full(20, 3.0)

    shrunk, freedom = squeeze.squeeze(variance, 8)

    assert np.isinf(freedom)
    assert np.ptp(shrunk) == 0


def test_a_constant_gene_gets_a_variance_and_the_rest_keeps_its_order():
    variance = np.array([0.0, 0.1, 1.0, 30.0])

    shrunk, _ = squeeze.squeeze(variance, 4)

    assert shrunk[0] > 0
    assert (np.diff(shrunk) > 0).all()


def test_variances_that_are_all_zero_cannot_be_shared():
    with pytest.raises(DataError, match="0 of 3"):
        squeeze.squeeze(np.zeros(3), 4)
