from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from reread.maize.data.simulate import Design, simulate
from reread.maize.data.splits import Split, split
from reread.maize.methods import holdouts
from reread.maize.models.training import Recipe

RECIPE = Recipe("scaled", "4 6", 16, 0.2, 0.9, 8, 16, 3e-3, 0.0, "constant")


@pytest.fixture(scope="module")
def planted():
    design = Design(n_tissues=4, n_studies=4, n_replicates=3, n_genes=130, n_planted=10, n_decoys=20)
    return simulate(design, seed=3)


@pytest.fixture(scope="module")
def predictions(planted):
    return holdouts.evaluate_holdouts(planted, ["random", "group"], RECIPE, seeds=[0, 1], n_folds=2)


def test_every_model_predicts_the_same_samples_of_every_hold_out(predictions):
    seen = predictions.groupby(["kind", "seed", "model"])["sample"].apply(list)

    for key in [("random", 0), ("random", 1), ("group", 0), ("group", 1)]:
        lists = seen[key]
        assert list(lists.index) == sorted(holdouts.MODELS)
        assert all(one == lists.iloc[0] for one in lists)
    assert seen["random", 0].iloc[0] != seen["random", 1].iloc[0]


def test_planted_tissues_of_a_new_study_are_found(predictions):
    table = holdouts.summary(predictions).set_index(["kind", "model"])

    score = table.loc["group", "macro_f1"]
    assert score[holdouts.CNN] > 0.5  # 48 samples are few for a network; chance is a quarter
    assert (score.drop(holdouts.CNN) > 0.9).all()


def test_macro_f1_pools_the_folds_of_a_seed(predictions):
    part = predictions[
        (predictions["kind"] == "group") & (predictions["seed"] == 1) & (predictions["model"] == "LightGBM")
    ]
    by_tissue = []
    for tissue in sorted(set(part["tissue"])):
        right = ((part["tissue"] == tissue) & (part["predicted"] == tissue)).sum()
        by_tissue.append(2 * right / ((part["tissue"] == tissue).sum() + (part["predicted"] == tissue).sum()))

    row = holdouts.summary(part).iloc[0]

    assert part["fold"].nunique() == 2
    assert row["macro_f1"] == pytest.approx(np.mean(by_tissue))
    assert row["n_test"] == len(part)


def test_a_tissue_that_is_never_predicted_correctly_has_an_f1_of_zero():
    assert holdouts.macro_f1(["a", "a", "b"], ["a", "a", "c"]) == 0.5


def test_with_permuted_labels_accuracy_is_near_chance(planted):
    fold = split(planted, "random", seed=0)[0]

    found = holdouts.shuffled_labels(planted, fold, RECIPE, seeds=range(3))

    assert found["control_accuracy"] < 0.5
    assert found["control_n_test"] == 10


def test_the_control_reports_the_accuracy_of_the_most_common_tissue(planted, monkeypatch):
    """Labels of the training samples count, not those of the test samples."""
    rows = {k: np.flatnonzero(planted.tissue == k) for k in range(4)}
    train = np.concatenate([rows[0][:3], rows[1][:2], rows[2][:5], rows[3][:4]])
    fold = Split("by hand", train, np.concatenate([rows[2][5:7], rows[1][2:10]]))
    named = pd.DataFrame({"tissue": list("ab"), "predicted": list("ac")})
    monkeypatch.setattr(holdouts, "_predicted", lambda *_, **__: named)

    assert holdouts.shuffled_labels(planted, fold, RECIPE, seeds=[4, 5]) == {
        "control_accuracy": 0.5, "control_n_test": 10, "control_commonest": 0.2,
    }  # fmt: skip


def test_the_hardest_hold_out_is_the_last_and_its_range_that_of_the_network(predictions):
    found = holdouts.hardest(holdouts.summary(predictions))

    part = predictions.query("kind == 'group' and model == 'CNN'")
    by_seed = [holdouts.summary(one)["macro_f1"].iloc[0] for _, one in part.groupby("seed")]
    assert found == {"hardest_n_tissues": 4, "hardest_low": min(by_seed), "hardest_high": max(by_seed)}


def test_the_control_leaves_the_data_as_they_were(planted):
    before = planted.tissue.copy()

    holdouts.shuffled_labels(planted, split(planted, "random")[0], RECIPE)

    assert (planted.tissue == before).all()


def test_a_confusion_counts_every_prediction_once():
    predictions = pd.DataFrame(
        {"tissue": list("aab"), "predicted": list("acb"), "kind": "group", "model": holdouts.CNN}
    )

    table = holdouts.confusion(predictions, ["a", "b", "c"], kind="group").set_index(["tissue", "predicted"])

    assert table["n"].to_dict() == {
        ("a", "a"): 1, ("a", "b"): 0, ("a", "c"): 1, ("b", "a"): 0, ("b", "b"): 1, ("b", "c"): 0,
    }  # fmt: skip
    assert table.loc[("a", "c"), "share"] == 0.5


def test_the_lead_is_over_the_best_baseline():
    table = pd.DataFrame(
        {
            "kind": "group",
            "model": [holdouts.CNN, "LightGBM", "nearest centroid"],
            "macro_f1": [0.7, 0.9, 0.5],
        }
    )

    row = holdouts.lead(table).iloc[0]

    assert row["cnn_lead"] == pytest.approx(-0.2)
    assert row["best_baseline"] == "LightGBM"


def test_a_network_that_is_known_is_not_trained_again(planted, predictions, monkeypatch):
    from reread.maize.models import training as network

    fold = split(planted, "random", seed=0, n_folds=2)[0]
    train = planted.take(fold.train)
    trained = network.fit(train.values, train.tissue, 4, 0, recipe=RECIPE)
    monkeypatch.setattr(network, "fit", lambda *_, **__: pytest.fail("trained again"))

    found = holdouts.evaluate_holdouts(
        planted, ["random"], RECIPE, models=[holdouts.CNN], known={(fold.name, 0): trained}
    )

    as_before = predictions.query("kind == 'random' and fold == 'random 1' and model == 'CNN' and seed == 0")
    assert found["predicted"].tolist() == as_before["predicted"].tolist()


def test_baselines_on_walley_lose_more_where_a_stage_is_new(mirror):
    from reread.maize.data import load as data

    atlas = data.load("walley-2016", n_genes=1000)
    baselines = ["logistic regression", "LightGBM"]

    found = holdouts.evaluate_holdouts(atlas, ["replicate", "group"], RECIPE, models=baselines, n_folds=3)

    score = holdouts.summary(found).set_index(["kind", "model"])["macro_f1"]
    assert score["replicate", "logistic regression"] > 0.95
    assert score["group", "LightGBM"] < score["replicate", "LightGBM"]
