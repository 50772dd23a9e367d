from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from reread.core.errors import DataError
from reread.lincs.data import simulate
from reread.lincs.methods import retrieval
from reread.lincs.methods.retrieval import first_target_rank


@pytest.fixture
def scores():
    values = [[9, 8, 7, 1, 0], [1, 2, 3, 4, 5], [5, 5, 1, 0, 2]]
    return pd.DataFrame(values, index=["x", "y", "z"], columns=list("abcde"), dtype=float)


KNOWN = {"x": ("b", "d"), "y": ("a",), "z": ("nobody",)}


def test_retrieval_ranks_the_best_target_and_leaves_drugs_without_one_out(scores):
    found = retrieval.retrieve(scores, KNOWN).set_index("drug")

    assert found.index.tolist() == ["x", "y"]
    assert found["rank"].tolist() == [2, 5]
    assert found["n_targets"].tolist() == [2, 1]
    assert found["by_chance"].tolist() == [2, 3]
    assert found["hit1"].tolist() == [False, False]
    assert found["hit5"].tolist() == [True, True]
    assert found.loc["x", "p"] == pytest.approx(7 / 10)
    assert found.loc["y", "p"] == pytest.approx(1)


def test_q_values_are_those_of_benjamini_and_hochberg(scores):
    found = retrieval.retrieve(scores, KNOWN | {"z": ("a",)})
    order = found["p"].sort_values()
    slow = {i: min(order.iloc[j] * 3 / (j + 1) for j in range(n, 3)) for n, i in enumerate(order.index)}

    np.testing.assert_allclose(found["q"], [min(slow[i], 1) for i in found.index])


def test_drugs_without_any_known_target_are_refused(scores):
    with pytest.raises(DataError, match="No drug"):
        retrieval.retrieve(scores, {"z": ("nobody",)})


def test_planted_targets_are_found_and_random_ones_are_at_chance():
    rng = np.random.default_rng(2)
    scores = pd.DataFrame(rng.normal(size=(12, 40)), columns=[f"g{i}" for i in range(40)])
    scores.index = [f"d{i}" for i in range(12)]
    planted = {f"d{i}": (f"g{i}", f"g{i + 20}") for i in range(12)}
    chance = [
        retrieval.mrr_null(scores, {d: rng.permutation(scores.columns)[:2] for d in scores.index},
                         n_permutations=39, seed=i)["mrr_p"]
        for i in range(60)
    ]  # fmt: skip
    for i in range(12):
        scores.iloc[i, i] += 6
    found = retrieval.mrr_null(scores, planted, n_permutations=199)

    assert found["mrr_p"] == pytest.approx(1 / 200)
    assert found["mrr"] > 0.9 > 3 * found["null_mrr"]
    assert 0.38 < np.mean(chance) < 0.62


def test_the_null_mean_is_that_of_random_order():
    """One target among n: the mean of 1 / rank is the n-th harmonic number over n."""
    rng = np.random.default_rng(3)
    scores = pd.DataFrame(rng.normal(size=(30, 10)), columns=[f"g{i}" for i in range(10)])
    scores.index = [f"d{i}" for i in range(30)]

    found = retrieval.mrr_null(scores, dict.fromkeys(scores.index, ("g4",)), n_permutations=400)

    assert found["null_mrr"] == pytest.approx(sum(1 / i for i in range(1, 11)) / 10, abs=0.02)


@pytest.fixture(scope="module")
def drawn():
    return simulate.simulate(n_genes=120, n_per_family=2, n_drugs=3, n_knockdowns=20, n_shrnas=2)


def mean_of(drawn, mask):
    return drawn.values[mask.to_numpy()].mean(axis=0)


def test_against_knock_downs_every_drug_meets_every_gene(drawn):
    scores = retrieval.score_against(drawn.values, drawn.meta, "knockdown")

    slow = np.corrcoef(
        mean_of(drawn, drawn.meta["pert_name"] == "B1-d2"), mean_of(drawn, drawn.meta["gene"] == "KD004")
    )
    assert scores.shape == (6 * 3, 20)
    assert scores.loc["B1-d2", "KD004"] == pytest.approx(slow[0, 1])


