from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from reread.core.errors import DataError, ParameterError
from reread.lincs.data import simulate
from reread.lincs.methods import retrieval as handle
from reread.lincs.methods.retrieval import first_target_rank

N_GENES = 60


@pytest.fixture(scope="module")
def drawn():
    return simulate.simulate(n_genes=150, n_per_family=3, n_drugs=4, n_knockdowns=N_GENES, n_shrnas=2)


@pytest.fixture(scope="module")
def asked(drawn):
    return handle.query_drugs(
        drawn, drawn.values, dict.fromkeys(["A1-d1", "B2-d3"], drawn.truth.targets["A1-d1"])
    )


def rows_of(drawn, column, name):
    return (drawn.meta[column] == name).to_numpy()


def test_ranks_are_those_of_the_first_target(drawn, asked):
    wanted = drawn.truth.targets["A1-d1"]
    downs = drawn.take(rows_of(drawn, "kind", "knockdown"))

    for drug, part in asked.signatures.groupby("drug"):
        query = drawn.values[rows_of(drawn, "pert_name", drug)]
        slow = first_target_rank(query, downs.values, downs.meta["gene"].isin(wanted).to_numpy())
        assert part["rank"].tolist() == slow.tolist()


def test_the_summary_counts_what_it_says_and_stands_beside_chance(drawn, asked):
    first = asked.summary.set_index("drug").loc["A1-d1"]

    assert first["n_signatures"] == 4 * 3 * 2
    assert first["n_reference"] == N_GENES * 4 * 2
    assert first["n_of_targets"] == 2 * 4 * 2
    assert first["by_chance"] == pytest.approx((N_GENES * 8 + 1) / (2 * 8 + 1))
    assert first["mean_rank"] == asked.signatures.query("drug == 'A1-d1'")["rank"].mean()


def test_a_drug_finds_its_own_targets_and_not_those_of_another_class(asked):
    found = asked.summary.set_index("drug")

    assert found.loc["A1-d1", "p"] < 0.05
    assert found.loc["A1-d1", "best_rank"] <= 3
    assert found.loc["B2-d3", "p"] > 0.05


def test_the_null_draws_names_with_all_their_signatures(drawn):
    """With few names, every draw must be one of those that can be counted by hand."""
    rng = np.random.default_rng(0)
    labels = np.repeat(list("abcd"), [2, 3, 4, 5])
    query, reference = rng.normal(size=(3, 6)), rng.normal(size=(14, 6))
    known, ranks, nearest = handle.first_ranks(query, reference, labels)
    is_target = np.isin(known, ["b", "d"])

    null = handle.null_of_names(ranks, 2, 200, seed=0)
    drawn_null = handle.null_of_names(ranks, 2, 5, seed=0)

    slow = {
        first_target_rank(query, reference, np.isin(labels, pick)).mean() for pick in combinations("abcd", 2)
    }
    assert known.tolist() == list("abcd")
    assert len(null) == 6 and {round(one, 9) for one in null} == {round(one, 9) for one in slow}
    assert len(drawn_null) == 5 and {round(one, 9) for one in drawn_null} <= {round(one, 9) for one in slow}
    observed = first_target_rank(query, reference, np.isin(labels, ["b", "d"])).mean()
    assert ranks[:, is_target].min(axis=1).mean() == observed
    best = [np.argmax([np.corrcoef(one, row)[0, 1] for row in reference]) for one in query]
    assert nearest.tolist() == labels[best].tolist()


def test_with_few_names_p_is_a_share_of_all_choices_whatever_the_seed(drawn):
    p = [
        handle.query_drugs(drawn, drawn.values, {"A1-d1": ["A1"]}, against="drug", seed=seed).summary["p"][0]
        for seed in (0, 1)
    ]

    assert p[0] == p[1] == pytest.approx(1 / len(drawn.truth.pcls))


def test_blocks_do_not_change_ranks(monkeypatch):
    rng = np.random.default_rng(1)
    query, reference = rng.normal(size=(5, 6)), rng.normal(size=(9, 6))
    labels = np.array(list("abcabcabc"))
    whole = handle.first_ranks(query, reference, labels)[1]
    monkeypatch.setattr(handle, "BLOCK", 18)

    assert (handle.first_ranks(query, reference, labels)[1] == whole).all()


def test_p_is_uniform_for_targets_that_were_made_up(drawn):
    rng = np.random.default_rng(2)
    genes = sorted(set(drawn.meta["gene"]) - {""})
    p = [
        handle.query_drugs(drawn, drawn.values, {"C3-d1": rng.choice(genes, 2, replace=False)},
                       n_permutations=99).summary["p"][0]
        for _ in range(25)
    ]  # fmt: skip

    assert 0.3 < np.mean(p) < 0.7


