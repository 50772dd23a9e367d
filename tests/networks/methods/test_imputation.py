from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from reread.core.errors import DataError, ParameterError
from reread.networks.data import load, simulate
from reread.networks.data.tables import Expression
from reread.networks.methods import benchmark, imputation
from scipy.spatial.distance import cdist
from scipy.stats import pearsonr, ttest_rel
from sklearn.decomposition import PCA
from sklearn.metrics import average_precision_score

SETTINGS = [(method, setting) for method, (_, grid) in imputation.METHODS.items() for setting in grid]


@pytest.fixture(scope="module")
def counts():
    network = simulate.simulate_network(8, 30, seed=1)
    return np.random.default_rng(0).binomial(simulate.simulate_cells(network, 90, seed=1), 0.2)


@pytest.fixture(scope="module")
def values(counts):
    return simulate.normalise(counts)


@pytest.fixture(scope="module")
def dataset():
    return load.load("simulated", n_cells=120, n_genes=40, n_tfs=10)


def test_distances_are_those_of_principal_components(values):
    slow = PCA(20, svd_solver="full").fit_transform(values.astype(float))

    np.testing.assert_allclose(imputation.cell_distances(values), cdist(slow, slow), atol=1e-5)


def test_the_gene_mean_fills_zeros_and_nothing_else(values):
    found = imputation.impute("gene-mean", values)

    for gene in range(values.shape[1]):
        for cell in range(len(values)):
            wanted = values[cell, gene] if values[cell, gene] > 0 else values[:, gene].mean()
            assert found[cell, gene] == pytest.approx(wanted, rel=1e-5)


def test_smoothing_is_a_mean_of_the_nearest_cells_one_cell_at_a_time(values):
    found = imputation.impute("knn", values, k=7)

    distances = imputation.cell_distances(values)
    for cell in range(len(values)):
        nearest = sorted(range(len(values)), key=lambda other: distances[cell, other])[:7]
        assert nearest[0] == cell
        np.testing.assert_allclose(found[cell], values[nearest].mean(axis=0), rtol=1e-5)


def test_smoothing_over_one_cell_is_nothing_and_over_all_cells_the_gene_mean(values):
    np.testing.assert_array_equal(imputation.impute("knn", values, k=1), values)
    for k in (len(values), 10 * len(values)):
        np.testing.assert_allclose(
            imputation.impute("knn", values, k=k), np.tile(values.mean(axis=0), (len(values), 1)), rtol=1e-5
        )


def test_the_diffusion_operator_is_that_of_a_loop_and_its_rows_sum_to_one(values):
    distances = imputation.cell_distances(values)
    found = imputation.diffusion_operator(distances)

    n = len(values)
    affinity = np.zeros((n, n))
    for i in range(n):
        ordered = sorted(distances[i])
        for j in range(n):
            if distances[i, j] <= ordered[30]:
                affinity[i, j] = np.exp(-((distances[i, j] / ordered[10]) ** 2))
    both = affinity + affinity.T
    np.testing.assert_allclose(found, both / both.sum(axis=1)[:, None], atol=1e-12)
    np.testing.assert_allclose(found.sum(axis=1), 1)


@pytest.mark.parametrize("t", [0, 1, 4])
def test_diffusion_is_a_power_of_the_dense_operator(values, t):
    operator = imputation.diffusion_operator(imputation.cell_distances(values))

    slow = np.linalg.matrix_power(operator, t) @ values.astype(float)
    np.testing.assert_allclose(imputation.impute("diffusion", values, t=t), slow, rtol=1e-5, atol=1e-6)


def test_long_diffusion_ends_at_the_stationary_mean(values):
    """The affinity is symmetric, so the stationary weight of a cell is the sum of its row."""
    operator = imputation.diffusion_operator(imputation.cell_distances(values))
    value, vectors = np.linalg.eig(operator.T)
    weight = np.real(vectors[:, np.argmax(np.real(value))])

    found = imputation.impute("diffusion", values, t=5000)
    np.testing.assert_allclose(found, np.tile(weight / weight.sum() @ values, (len(values), 1)), rtol=1e-3)


@pytest.mark.parametrize(("method", "setting"), SETTINGS)
def test_an_imputation_keeps_shape_and_scale_and_is_repeatable(values, method, setting):
    one, two = (imputation.impute(method, values, epochs=2, seed=3, **setting) for _ in range(2))

    assert one.shape == values.shape
    assert one.dtype == np.float32
    assert one.min() >= 0
    np.testing.assert_array_equal(one, two)