def test_against_other_drugs_the_mean_of_a_class_leaves_the_drug_out(drawn):
    scores = retrieval.score_against(drawn.values, drawn.meta, "drug")
    own = (drawn.meta["pcl"] == "B1") & (drawn.meta["pert_name"] != "B1-d2")

    slow = np.corrcoef(mean_of(drawn, drawn.meta["pert_name"] == "B1-d2"), mean_of(drawn, own))
    assert scores.columns.tolist() == list(drawn.truth.pcls)
    assert scores.loc["B1-d2", "B1"] == pytest.approx(slow[0, 1])


def test_a_class_of_one_drug_cannot_be_found_by_it(drawn):
    alone = drawn.take(~((drawn.meta["pcl"] == "A1") & (drawn.meta["pert_name"] != "A1-d1")).to_numpy())

    scores = retrieval.score_against(alone.values, alone.meta, "drug")

    assert scores.loc["A1-d1", "A1"] == -1
    assert scores.loc["A2-d1", "A1"] > -1


def test_signatures_without_knock_downs_have_no_scores(drawn):
    drugs = drawn.take((drawn.meta["kind"] == "drug").to_numpy())

    with pytest.raises(DataError, match="no knockdown"):
        retrieval.score_against(drugs.values, drugs.meta, "knockdown")
    with pytest.raises(DataError, match="axes"):
        retrieval.drug_ranks(drugs.values, drawn.meta, {})


def test_groups_are_what_was_planted(drawn):
    groups = retrieval.groups_of(drawn)

    assert (groups["A1-d1"], groups["A2-d3"], groups["C2-d1"]) == ("strong", "weak", "inert")
    assert len(groups) == 18


def test_strong_drugs_find_their_targets_and_inert_ones_do_not(drawn):
    found = retrieval.by_representation(
        {"raw": drawn.values}, drawn, "knockdown", drawn.truth.targets, n_permutations=199
    ).set_index("group")

    assert set(found.index) == {"strong", "weak", "inert"}
    assert found["n"].to_dict() == {"strong": 9, "weak": 3, "inert": 6}
    assert found.loc["strong", "mrr"] > 0.5
    assert found.loc["strong", "mrr_p"] < 0.05
    assert found.loc["inert", "mrr_p"] > 0.05


def test_ranks_of_drugs_are_those_of_their_signatures(drawn):
    table = retrieval.drug_ranks(drawn.values, drawn.meta, {"C1-d3": drawn.truth.targets["C1-d3"]})
    downs = (drawn.meta["kind"] == "knockdown").to_numpy()
    is_target = drawn.meta["gene"].isin(drawn.truth.targets["C1-d3"]).to_numpy()[downs]
    query = drawn.values[(drawn.meta["pert_name"] == "C1-d3").to_numpy()]

    slow = first_target_rank(query, drawn.values[downs], is_target).mean()
    assert len(table) == 1
    assert table.loc[0, "mean_rank"] == slow
    assert table.loc[0, "by_chance"] == pytest.approx((20 * 8 + 1) / (2 * 8 + 1))
    rng = np.random.default_rng(0)
    first = np.array([1 + np.flatnonzero(rng.permutation(is_target))[0] for _ in range(4000)])
    assert table.loc[0, "null_share"] == pytest.approx((first < table.loc[0, "by_chance"]).mean(), abs=0.03)


def test_every_representation_has_every_group(drawn):
    layers = {"raw": drawn.values, "few": drawn.values[:, :7]}

    found = retrieval.by_representation(layers, drawn, "knockdown", drawn.truth.targets, n_permutations=19)

    alone = retrieval.score_against(drawn.values[:, :7], drawn.meta, "knockdown")
    slow = retrieval.mrr_null(
        alone.loc[[d for d in alone.index if d[:2] in ("B2", "C2")]], drawn.truth.targets
    )
    few = found[(found["representation"] == "few") & (found["group"] == "inert")].iloc[0]
    assert len(found) == 2 * 3
    assert few["mrr"] == pytest.approx(slow["mrr"])
    assert "mrr_p" in found
