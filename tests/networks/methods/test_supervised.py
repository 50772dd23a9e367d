from __future__ import annotations

import numpy as np
import pytest
from reread.core.metrics import auroc
from reread.networks.data import load as data
from reread.networks.data import readers
from reread.networks.data.splits import split_pairs
from reread.networks.data.tables import Pairs
from reread.networks.methods import benchmark

N_CELLS, N_GENES = 50, 30


@pytest.fixture(scope="module")
def dataset():
    return data.load("simulated", n_cells=N_CELLS, n_genes=N_GENES, n_tfs=10, negatives="grid", seed=2)


@pytest.fixture(scope="module")
def prepared(dataset):
    return benchmark.prepare(dataset.expression)


def test_features_of_a_pair_are_those_of_its_genes_looked_up_one_by_one(prepared):
    tf, gene = np.array([3, 0]), np.array([7, 29])

    rows = benchmark.correlation_rows(prepared, tf, gene)
    parts = benchmark.components(prepared, tf, gene)

    assert rows.shape == (2, 2 * N_GENES)
    assert parts.shape == (2, 3 * prepared.components.shape[1] + 1)
    for i in range(2):
        left, right = prepared.components[tf[i]], prepared.components[gene[i]]
        slow = [*left, *right, *(left * right), prepared.correlation[tf[i], gene[i]]]
        np.testing.assert_array_equal(parts[i], np.array(slow, dtype=np.float32))
        # the published scripts copy two rows of the correlation matrix for every pair
        copied = np.hstack([prepared.correlation[tf[i], :], prepared.correlation[gene[i], :]])
        np.testing.assert_array_equal(rows[i], copied)


@pytest.mark.parametrize("method", benchmark.SUPERVISED_METHODS)
def test_test_labels_are_not_looked_at_and_two_runs_agree(method, dataset, prepared):
    pairs = dataset.pairs
    fold = split_pairs(pairs, "pair")[0]
    flipped = pairs.label.copy()
    flipped[fold.test] = 1 - flipped[fold.test]
    blind = Pairs(pairs.tf, pairs.gene, flipped, pairs.genes)

    score = benchmark.SUPERVISED_METHODS[method](prepared, pairs, fold.train, fold.test, 4)
    again = benchmark.SUPERVISED_METHODS[method](prepared, blind, fold.train, fold.test, 4)

    assert score.shape == fold.test.shape
    assert score.tobytes() == again.tobytes()


@pytest.mark.parametrize("learn", [benchmark.lightgbm, benchmark.logistic_regression])
def test_a_planted_feature_is_learnt(learn):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(400, 5))
    label = (x[:, 3] > 0.5).astype(int)

    score = learn(x[:300], label[:300], x[300:], 0)

    assert auroc(label[300:], score) > 0.95


def test_on_the_published_pair_split_lightgbm_reaches_what_was_measured(mirror):
    folder = mirror / "networks"
    expression = readers.read_expression(folder / "mHSC-E_ExpressionDataOrderedfl.csv")
    pairs = readers.read_pairs(folder / "GenePairListmHSC-E-Non-1000-GPL.csv", expression)
    prepared = benchmark.prepare(expression)
    reached = [
        auroc(
            pairs.label[fold.test],
            benchmark.SUPERVISED_METHODS["components-lightgbm"](prepared, pairs, fold.train, fold.test, 0),
        )
        for fold in split_pairs(pairs, "pair")
    ]

    assert np.mean(reached) == pytest.approx(0.887, abs=0.012)
