from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from reread.core.errors import ParameterError
from reread.maize.data.simulate import Design, simulate
from reread.maize.data.splits import Split, split
from reread.maize.methods import holdouts as ladder
from reread.maize.models.training import Recipe

RECIPE = Recipe("scaled", "4 6", 16, 0.2, 0.9, 8, 16, 3e-3, 0.0, "constant")


@pytest.fixture(scope="module")
def planted():
    design = Design(n_tissues=4, n_studies=4, n_replicates=3, n_genes=130, n_planted=10, n_decoys=20)
    return simulate(design, seed=3)


@pytest.fixture(scope="module")
def climbed(planted):
    return ladder.climb(planted, ["random", "group"], seeds=[0, 1], n_folds=2, recipe=RECIPE)


def test_every_model_names_the_same_samples_on_every_rung(climbed):
    seen = climbed.groupby(["kind", "seed", "model"])["sample"].apply(list)

    for key in [("random", 0), ("random", 1), ("group", 0), ("group", 1)]:
        lists = seen[key]
        assert list(lists.index) == sorted(ladder.MODELS)
        assert all(one == lists.iloc[0] for one in lists)
    assert seen["random", 0].iloc[0] != seen["random", 1].iloc[0]


def test_planted_tissues_of_a_new_study_are_found(climbed):
    table = ladder.summary(ladder.measured(climbed)).set_index(["kind", "model"])

    score = table.loc["group", "macro_f1"]
    assert score[ladder.CNN] > 0.5  # 48 samples are few for a network; chance is a quarter
    assert (score.drop(ladder.CNN) > 0.9).all()


def test_macro_f1_takes_the_folds_of_a_seed_together(climbed):
    part = climbed[(climbed["kind"] == "group") & (climbed["seed"] == 1) & (climbed["model"] == "LightGBM")]
    by_tissue = []
    for tissue in sorted(set(part["tissue"])):
        right = ((part["tissue"] == tissue) & (part["predicted"] == tissue)).sum()
        by_tissue.append(2 * right / ((part["tissue"] == tissue).sum() + (part["predicted"] == tissue).sum()))

    table = ladder.measured(climbed).set_index(["kind", "model", "seed"])

    assert part["fold"].nunique() == 2
    assert table.loc[("group", "LightGBM", 1), "macro_f1"] == pytest.approx(np.mean(by_tissue))
    assert table.loc[("group", "LightGBM", 1), "n_test"] == len(part)


def test_a_tissue_that_is_never_named_rightly_counts_as_nothing():
    assert ladder.macro_f1(["a", "a", "b"], ["a", "a", "c"]) == 0.5


def test_shuffled_labels_leave_nothing_to_learn(planted):
    fold = split(planted, "random", seed=0)[0]

    found = ladder.control(planted, fold, seeds=range(3), recipe=RECIPE)

    assert found["control_accuracy"] < 0.5
    assert found["control_n_test"] == 10


def test_the_control_knows_what_the_commonest_tissue_alone_would_name(planted, monkeypatch):
    """Labels of the training samples count, not those of the test samples."""
    rows = {k: np.flatnonzero(planted.tissue == k) for k in range(4)}
    train = np.concatenate([rows[0][:3], rows[1][:2], rows[2][:5], rows[3][:4]])
    fold = Split(train, np.concatenate([rows[2][5:7], rows[1][2:10]]), "by hand")
    named = pd.DataFrame({"tissue": list("ab"), "predicted": list("ac")})
    monkeypatch.setattr(ladder, "_named", lambda *_, **__: named)

    assert ladder.control(planted, fold, seeds=[4, 5]) == {
        "control_accuracy": 0.5, "control_n_test": 10, "control_commonest": 0.2,
    }  # fmt: skip


def test_the_hardest_rung_is_the_last_and_its_spread_that_of_the_network(climbed):
    found = ladder.hardest(ladder.summary(ladder.measured(climbed)))

    by_seed = ladder.measured(climbed).query("kind == 'group' and model == 'CNN'")["macro_f1"]
    assert found == {"hardest_n_tissues": 4, "hardest_low": by_seed.min(), "hardest_high": by_seed.max()}


def test_the_control_leaves_the_data_as_they_were(planted):
    before = planted.tissue.copy()

    ladder.control(planted, split(planted, "random")[0], recipe=RECIPE)

    assert (planted.tissue == before).all()


def test_a_confusion_counts_every_prediction_once():
    predictions = pd.DataFrame(
        {"tissue": list("aab"), "predicted": list("acb"), "kind": "group", "model": ladder.CNN}
    )

    table = ladder.confusion(predictions, ["a", "b", "c"], kind="group").set_index(["tissue", "predicted"])

    assert table["n"].to_dict() == {
        ("a", "a"): 1, ("a", "b"): 0, ("a", "c"): 1, ("b", "a"): 0, ("b", "b"): 1, ("b", "c"): 0,
    }  # fmt: skip
    assert table.loc[("a", "c"), "share"] == 0.5


def test_the_lead_is_over_the_best_simple_model():
    table = pd.DataFrame(
        {"kind": "group", "model": [ladder.CNN, "LightGBM", "nearest centroid"], "macro_f1": [0.7, 0.9, 0.5]}
    )

    row = ladder.lead(table).iloc[0]

    assert row["cnn_lead"] == pytest.approx(-0.2)
    assert row["best_simple"] == "LightGBM"


def test_a_network_that_is_known_is_not_trained_again(planted, climbed, monkeypatch):
    from reread.maize.models import training as network

    fold = split(planted, "random", seed=0, n_folds=2)[0]
    taught = planted.take(fold.train)
    trained = network.fit(taught.values, taught.tissue, 4, 0, recipe=RECIPE)
    monkeypatch.setattr(network, "fit", lambda *_, **__: pytest.fail("trained again"))

    found = ladder.climb(planted, ["random"], [ladder.CNN], known={(fold.name, 0): trained})

    as_before = climbed.query("kind == 'random' and fold == 'random 1' and model == 'CNN' and seed == 0")
    assert found["predicted"].tolist() == as_before["predicted"].tolist()


def test_an_unknown_model_is_refused(planted):
    with pytest.raises(ParameterError, match="Did you mean 'LightGBM'"):
        ladder.climb(planted, ["random"], ["LightGMB"])


def test_simple_models_on_walley_lose_more_where_a_stage_is_new(mirror):
    from reread.maize.data import load as data

    atlas = data.load("walley-2016", n_genes=1000)
    simple_ones = ["logistic regression", "LightGBM"]

    found = ladder.measured(ladder.climb(atlas, ["replicate", "group"], simple_ones, n_folds=3))

    score = found.set_index(["kind", "model"])["macro_f1"]
    assert score["replicate", "logistic regression"] > 0.95
    assert score["group", "LightGBM"] < score["replicate", "LightGBM"]
