from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from reread.core.errors import ParameterError
from reread.genomes.chapters import ch07_fine_tuning as figures
from reread.genomes.methods import fine_tuning as tuning

N_GENES, N_PEOPLE, N_FEATURES = 12, 40, 5


@pytest.fixture(scope="module")
def data():
    """Features (gene, person, feature), a useless untuned prediction, and expression made from features."""
    rng = np.random.default_rng(0)
    features = rng.normal(size=(N_GENES, N_PEOPLE, N_FEATURES))
    level, noise = rng.normal(size=(N_GENES, 1)), rng.normal(size=(N_GENES, N_PEOPLE))
    return features, rng.normal(size=noise.shape), features @ [1.0, -1.0, 0.5, 0, 0] + level + noise


def test_the_head_has_the_closed_form_of_ridge_on_all_pairs_of_people(data):
    features, _, target = data
    spread, n = target.std(axis=1), N_PEOPLE
    pairs = list(combinations(range(n), 2))
    X = np.concatenate([[(x[i] - x[j]) / s for i, j in pairs] for x, s in zip(features, spread, strict=True)])
    y = np.concatenate([[(v[i] - v[j]) / s for i, j in pairs] for v, s in zip(target, spread, strict=True)])

    for penalty, found in zip(
        (0.5, 40.0), tuning.pairwise_ridge(features, target, spread, (0.5, 40.0)), strict=True
    ):
        expected = np.linalg.solve(X.T @ X + n * penalty * np.eye(N_FEATURES), X.T @ y)
        np.testing.assert_allclose(found, expected, rtol=1e-8)
        gradient = X.T @ (X @ found - y) + n * penalty * found
        assert np.abs(gradient).max() < 1e-8 * np.abs(X.T @ y).max()


def test_the_level_of_a_gene_changes_no_weight(data):
    features, _, target = data
    spread = target.std(axis=1)
    moved = tuning.pairwise_ridge(features + 3, target + np.arange(N_GENES)[:, None], spread, [1.0])

    np.testing.assert_allclose(moved, tuning.pairwise_ridge(features, target, spread, [1.0]), atol=1e-10)


def test_folds_are_disjoint_in_genes_and_in_people_and_hold_everybody_out_once():
    folds = list(tuning.crossed_folds(N_GENES, N_PEOPLE, 3, seed=5))

    for genes, people in folds:
        assert not np.intersect1d(genes.train, genes.test).size
        assert not np.intersect1d(people.train, people.test).size
    for axis, n in ((0, N_GENES), (1, N_PEOPLE)):
        assert sorted(np.concatenate([fold[axis].test for fold in folds])) == list(range(n))


def test_a_model_sees_training_people_of_training_genes_only(data):
    features, untuned, target = data
    genes, people = next(tuning.crossed_folds(N_GENES, N_PEOPLE, 3, seed=5))
    other = target.copy()
    other[genes.test] += np.random.default_rng(1).normal(size=other[genes.test].shape)
    other[:, people.test] *= -5
    dosage = [one.round() for one in features]

    for tuner in (tuning.linear_head(features, untuned), tuning.elastic_nets(dosage)):
        np.testing.assert_array_equal(tuner(target, genes, people), tuner(other, genes, people))
    assert np.isnan(tuning.elastic_nets(dosage)(target, genes, people)[genes.test]).all()


def test_an_infinite_penalty_leaves_the_network_untuned(data):
    features, untuned, target = data
    genes, people = next(tuning.crossed_folds(N_GENES, N_PEOPLE, 3, seed=5))
    made = tuning.linear_head(features, untuned, penalties=[1e15])(target, genes, people)

    np.testing.assert_allclose(made, untuned, atol=1e-9)


def test_a_head_finds_a_shared_signal_in_unseen_genes_and_none_in_permuted_people(data):
    features, untuned, target = data
    models = {"untuned": lambda *_: untuned, "head": tuning.linear_head(features, untuned)}
    table = tuning.evaluate(models, target, n_folds=3, n_permutations=4, seed=2)
    summary = tuning.summarise_cells(table).set_index(["method", "kind", "genes", "people"])["r"]

    assert summary["head", "measured", "unseen", "unseen"] > 0.6
    assert abs(summary["untuned", "measured", "unseen", "unseen"]) < 0.25
    for cell in (("seen", "unseen"), ("unseen", "seen"), ("unseen", "unseen")):
        assert abs(summary["head", "permuted", *cell]) < 0.1
    with pytest.raises(ParameterError, match="fold"):
        tuning.evaluate(models, target, n_folds=1)


def test_every_figure_is_drawn(data):
    features, untuned, target = data
    models = {"untuned": lambda *_: 0.1 * target + untuned, "head": tuning.linear_head(features, untuned)}
    table = tuning.evaluate(models, target, n_folds=2, seed=2)
    shown = [
        figures.cells(tuning.summarise_cells(table)), figures.new_genes(table), figures.architecture(),
        figures.losses([[1.0, 0.8], [1.0, 0.9], [1.0, 0.7], [1.0, 0.99]], n_folds=2),
    ]  # fmt: skip

    assert all(one.figure is not None and 40 <= len(one.alt) <= 250 for one in shown)
    assert figures.losses([], n_folds=2).figure is None
    gain = figures.gains(table).set_index("method").loc["head"]
    assert gain["low"] < gain["gain"] < gain["high"] and figures.gain_word(gain) == "improves"
    assert figures.gain_word(-gain[["high", "low"]].set_axis(["low", "high"])) == "lowers"


def test_the_range_of_permuted_people_is_that_of_independent_values(data):
    _, untuned, target = data
    found = tuning.null_interval(untuned, target, n_folds=2, n=400, seed=1)
    several = tuning.null_interval(untuned, target, n_folds=2, n_permutations=4, n=200, seed=1)

    # a correlation of 20 independent people has a standard deviation of 1 / sqrt(19); the largest of some
    # hundred normal values lies 2 to 4 standard deviations from their mean
    deviation = 1 / np.sqrt(19 * N_GENES)
    assert -4 < found["low"] / deviation < -2 and 2 < found["high"] / deviation < 4
    assert 2 < several["high"] / (deviation / 2) < 4


def test_a_model_that_memorises_people_lies_outside_of_the_range_and_an_ignorant_one_inside(data):
    _, untuned, target = data
    rng = np.random.default_rng(3)
    models = {
        "untuned": lambda values, genes, people: untuned,
        "ignorant": lambda values, genes, people: rng.normal(size=values.shape),
        "leaky": lambda values, genes, people: values + rng.normal(size=values.shape),
    }
    table = tuning.evaluate(models, target, n_folds=2, seed=1)
    null = tuning.null_interval(untuned, target, n_folds=2, seed=1)
    outside = figures.outside_null(tuning.summarise_cells(table), null)

    assert set(outside) == {"ignorant", "leaky"}
    assert outside["ignorant"] < 0 < 0.3 < outside["leaky"]
