from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from reread.core.errors import DataError
from reread.lincs.data import simulate
from reread.lincs.methods import classification as classify
from sklearn.linear_model import Ridge
from sklearn.preprocessing import StandardScaler

N_CLASSES, N_DRUGS, N_SIGNATURES, N_FEATURES = 4, 5, 7, 12


def drawn(seed=0, *, of_class=3.0, of_drug=0.0, n_features=N_FEATURES):
    """Signatures (signature, feature) with class and drug, of the sizes asked for."""
    rng = np.random.default_rng(seed)
    centre = of_class * rng.normal(size=(N_CLASSES, 1, 1, n_features))
    own = of_drug * rng.normal(size=(N_CLASSES, N_DRUGS, 1, n_features))
    noise = rng.normal(size=(N_CLASSES, N_DRUGS, N_SIGNATURES, n_features))
    pcl, drug, _ = np.indices(noise.shape[:3])
    names = np.char.add("class", pcl.ravel().astype(str))
    drugs = np.char.add(np.char.add(names, "-d"), drug.ravel().astype(str))
    return (centre + own + noise).reshape(-1, n_features), names, drugs


def test_folds_of_drugs_share_no_drug_and_folds_of_signatures_spread_classes():
    _, pcl, drugs = drawn()
    whole, random = classify.folds(pcl, drugs), classify.folds(pcl)

    assert all(len(set(whole[drugs == drug])) == 1 for drug in set(drugs))
    assert set(whole) == set(random) == set(range(5))
    for name in set(pcl):
        assert np.ptp(np.bincount(random[pcl == name])) <= 1


def test_a_class_of_one_drug_cannot_be_held_out():
    _, pcl, drugs = drawn()
    pcl[drugs == "class0-d0"] = "lonely"

    with pytest.raises(DataError, match="Class lonely has 1"):
        classify.folds(pcl, drugs)


@pytest.mark.parametrize("classifier", ("logistic", "svm"))
def test_every_classifier_names_planted_classes_of_drugs_it_never_saw(classifier):
    values, pcl, drugs = drawn()

    test, train = classify.pcl_cv(values, pcl, classify.folds(pcl, drugs), classifier)

    assert test.shape == train.shape == (5,)
    assert test.mean() > 0.95


@pytest.mark.parametrize("classifier", ("logistic", "svm"))
def test_programmes_of_drugs_leak_through_random_folds_only(classifier):
    values, pcl, drugs = drawn(of_class=0.0, of_drug=3.0, n_features=60)

    random = classify.pcl_cv(values, pcl, classify.folds(pcl), classifier)[0].mean()
    held_out = classify.pcl_cv(values, pcl, classify.folds(pcl, drugs), classifier)[0].mean()

    assert random > 0.9
    assert held_out < 0.5


def ridge_predictions(values, pcl, fold):
    """Class of each signature by scikit-learn's ridge."""
    names, predicted = np.unique(pcl), np.empty(len(pcl), dtype=object)
    for number in range(5):
        test = fold == number
        scaler = StandardScaler().fit(values[~test])
        wanted = (pcl[~test][:, None] == names).astype(float)
        slow = Ridge(alpha=classify.PENALTY).fit(scaler.transform(values[~test]), wanted)
        predicted[test] = names[slow.predict(scaler.transform(values[test])).argmax(1)]
    return predicted


@pytest.mark.parametrize("n_features", [6, 150])
def test_the_first_row_of_the_null_is_what_ridge_of_scikit_learn_reaches(n_features):
    """Fewer features than signatures, and more: the two ways to solve it."""
    values, pcl, drugs = drawn(of_class=0.3, of_drug=0.5, n_features=n_features)
    fold = classify.folds(pcl, drugs)
    right = ridge_predictions(values, pcl, fold) == pcl

    table = classify.permuted_classes(values, pcl, drugs, fold, n_permutations=19).set_index("pcl")

    assert table.loc["all", "accuracy"] == pytest.approx(right.mean())
    assert table.loc["class2", "accuracy"] == pytest.approx(right[pcl == "class2"].mean())
    assert table["n"].tolist() == [N_DRUGS * N_SIGNATURES] * N_CLASSES + [len(pcl)]


def test_planted_classes_beat_the_null_and_meaningless_ones_have_p_like_chance():
    values, pcl, drugs = drawn()
    fold = classify.folds(pcl, drugs)
    found = classify.permuted_classes(values, pcl, drugs, fold, n_permutations=99)
    chance = []
    for seed in range(25):
        values, pcl, drugs = drawn(seed, of_class=0.0, of_drug=1.0)
        fold = classify.folds(pcl, drugs, seed=seed)
        table = classify.permuted_classes(values, pcl, drugs, fold, n_permutations=39, seed=seed)
        chance.append(table["p"].iloc[-1])

    assert found["p"].iloc[-1] == pytest.approx(1 / 100)
    assert found["null_high"].iloc[-1] < found["accuracy"].iloc[-1]
    assert 0.3 < np.mean(chance) < 0.7


def test_a_null_over_drugs_needs_whole_drugs():
    values, pcl, drugs = drawn()

    with pytest.raises(DataError, match="one class and one fold"):
        classify.permuted_classes(values, pcl, drugs, classify.folds(pcl), n_permutations=1)


def test_the_table_has_every_representation_under_both_splits():
    values, pcl, drugs = drawn(of_class=0.3)

    table = classify.compare({"raw": values, "two": values[:, :2]}, pcl, drugs, ["logistic", "svm"])

    assert len(table) == 2 * 2 * 2
    assert set(table["split"]) == {"random", "held-out-drug"}
    assert table.set_index("representation").loc["two", "n_features"].tolist() == [2] * 4
    assert table["accuracy"].between(0, 1).all()


def test_gaps_are_differences_of_the_table():
    values, pcl, drugs = drawn(of_class=0.3)
    table = classify.compare({"raw": values, "two": values[:, :2]}, pcl, drugs, ["logistic"])
    accuracy = table.set_index(["representation", "split"])["accuracy"]

    gap = classify.gaps(table).set_index("representation")["leak_gap"]

    assert gap.index.tolist() == ["raw", "two"]
    assert gap["two"] == pytest.approx(accuracy["two", "random"] - accuracy["two", "held-out-drug"])


def simulated_drugs(seed):
    found = simulate.simulate(seed, n_genes=40, n_per_family=2, n_drugs=6, n_knockdowns=12, n_shrnas=1)
    return found.take((found.meta["kind"] == "drug").to_numpy())


def test_classes_without_effect_have_p_like_chance_over_many_simulations():
    every = [simulated_drugs(seed) for seed in range(30)]

    p = [classify.negative_control(one.values, one, n_permutations=39)["p"] for one in every]

    assert 0.35 < np.mean(p) < 0.65
    assert np.mean(np.array(p) <= 0.2) < 0.4
    assert min(p) < 0.3


def test_an_effect_of_a_negative_control_class_is_found():
    drugs = simulated_drugs(0)
    values = drugs.values + 2.0 * (drugs.meta["pcl"] == "C2").to_numpy()[:, None]

    found = classify.negative_control(values, drugs, n_permutations=99)

    assert found["p"] < 0.05
    assert found["accuracy"] > 0.9
    assert found["null_mean"] == pytest.approx(0.5, abs=0.1)


def test_without_simulated_truth_there_is_no_negative_control():
    drugs = simulated_drugs(0)

    assert classify.negative_control(drugs.values, replace(drugs, truth=None)) == {}
    with pytest.raises(DataError, match="signature"):
        classify.negative_control(drugs.values[:-1], drugs)
