"""Every figure of the chapters is drawn for every legal choice of splits, methods and sources."""

from __future__ import annotations

from itertools import combinations
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from reread.core.figures import check_alt
from reread.networks.chapters import (
    ch01_pair_audit,
    ch02_deeptgi,
    ch03_baselines,
    ch04_full_grid,
    ch05_transfer,
    ch06_network,
    ch07_imputation,
)
from reread.networks.data import load, splits
from reread.networks.data.splits import SCHEMES
from reread.networks.methods import (
    benchmark,
    comparison,
    full_grid,
    gene_names,
    hubs,
    imputation,
    infer,
    protocol,
    transfer,
)

METHODS = ("one-hot-logistic", "tf-rate", "spearman", "pearson", "components-logistic")
CHOICES = [list(chosen) for n in range(1, 5) for chosen in combinations(SCHEMES, n)]


def is_drawn(drawn) -> bool:
    """Whether there is a figure with a valid alt text, or a sentence in its place."""
    if drawn.figure is not None:
        check_alt("figure", drawn.alt)
    return len(drawn.alt) > 20


@pytest.fixture(scope="module")
def dataset():
    return load.load("simulated", n_cells=60, negatives="pool")


@pytest.fixture(scope="module")
def scores(dataset):
    return benchmark.score_methods(dataset, SCHEMES, METHODS)


@pytest.fixture(scope="module")
def grid(dataset):
    return full_grid.score_grid(dataset, ["pair", "tf"], METHODS[:3], n_folds=3)


@pytest.mark.parametrize("schemes", CHOICES, ids=" ".join)
def test_baselines_are_drawn_for_every_choice_of_splits(dataset, scores, schemes):
    chosen = scores[scores["scheme"].isin(schemes)]
    table = benchmark.compare_scores(dataset, chosen, n_boot=20)

    assert is_drawn(comparison.splits(table))
    assert is_drawn(ch03_baselines.gain(table))
    renamed = table.replace({"method": {"pearson": "corrected"}})
    answer = ch03_baselines.answer(
        renamed.assign(family=renamed["family"].where(renamed["method"] != "corrected", benchmark.DEEP))
    )
    assert answer["split"] == comparison.SCHEMES[[s for s in SCHEMES if s in schemes][-1]]
    assert (answer["n_methods"], answer["network"]) == (3, "DeepTGI corrected")
    assert comparison.split_columns(table).shape == (len(METHODS), 2 + 2 * len(schemes))


@pytest.mark.parametrize("schemes", [["pair"], ["tf"], ["pair", "tf"]], ids=" ".join)
def test_the_full_grid_is_drawn_for_one_split_and_for_several(grid, schemes):
    chosen = grid[grid["scheme"].isin(schemes)]
    table = full_grid.measure_grid(chosen)

    assert is_drawn(comparison.splits(table, "auprc_ratio"))
    assert len(benchmark.supervised_over_spearman(table)) == len(schemes)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_one_split_of_any_kind_is_calibrated_and_drawn(dataset, scheme):
    scores = full_grid.score_grid(dataset, [scheme], METHODS[2:4], n_folds=3)

    curve = full_grid.calibration_table(scores)

    assert set(curve["method"]) == set(METHODS[2:4])
    assert is_drawn(comparison.calibration(curve))


def test_the_audit_is_drawn_for_pooled_and_matched_negatives(dataset):
    matched = load.load("simulated", n_cells=60, negatives="matched")
    for one in (dataset, matched):
        assert is_drawn(ch01_pair_audit.concentration(one.pairs))
        assert len(ch01_pair_audit.audit_table(gene_names.audit_pairs(one.pairs))) == len(
            ch01_pair_audit.AUDIT
        )
    swept = gene_names.negative_pool_sweep(pools=(16,), n_networks=1)

    assert is_drawn(ch01_pair_audit.negative_pools(swept, 0.8))
    assert is_drawn(ch01_pair_audit.data_flow())
    assert is_drawn(ch01_pair_audit.simulator())


def test_a_data_set_is_counted(dataset):
    counts = ch01_pair_audit.dataset_table(dataset).set_index("what")["n"]

    assert counts["cells"] == "60"
    assert counts["pairs"] == f"{len(dataset.pairs):,}"
    assert counts["edges of the reference network"] == f"{int(dataset.truth.sum()):,}"


def test_the_loss_of_every_split_starts_at_one(dataset):
    curves = pd.DataFrame(
        {
            "method": "corrected",
            "scheme": ["pair"] * 3 + ["tf"] * 3,
            "fold": 0,
            "epoch": [1, 2, 3] * 2,
            "train_loss": [4.0, 3, 2, 5, 4, 1],
            "test_loss": [2.0, 2.5, 3, 1, 1, 2],
        }
    )

    drawn = ch02_deeptgi.loss_curves(curves)

    assert is_drawn(drawn)
    assert (drawn.table.loc[drawn.table["epoch"] == 1, "loss"] == 1).all()


@pytest.mark.parametrize("moves", [np.r_[0.4, np.zeros(31)], np.full(32, 0.01), np.zeros(32)])
def test_the_batch_test_is_drawn_whether_all_predictions_change_or_one(dataset, moves, monkeypatch):
    monkeypatch.setattr(ch02_deeptgi, "change_one", lambda *_: moves)
    fold = splits.split_pairs(dataset.pairs, "pair")[0]
    models = {"as-published": (SimpleNamespace(predict=None), fold)}

    assert is_drawn(ch02_deeptgi.batch(protocol.Outcome(None, None, models, {}), dataset))