@pytest.mark.parametrize("is_count", [True, False], ids=["counts", "log scale"])
@pytest.mark.parametrize("method", imputation.METHODS)
def test_no_method_sees_a_masked_value(monkeypatch, counts, values, is_count, method):
    data = counts if is_count else values
    monkeypatch.setitem(
        imputation.METHODS, method, (imputation.METHODS[method][0], imputation.METHODS[method][1][:1])
    )
    assert imputation.largest_move(data, is_count=is_count, methods=[method]) == 0

    # the same test fails for a normalisation that has seen the masked counts
    def leaking(data, *, is_count, seed):
        masked = honest(data, is_count=is_count, seed=seed)
        return replace(masked, observed=masked.observed * data.sum(axis=1, keepdims=True))

    honest = imputation.hide
    monkeypatch.setattr(imputation, "hide", leaking)
    assert imputation.largest_move(data, is_count=is_count, methods=[method]) > 0


def test_masked_counts_are_zero_and_their_target_has_the_depth_that_is_left(counts):
    masked = imputation.hide(counts, is_count=True, seed=4)

    n = int(0.1 * counts.size)
    assert len(set(zip(masked.cell, masked.gene, strict=True))) == len(masked.target) == 2 * n
    assert masked.is_test.sum() == n
    left = counts.copy()
    for cell, gene in zip(masked.cell, masked.gene, strict=True):
        left[cell, gene] = 0
    np.testing.assert_allclose(masked.observed, simulate.normalise(left), rtol=1e-6)
    for i in range(0, 2 * n, 17):
        cell, gene = masked.cell[i], masked.gene[i]
        wanted = np.log1p(counts[cell, gene] * 1e4 / left[cell].sum())
        assert masked.target[i] == pytest.approx(wanted, rel=1e-5)


def test_errors_are_those_of_the_masked_values_of_each_part(values):
    masked = imputation.hide(values, is_count=False, seed=0)
    imputed = np.random.default_rng(1).random(values.shape)
    for of_test in (True, False):
        squares = [
            (imputed[c, g] - values[c, g]) ** 2
            for c, g, is_test in zip(masked.cell, masked.gene, masked.is_test, strict=True)
            if is_test == of_test
        ]
        assert masked.error(imputed, of_test=of_test) == pytest.approx(np.mean(squares) ** 0.5, rel=1e-5)
    assert np.isnan(masked.correlation(np.tile(values.mean(axis=0), (len(values), 1))))
    assert masked.correlation(2 * values + 1) == pytest.approx(1)


def test_only_tuning_values_choose_the_setting(monkeypatch, values):
    """A setting that fits the test values alone is not chosen."""
    masked = imputation.hide(values, is_count=False, seed=0)

    def oracle(observed, *, part):
        found, rows = observed + 5.0, masked.is_test == bool(part)
        found[masked.cell[rows], masked.gene[rows]] = masked.target[rows]
        return found

    monkeypatch.setitem(imputation.METHODS, "knn", (oracle, ({"part": 1}, {"part": 0})))
    (row,) = imputation.masked_errors(masked, ["knn"]).to_dict("records")

    assert row["setting"] == {"part": 0}
    assert row["rmse"] > 1


def test_permuted_tfs_stand_behind_the_genes_and_hold_the_same_values(dataset):
    control = imputation.with_permuted(dataset, seed=2)

    n = len(dataset.expression.genes)
    np.testing.assert_array_equal(control.values[:, :n], dataset.expression.values)
    assert len(set(control.genes)) == n + len(dataset.tfs)
    for k, tf in enumerate(dataset.tfs):
        copy, own = control.values[:, n + k], dataset.expression.values[:, tf]
        np.testing.assert_array_equal(np.sort(copy), np.sort(own))
        assert (copy != own).any()


def test_a_network_is_scored_as_pair_by_pair(dataset):
    control = imputation.with_permuted(dataset)
    found = imputation.score_network(dataset, control, "pearson", n_trees=5)

    n = len(dataset.expression.genes)
    label, real, permuted = [], [], []
    for k, tf in enumerate(dataset.tfs):
        for gene in range(n):
            if gene != tf:
                label.append(dataset.truth[k, gene])
                real.append(abs(pearsonr(control.values[:, tf], control.values[:, gene])[0]))
                permuted.append(abs(pearsonr(control.values[:, n + k], control.values[:, gene])[0]))
    auprc = average_precision_score(label, np.round(real, 6))
    assert found["auprc"] == pytest.approx(auprc, abs=1e-3)
    assert found["auprc_ratio"] == pytest.approx(auprc / np.mean(label), rel=0.01)
    top = np.argsort(-np.array(permuted + real))[: sum(label)]
    assert found["false_edges"] == pytest.approx((top < len(permuted)).mean(), abs=0.02)


