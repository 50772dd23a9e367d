from __future__ import annotations

import numpy as np
import pytest
from reread.core.errors import ParameterError
from reread.networks.data.features import quantile_bins
from reread.networks.data.tables import Expression
from reread.networks.methods import infer
from scipy.stats import spearmanr
from sklearn.ensemble import GradientBoostingRegressor, RandomForestRegressor
from sklearn.metrics import mutual_info_score

N_CELLS, N_GENES, N_TFS = 90, 11, 4
FEW_TREES = 10


@pytest.fixture(scope="module")
def expression():
    """Gene 3 follows TF 0, gene 5 follows TF 2, gene 7 never varies; zeros make ties."""
    rng = np.random.default_rng(3)
    values = np.maximum(rng.normal(0.5, 1, (N_CELLS, N_GENES)), 0)
    values[:, 3] = 2 * values[:, 0] + 0.1 * rng.random(N_CELLS)
    values[:, 5] = values[:, 2] ** 2 + 0.1 * rng.random(N_CELLS)
    values[:, 7] = 1.5
    names = tuple("qwertyuiopa"[:N_GENES])
    return Expression(values=values.astype(np.float32), genes=names, name="simulated by hand")


@pytest.fixture(scope="module")
def tfs():
    return np.array([9, 0, 2, 6])


def shuffled(expression, seed):
    order = np.random.default_rng(seed).permutation(N_GENES)
    genes = tuple(expression.genes[i] for i in order)
    return Expression(values=expression.values[:, order], genes=genes, name="shuffled"), order


@pytest.mark.parametrize("method", infer.METHODS)
def test_weights_do_not_depend_on_the_order_of_genes_or_of_tfs(method, expression, tfs):
    other, order = shuffled(expression, 1)
    position = np.argsort(order)

    here = infer.infer(method, expression, tfs, seed=5, n_trees=FEW_TREES)
    there = infer.infer(method, other, position[tfs[::-1]], seed=5, n_trees=FEW_TREES)

    assert here.shape == (N_TFS, N_GENES)
    np.testing.assert_array_equal(there[::-1][:, position], here)


@pytest.mark.parametrize("method", infer.METHODS)
def test_true_regulators_have_the_largest_weight_and_self_and_constant_genes_none(method, expression, tfs):
    weights = infer.infer(method, expression, tfs, n_trees=FEW_TREES)

    assert tfs[weights[:, 3].argmax()] == 0
    assert tfs[weights[:, 5].argmax()] == 2
    assert (weights[np.arange(N_TFS), tfs] == 0).all()
    assert (weights[:, 7] == 0).all()


def test_two_runs_agree_to_the_last_bit_and_another_seed_differs(expression, tfs):
    def genie3(seed):
        infer._memory.clear()
        return infer.infer("genie3", expression, tfs, seed=seed, n_trees=FEW_TREES)

    assert genie3(0).tobytes() == genie3(0).tobytes()
    assert (genie3(0) != genie3(1)).any()


def test_genie3_is_a_random_forest_with_sqrt_of_tfs_candidates_on_standardised_targets(expression, tfs):
    """Oracle: GENIE3's published procedure, one target at a time (Huynh-Thu 2010)."""
    found = infer.infer("genie3", expression, tfs, seed=2, n_trees=FEW_TREES)

    names = np.array(expression.genes)
    sorted_tfs = tfs[np.argsort(names[tfs])]
    for gene in (3, 5):
        y = expression.values[:, gene].astype(float)
        forest = RandomForestRegressor(
            FEW_TREES, max_features="sqrt", random_state=infer.seed_of(names[gene], 2)
        )
        forest.fit(expression.values[:, sorted_tfs], (y - y.mean()) / y.std())
        wanted = np.mean(
            [t.tree_.compute_feature_importances(normalize=False) for t in forest.estimators_], axis=0
        )
        by_tf = dict(zip(sorted_tfs, wanted, strict=True))
        np.testing.assert_allclose(found[:, gene], [by_tf[tf] for tf in tfs], atol=1e-9)