def test_against_other_drugs_the_drug_itself_is_left_out(drawn):
    found = handle.query_drugs(drawn, drawn.values, {"A1-d1": ["A1"]}, against="drug")

    first = found.summary.iloc[0]
    assert first["n_reference"] == (9 * 4 - 1) * 4 * 3 * 2
    assert first["n_of_targets"] == 3 * 4 * 3 * 2
    assert first["best_rank"] == 1
    assert set(found.names["name"]) == set(drawn.truth.pcls)


def test_names_are_ranked_by_score_and_targets_are_marked(drawn, asked):
    part = asked.names.query("drug == 'A1-d1'")

    assert part["score"].is_monotonic_decreasing
    assert part["rank"].tolist() == list(range(1, N_GENES + 1))
    assert set(part.loc[part["is_target"], "name"]) == set(drawn.truth.targets["A1-d1"])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"targets": {"A1-d9": ["KD001"]}}, "no drug 'A1-d9' here.*A1-d"),
        ({"targets": {"A1-d1": ["KD3"]}}, "no target 'KD3' here.*KD"),
        ({"targets": {}}, "at least one drug"),
        ({"targets": {"A1-d1": []}}, "one target"),
        ({"against": "moon"}, "knockdown, drug"),
    ],
)
def test_unknown_names_are_refused_with_the_nearest(drawn, change, said):
    given = {"targets": {"A1-d1": ["KD001"]}} | change

    with pytest.raises(ParameterError, match=said):
        handle.query_drugs(drawn, drawn.values, **given)


def test_signatures_without_a_reference_are_refused(drawn):
    drugs = drawn.take(rows_of(drawn, "kind", "drug"))

    with pytest.raises(DataError, match="no knockdown"):
        handle.query_drugs(drugs, drugs.values, {"A1-d1": ["KD001"]})
    with pytest.raises(DataError, match="signature"):
        handle.query_drugs(drawn, drugs.values, {"A1-d1": ["KD001"]})


def test_a_class_of_one_drug_has_nothing_to_be_found(drawn):
    alone = drawn.take(~rows_of(drawn, "pcl", "A1") | rows_of(drawn, "pert_name", "A1-d1"))

    with pytest.raises(DataError, match="No other drug than A1-d1"):
        handle.query_drugs(alone, alone.values, {"A1-d1": ["A1"]}, against="drug")


def test_targets_that_are_not_named_are_the_known_ones():
    known = {"x": ("b", "a"), "y": ("c",)}

    assert handle.targets_of(["x", "y"], [], known) == {"x": ("a", "b"), "y": ("c",)}
    assert handle.targets_of(["x", "y"], ["z"], known) == {"x": ("z",), "y": ("z",)}
    with pytest.raises(ParameterError, match="No target of 'w'"):
        handle.targets_of(["w"], [], known)


def test_two_drugs_are_each_asked_for_their_own_targets_and_not_for_those_of_both(drawn):
    both = {drug: drawn.truth.targets[drug] for drug in ("A1-d1", "B2-d3")}
    together = handle.query_drugs(drawn, drawn.values, both)
    alone = handle.query_drugs(drawn, drawn.values, {"B2-d3": both["B2-d3"]})

    second = together.summary.set_index("drug").loc["B2-d3"]
    assert second.equals(alone.summary.set_index("drug").loc["B2-d3"])
    marked = together.names.query("is_target").groupby("drug")["name"].agg(set).to_dict()
    assert marked == {drug: set(names) for drug, names in both.items()}


def test_known_targets_are_those_planted_or_the_class_of_a_drug(drawn):
    assert handle.known_targets(drawn) == drawn.truth.targets
    assert handle.known_targets(drawn, "drug")["B2-d3"] == ("B2",)

    alone = drawn.take(~rows_of(drawn, "pcl", "A1") | rows_of(drawn, "pert_name", "A1-d1"))
    assert "A1-d1" not in handle.known_targets(alone, "drug")


def test_known_targets_of_real_drugs_come_from_the_table_of_the_user(drawn, tmp_path, monkeypatch):
    table = tmp_path / "targets.csv"
    table.write_text("pert_name,gene\nA1-d1,KD007\nA1-d1,NOBODY\n")
    monkeypatch.setattr(handle.registry, "fetch", {"lincs/drug-targets": table}.__getitem__)

    assert handle.known_targets(replace(drawn, truth=None)) == {"A1-d1": ("KD007",)}
