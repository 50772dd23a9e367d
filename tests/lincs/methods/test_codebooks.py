from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from reread.core.errors import DataError
from reread.lincs.data import splits as split
from reread.lincs.data.simulate import simulate
from reread.lincs.methods import codebooks
from reread.lincs.methods.codebooks import CORRECTED, MEAN, PUBLISHED, TEST, TRAIN, perplexity
from reread.lincs.methods.pca import class_means

SETTINGS = {"dim": 12, "epochs": 30, "batch": 64}


@pytest.fixture(scope="module")
def signatures():
    found = simulate(0, n_genes=50, n_knockdowns=24)
    return found.take((found.meta["kind"] == "drug").to_numpy())


@pytest.fixture(scope="module")
def part(signatures):
    return split.by_group(signatures.meta, by=("pert_name",))


@pytest.fixture(scope="module")
def runs(signatures, part):
    return codebooks.train(signatures, part, n_seeds=2, seed=3, **SETTINGS)


def test_only_classes_with_enough_drugs_are_kept(signatures):
    meta = signatures.meta.copy()
    meta.loc[meta["pert_name"] == "A1-d1", "pcl"] = "alone"
    meta.loc[meta["pert_name"] == "A1-d2", "pcl"] = ""
    changed = type(signatures)(signatures.values, signatures.genes, signatures.symbols, meta)

    assert set(meta["pcl"].iloc[codebooks.rows_with_class(changed)]) == {*signatures.pcls, "alone"}
    assert set(meta["pcl"].iloc[codebooks.rows_with_class(changed, min_drugs=2)]) == set(signatures.pcls)


def test_a_single_class_is_refused(signatures):
    one = signatures.take((signatures.meta["pcl"] == "A1").to_numpy())

    with pytest.raises(DataError, match="1 classes have at least 2 drugs"):
        codebooks.rows_with_class(one, min_drugs=2)


def test_codes_are_named_after_sorted_classes(signatures, runs):
    assert runs[0].pcls == tuple(sorted(set(signatures.meta["pcl"])))
    assert [runs[0].pcls[i] for i in runs[0].label[:3]] == signatures.meta["pcl"][:3].tolist()
    assert [(run.method, run.seed) for run in runs] == [
        (PUBLISHED, 3), (PUBLISHED, 4), (CORRECTED, 3), (CORRECTED, 4),
    ]  # fmt: skip
    assert codebooks.first_runs(runs) == {PUBLISHED: runs[0], CORRECTED: runs[2]}


def test_given_the_class_no_codebook_beats_the_class_mean_on_training_rows(signatures, part, runs):
    """A check of the chapter: a negative value would be an error in the run."""
    summary = codebooks.over_seeds(codebooks.given_label(signatures, part, runs))

    gap = codebooks.over_class_mean(summary)
    assert min(gap["training.as-published"], gap["training.corrected"]) >= 0


def test_codes_and_class_means_are_compared_by_one_metric():
    ways = [
        (PUBLISHED, "euclidean", 0.5), (PUBLISHED, "cosine", 0.4),
        (MEAN, "euclidean", 0.3), (MEAN, "cosine", 0.7),
    ]  # fmt: skip
    table = pd.DataFrame(ways, columns=["method", "metric", "recall"]).assign(rows=TEST)

    assert codebooks.over_class_mean(table, "recall") == pytest.approx({"held-out.as-published": 0.2})
    by_angle = codebooks.over_class_mean(table, "recall", "cosine")
    assert by_angle == pytest.approx({"held-out.as-published": -0.3})


def test_the_class_mean_is_that_of_training_rows_alone(signatures, part, runs):
    table = codebooks.given_label(signatures, part, runs).set_index(["rows", "method", "seed"])["mse"]
    means = class_means(signatures.values[part.train], runs[0].label[part.train], 12)

    slow = np.square(signatures.values[part.test] - means[runs[0].label[part.test]]).mean()

    assert table[TEST, MEAN, 0] == pytest.approx(slow)
    assert table[TEST, MEAN, 0] < table[TEST, "training mean", 0] < table[TEST, "zero", 0]


def test_recall_is_the_mean_over_classes():
    label, found = np.array([0, 0, 0, 0, 1, 1]), np.array([0, 0, 0, 0, 0, 1])

    assert codebooks._scores(label, found, 3) == {"accuracy": 5 / 6, "recall": 0.75}


def test_the_nearest_class_mean_agrees_with_a_loop(signatures, part, runs):
    table = codebooks.inferred(signatures, part, runs).set_index(["rows", "method", "metric", "seed"])
    means = class_means(signatures.values[part.train], runs[0].label[part.train], 12)

    right = [
        np.argmin([np.square(signatures.values[row] - mean).sum() for mean in means]) == runs[0].label[row]
        for row in part.test
    ]

    assert table.loc[(TEST, MEAN, "euclidean", 0), "accuracy"] == pytest.approx(np.mean(right))
    assert table.loc[(TRAIN, CORRECTED, "euclidean", 3), "accuracy"] > 2 / 12


def test_shuffled_labels_are_not_found_on_drugs_that_were_held_out(signatures, part):
    rng = np.random.default_rng(0)
    meta = signatures.meta.copy()
    drugs = meta["pert_name"].unique()
    meta["pcl"] = meta["pert_name"].map(
        dict(zip(drugs, rng.permutation(np.repeat(signatures.pcls, 6)), strict=True))
    )
    shuffled = type(signatures)(signatures.values, signatures.genes, signatures.symbols, meta)
    recall = {}
    for name, one in (("true", signatures), ("shuffled", shuffled)):
        part = split.by_group(one.meta, by=("pert_name",))
        runs = codebooks.train(one, part, {CORRECTED: "ema"}, dim=12, epochs=60, batch=64, learning_rate=3e-3)
        table = codebooks.inferred(one, part, runs).set_index(["rows", "method", "metric", "seed"])
        recall[name] = table.loc[(TEST, CORRECTED, "euclidean", 0), "recall"]

    assert recall["shuffled"] < 0.2
    assert recall["true"] > 2 * recall["shuffled"]


def test_usage_says_what_is_used_and_what_was_planted(signatures, part, runs):
    report, used = codebooks.usage(signatures, part, runs)

    assert report.groupby("method")["assigned"].sum().to_dict() == {
        PUBLISHED: len(part.test),
        CORRECTED: len(part.test),
    }
    assert report.groupby("method")["labelled"].sum().eq(len(part.test)).all()
    for method, key in ((PUBLISHED, "as-published"), (CORRECTED, "corrected")):
        assert used[f"n_dead.{key}"] == (report.loc[report["method"] == method, "assigned"] == 0).sum()
    assert used["perplexity.held-out-labels"] == pytest.approx(12)
    assert used["planted_correlation.class-mean"] > 0.7


def test_what_the_log_shows_is_a_property_of_the_labels(runs):
    measured = codebooks.published_measures(runs[0], batch=10_000)

    assert measured["perplexity.labels"] == pytest.approx(perplexity(runs[0].label))
    assert measured["mse.train.as-published"] == runs[0].history["train_mse"].iloc[-1]


def test_without_a_split_every_row_is_a_training_row(signatures):
    run = codebooks.train(signatures, None, {PUBLISHED: "published"}, dim=12, epochs=1, batch=64)[0]

    assert np.isnan(run.history["valid_mse"]).all()
