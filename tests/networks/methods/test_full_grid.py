from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from reread.networks.data import load as data
from reread.networks.data import readers
from reread.networks.data.tables import Expression, GRNDataset, Pairs
from reread.networks.methods import full_grid as grid
from sklearn.metrics import average_precision_score

METHODS = ["one-hot-logistic", "pearson", "components-lightgbm"]


@pytest.fixture(scope="module")
def dataset():
    return data.load("simulated", n_cells=150, seed=0)


@pytest.fixture(scope="module")
def scores(dataset):
    return grid.score_grid(dataset, ["tf", "both"], METHODS, n_folds=3)


@pytest.fixture(scope="module")
def table(scores):
    return grid.measure_grid(scores)


def test_the_grid_holds_every_tf_with_every_other_gene_once(dataset):
    pairs = grid.full_grid(dataset)
    slow = [(tf, gene) for tf in dataset.tfs for gene in range(120) if tf != gene]

    assert list(zip(pairs.tf, pairs.gene, strict=True)) == slow
    assert pairs.label.sum() == dataset.truth.sum()
    assert all(dataset.truth[tf, gene] == label for (tf, gene), label in zip(slow, pairs.label, strict=True))


def test_a_tf_that_only_regulates_itself_is_left_out_and_an_one_without_targets_stays(dataset):
    tfs = np.array([0, 1, 2])
    truth = np.zeros((3, 120), dtype=bool)
    truth[0, 5] = True
    listed = Pairs([0, 0, 1, 1], [5, 6, 1, 7], [1, 0, 1, 0], dataset.expression.genes)

    pairs = grid.full_grid(GRNDataset(dataset.expression, listed, tfs, truth))

    assert np.unique(pairs.tf).tolist() == [0, 2]
    assert len(pairs) == 2 * 119


@pytest.mark.parametrize(
    ("stem", "n_pairs", "n_edges"), [("E", 15_179, 665), ("L", 24_120, 831)], ids=["erythroid", "lymphoid"]
)
def test_the_published_lists_give_the_grid_of_the_network_they_come_from(mirror, stem, n_pairs, n_edges):
    folder = mirror / "networks"
    expression = readers.read_expression(folder / f"mHSC-{stem}_ExpressionDataOrderedfl.csv")
    listed = readers.read_pairs(folder / f"GenePairListmHSC-{stem}-Non-1000-GPL.csv", expression)

    pairs = grid.full_grid(data.dataset_of(expression, listed))

    assert (len(pairs), pairs.label.sum()) == (n_pairs, n_edges)


def test_measures_are_means_over_folds_and_ratios_are_over_prevalence(scores, table):
    for _, row in table.iterrows():
        own = scores[(scores["scheme"] == row["scheme"]) & (scores["method"] == row["method"])]
        ratios = [
            average_precision_score(f["label"], f["score"]) / f["label"].mean()
            for _, f in own.groupby("fold")
        ]
        assert row["auprc_ratio"] == pytest.approx(np.mean(ratios))


def test_gene_names_are_at_chance_on_the_grid_when_both_are_held_out(table):
    null = table.set_index(["scheme", "method"]).loc[("both", "one-hot-logistic")]

    assert (null["auroc"], null["auprc_ratio"], null["early_precision_ratio"]) == (0.5, 1, 1)


def test_probabilities_come_where_asked_and_stay_near_the_density(scores, table):
    assert scores["probability"].notna().all()
    by_tf = scores[scores["scheme"] == "tf"].groupby("method")
    for _, rows in by_tf:
        assert rows["probability"].between(0, 1).all()
        assert rows["probability"].mean() == pytest.approx(rows["label"].mean(), abs=0.03)
    assert (table.loc[table["scheme"] == "tf", "calibration_error"] < 0.1).all()


def test_calibration_keeps_the_order_of_scores(scores):
    for _, rows in scores[scores["scheme"] == "tf"].groupby(["method", "fold"]):
        sorted_rows = rows.sort_values("score")

        assert (np.diff(sorted_rows["probability"]) >= -1e-12).all()


def test_the_calibration_table_counts_every_pair_once(scores, dataset):
    curve = grid.calibration_table(scores)

    assert (curve.groupby("method")["n"].sum() == len(grid.full_grid(dataset))).all()


def test_planted_edges_are_found_and_tfs_without_targets_are_not(dataset):
    found = grid.score_against_truth(
        dataset, ["pearson", "spearman", "mutual-information"], with_control=True
    )

    assert (found["auprc_ratio"] > 1.5).all()
    assert found["control_auroc"].between(0.4, 0.65).all()


def test_a_control_that_leaks_into_a_target_is_seen(dataset):
    leaking = dataset.expression.values.copy()
    without_targets = dataset.tfs[dataset.without_targets]
    leaking[:, 60:120] += leaking[:, without_targets].sum(axis=1, keepdims=True)
    expression = Expression(leaking, dataset.expression.genes, "leaking")

    found = grid.score_against_truth(
        GRNDataset(expression, dataset.pairs, dataset.tfs, dataset.truth), ["pearson"], with_control=True
    )

    assert found["control_auroc"].item() > 0.65


def test_a_network_in_which_every_tf_has_targets_has_no_control(dataset):
    active = ~dataset.without_targets
    keep = np.isin(dataset.pairs.tf, dataset.tfs[active])
    smaller = GRNDataset(
        dataset.expression, dataset.pairs.take(keep), dataset.tfs[active], dataset.truth[active]
    )

    found = grid.score_against_truth(smaller, ["pearson"], with_control=True)

    assert found["control_auroc"].isna().all()


def test_two_runs_agree(dataset, scores):
    again = grid.score_grid(dataset, ["tf", "both"], METHODS, n_folds=3)

    pd.testing.assert_frame_equal(again, scores, check_exact=True)


@pytest.mark.parametrize(
    ("schemes", "calibrated"),
    [(["pair"], ["pair"]), (["pair", "gene"], ["gene"]), (["pair", "tf", "gene", "both"], ["tf", "both"])],
)
def test_without_a_held_out_tf_the_last_scheme_is_calibrated(dataset, schemes, calibrated):
    found = grid.score_grid(dataset, schemes, ["pearson"], n_folds=3)

    assert found.loc[found["probability"].notna(), "scheme"].unique().tolist() == calibrated


def test_the_control_is_computed_for_the_first_simulated_network_only():
    table = grid.truth_over_seeds(data.load("simulated", seed=1), ["pearson"], n_seeds=2, seed=1)

    assert table["seed"].tolist() == [1, 2]
    assert table["control_auroc"].notna().tolist() == [True, False]
