from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from reread.core.errors import DataError, ParameterError
from reread.networks.data import load as data
from reread.networks.data.splits import split_pairs
from reread.networks.methods import benchmark as compare
from reread.networks.methods.comparison import mean_and_sd
from sklearn.metrics import average_precision_score, roc_auc_score

METHODS = ["tf-rate", "one-hot-logistic", "pearson", "components-logistic"]
SCHEMES = ["pair", "both"]


@pytest.fixture(scope="module")
def dataset():
    return data.load("simulated", n_cells=80, negatives="pool")


@pytest.fixture(scope="module")
def scores(dataset):
    return compare.score_methods(dataset, SCHEMES, METHODS, n_folds=3)


@pytest.fixture(scope="module")
def table(dataset, scores):
    return compare.compare_scores(dataset, scores, n_boot=40)


def extra_of(dataset, fold, score):
    rows = fold.test
    return pd.DataFrame(
        {
            "scheme": "pair",
            "fold": fold.name,
            "row": rows,
            "label": dataset.pairs.label[rows],
            "score": score,
            "method": "attention",
        }
    )


def test_every_method_scores_the_very_same_rows(scores):
    for _, rows in scores.groupby(["scheme", "fold"]):
        lists = [tuple(one["row"]) for _, one in rows.groupby("method")]

        assert len(lists) == len(METHODS)
        assert len(set(lists)) == 1


def test_measures_agree_with_scikit_learn_fold_by_fold(scores, table):
    for _, row in table.iterrows():
        own = scores[(scores["scheme"] == row["scheme"]) & (scores["method"] == row["method"])]
        slow = [
            (roc_auc_score(f["label"], f["score"]), average_precision_score(f["label"], f["score"]))
            for _, f in own.groupby("fold")
        ]
        np.testing.assert_allclose(np.mean(slow, axis=0), [row["auroc"], row["auprc"]], atol=1e-12)
        np.testing.assert_allclose(np.std(slow, axis=0), [row["auroc_sd"], row["auprc_sd"]], atol=1e-12)


def test_lift_is_over_the_best_baseline_of_the_scheme(table):
    for _, rows in table.groupby("scheme"):
        best = rows[rows["family"] == compare.NAMES]["auprc"].max()

        np.testing.assert_allclose(rows["auprc_gain"], rows["auprc"] - best, atol=1e-12)
        null = rows[rows["method"] == rows["best_baseline"]]
        assert null[["auprc_gain", "auprc_gain_low", "auprc_gain_high"]].to_numpy().tolist() == [[0, 0, 0]]


def test_names_predict_a_pooled_list_by_pair_and_nothing_with_both_held_out(table):
    names = table[table["method"] == "one-hot-logistic"].set_index("scheme")["auroc"]

    assert names["pair"] > 0.75
    assert names["both"] == 0.5


def test_a_deep_score_on_one_fold_meets_the_null_of_that_fold_alone(dataset, scores):
    fold = split_pairs(dataset.pairs, "pair", n_folds=3)[1]
    perfect = extra_of(dataset, fold, dataset.pairs.label[fold.test].astype(float))

    row = (
        compare.compare_scores(dataset, scores, n_boot=30, extra_scores=perfect)
        .set_index("method")
        .loc["attention"]
    )

    one = scores[(scores["scheme"] == "pair") & (scores["fold"] == 1)]
    nulls = [
        average_precision_score(f["label"], f["score"]) for m, f in one.groupby("method") if m in METHODS[:2]
    ]
    assert (row["family"], row["n_folds"], row["auprc"]) == (compare.DEEP, 1, 1.0)
    assert row["best_baseline_auprc"] == pytest.approx(max(nulls))
    assert 0 < row["auprc_gain_low"] <= row["auprc_gain"] <= row["auprc_gain_high"] + 1e-9


def test_scores_of_other_rows_are_refused(dataset, scores):
    fold = split_pairs(dataset.pairs, "pair", n_folds=3, seed=9)[0]
    foreign = extra_of(dataset, fold, np.zeros(len(fold.test)))

    with pytest.raises(DataError, match=r"attention scored .* rows in fold 0"):
        compare.compare_scores(dataset, scores, n_boot=5, extra_scores=foreign)


def test_a_lift_without_a_null_is_refused(dataset, scores):
    with pytest.raises(DataError, match="gene-name baseline"):
        compare.compare_scores(dataset, scores[scores["method"] == "pearson"], n_boot=5)


def test_an_unknown_method_is_refused_with_the_nearest(dataset):
    with pytest.raises(ParameterError, match="pearson"):
        compare.score_methods(dataset, SCHEMES, ["Pearsen"])


def test_two_runs_agree(dataset, table):
    scores = compare.score_methods(dataset, SCHEMES, METHODS, n_folds=3)
    again = compare.compare_scores(dataset, scores, n_boot=40)

    pd.testing.assert_frame_equal(again, table, check_exact=True)


def test_gains_are_differences_in_auroc_by_split():
    rows = [
        ("pair", "spearman", compare.UNSUPERVISED, 0.60),
        ("pair", "components-lightgbm", compare.SUPERVISED, 0.90),
        ("pair", "as-published", compare.DEEP, 0.86),
        ("both", "spearman", compare.UNSUPERVISED, 0.66),
        ("both", "components-lightgbm", compare.SUPERVISED, 0.63),
    ]
    table = pd.DataFrame(rows, columns=["scheme", "method", "family", "auroc"])

    gains = compare.supervised_over_spearman(table)

    assert gains["supervised_over_spearman"].tolist() == pytest.approx([0.30, -0.03])


def test_a_network_of_one_fold_is_compared_with_others_on_that_fold(dataset):
    scores = compare.score_methods(dataset, ["pair"], ["tf-rate", "spearman", "genie3"], n_folds=3, n_trees=5)
    fold = split_pairs(dataset.pairs, "pair", n_folds=3)[1]
    extra = extra_of(dataset, fold, np.arange(len(fold.test)))

    table = compare.compare_scores(dataset, scores, n_boot=5, extra_scores=extra)
    row = table.set_index("method").loc["attention"]

    on_fold = scores[scores["fold"] == 1].groupby("method")[["label", "score"]]
    for method in ("spearman", "genie3"):
        one = on_fold.get_group(method)
        expected = row["auroc"] - roc_auc_score(one["label"], one["score"])
        assert row[f"auroc_over_{method}"] == pytest.approx(expected)


def test_scores_of_a_scheme_that_is_not_compared_are_left_out(dataset, scores):
    fold = split_pairs(dataset.pairs, "pair", n_folds=3)[0]
    other = extra_of(dataset, fold, np.zeros(len(fold.test))).assign(scheme="gene")

    table = compare.compare_scores(dataset, scores, n_boot=5, extra_scores=other)

    assert set(table["scheme"]) == set(SCHEMES)


def test_mean_and_sd_are_over_what_is_not_grouped():
    table = pd.DataFrame({"method": ["a", "a", "b"], "seed": [0, 1, 0], "auroc": [0.5, 0.7, 0.9]})

    found = mean_and_sd(table, ["method"], ["auroc"]).set_index("method")

    assert found.loc["a", ["auroc", "auroc_sd"]].tolist() == pytest.approx([0.6, 0.1])


def test_one_row_has_a_mean_and_no_standard_deviation():
    table = pd.DataFrame({"method": ["a", "a", "b"], "seed": [0, 1, 0], "auroc": [0.5, 0.7, 0.9]})

    found = mean_and_sd(table, ["method"], ["auroc"]).set_index("method")

    assert found.loc["b", "auroc"] == 0.9
    assert np.isnan(found.loc["b", "auroc_sd"])
