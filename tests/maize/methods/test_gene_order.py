from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from reread.maize.data.simulate import Design, simulate
from reread.maize.data.splits import split
from reread.maize.methods import gene_order
from reread.maize.methods.gene_order import Sensitivity
from reread.maize.models.training import Recipe


def test_the_first_order_is_that_of_the_file_and_the_others_are_permutations():
    found = gene_order.orders(17, 3, seed=2)

    assert found.pop(gene_order.FILE) is None
    assert list(found) == ["shuffle 1", "shuffle 2", "shuffle 3"]
    for one in found.values():
        assert sorted(one) == list(range(17))


def test_pairs_say_what_differs_and_share_what_is_in_both_tops():
    runs = pd.DataFrame(
        {"order": ["file", "file", "shuffle 1"], "seed": [0, 1, 1], "accuracy": [1.0, 0.5, 0.75]}
    )
    scores = (np.array([[4.0, 3, 2, 1, 0]]), np.array([[4.0, 1, 3, 2, 0]]), np.array([[0.0, 1, 2, 3, 4]]))

    pairs = gene_order.overlaps(Sensitivity(runs, scores, {}), k=2)

    assert pairs["differs"].tolist() == ["seed", "both", "order"]
    assert pairs["jaccard"].tolist() == pytest.approx([1 / 3, 0, 0])
    assert pairs["one"].tolist() == ["file, seed 0", "file, seed 0", "file, seed 1"]
    found = gene_order.summary(Sensitivity(runs, scores, {}), pairs, k=2)
    assert found["accuracy_file"] == 0.75
    assert found["jaccard_seed"] == pytest.approx(1 / 3)


def test_a_comparison_without_a_run_is_left_out():
    runs = pd.DataFrame({"order": ["file", "shuffle 1"], "seed": [0, 0], "accuracy": [1.0, 1.0]})
    scores = (np.eye(3), np.eye(3))

    found = gene_order.summary(
        Sensitivity(runs, scores, {}), gene_order.overlaps(Sensitivity(runs, scores, {}), k=1), k=1
    )

    assert set(found) == {"accuracy_file", "accuracy_shuffled", "jaccard_order", "chance"}


def test_chance_is_what_random_sets_share():
    rng = np.random.default_rng(0)
    drawn = [[set(rng.choice(200, 20, replace=False)) for _ in range(2)] for _ in range(3000)]
    simulated = np.mean([len(a & b) / len(a | b) for a, b in drawn])

    assert gene_order.chance(200, 20) == pytest.approx(simulated, rel=0.05)


def test_networks_on_permuted_genes_classify_tissues_as_well():
    design = Design(n_tissues=4, n_studies=3, n_replicates=4, n_genes=130, n_planted=10, n_decoys=20)
    data = simulate(design, seed=3)
    recipe = Recipe("scaled", "4 6", 16, 0.2, 0.9, 10, 16, 3e-3, 0.0, "constant")

    fold = split(data, "replicate")[0]
    found = gene_order.sensitivity(data, fold, recipe, n_shuffles=1, n_seeds=2, n_points=8)

    assert found.runs[["order", "seed"]].to_numpy().tolist() == [
        ["file", 0], ["file", 1], ["shuffle 1", 0], ["shuffle 1", 1],
    ]  # fmt: skip
    assert found.runs["accuracy"].min() > 0.5  # chance is a quarter
    assert len({scores.tobytes() for scores in found.scores}) == 4
    assert list(found.networks) == [(fold.name, 0), (fold.name, 1)]
