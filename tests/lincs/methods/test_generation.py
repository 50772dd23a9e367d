from __future__ import annotations

import numpy as np
import pytest
from reread.core.errors import DataError
from reread.lincs.methods import generation

N_X, N_Y, N_GENES = 30, 40, 7


def normal(n, seed, *, shift=0.0, spread=1.0, n_genes=N_GENES):
    return shift + spread * np.random.default_rng(seed).normal(size=(n, n_genes))


def slow_mmd2(x, y, width):
    """Term by term, as the formula is printed."""

    def k(a, b):
        return np.exp(-np.square(a - b).sum() / (2 * width**2))

    xx = [k(a, b) for i, a in enumerate(x) for j, b in enumerate(x) if i != j]
    yy = [k(a, b) for i, a in enumerate(y) for j, b in enumerate(y) if i != j]
    xy = [k(a, b) for a in x for b in y]
    return np.mean(xx) + np.mean(yy) - 2 * np.mean(xy)


def test_mmd_agrees_with_its_formula_term_by_term():
    x, y = normal(N_X, 0), normal(N_Y, 1, shift=0.4)

    found = generation.mmd2(x, y, n_permutations=9)

    assert found["mmd2"] == pytest.approx(slow_mmd2(x, y, found["width"]))


def test_a_permuted_mmd_agrees_with_moving_the_rows():
    """The null draws are the statistic of rows that changed sides."""
    x, y = normal(N_X, 0), normal(N_Y, 1)
    pooled, order = np.concatenate([x, y]), np.random.default_rng(5).permutation(N_X + N_Y)
    found = generation.mmd2(x, y, n_permutations=1, seed=5)

    moved = slow_mmd2(pooled[order[:N_X]], pooled[order[N_X:]], found["width"])

    assert found["mmd2_p"] == (1.0 if moved >= found["mmd2"] else 0.5)


@pytest.mark.parametrize("change", [{"shift": 0.6}, {"spread": 2.0}])
def test_both_tests_see_another_mean_and_another_spread(change):
    x, y = normal(120, 0), normal(120, 1, **change)

    assert generation.mmd2(x, y)["mmd2_p"] == pytest.approx(1 / 200)
    found = generation.c2st(x, y)
    assert found["c2st_low"] > 0.5
    assert found["c2st_p"] < 0.01


def test_the_classifier_sees_missing_noise_behind_the_components():
    """Generated signatures lack the noise of real ones; no single direction shows it."""
    rng = np.random.default_rng(2)
    low = rng.normal(size=(200, 3)) @ (3 * rng.normal(size=(3, 60)))

    found = generation.c2st(low[:100] + rng.normal(size=(100, 60)), low[100:], n_components=3)

    assert found["c2st"] > 0.95


def test_both_tests_are_calibrated_on_two_sets_of_one_kind():
    real = normal(400, 3)

    table = generation.p_values_on_real(real, n=40, n_draws=80)

    for name in ("mmd2_p", "c2st_p"):
        assert 0.4 < table[name].mean() < 0.65
        assert (table[name] <= 0.05).mean() < 0.13
    assert abs(table["mmd2"].mean()) < 3 * table["mmd2"].std() / np.sqrt(80)
    assert table["c2st"].mean() == pytest.approx(0.5, abs=0.03)


def test_the_interval_holds_the_accuracy_and_only_rows_that_taught_nothing_are_asked():
    found = generation.c2st(normal(N_X, 0), normal(N_Y, 1))

    n_right = found["c2st"] * 2 * (N_X - N_X // 2)
    assert n_right == pytest.approx(round(n_right))
    assert found["c2st_low"] < found["c2st"] < found["c2st_high"]


def test_copies_of_training_signatures_are_found_and_new_ones_are_not():
    train, test, new = normal(60, 0), normal(90, 1), normal(50, 2)

    copied = generation.memorised(train[:50] + 0.01, train, test, n_permutations=199)
    fresh = generation.memorised(new, train, test, n_permutations=199)

    assert copied["nearer_train"] > 0.9
    assert copied["p"] == pytest.approx(1 / 200)
    assert copied["distance"] < copied["real_distance"]
    assert copied["expected"] == fresh["expected"] == 60 / 150
    assert fresh["p"] > 0.05


def test_p_of_copies_is_fair_where_all_generated_rows_share_one_neighbour():
    """Rows near the middle have the same nearest real row; a sign test would be sure of its side."""
    p = []
    for seed in range(60):
        real = normal(50, seed)
        p.append(generation.memorised(0.01 * normal(40, 99), real[:25], real[25:], n_permutations=99)["p"])

    assert 0.3 < np.mean(np.array(p) <= 0.55) < 0.8
    assert np.mean(np.array(p) <= 0.05) < 0.15


def test_halves_keep_groups_whole_and_lose_nothing():
    real = np.arange(24.0).reshape(12, 2)
    drug = np.repeat(list("abcd"), 3)

    first, second = generation.halves(real, drug, seed=1)

    assert len(first) == len(second) == 6
    assert sorted(np.concatenate([first, second])[:, 0]) == real[:, 0].tolist()
    for name in "abcd":
        assert np.isin(real[drug == name], first).all() or np.isin(real[drug == name], second).all()


def test_the_table_has_a_row_for_each_pair():
    x, y = normal(N_X, 0), normal(N_Y, 1)

    table = generation.both_tests({"same": (x, y), "shifted": (x, y + 3)}, n_permutations=19)

    assert table["compared"].tolist() == ["same", "shifted"]
    assert table["n"].tolist() == [N_X, N_X]
    assert table["c2st"][1] > table["c2st"][0]


@pytest.mark.parametrize("call", [generation.mmd2, generation.c2st])
def test_samples_of_other_genes_or_of_one_row_are_refused(call):
    with pytest.raises(DataError, match="gene=7"):
        call(normal(N_X, 0), normal(N_Y, 1, n_genes=3))
    with pytest.raises(DataError, match="rows are needed"):
        call(normal(1, 0), normal(N_Y, 1))


def test_too_few_signatures_for_two_sets_and_a_single_group_are_refused():
    with pytest.raises(DataError, match="60 signatures"):
        generation.p_values_on_real(normal(59, 0), n=30, n_draws=1)
    with pytest.raises(DataError, match="two groups"):
        generation.halves(normal(9, 0), np.repeat("a", 9))
