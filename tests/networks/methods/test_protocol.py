"""The protocol of the DeepTGI chapter, trained on few cells."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from reread.core.errors import DataError, ParameterError
from reread.core.metrics import auroc
from reread.networks.data import load as data
from reread.networks.data.splits import split_pairs
from reread.networks.data.tables import Pairs
from reread.networks.methods import protocol
from sklearn.metrics import auc, average_precision_score, precision_recall_curve, roc_auc_score

BASELINE = protocol.BASELINE


@pytest.fixture(scope="module")
def dataset():
    return data.load("simulated", n_cells=80, negatives="pool")


RELEASED = protocol.Plan(["pair"], 1, 1, {"latent": 16})


def corrected(*schemes, n_folds=2, epochs=2):
    return protocol.Plan(schemes, n_folds, epochs)


@pytest.fixture(scope="module")
def outcome(dataset):
    return protocol.run(dataset, ["published", "corrected"], RELEASED, corrected("pair", "tf"))


def test_all_methods_are_scored_on_the_test_rows_of_the_folds_that_ran(dataset, outcome):
    second = split_pairs(dataset.pairs, "tf")[1]
    rows = outcome.scores[(outcome.scores["scheme"] == "tf") & (outcome.scores["fold"] == second.name)]

    for _, part in rows.groupby("method"):
        assert part["row"].tolist() == second.test.tolist()
        assert part["label"].tolist() == dataset.pairs.label[second.test].tolist()
    assert set(rows["method"]) == {"corrected", *protocol.BASELINES}


def test_the_summary_is_the_mean_over_the_folds_that_ran(outcome):
    by_fold = protocol.by_fold(outcome)
    summary = protocol.summary(by_fold).set_index(["scheme", "method"])
    folds = by_fold[(by_fold["scheme"] == "pair") & (by_fold["method"] == BASELINE)]

    assert summary.loc[("pair", BASELINE), "auroc"] == pytest.approx(folds["auroc"].mean())
    assert summary.loc[("pair", "as-published"), "n_folds"] == 1
    assert summary.loc[("pair", "corrected"), "n_folds"] == 2


def test_the_gain_is_over_gene_names_on_the_folds_of_the_network(outcome):
    by_fold = protocol.by_fold(outcome)
    gain = protocol.summary(by_fold).set_index(["scheme", "method"])["auroc_gain"]
    first = by_fold[(by_fold["scheme"] == "pair") & (by_fold["fold"] == 0)].set_index("method")["auroc"]

    assert gain["pair", "as-published"] == pytest.approx(first["as-published"] - first[BASELINE])
    assert (gain[:, BASELINE] == 0).all()


def test_the_null_is_that_of_random_scores(outcome):
    row = protocol.by_fold(outcome).iloc[0]
    label = outcome.scores[outcome.scores["fold"] == 0]["label"].to_numpy()[: int(row["fold"]) + 88]
    rng = np.random.default_rng(0)
    low, high = np.quantile([auroc(label, rng.random(len(label))) for _ in range(2000)], [0.025, 0.975])

    assert row["null_low"] == pytest.approx(low, abs=0.02)
    assert row["null_high"] == pytest.approx(high, abs=0.02)


def test_the_seed_decides_the_folds_as_in_the_benchmark(dataset):
    plan = corrected("pair", n_folds=1, epochs=1)
    _, fold = protocol.run(dataset, ["corrected"], RELEASED, plan, seed=7).models["corrected"]

    assert fold.test.tolist() == split_pairs(dataset.pairs, "pair", seed=7)[0].test.tolist()


def test_an_interrupted_run_resumes_to_the_same_scores(dataset, tmp_path, outcome):
    for _ in range(2):
        again = protocol.run(
            dataset, ["corrected"], RELEASED, corrected("pair"), checkpoint_folder=tmp_path
        ).scores

    before, after = (one[one["method"] == "corrected"] for one in (outcome.scores, again))
    assert after["score"].tolist() == before[before["scheme"] == "pair"]["score"].tolist()


def test_one_inner_fold_is_refused_before_any_training(dataset, monkeypatch):
    monkeypatch.setattr(protocol, "cross_validate", lambda *_, **__: pytest.fail("trained"))

    with pytest.raises(ParameterError, match="at least 2 inner folds"):
        protocol.run(dataset, ["corrected"], RELEASED, corrected("pair"), n_inner=1)


def test_without_inner_folds_only_raw_probabilities_are_measured(outcome):
    curve, errors = protocol.calibration(None, outcome, n_inner=0)

    assert curve["method"].unique().tolist() == ["as-published", "corrected"]
    assert curve.groupby("method")["n"].sum().nunique() == 1
    assert "ece.corrected-calibrated" not in errors


def test_calibration_is_fitted_on_training_rows_alone(dataset, outcome, monkeypatch):
    trained, whole = [], protocol.cross_validate

    def recorded(kind, data, folds, **settings):
        trained.extend(folds)
        return whole(kind, data, folds, **settings)

    monkeypatch.setattr(protocol, "cross_validate", recorded)
    curve, errors = protocol.calibration(dataset, outcome, n_inner=2)

    outer = split_pairs(dataset.pairs, "pair")[0]
    assert len(trained) == 2
    for fold in trained:
        assert np.isin(np.concatenate([fold.train, fold.test]), outer.train).all()
    assert curve["method"].unique().tolist() == ["as-published", "corrected", "corrected-calibrated"]
    share = dataset.pairs.label[outer.test].mean()
    assert errors["brier.prevalence"] == pytest.approx(share * (1 - share))


def test_published_measures_are_those_of_scikit_learn_at_the_threshold_of_the_authors():
    rng = np.random.default_rng(0)
    label = rng.integers(0, 2, 90)
    score = np.round(label + rng.normal(size=90), 1)
    gap = {t: (score >= t)[label == 1].mean() - (score >= t)[label == 0].mean() for t in np.unique(score)}
    called = score > max(gap, key=lambda t: (gap[t], t))
    precision, recall, _ = precision_recall_curve(label, called)

    found = protocol.published_measures(label, score)

    assert found["auroc"] == pytest.approx(roc_auc_score(label, score))
    assert found["average_precision"] == pytest.approx(average_precision_score(label, score))
    assert found["aupr_of_binarised"] == pytest.approx(auc(recall, precision))


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
    pages = [upstream(tmp_path, method) for method in ("as-published", "corrected")]

    scores = protocol.deep_scores(pages)

    assert scores["method"].tolist() == ["as-published", "corrected"]
    assert scores["row"].dtype == int


def test_a_damaged_file_of_scores_is_named(tmp_path):
    page = upstream(tmp_path, "corrected")
    page.artifact("scores.csv").write_text("scheme,fold,row,label,score,method\npair,0,4,1,x,corrected\n")

    with pytest.raises(DataError, match=r"corrected\.csv, line 2, column 'score'"):
        protocol.deep_scores([page])


N_PAIRS, BATCH = 50, 8


@pytest.fixture
def pairs():
    rng = np.random.default_rng(0)
    genes = tuple(f"g{k}" for k in range(19))
    return Pairs(
        rng.integers(0, 7, N_PAIRS), rng.integers(7, 19, N_PAIRS), rng.integers(0, 2, N_PAIRS), genes
    )


def alone(tf, gene, *, batch_size):
    return (tf + gene) / 30


def in_company(tf, gene, *, batch_size):
    """Half its own, half the mean of its batch."""
    own = (tf + gene) / 30
    batches = np.split(own, np.arange(batch_size, len(own), batch_size))
    return np.concatenate([(batch + batch.mean()) / 2 for batch in batches])


def test_where_pairs_are_predicted_alone_only_the_changed_one_moves(pairs):
    moves = protocol.change_one(alone, pairs, np.arange(N_PAIRS), batch_size=BATCH)

    assert np.flatnonzero(moves).tolist() == [0]


def test_where_pairs_see_their_batch_all_of_it_moves(pairs):
    measured = protocol.batch_dependence(in_company, pairs, np.arange(N_PAIRS), batch_size=BATCH)

    assert (measured["moved"], measured["batch"]) == (8, 8)
    assert measured["shuffled_largest_move"] > measured["shuffled_mean_move"] > 0
    assert measured["alone_flips"] > 0
    assert measured["alone_auroc_change"] != 0


def test_order_and_company_change_nothing_where_pairs_are_predicted_alone(pairs):
    measured = protocol.batch_dependence(alone, pairs, np.arange(N_PAIRS), batch_size=BATCH)

    assert measured.pop("batch") == BATCH
    assert measured.pop("moved") == 1
    assert set(measured.values()) == {0}


def test_a_batch_with_nothing_beyond_it_is_refused(pairs):
    with pytest.raises(DataError, match="beyond the first 50"):
        protocol.change_one(alone, pairs, np.arange(N_PAIRS), batch_size=50)
