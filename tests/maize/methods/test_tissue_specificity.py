from __future__ import annotations

import shutil
import subprocess

import numpy as np
import pytest
from reread.core import moderated
from reread.core.errors import DataError
from reread.maize.methods import tissue_specificity as specificity
from scipy import stats

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
    prior_freedom, prior = moderated.fit_prior(np.array(variance), freedom)
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
def test_every_method_ranks_planted_genes_first_and_scores_no_tissue_without_samples(log, method):
    scores = specificity.score(method, log, TISSUE, N_TISSUES)
    top = np.argsort(-scores[2])[:10]

    assert scores.shape == (N_TISSUES, N_GENES)
    assert (top < 10).mean() >= 0.8
    assert np.isnan(scores[1]).all()


def test_one_sample_in_each_tissue_is_refused():
    with pytest.raises(DataError, match="largest has 1"):
        specificity.moderated_t_next(np.zeros((3, 5)), np.arange(3), 3)


@pytest.mark.skipif(shutil.which("Rscript") is None, reason="needs R with limma (Debian: r-bioc-limma)")
def test_moderated_t_against_the_rest_equals_that_of_limma_in_r(log, tmp_path):
    """Eight constant genes and one constant within tissues are among them."""
    log = log.copy()
    log[:, 20:28] = 2.0
    log[:, 28] = TISSUE
    np.savetxt(tmp_path / "log.csv", log.T, delimiter=",")
    script = """
        if (!requireNamespace("limma", quietly=TRUE)) quit(status=3)
        tissue <- factor(c(0,0,0,2,2,3,3,3,3))
        fit <- limma::lmFit(as.matrix(read.csv("log.csv", header=FALSE)), model.matrix(~0+tissue))
        rest <- cbind(c(1,-.5,-.5), c(-.5,1,-.5), c(-.5,-.5,1))
        t <- suppressWarnings(limma::eBayes(limma::contrasts.fit(fit, rest)))$t
        write.table(format(t, digits=15), "t.csv", sep=",", quote=FALSE, row.names=FALSE, col.names=FALSE)
    """
    done = subprocess.run(
        ["Rscript", "-e", script], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    if done.returncode == 3:
        pytest.skip("R is there, but not limma (Debian: r-bioc-limma)")

    expected = np.loadtxt(tmp_path / "t.csv", delimiter=",").T
    found = specificity.moderated_t_rest(log, TISSUE, N_TISSUES)[[0, 2, 3]]
    assert found == pytest.approx(expected, rel=1e-6)


def test_equal_genes_tie_exactly_whatever_the_order_of_summation(log):
    """Two genes with the same values in another order of samples differ by rounding only."""
    swapped = np.array([2, 0, 1, 4, 3, 8, 6, 7, 5])
    doubled = np.concatenate([log, log[swapped]], axis=1)

    for method in specificity.METHODS:
        scores = specificity.score(method, doubled, TISSUE, N_TISSUES)
        left, right = scores[:, :N_GENES], scores[:, N_GENES:]
        assert np.array_equal(left, right, equal_nan=True), method
