from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from reread.core.metrics import auroc
from reread.depression.data import splits
from reread.depression.methods import baselines, evaluate


@pytest.fixture(scope="module")
def folds(small):
    return splits.by_cell(small.cells, 4) + splits.by_donor(small.cells, 4)


@pytest.fixture(scope="module")
def predicted(small, folds):
    return baselines.run(small, small.cells["condition"].to_numpy(), folds)


def test_every_cell_is_predicted_once_by_each_method_and_split(small, predicted):
    n = predicted.groupby(["method", "split"])["cell"].agg(["size", "nunique"])

    assert (n == len(small)).all().all()
    assert set(predicted["method"]) == set(baselines.METHODS)
    np.testing.assert_array_equal(
        predicted["condition"], small.cells["condition"].to_numpy()[predicted["cell"]]
    )


def test_scores_are_taken_inside_folds_and_averaged(predicted):
    part = predicted[(predicted["method"] == "logistic regression") & (predicted["split"] == "donor")]
    found = evaluate.by_seed(predicted).set_index(["method", "split"]).loc[("logistic regression", "donor")]

    each = [
        auroc(one["condition"].to_numpy(), one["probability"].to_numpy()) for _, one in part.groupby("fold")
    ]
    assert found["auroc"] == pytest.approx(np.mean(each))
    assert found["auroc"] > 0.7
    assert found["donor_auroc"] == evaluate.donor_auroc(part) == 1.0


def test_the_interval_holds_the_score_and_a_constant_has_none(predicted):
    table = evaluate.summary(predicted, n_boot=50).set_index(["method", "split"])

    simple = table.loc[("logistic regression", "donor")]
    assert simple["low"] <= simple["auroc"] <= simple["high"]
    assert (table.loc["majority", ["auroc", "low", "high"]] == 0.5).all().all()


def test_the_test_cells_never_train_a_baseline(small, folds):
    label = small.cells["condition"].to_numpy().copy()
    (fold,) = folds[4:5]
    first = baselines.run(small, label, [fold])["probability"]
    label[fold.test] = 1 - label[fold.test]

    np.testing.assert_array_equal(baselines.run(small, label, [fold])["probability"], first)


def test_pseudobulk_gives_one_answer_to_a_donor(predicted):
    part = predicted[(predicted["method"] == "pseudobulk") & (predicted["split"] == "donor")]

    assert (part.groupby("donor")["probability"].nunique() == 1).all()


def test_meaningless_labels_are_found_by_a_cell_split_only(small, folds):
    null = baselines.permuted_null(small, folds, n_permutations=4)
    mean = null.groupby("split")["auroc"].mean()

    assert mean["cell"] > 0.65
    assert abs(mean["donor"] - 0.5) < 0.25
    assert len(null) <= 8


def test_paired_donors_have_no_donor_score_and_types_are_scored_apart(small, folds):
    cells = small.cells.assign(condition=np.arange(len(small)) % 2)
    table = evaluate.predictions(cells, folds[0].test, np.full(60, np.nan), method="x", split="cell 0")

    assert np.isnan(evaluate.donor_auroc(table))
    assert (table["probability"] == 0.5).all()
    by_type = evaluate.by_cell_type(table, least=2)
    assert set(by_type["cell_type"]) <= set(small.cells["cell_type"]) and (by_type["auroc"] == 0.5).all()


def test_a_calibrated_prediction_lies_on_the_diagonal():
    rng = np.random.default_rng(0)
    p = rng.uniform(size=4000)
    table = pd.DataFrame(
        {"method": "x", "split": "cell", "condition": rng.random(4000) < p, "probability": p}
    )
    curve = evaluate.calibration(table.astype({"condition": int}))

    np.testing.assert_allclose(curve["predicted"], curve["observed"], atol=0.08)