def test_folds_are_drawn_for_one_fold_and_for_several_and_the_answer_compares(dataset, scores):
    renamed = scores.replace({"method": {"spearman": "as-published", "pearson": "corrected"}})
    outcome = protocol.Outcome(renamed[~renamed["method"].isin(METHODS)], None, {}, {})
    outcome = protocol.Outcome(pd.concat([outcome.scores, scores]), None, {}, {})
    by_fold = protocol.by_fold(outcome)

    assert is_drawn(ch02_deeptgi.folds(by_fold))
    assert is_drawn(ch02_deeptgi.folds(by_fold[(by_fold["fold"] == 0) & (by_fold["scheme"] == "pair")]))
    answer = ch02_deeptgi.answer(protocol.summary(by_fold))
    assert (answer["network"], answer["n_folds"]) == ("DeepTGI as published", 5)
    assert answer["strict_names"] == 0.5


def test_architectures_are_drawn_with_the_fault_of_the_published_one():
    assert "wrong axes" in ch02_deeptgi.architecture_as_published().alt
    assert is_drawn(ch02_deeptgi.architecture_corrected())


@pytest.mark.parametrize("method", ["pearson", "spearman", "mutual-information"])
def test_networks_and_their_stability_are_drawn_for_every_method(dataset, method):
    weights = infer.infer(method, dataset.expression, dataset.tfs)
    edges = hubs.edge_table(weights, dataset, 10)

    assert is_drawn(ch06_network.network(edges))
    changed = hubs.stability(dataset.expression, dataset.tfs, [method], n_runs=1, top=50)
    assert is_drawn(ch04_full_grid.stability(changed))


def test_attribution_shows_the_strongest_genes():
    carried = pd.DataFrame({"gene": [f"g{k}" for k in range(20)], "attribution": np.linspace(1, 0.1, 20)})
    carried = carried.assign(null_high=0.4, p=np.linspace(0.005, 0.6, 20))

    drawn = ch06_network.attribution(carried, "TF01")

    assert is_drawn(drawn)
    assert drawn.table["gene"].tolist() == carried["gene"].tolist()[: ch06_network.TOP_GENES]


def test_transfer_is_drawn_for_two_data_sets():
    moved = transfer.transfer_matrix(transfer.load_each(["simulated"]))

    assert is_drawn(ch05_transfer.transfer(moved))
    assert len(ch05_transfer.transfer_table(moved)) == 2 * 3


def test_a_label_split_is_drawn_with_and_without_published_predictions():
    names = gene_names.label_split_table(load.load_label_split("simulated"))
    published = names.iloc[[0]].assign(method=gene_names.PUBLISHED)

    assert is_drawn(ch05_transfer.label_split(names))
    drawn = ch05_transfer.label_split(pd.concat([names, published]))
    assert (drawn.table["kind"] == "published model").sum() == 2


@pytest.mark.parametrize("inferences", [["pearson"], ["genie3", "pearson"]], ids=" ".join)
@pytest.mark.parametrize("n_seeds", [1, 3])
def test_imputations_are_drawn_and_the_answer_is_of_the_smallest_error(inferences, n_seeds):
    rng, rows = np.random.default_rng(0), []
    measures = ["rmse", "correlation", "false_correlations", "pair_auroc"]
    measures += [f"{name}.{one}" for one in inferences for name in ("auprc", "auprc_ratio", "false_edges")]
    for seed in range(n_seeds):
        for number, method in enumerate(imputation.METHODS):
            for measure in measures:
                value = {"rmse": 9.0 - number, "pair_auroc": np.nan}.get(
                    measure, number + 0.01 * rng.random()
                )
                rows.append((seed, method, "", measure, value))
    compared = pd.DataFrame(rows, columns=["seed", "method", "setting", "measure", "value"])
    summary = imputation.summary(compared)

    drawn = ch07_imputation.effects(compared, inferences)
    assert is_drawn(drawn)
    titles = " ".join(" ".join(axes.get_title(loc="left").split()) for axes in drawn.figure.axes)
    assert "(RMSE, log scale)" in titles and "(share of pairs)" in titles and "(chance: 1)" in titles
    assert drawn.figure.get_supxlabel() == ""
    table = ch07_imputation.joint_table(summary)
    assert table["method"].tolist() == list(ch07_imputation.WORDS.values())
    assert table.shape == (6, 4 + 2 * len(inferences))
    answer = ch07_imputation.answer(summary, inferences[0])
    assert (answer["best"], answer["rmse"], answer["mean_rmse"]) == ("DeepTGI's encoder", 4, 8)
    assert answer["rank_agreement"] == pytest.approx(-1)
    assert answer["word"] == ("cannot be compared with" if n_seeds == 1 else "is higher than")
    words = {"pearson": "Pearson correlation", "genie3": "GENIE3"}
    counts = [f"{0 if n_seeds == 1 else 5} of 5 with {words[one]}" for one in inferences]
    wanted = f"The number of imputations that raise the AUPRC ratio is {' and '.join(counts)}"
    assert ch07_imputation.raised(summary, inferences) == wanted
    found = ch07_imputation.keyed(summary)
    assert found["rmse_below_mean.deeptgi-encoder"] == 4
    ratio = f"auprc_ratio.{inferences[0]}"
    row = summary.set_index(["measure", "method"]).loc[(ratio, "knn")]
    assert found[f"{ratio}.knn"] == row["value"]
    assert found[f"auprc_ratio_gain.{inferences[0]}.knn"] == row["gain"]
    assert not np.isnan(list(found.values())).any()


def test_the_imputing_networks_are_drawn_with_the_fault_of_the_published_one():
    assert "wrong axes" in ch07_imputation.architecture().alt
