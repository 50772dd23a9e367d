from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from reread.maize.data.simulate import Design, simulate
from reread.maize.data.splits import split
from reread.maize.methods import holdouts
from reread.maize.models.baselines import MODELS
from reread.maize.models.training import Recipe

RECIPE = Recipe("scaled", "4 6", 16, 0.2, 0.9, 8, 16, 3e-3, 0.0, "constant")
RECIPES = {holdouts.PUBLISHED: RECIPE, holdouts.CORRECTED: RECIPE}


@pytest.fixture(scope="module")
def planted():
    design = Design(n_tissues=4, n_studies=4, n_replicates=3, n_genes=130, n_planted=10, n_decoys=20)
    return simulate(design, seed=3)


@pytest.fixture(scope="module")
def predictions(planted):
    return holdouts.evaluate_holdouts(planted, ["random", "group"], RECIPES, seeds=[0, 1], n_folds=2)


def test_every_model_predicts_the_same_samples_of_every_hold_out(predictions):
    same = predictions[~predictions["model"].isin((holdouts.PUBLISHED, holdouts.CONTROL))]
    seen = same.groupby(["kind", "seed", "model"])["sample"].apply(list)

    for key in [("random", 0), ("random", 1), ("group", 0), ("group", 1)]:
        lists = seen[key]
        assert list(lists.index) == sorted([holdouts.CORRECTED, *MODELS])
        assert all(one == lists.iloc[0] for one in lists)
    assert seen["random", 0].iloc[0] != seen["random", 1].iloc[0]


def test_the_network_as_published_has_one_seed_and_the_control_the_first_fold_of_the_first_kind(predictions):
    published = predictions[predictions["model"] == holdouts.PUBLISHED]
    control = predictions[predictions["model"] == holdouts.CONTROL]

    assert set(published["seed"]) == {0}
    assert set(published["kind"]) == {"random", "group"}
    assert set(control["fold"]) == {"random 1"}
    assert set(control["seed"]) == {0, 1}


def test_planted_tissues_of_a_new_study_are_found(predictions):
    table = holdouts.summary(predictions).set_index(["kind", "model"])

    score = table.loc["group", "macro_f1"]
    assert score[holdouts.CORRECTED] > 0.5  # 48 samples are few for a network; chance is a quarter
    assert (score[list(MODELS)] > 0.9).all()


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


def test_with_permuted_labels_accuracy_is_near_chance_and_the_data_stay(planted, predictions):
    before = planted.tissue.copy()

    control = predictions[predictions["model"] == holdouts.CONTROL]

    assert (control["tissue"] == control["predicted"]).mean() < 0.5
    assert (planted.tissue == before).all()


def test_a_confusion_counts_every_prediction_once():
    predictions = pd.DataFrame(
        {"tissue": list("aab"), "predicted": list("acb"), "kind": "group", "model": holdouts.CORRECTED}
    )

    table = holdouts.confusion(predictions, ["a", "b", "c"], kind="group").set_index(["tissue", "predicted"])

    assert table["n"].to_dict() == {
        ("a", "a"): 1, ("a", "b"): 0, ("a", "c"): 1, ("b", "a"): 0, ("b", "b"): 1, ("b", "c"): 0,
    }  # fmt: skip
    assert table.loc[("a", "c"), "share"] == 0.5


def test_the_lead_is_over_the_best_baseline_and_not_over_the_other_network():
    models = [holdouts.PUBLISHED, holdouts.CORRECTED, "LightGBM", "nearest centroid"]
    table = pd.DataFrame({"kind": "group", "model": models, "macro_f1": [0.3, 0.7, 0.6, 0.5]})

    found = holdouts.lead(table).set_index("model")

    assert found["lead"].to_dict() == pytest.approx({holdouts.PUBLISHED: -0.3, holdouts.CORRECTED: 0.1})
    assert set(found["baseline"]) == {"LightGBM"}


def test_a_network_that_is_known_is_not_trained_again(planted, predictions, monkeypatch):
    fold = split(planted, "random", seed=0, n_folds=2)[0]
    recipes = {holdouts.PUBLISHED: RECIPE}
    known = holdouts.train_networks(planted, [fold], recipes, 0)
    assert list(known) == [(holdouts.PUBLISHED, fold.name, 0)]
    monkeypatch.setattr(holdouts.training, "fit", lambda *_, **__: pytest.fail("trained again"))

    found = holdouts.evaluate_holdouts(planted, ["random"], recipes, known=known)

    wanted = f"kind == 'random' and fold == 'random 1' and model == '{holdouts.PUBLISHED}'"
    assert found.query(wanted)["predicted"].tolist() == predictions.query(wanted)["predicted"].tolist()


@pytest.fixture(scope="module")
def orders(planted):
    """Networks in the order of the file with two seeds, and in one random order with the first seed."""
    fold = split(planted, "replicate")[0]
    how = {"n_shuffles": 1, "seeds": [0, 1], "known": {}, "n_points": 8}
    return holdouts.gene_orders(planted, fold, RECIPE, **how)


def test_networks_on_permuted_genes_classify_tissues_as_well(orders):
    runs, _ = orders

    expected = [[holdouts.FILE, 0], [holdouts.FILE, 1], ["random order 1", 0]]
    assert runs[["order", "seed"]].to_numpy().tolist() == expected
    assert runs["accuracy"].min() > 0.5  # chance is a quarter


def test_pairs_of_networks_say_what_differs(orders):
    _, pairs = orders

    assert pairs["differs"].tolist() == ["seed", "order", "both"]
    assert pairs["jaccard"].between(0, 1).all()
    assert pairs["one"].tolist() == [f"{holdouts.FILE}, seed {seed}" for seed in (0, 0, 1)]


def test_means_of_orders_leave_out_what_has_no_run(orders):
    runs, pairs = orders

    whole = holdouts.order_means(runs, pairs, 130)
    alone = holdouts.order_means(runs.iloc[[0, 2]], pairs.iloc[[1]], 130)

    assert whole["accuracy_file"] == runs["accuracy"][:2].mean()
    assert set(alone) == {"accuracy_file", "accuracy_shuffled", "jaccard_order", "chance"}


def test_chance_is_what_random_sets_share():
    rng = np.random.default_rng(0)
    drawn = [[set(rng.choice(200, 20, replace=False)) for _ in range(2)] for _ in range(3000)]
    simulated = np.mean([len(a & b) / len(a | b) for a, b in drawn])

    empty = pd.DataFrame({"order": [], "accuracy": []}), pd.DataFrame({"differs": [], "jaccard": []})
    assert holdouts.order_means(*empty, 200)["chance"] == pytest.approx(simulated, rel=0.05)


def test_baselines_on_walley_lose_more_where_a_stage_is_new(mirror):
    from reread.maize.data import load as data

    atlas = data.load("walley-2016", n_genes=1000)

    found = holdouts.evaluate_holdouts(atlas, ["replicate", "group"], {}, n_folds=3)

    score = holdouts.summary(found).set_index(["kind", "model"])["macro_f1"]
    assert score["replicate", "logistic regression"] > 0.95
    assert score["group", "LightGBM"] < score["replicate", "LightGBM"]
