"""A protocol trained on few cells: scores on the rows of the folds, names beside them, sentences of both."""

from __future__ import annotations

import numpy as np
import pytest
from reread.core.figures import ALT_LENGTH
from reread.networks import chapters as draw
from reread.networks.chapters import sentences
from reread.networks.data import load as data
from reread.networks.data.splits import split_pairs
from reread.networks.methods import protocol


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
    assert set(rows["method"]) == {"attention-over-tokens", protocol.NULL}


def test_the_summary_is_the_mean_over_the_folds_that_ran(outcome):
    by_fold = protocol.by_fold(outcome)
    summary = protocol.summary(by_fold).set_index(["scheme", "method"])
    folds = by_fold[(by_fold["scheme"] == "pair") & (by_fold["method"] == protocol.NULL)]

    assert summary.loc[("pair", protocol.NULL), "auroc"] == pytest.approx(folds["auroc"].mean())
    assert summary["n_folds"].tolist() == [2, 2, 2, 2]


def test_the_gain_is_the_network_less_the_names(outcome):
    summary = protocol.summary(protocol.by_fold(outcome))
    gain = protocol.against_names(summary).set_index("scheme")["auroc_gain"]["tf"]
    auroc = summary[summary["scheme"] == "tf"].set_index("method")["auroc"]

    assert gain == pytest.approx(auroc["attention-over-tokens"] - auroc[protocol.NULL])


def test_a_run_that_was_cut_off_goes_on_to_the_same_scores(dataset, tmp_path, outcome):
    settings = {"epochs": 2, "folds_run": 2, "checkpoint_folder": tmp_path}
    protocol.run("tokens", dataset, ["pair"], **settings)
    again = protocol.run("tokens", dataset, ["pair"], **settings).scores

    wanted = outcome.scores[outcome.scores["scheme"] == "pair"]
    assert again["score"].tolist() == wanted["score"].tolist()


def test_without_inner_folds_the_raw_probability_stands_alone(dataset, outcome):
    curve, errors = protocol.calibration("tokens", dataset, outcome, epochs=2, n_inner=0)

    assert curve["method"].unique().tolist() == ["raw"]
    assert curve["n"].sum() == len(outcome.fold.test)
    assert "ece.calibrated" not in errors


def test_with_inner_folds_the_calibrated_stands_beside_it(dataset, outcome):
    curve, errors = protocol.calibration("tokens", dataset, outcome, epochs=1, n_inner=2, latent=99)
    share = dataset.pairs.label[split_pairs(dataset.pairs, "tf")[0].test].mean()

    assert curve["method"].unique().tolist() == ["raw", "calibrated"]
    assert errors["brier.prevalence"] == pytest.approx(share * (1 - share))


def test_sentences_carry_the_numbers_and_fit_an_alt_text(outcome):
    summary = protocol.summary(protocol.by_fold(outcome))
    said = sentences.alt_of_folds(summary)
    null = summary[(summary["scheme"] == "pair") & (summary["method"] == protocol.NULL)]["auroc"].iloc[0]

    assert f"{null:.2f}" in said
    assert ALT_LENGTH[0] <= len(said) <= ALT_LENGTH[1]
    assert "0.25 raw" in sentences.alt_of_calibration({"brier.raw": 0.1, "ece.raw": 0.25})


def test_the_loss_figure_starts_each_line_at_one(outcome):
    _, data_behind = draw.loss_curves(outcome.curves)
    starts = data_behind[data_behind["epoch"] == 1]

    assert np.allclose(starts[["train_loss", "test_loss"]], 1)
    assert data_behind["fold"].nunique() == 1


def test_the_fold_figure_holds_every_fold_of_both_methods(outcome):
    by_fold = protocol.by_fold(outcome)
    figure, data_behind = draw.against_names(by_fold, protocol.NULL)

    assert len(data_behind) == len(by_fold) == 8
    assert figure.axes[0].get_yticks().tolist() == [0, 1]
