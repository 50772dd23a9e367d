from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from reread.core.errors import ParameterError
from reread.networks.chapters import ch05_transfer
from reread.networks.data import load as data
from reread.networks.data import readers
from reread.networks.data.tables import Expression, GRNDataset
from reread.networks.methods import transfer
from reread.networks.methods.gene_names import PUBLISHED, label_split_table, published_over_baseline
from reread.networks.methods.transfer import pair_statistics


@pytest.fixture(scope="module")
def datasets():
    return [data.load("simulated", n_cells=200, n_genes=40, n_tfs=12, seed=seed) for seed in range(3)]


def test_statistics_name_no_gene(datasets):
    dataset = datasets[0]
    order = np.random.default_rng(0).permutation(40)
    place = np.argsort(order)
    genes = tuple(dataset.expression.genes[i] for i in order)
    expression = Expression(dataset.expression.values[:, order], genes, "shuffled")
    moved = GRNDataset(expression, dataset.pairs, place[dataset.tfs], dataset.truth[:, order])

    here, there = pair_statistics(dataset), pair_statistics(moved)

    assert here.shape == (12, 40, 22)
    np.testing.assert_allclose(there[:, place], here, atol=1e-5)


def test_statistics_do_not_look_at_labels(datasets):
    dataset = datasets[0]
    blind = GRNDataset(dataset.expression, dataset.pairs, dataset.tfs, ~dataset.truth)

    np.testing.assert_array_equal(pair_statistics(blind), pair_statistics(dataset))


def test_what_is_learnt_in_two_worlds_helps_in_a_new_one(datasets):
    found = transfer.transfer_to_new_network(n_networks=2, n_trees=5).set_index("method")

    assert found.loc["pair-statistics", "auroc"] > 0.6
    assert found.loc["pair-statistics", "calibration_error"] < 0.1
    assert found.loc["genie3", "calibration_error"] != found.loc["genie3", "calibration_error"]


def test_transfer_takes_shared_cells_out_and_reports_each_exclusion(datasets):
    table = transfer.transfer(datasets[0], datasets[0].__class__(
        Expression(
            np.vstack([datasets[0].expression.values[:40], datasets[1].expression.values]),
            datasets[0].expression.genes,
            "mixed",
        ),
        datasets[1].pairs,
        datasets[1].tfs,
        datasets[1].truth,
    ))  # fmt: skip

    assert table["excluded"].unique().tolist() == list(transfer.EXCLUDE)
    assert (table.groupby("excluded", sort=False)["n_pairs"].first().diff().dropna() <= 0).all()


def test_on_the_published_split_names_beat_the_published_predictions(mirror):
    folder = mirror / "networks/hESC500_scGREAT"
    files = {
        "train": "Train_set",
        "validation": "Validation_set",
        "test": "Test_set",
        "predictions": "labels_and_predictions",
    }
    split = readers.read_label_split({name: folder / f"{stem}.csv" for name, stem in files.items()})

    table = label_split_table(split).set_index("method")

    assert table.loc["published-predictions", ["auroc", "auprc"]].tolist() == pytest.approx(
        [0.862, 0.563], abs=0.001
    )
    assert table.loc["tf-and-gene-rate", ["auroc", "auprc"]].tolist() == pytest.approx(
        [0.885, 0.616], abs=0.006
    )


def test_without_published_predictions_only_names_are_in_the_table():
    table = label_split_table(data.load_label_split("simulated"))

    assert "published-predictions" not in set(table["method"])
    assert table["auroc"].between(0, 1).all()


def test_one_real_source_is_refused_because_its_cells_are_the_same_for_every_seed():
    for source in ("mhsc-e", "mhsc-l", "mdc"):
        with pytest.raises(ParameterError, match=rf"{source}.*one real source"):
            transfer.load_each([source])
        with pytest.raises(ParameterError, match="two different data sets"):
            transfer.load_each([source, source])


def test_one_simulated_source_becomes_two_data_sets_that_share_nothing():
    pair = transfer.load_each(["simulated"], seed=0)
    shared = transfer.overlaps(pair)

    assert list(pair) == ["simulated", "simulated 2"]
    assert shared[["cells", "genes", "tfs", "pairs"]].to_numpy().sum() == 0


def moved(*rows):
    return pd.DataFrame(rows, columns=["source", "target", "excluded", "method", "auroc", "n_pairs"])


def test_the_trained_model_is_compared_with_spearman_where_tfs_and_genes_are_new():
    last = transfer.EXCLUDE[-1]
    table = moved(
        ("a", "b", last, "pair-statistics", 0.6, 9),
        ("a", "b", last, "spearman", 0.55, 9),
        ("a", "b", transfer.EXCLUDE[0], "pair-statistics", 0.9, 20),
    )

    assert transfer.supervised_over_spearman(table) == pytest.approx(0.05)
    assert ch05_transfer.answer(table) == {"word": "exceeds", "fewest_pairs": 9}
    turned = table.assign(auroc=[0.5, 0.55, 0.9])
    assert ch05_transfer.answer(turned)["word"] == "is below"


def test_the_answer_says_so_where_no_new_pairs_are_left():
    last = transfer.EXCLUDE[-1]
    table = moved(("a", "b", last, "pair-statistics", np.nan, 0), ("a", "b", last, "spearman", np.nan, 0))

    assert ch05_transfer.answer(table) == {"word": "cannot be compared with", "fewest_pairs": 0}


def test_published_predictions_are_compared_with_the_best_gene_name_baseline():
    table = pd.DataFrame({"method": ["tf-rate", "degree", PUBLISHED], "auroc": [0.8, 0.88, 0.86]})

    assert published_over_baseline(table)["published_over_baseline"] == pytest.approx(-0.02)
    assert published_over_baseline(table[:2]) == {}
