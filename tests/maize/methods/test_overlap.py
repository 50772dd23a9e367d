from __future__ import annotations

import numpy as np
import pytest
from reread.core.errors import DataError
from reread.maize.methods import overlap
from scipy.stats import fisher_exact

N_GENES = 60
SETS = {"a": np.arange(20), "b": np.arange(10, 45), "c": np.array([1, 12, 13, 50, 50])}


def test_every_two_sets_are_counted_with_their_expectation():
    found = overlap.overlaps(SETS, N_GENES).set_index(["left", "right"])

    assert found.loc[("a", "b"), ["n_left", "n_right", "shared"]].tolist() == [20, 35, 10]
    assert found.loc[("a", "b"), "expected"] == pytest.approx(20 * 35 / 60)
    assert found.loc[("a", "c"), "jaccard"] == pytest.approx(3 / 21)
    assert len(found) == 3


def test_p_agrees_with_fishers_exact_test():
    found = overlap.overlaps(SETS, N_GENES).set_index(["left", "right"])["p"]

    table = [[3, 17], [1, N_GENES - 21]]
    assert found["a", "c"] == pytest.approx(fisher_exact(table, alternative="greater").pvalue)


def test_the_core_of_two_sets_is_their_overlap():
    pair = overlap.overlaps(SETS, N_GENES).iloc[0]

    found = overlap.core([SETS["a"], SETS["b"]], N_GENES)

    assert (found["n"], found["expected"], found["p"]) == pytest.approx(
        (pair["shared"], pair["expected"], pair["p"])
    )


def test_the_core_of_three_sets_agrees_with_drawing_them():
    rng, sizes = np.random.default_rng(0), [25, 30, 20]
    draws = [
        len(set.intersection(*(set(rng.permutation(N_GENES)[:n].tolist()) for n in sizes)))
        for _ in range(20_000)
    ]
    simulated = np.bincount(draws, minlength=21) / len(draws)

    chance = overlap.shared_by_chance(sizes, N_GENES)

    assert np.abs(chance - simulated[: len(chance)]).max() < 0.01
    assert chance.sum() == pytest.approx(1)
    assert chance @ np.arange(len(chance)) == pytest.approx(25 * 30 * 20 / N_GENES**2)


def test_a_core_larger_than_chance_has_a_small_p():
    same = np.arange(8)

    found = overlap.core([same, same, same], N_GENES)

    assert found["n"] == 8
    assert found["p"] < 1e-9


@pytest.mark.parametrize("genes", [[], [N_GENES], [-1]])
def test_a_set_of_no_genes_is_refused(genes):
    with pytest.raises(DataError, match="at least one"):
        overlap.core([np.array(genes, dtype=int), np.arange(3)], N_GENES)