class ArboretoMonitor:
    """Early stopping as arboreto defines it: stop when the mean out-of-bag gain of the window is negative."""

    def __init__(self, window_length=25):
        self.window_length = window_length

    def window_boundaries(self, current_round):
        return max(0, current_round - self.window_length + 1), current_round + 1

    def __call__(self, current_round, regressor, _):
        if current_round >= self.window_length - 1:
            low, high = self.window_boundaries(current_round)
            return np.mean(regressor.oob_improvement_[low:high]) < 0
        return False


def test_grnboost2_has_the_settings_and_the_stopping_rule_of_arboreto(expression, tfs):
    """Oracle: arboreto's SGBM settings, monitor and importances (feature importances x number of trees)."""
    settings = {"learning_rate": 0.01, "n_estimators": 5000, "max_features": 0.1, "subsample": 0.9}
    x, y = expression.values[:, tfs], expression.values[:, 3].astype(float)
    model = GradientBoostingRegressor(random_state=7, **settings).fit(x, y, monitor=ArboretoMonitor())

    found = infer.stochastic_boosting(x, y, 7)

    assert 25 < len(model.estimators_) < 5000
    np.testing.assert_allclose(found, model.feature_importances_ * len(model.estimators_))


def test_grnboost2_gives_no_weight_that_is_stopped_at_one_tree(expression, tfs):
    rng = np.random.default_rng(0)

    found = infer.stochastic_boosting(expression.values[:, tfs], rng.normal(size=N_CELLS), 0)

    assert found.sum() >= 25


def test_pearson_and_spearman_agree_with_numpy_and_scipy_pair_by_pair(expression, tfs):
    pearson, spearman = (infer.infer(name, expression, tfs) for name in ("pearson", "spearman"))

    for row, tf in enumerate(tfs):
        for gene in set(range(N_GENES)) - {tf, 7}:
            x, y = expression.values[:, tf].astype(float), expression.values[:, gene].astype(float)
            assert pearson[row, gene] == pytest.approx(abs(np.corrcoef(x, y)[0, 1]), abs=1e-6)
            assert spearman[row, gene] == pytest.approx(abs(spearmanr(x, y).statistic), abs=1e-6)


def test_mutual_information_agrees_with_scikit_learn_on_the_same_bins(expression, tfs):
    fast = infer.infer("mutual-information", expression, tfs)
    bins = quantile_bins(expression.values)

    for row, tf in enumerate(tfs):
        slow = [mutual_info_score(bins[:, tf], bins[:, gene]) for gene in range(N_GENES)]
        slow[tf] = 0
        np.testing.assert_allclose(fast[row], slow, atol=1e-6)


def test_quantile_bins_keep_equal_values_together():
    values = np.array([0, 0, 0, 0, 0, 0, 1, 2])[:, None]

    assert quantile_bins(values, n_bins=4)[:, 0].tolist() == [0, 0, 0, 0, 0, 0, 3, 3]


def test_methods_may_come_from_a_generator(expression, tfs):
    found = infer.infer_all(expression, tfs, (name for name in ("pearson", "spearman")))

    assert list(found) == ["pearson", "spearman"]


@pytest.mark.parametrize("ask", [infer.infer, lambda m, *rest: infer.infer_all(*rest, [m])])
def test_an_unknown_method_is_refused_with_the_nearest(ask, expression, tfs):
    with pytest.raises(ParameterError, match="Did you mean 'genie3'"):
        ask("genie", expression, tfs)


def test_a_caller_cannot_change_the_weights_that_are_kept_in_memory(expression, tfs):
    infer.infer("pearson", expression, tfs)[:] = -1

    assert (infer.infer("pearson", expression, tfs) >= 0).all()


def test_weights_are_looked_up_by_gene_index_not_by_row(expression, tfs):
    weights = np.arange(N_TFS * N_GENES, dtype=float).reshape(N_TFS, N_GENES)

    found = infer.weights_at(weights, tfs, tf=np.array([2, 9]), gene=np.array([5, 1]))

    assert found.tolist() == [weights[2, 5], weights[0, 1]]
