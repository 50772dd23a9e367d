"""The protocol of the DeepTGI chapter, trained on few cells."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from reread.core.errors import DataError, ParameterError
from reread.networks.data import load as data
from reread.networks.data.splits import split_pairs
from reread.networks.methods import protocol
from sklearn.metrics import average_precision_score, f1_score, precision_score, recall_score

BASELINE = protocol.BASELINE


@pytest.fixture(scope="module")
def dataset():
    return data.load("simulated", n_cells=80, negatives="pool")


@pytest.fixture(scope="module")
def outcome(dataset):
    return protocol.run("tokens", dataset, ["pair", "tf"], epochs=2, folds_run=2)


def test_both_methods_are_scored_on_the_test_rows_of_the_folds_that_ran(dataset, outcome):
    first = split_pairs(dataset.pairs, "tf")[1]
    rows = outcome.scores[(outcome.scores["scheme"] == "tf") & (outcome.scores["fold"] == first.name)]

    for _, part in rows.groupby("method"):
        assert part["row"].tolist() == first.test.tolist()
        assert part["label"].tolist() == dataset.pairs.label[first.test].tolist()
    assert set(rows["method"]) == {"attention-over-tokens", BASELINE}


def test_the_summary_is_the_mean_over_the_folds_that_ran(outcome):
    by_fold = protocol.by_fold(outcome)
    summary = protocol.summary(by_fold).set_index(["scheme", "method"])
    folds = by_fold[(by_fold["scheme"] == "pair") & (by_fold["method"] == BASELINE)]

    assert summary.loc[("pair", BASELINE), "auroc"] == pytest.approx(folds["auroc"].mean())
    assert summary["n_folds"].tolist() == [2, 2, 2, 2]


def test_the_gain_is_the_network_minus_the_baseline(outcome):
    summary = protocol.summary(protocol.by_fold(outcome))
    gain = protocol.gain_over_baseline(summary).set_index("scheme")["auroc_gain"]["tf"]
    auroc = summary[summary["scheme"] == "tf"].set_index("method")["auroc"]

    assert gain == pytest.approx(auroc["attention-over-tokens"] - auroc[BASELINE])


def test_the_seed_decides_the_folds_as_in_the_benchmark(dataset):
    outcome = protocol.run("tokens", dataset, ["pair"], epochs=1, folds_run=1, seed=7)

    assert outcome.fold.test.tolist() == split_pairs(dataset.pairs, "pair", seed=7)[0].test.tolist()


def test_an_interrupted_run_resumes_to_the_same_scores(dataset, tmp_path, outcome):
    settings = {"epochs": 2, "folds_run": 2, "checkpoint_folder": tmp_path}
    protocol.run("tokens", dataset, ["pair"], **settings)
    again = protocol.run("tokens", dataset, ["pair"], **settings).scores

    wanted = outcome.scores[outcome.scores["scheme"] == "pair"]
    assert again["score"].tolist() == wanted["score"].tolist()


def test_one_inner_fold_is_refused_before_any_training(dataset, monkeypatch):
    monkeypatch.setattr(protocol, "cross_validate", lambda *_, **__: pytest.fail("trained"))

    with pytest.raises(ParameterError, match="at least 2 inner folds"):
        protocol.run("tokens", dataset, ["pair"], epochs=2, n_inner=1)


def test_without_inner_folds_only_raw_probabilities_are_measured(dataset, outcome):
    curve, errors = protocol.calibration("tokens", dataset, outcome, epochs=2, n_inner=0)

    assert curve["method"].unique().tolist() == ["raw"]
    assert curve["n"].sum() == len(outcome.fold.test)
    assert "ece.calibrated" not in errors


def test_calibration_is_fitted_on_training_rows_of_other_tfs(dataset, outcome, monkeypatch):
    asked, whole = [], protocol.cross_validate

    def recorded(kind, data, folds, **settings):
        asked.extend(folds)
        return whole(kind, data, folds, **settings)

    monkeypatch.setattr(protocol, "cross_validate", recorded)
    curve, errors = protocol.calibration("tokens", dataset, outcome, epochs=1, n_inner=2, latent=99)

    pairs, outer = dataset.pairs, split_pairs(dataset.pairs, "tf")[0]
    *inner, last = asked
    assert len(inner) == 2
    assert last.test.tolist() == outer.test.tolist()
    for fold in inner:
        assert np.isin(np.concatenate([fold.train, fold.test]), outer.train).all()
        assert not set(pairs.tf[fold.train]) & set(pairs.tf[fold.test])
    assert curve["method"].unique().tolist() == ["raw", "calibrated"]
    share = pairs.label[outer.test].mean()
    assert errors["brier.prevalence"] == pytest.approx(share * (1 - share))


def test_published_measures_are_those_of_scikit_learn_at_the_threshold_of_the_authors():
    rng = np.random.default_rng(0)
    label = rng.integers(0, 2, 90)
    score = np.round(label + rng.normal(size=90), 1)
    gap = {t: (score >= t)[label == 1].mean() - (score >= t)[label == 0].mean() for t in np.unique(score)}
    called = score > max(gap, key=lambda t: (gap[t], t))

    found = protocol.published_measures(label, score)

    assert found["average_precision"] == pytest.approx(average_precision_score(label, score))
    assert found["accuracy"] == pytest.approx((called == label).mean())
    assert found["recall"] == pytest.approx(recall_score(label, called))
    assert found["precision"] == pytest.approx(precision_score(label, called))
    assert found["f1"] == pytest.approx(f1_score(label, called))


def test_binarised_scores_inflate_the_area_under_precision_and_recall():
    label = np.array([0, 1, 0, 1, 1])
    called = np.array([0.2, 0.9, 0.8, 0.7, 0.1])

    found = protocol.published_measures(label, called)

    # Youden's index takes .9 and nothing lies above it: the line runs from (0, 1) to (1, .6)
    assert found["aupr_of_binarised"] == pytest.approx((1 + 0.6) / 2)
    assert found["average_precision"] == pytest.approx((1 + 2 / 3 + 3 / 5) / 3)


def upstream(tmp_path, method):
    """A finished page with one score of a method and one of the baseline."""
    path = tmp_path / f"{method}.csv"
    row = {"scheme": "pair", "fold": 0, "row": 4, "label": 1, "score": 0.5}
    pd.DataFrame([row | {"method": method}, row | {"method": BASELINE}]).to_csv(path, index=False)
    return SimpleNamespace(artifact=lambda name: path)


def test_deep_scores_come_from_every_page_and_without_the_baseline(tmp_path):
    pages = [upstream(tmp_path, method) for method in ("deeptgi", "attention-over-tokens")]

    scores = protocol.deep_scores(pages)

    assert scores["method"].tolist() == ["deeptgi", "attention-over-tokens"]
    assert scores["row"].dtype == int


def test_a_damaged_file_of_scores_is_named(tmp_path):
    page = upstream(tmp_path, "deeptgi")
    page.artifact("scores.csv").write_text("scheme,fold,row,label,score,method\npair,0,4,1,x,deeptgi\n")

    with pytest.raises(DataError, match=r"deeptgi\.csv, line 2, column 'score'"):
        protocol.deep_scores([page])
