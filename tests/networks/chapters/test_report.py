"""Tables and sentences of the chapters, held against what they sum up."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from reread.core.figures import ALT_LENGTH
from reread.networks.chapters import report, sentences
from reread.networks.data import load as data
from reread.networks.methods import benchmark as compare
from reread.networks.methods import pair_audit as audit
from reread.networks.methods import transfer, datasets


@pytest.fixture(scope="module")
def dataset():
    return data.load("simulated", n_cells=80, negatives="pool")


@pytest.fixture
def compared() -> pd.DataFrame:
    rows = [
        ("pair", "one-hot-logistic", compare.NAMES, 0.84, 0.0, -0.01),
        ("pair", "spearman", compare.UNSUPERVISED, 0.60, -0.2, -0.3),
        ("pair", "genie3", compare.UNSUPERVISED, 0.58, -0.2, -0.3),
        ("pair", "components-lightgbm", compare.SUPERVISED, 0.90, 0.05, 0.02),
        ("pair", "deeptgi", compare.DEEP, 0.86, -0.01, -0.04),
        ("both", "one-hot-logistic", compare.NAMES, 0.50, 0.0, 0.0),
        ("both", "spearman", compare.UNSUPERVISED, 0.66, 0.1, 0.03),
        ("both", "components-lightgbm", compare.SUPERVISED, 0.63, 0.1, -0.02),
    ]
    return pd.DataFrame(rows, columns=["scheme", "method", "family", "auroc", "auprc_gain", "auprc_gain_low"])


def test_a_description_counts_cells_pairs_and_edges(dataset):
    counts = report.describe(dataset).set_index("what")["n"]

    assert counts["cells"] == "80"
    assert counts["pairs"] == f"{len(dataset.pairs):,}"
    assert counts["edges of the whole network"] == f"{int(dataset.truth.sum()):,}"


def test_an_audit_table_says_shares_in_per_cent(dataset):
    found = audit.audit_pairs(dataset.pairs)
    table = report.audit_table(found).set_index("measure")["value"]

    assert (
        table["negatives on the 50 genes with most negatives"] == f"{found['negative_gene_top50_share']:.1%}"
    )
    assert len(table) == len(report.AUDIT)


def test_deep_scores_come_from_pages_of_the_source_and_without_the_null(tmp_path):
    def page(source: str, method: str) -> SimpleNamespace:
        path = Path(tmp_path / f"{source}-{method}.csv")
        row = {"scheme": "pair", "fold": 0, "row": 4, "label": 1, "score": 0.5}
        pd.DataFrame([row | {"method": method}, row | {"method": "one-hot-logistic"}]).to_csv(
            path, index=False
        )
        return SimpleNamespace(record={"parameters": {"source": source}}, artifact=lambda name: path)

    scores = report.deep_scores([page("mhsc-e", "deeptgi"), page("mhsc-l", "deeptgi")], "mhsc-e")

    assert scores["method"].tolist() == ["deeptgi"]
    assert scores["row"].dtype == int


def test_no_page_of_the_source_gives_no_score():
    assert report.deep_scores([], "mhsc-e").empty


def test_wide_keeps_a_row_a_method_and_a_column_a_split(compared):
    table = report.wide(compared, ["auroc"]).set_index("method")

    assert list(table.columns) == ["family", "auroc pair", "auroc both"]
    assert table.loc["components-lightgbm", "auroc both"] == 0.63
    assert np.isnan(table.loc["deeptgi", "auroc both"])


def test_gains_are_differences_in_auroc(compared):
    gains = report.gains(compared).set_index("scheme")

    assert gains.loc["pair", "supervised_over_spearman"] == pytest.approx(0.30)
    assert gains.loc["pair", "deep_over_genie3"] == pytest.approx(0.28)
    assert gains.loc["both", "supervised_over_spearman"] == pytest.approx(-0.03)
    assert np.isnan(gains.loc["both", "deep_over_genie3"])


def test_the_control_is_asked_once_and_only_of_planted_worlds():
    table = report.truth_over_seeds("simulated", ["pearson"], n_seeds=2, seed=1)

    assert table["seed"].tolist() == [1, 2]
    assert table["control_auroc"].notna().tolist() == [True, False]


def test_mean_and_spread_are_over_what_is_not_named():
    table = pd.DataFrame({"method": ["a", "a", "b"], "seed": [0, 1, 0], "auroc": [0.5, 0.7, 0.9]})
    found = report.mean_and_spread(table, ["method"], ["auroc"]).set_index("method")

    assert found.loc["a", ["auroc", "auroc_sd"]].tolist() == pytest.approx([0.6, 0.1])


def test_the_busiest_tf_has_the_most_targets(dataset):
    place = [dataset.expression.genes[tf] for tf in dataset.tfs].index(report.tf_with_most_targets(dataset))

    assert dataset.truth[place].sum() == dataset.truth.sum(axis=1).max()


def test_alt_texts_carry_the_numbers_of_the_table(compared):
    splits, auprc_gain = sentences.alt_of_splits(compared), sentences.alt_of_lift(compared)

    assert "0.84" in splits
    assert "spearman" in splits
    assert "1 of 4 under the pair split" in auprc_gain
    assert all(ALT_LENGTH[0] <= len(text) <= ALT_LENGTH[1] for text in (splits, auprc_gain))


def test_one_simulated_source_becomes_two_worlds_that_share_nothing():
    pair = datasets.load_each(["simulated"], seed=0)
    shared = datasets.overlaps(pair)

    assert list(pair) == ["simulated", "simulated 2"]
    assert shared[["cells", "genes", "tfs", "pairs"]].to_numpy().sum() == 0


def test_what_is_learnt_is_compared_with_spearman_where_all_is_new():
    last = transfer.EXCLUDE[-1]
    rows = [("a", "b", last, "pair-statistics", 0.6, 9), ("a", "b", last, "spearman", 0.55, 9)]
    rows += [("a", "b", transfer.EXCLUDE[0], "pair-statistics", 0.9, 20)]
    moved = pd.DataFrame(rows, columns=["source", "target", "excluded", "method", "auroc", "n_pairs"])

    assert datasets.supervised_over_spearman(moved) == pytest.approx(0.05)
    assert ALT_LENGTH[0] <= len(datasets.alt_of_transfer(moved)) <= ALT_LENGTH[1]


def test_published_predictions_are_held_against_the_best_of_names():
    table = pd.DataFrame({"method": ["tf-rate", "degree", datasets.PUBLISHED], "auroc": [0.8, 0.88, 0.86]})

    assert datasets.published_over_baseline(table)["published_over_baseline"] == pytest.approx(-0.02)
    assert datasets.published_over_baseline(table[:2]) == {}
