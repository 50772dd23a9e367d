from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from reread.lincs.data.simulate import simulate
from reread.lincs.data.splits import HELD_OUT, RANDOM, both_splits
from reread.lincs.data.tables import meta_frame
from reread.lincs.methods import reconstruction as reconstruct
from reread.lincs.methods.pca import pca_rebuild, r2
from reread.lincs.methods.reconstruction import CHOSEN, PUBLISHED

SETTINGS = {"hidden": 16, "latent": 6, "epochs": 2, "batch": 64}


@pytest.fixture(scope="module")
def signatures():
    found = simulate(0, n_genes=40, n_knockdowns=24)
    return found.take((found.meta["kind"] == "drug").to_numpy())


@pytest.fixture(scope="module")
def parts(signatures):
    return both_splits(signatures)


@pytest.fixture(scope="module")
def runs(signatures, parts):
    return reconstruct.train(
        signatures, parts, n_seeds=2, seed=5, chosen={"beta": 0.5, "warmup": 1}, **SETTINGS
    )


def test_the_published_loss_is_trained_on_both_splits_and_the_chosen_on_one(runs):
    assert [(run.split, run.method, run.seed) for run in runs] == [
        (RANDOM, PUBLISHED, 5), (HELD_OUT, PUBLISHED, 5), (HELD_OUT, PUBLISHED, 6),
        (HELD_OUT, CHOSEN, 5), (HELD_OUT, CHOSEN, 6),
    ]  # fmt: skip
    betas = [run.history["beta"].iloc[-1] for run in runs]
    assert betas == [40 / 12, 40 / 12, 40 / 12, 0.5, 0.5]


def test_every_method_is_scored_on_rows_its_split_kept_apart(signatures, parts, runs):
    table = reconstruct.compare(signatures, parts, runs, ks=(3, 9)).set_index(["split", "method", "seed"])
    train, test = (signatures.values[rows] for rows in (parts[HELD_OUT].train, parts[HELD_OUT].test))
    centre = train.mean(axis=0, dtype=np.float64)

    assert table.loc[(HELD_OUT, "training mean", 0), "r2"] == pytest.approx(0)
    expected = r2(test, pca_rebuild(train, test, [3])[3], centre)
    assert table.loc[(HELD_OUT, "PCA 3", 0), "r2"] == pytest.approx(expected)
    expected = r2(test, runs[2].network.rebuild(test), centre)
    assert table.loc[(HELD_OUT, PUBLISHED, 6), "r2"] == pytest.approx(expected)


def test_replicates_are_asked_only_where_training_has_not_seen_them(signatures, parts, runs):
    table = reconstruct.compare(signatures, parts, runs, ks=(3,))

    assert table.loc[table["split"] == RANDOM, "r2_replicate"].isna().all()
    held = table[table["split"] == HELD_OUT].set_index("method")["r2_replicate"]
    assert 0 < held["PCA 3"] < 1


def test_copied_noise_earns_nothing_on_a_replicate(signatures, parts):
    table = reconstruct.compare(signatures, parts, [], ks=(12, 30)).set_index(["split", "method"])
    few, many = (table.loc[(HELD_OUT, f"PCA {k}")] for k in (12, 30))

    assert many["r2"] > few["r2"]
    assert many["r2_replicate"] < few["r2_replicate"]


def test_more_components_than_there_are_are_left_out(signatures, parts):
    table = reconstruct.compare(signatures, parts, [], ks=(3, 400))

    assert set(table["method"]) == {"zero", "training mean", "PCA 3"}


def test_the_replicate_of_a_row_is_another_row_of_its_condition():
    names = ["a", "b", "a", "c", "a", "b"]
    meta = meta_frame(6, pert_id=names, cell=["x"] * 5 + ["y"], kind="drug")

    assert reconstruct.replicates(meta).tolist() == [2, -1, 4, -1, 0, -1]


def test_the_authors_validate_on_draws_which_cost_more_than_means(signatures, parts, runs):
    errors = reconstruct.published_errors(signatures, parts, runs[0])

    assert errors["mse.train"] == runs[0].history["train_mse"].iloc[-1]
    assert errors["mse.valid"] > runs[0].history["valid_mse"].iloc[-1]
    assert errors["mse.valid-zero"] == pytest.approx(
        float(np.square(signatures.values[parts[RANDOM].test]).mean())
    )


def test_each_perturbation_is_scored_by_itself(signatures, parts, runs):
    table = reconstruct.by_perturbation(signatures, parts[HELD_OUT], runs, CHOSEN, 3)

    assert set(table["name"]) == set(signatures.meta["pert_name"].iloc[parts[HELD_OUT].test])
    assert table["n"].sum() == len(parts[HELD_OUT].test)


def test_means_over_seeds_come_with_their_range():
    table = pd.DataFrame(
        {"split": "s", "method": ["a", "a", "b"], "family": "f", "seed": [0, 1, 0], "mse": [1.0, 3.0, 5.0],
         "r2": [0.2, 0.6, 0.1], "r2_median": 0.0, "r2_replicate": np.nan}
    )  # fmt: skip

    found = reconstruct.over_seeds(table).set_index("method")

    assert found["mse"].tolist() == [2.0, 5.0]
    assert found["r2_range"].tolist() == pytest.approx([0.4, 0.0])


def test_units_are_ordered_and_counted_by_what_they_say(signatures, parts, runs):
    said = reconstruct.kl_by_unit(signatures, parts, runs)
    first = said[(said["split"] == RANDOM)]

    assert first["rank"].tolist() == [1, 2, 3, 4, 5, 6]
    assert first["kl"].is_monotonic_decreasing
    units = reconstruct.count_units(
        said.assign(kl=said["rank"].map({1: 2.0, 2: 0.2, 3: 0.05, 4: 0.009, 5: 0.0, 6: 0.0}))
    )
    assert units["active"].tolist() == [2, 2, 2]
    assert units["dead"].tolist() == [3, 3, 3]
    assert units["nats"].tolist() == pytest.approx([2.259] * 3)


def test_curves_of_all_runs_lie_below_each_other(runs):
    curves = reconstruct.curves(runs)

    assert len(curves) == 20
    assert curves.groupby(["split", "method", "seed"]).size().tolist() == [4] * 5


def test_what_more_components_gain_on_a_replicate_is_named_after_both():
    table = pd.DataFrame(
        {"split": HELD_OUT, "family": ["baseline", "PCA", "PCA"], "method": ["zero", "PCA 3", "PCA 9"],
         "r2_replicate": [0.0, 0.5, 0.4]}
    )  # fmt: skip

    assert reconstruct.replicate_gain(table) == pytest.approx({"pca-9-over-pca-3": -0.1})
    assert reconstruct.replicate_gain(table.assign(r2_replicate=np.nan)) == {}