def test_false_correlations_are_counted_pair_by_pair(dataset):
    smooth = imputation.with_permuted(dataset)
    smooth = replace(smooth, values=imputation.impute("knn", smooth.values, k=15))

    n = len(dataset.expression.genes)
    p = [
        pearsonr(smooth.values[:, copy], smooth.values[:, gene])[1]
        for copy in range(n, len(smooth.genes))
        for gene in range(n)
    ]
    found = imputation.false_correlations(smooth, n)
    assert found == np.mean(np.array(p) * len(p) < 0.05)
    assert 0 < found < 1


def test_the_p_value_of_a_correlation_is_that_of_scipy():
    rng = np.random.default_rng(0)
    for _ in range(5):
        r, p = pearsonr(rng.random(30), rng.random(30))
        assert imputation.p_of_correlation(np.array([r]), 30)[0] == pytest.approx(p)
    assert imputation.p_of_correlation(np.array([1.0]), 30)[0] < 1e-30


def test_ties_at_the_border_of_the_top_count_in_part():
    assert imputation.share_at_top(np.array([3.0, 1]), np.array([2.0, 0]), 2) == 0.5
    assert imputation.share_at_top(np.array([1.0, 1]), np.array([1.0, 1, 1, 1]), 3) == pytest.approx(1 / 3)
    assert imputation.share_at_top(np.array([0.0]), np.array([5.0, 4]), 2) == 0


def test_the_joint_comparison_has_every_measure_of_every_method_and_seed(monkeypatch, dataset):
    for name in imputation.METHODS:
        function, grid = imputation.METHODS[name]
        monkeypatch.setitem(imputation.METHODS, name, (function, grid[:1]))
    monkeypatch.setattr(imputation, "pair_auroc", lambda dataset, imputed, seed: imputed.values.mean())
    monkeypatch.setattr(imputation, "cells_of", lambda *_, **__: (dataset, dataset.expression.values, False))

    found = imputation.compare("simulated", ["pearson"], n_seeds=2, depth=0.2, epochs=1)

    wide = found.pivot(index=["seed", "method"], columns="measure", values="value")
    assert wide.shape == (2 * len(imputation.METHODS), 7)
    assert wide.drop(columns="correlation").notna().all(axis=None)
    summary = imputation.summary(found).set_index(["measure", "method"])
    one, two = (wide.xs(name, level="method")["rmse"] for name in ("knn", "none"))
    row = summary.loc[("rmse", "knn")]
    assert (row["value"], row["gain"]) == (pytest.approx(one.mean()), pytest.approx((one - two).mean()))
    interval = ttest_rel(one, two).confidence_interval(0.95)
    assert (row["low"], row["high"]) == (pytest.approx(interval.low), pytest.approx(interval.high))


def test_one_seed_has_no_interval():
    one = pd.DataFrame(
        {"seed": 0, "method": ["none", "knn"], "setting": "", "measure": "rmse", "value": [2.0, 1.0]}
    )
    found = imputation.summary(one).set_index("method")

    assert found.loc["knn", "gain"] == -1
    assert found[["low", "high"]].isna().all(axis=None)


def test_thinning_keeps_a_share_of_the_molecules_and_files_have_no_counts(published):
    dataset, counts, is_count = imputation.cells_of("simulated", depth=0.2, seed=0)

    assert is_count
    assert np.median(counts.sum(axis=1)) == pytest.approx(0.2 * simulate.MEDIAN_DEPTH, rel=0.1)
    np.testing.assert_array_equal(dataset.expression.values, simulate.normalise(counts))
    real, values, is_count = imputation.cells_of("mhsc-e", depth=0.2)
    assert not is_count
    assert values is real.expression.values


def test_pairs_are_scored_on_the_imputed_values_as_the_benchmark_scores_them():
    dataset = load.load("simulated", n_cells=60, negatives="pool")
    own = imputation.pair_auroc(dataset, dataset.expression)

    scores = benchmark.score_methods(dataset, ["both"], ["components-lightgbm"])
    assert own == pytest.approx(benchmark.fold_table(scores)["auroc"].mean())
    noise = np.random.default_rng(0).random(dataset.expression.values.shape).astype(np.float32)
    assert own != imputation.pair_auroc(dataset, Expression(noise, dataset.expression.genes))


def test_a_list_too_short_to_hold_out_both_has_no_auroc(dataset):
    short = replace(dataset, pairs=dataset.pairs.take(np.arange(6)))

    assert np.isnan(imputation.pair_auroc(short, dataset.expression))


def test_a_wrong_name_and_too_many_cells_and_too_few_values_are_refused(monkeypatch, values):
    with pytest.raises(ParameterError, match="'magic'"):
        imputation.impute("magic", values)
    with pytest.raises(DataError, match="too few to hide"):
        imputation.hide(values[:1, :5], is_count=False)
    monkeypatch.setattr(imputation, "MOST_CELLS", 10)
    with pytest.raises(DataError, match="10 at most, but there are 90"):
        imputation.cell_distances(values)
