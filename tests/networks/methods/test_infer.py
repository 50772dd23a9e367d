from __future__ import annotations

import numpy as np
import pytest
from reread.core.errors import ParameterError
from reread.networks.data.features import quantile_bins
from reread.networks.data.tables import Expression
from reread.networks.methods import infer, tree_importance
from scipy.stats import spearmanr
from sklearn.metrics import mutual_info_score

N_CELLS, N_GENES, N_TFS = 90, 11, 4


@pytest.fixture(scope="module")
def expression():
    """Gene 3 follows TF 0, gene 5 follows TF 2, gene 7 never varies; zeros make ties."""
    rng = np.random.default_rng(3)
    values = np.maximum(rng.normal(0.5, 1, (N_CELLS, N_GENES)), 0)
    values[:, 3] = 2 * values[:, 0] + 0.1 * rng.random(N_CELLS)
    values[:, 5] = values[:, 2] ** 2 + 0.1 * rng.random(N_CELLS)
    values[:, 7] = 1.5
    names = tuple("qwertyuiopa"[:N_GENES])
    return Expression(values=values.astype(np.float32), genes=names, name="planted")


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
    place = np.argsort(order)

    here = infer.METHODS[method](expression, tfs, seed=5)
    there = infer.METHODS[method](other, place[tfs[::-1]], seed=5)

    assert here.shape == (N_TFS, N_GENES)
    np.testing.assert_array_equal(there[::-1][:, place], here)


@pytest.mark.parametrize("method", infer.METHODS)
def test_planted_regulators_win_and_self_and_constant_genes_get_nothing(method, expression, tfs):
    weights = infer.METHODS[method](expression, tfs)

    assert tfs[weights[:, 3].argmax()] == 0
    assert tfs[weights[:, 5].argmax()] == 2
    assert (weights[np.arange(N_TFS), tfs] == 0).all()
    assert (weights[:, 7] == 0).all()


@pytest.mark.parametrize("engine", tree_importance.ENGINES)
def test_two_runs_and_two_workers_agree_to_the_last_bit(engine, expression, tfs):
    seeds = [11, 12, 13]  # of the first three genes; more would only take longer
    one, again, two = (
        tree_importance.explain_targets(expression.values, tfs, seeds, engine=engine, n_jobs=n)
        for n in (1, 1, 2)
    )

    assert one.tobytes() == again.tobytes() == two.tobytes()


@pytest.mark.parametrize("engine", ["extra-trees", "random-forest", "lightgbm"])
def test_another_seed_gives_other_weights(engine, expression, tfs):
    assert (
        infer.genie3(expression, tfs, seed=0, engine=engine)
        != infer.genie3(expression, tfs, seed=1, engine=engine)
    ).any()


def test_pearson_and_spearman_agree_with_numpy_and_scipy_pair_by_pair(expression, tfs):
    pearson, spearman = infer.pearson(expression, tfs), infer.spearman(expression, tfs)

    for row, tf in enumerate(tfs):
        for gene in set(range(N_GENES)) - {tf, 7}:
            x, y = expression.values[:, tf].astype(float), expression.values[:, gene].astype(float)
            assert pearson[row, gene] == pytest.approx(abs(np.corrcoef(x, y)[0, 1]), abs=1e-6)
            assert spearman[row, gene] == pytest.approx(abs(spearmanr(x, y).statistic), abs=1e-6)


def test_mutual_information_agrees_with_scikit_learn_on_the_same_bins(expression, tfs):
    fast = infer.mutual_information(expression, tfs)
    bins = quantile_bins(expression.values)

    for row, tf in enumerate(tfs):
        slow = [mutual_info_score(bins[:, tf], bins[:, gene]) for gene in range(N_GENES)]
        slow[tf] = 0
        np.testing.assert_allclose(fast[row], slow, atol=1e-6)


def test_quantile_bins_keep_equal_values_together():
    values = np.array([0, 0, 0, 0, 0, 0, 1, 2])[:, None]

    assert quantile_bins(values, n_bins=4)[:, 0].tolist() == [0, 0, 0, 0, 0, 0, 3, 3]


def test_auto_takes_trees_for_few_cells_and_lightgbm_for_many(expression, tfs, monkeypatch):
    many = Expression(values=np.tile(expression.values, (6, 1)), genes=expression.genes, name="many")

    few_auto, few_trees = (infer.genie3(expression, tfs, engine=e) for e in ("auto", "extra-trees"))
    many_auto, many_boost = (infer.genie3(many, tfs, engine=e) for e in ("auto", "lightgbm"))

    assert (few_auto == few_trees).all()
    assert (many_auto == many_boost).all()


def test_a_wrong_engine_or_method_is_refused_with_the_right_one(expression, tfs):
    with pytest.raises(ParameterError, match="extra-trees"):
        infer.genie3(expression, tfs, engine="extra tree")
    with pytest.raises(ParameterError, match="genie3"):
        infer.infer_all(expression, tfs, ["GENIE"])


def test_weights_are_looked_up_by_gene_index_not_by_row(expression, tfs):
    weights = np.arange(N_TFS * N_GENES, dtype=float).reshape(N_TFS, N_GENES)

    found = infer.weights_at(weights, tfs, tf=np.array([2, 9]), gene=np.array([5, 1]))

    assert found.tolist() == [weights[2, 5], weights[0, 1]]
