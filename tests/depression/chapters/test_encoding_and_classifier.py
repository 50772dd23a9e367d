from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from reread.core.errors import ParameterError
from reread.depression.chapters import ch01_encoding, ch02_classifier
from reread.depression.data import load, rank_values, splits, vocabulary
from reread.depression.methods import baselines, evaluate


@pytest.fixture(scope="module")
def folds(small):
    return splits.by_cell(small.cells, 4) + splits.by_donor(small.cells, 4)


def test_the_example_is_the_sequence_of_its_cell(small):
    words = vocabulary.from_counts(small)
    table = ch01_encoding.example(small, words, cell=3)

    tokens = rank_values.encode(small, words, 64, ties="stable")[3]
    assert [words.tokens[gene] for gene in table["gene"]] == tokens[: len(table)].tolist()
    assert "ENSG" in ch01_encoding.example_figure(table).alt


def test_scaling_changes_no_order_and_ties_some(small):
    found = ch01_encoding.ties_and_scale(small, vocabulary.from_counts(small), 64)

    assert found["scale.same_order"] == 1
    assert 0 < found["ties.same_order"] <= 1


def test_rank_features_fall_from_one_along_the_sequence(small):
    cells = rank_values.encode(small, vocabulary.from_counts(small), 16)
    features = ch01_encoding.rank_features(cells, 62).toarray()

    np.testing.assert_allclose(features[0][cells[0]], 1 - np.arange(16) / 16)
    assert (features > 0).sum() == len(cells.tokens)


def test_information_is_measured_for_ranks_and_counts_on_both_splits(small, folds):
    table = ch01_encoding.information(small, vocabulary.from_counts(small), folds, 32)
    words = ch01_encoding.words(table)

    assert len(table) == 2 * 4  # lengths 8 (twice the same), 16, 32, and counts
    assert words["ranks_over_counts.word"] in ("about as well as", "better than", "worse than")
    assert ch01_encoding.information_figure(table).figure is not None


def test_vocabularies_are_compared(small):
    words = {name: load.words("simulated", small, version=name) for name in ("v1", "v2")}
    table = ch01_encoding.versions(small, words, 16, "numpy").set_index("version")

    assert table["tokens"].to_dict() == {"v1": 62, "v2": 64}
    assert table["max_len"].to_dict() == {"v1": 16, "v2": 32}
    assert table.loc["v1", "cut"] >= table.loc["v2", "cut"]
    assert "first 16 genes" in ch01_encoding.steps_figure(words["v1"], 16).table["to"].tolist()


def test_the_published_arithmetic():
    assert ch02_classifier.published_arithmetic() == {
        "published_steps": 17540,
        "published_checkpoint_epoch": 7.0,
    }


def test_a_network_is_tuned_and_scored_beside_its_null(small, folds):
    from reread.depression.models.classifier import Form, Settings

    words = vocabulary.from_counts(small)
    cells, label = rank_values.encode(small, words, 16), small.cells["condition"].to_numpy()
    form, quick = Form(8, 1, 1, 16), Settings(epochs=1, batch=48, rate=1e-2, warmup=0)
    two = [folds[0], folds[4]]
    outcome = ch02_classifier.fine_tune(cells, label, two, form, words.n_tokens, settings=quick, seeds=(0, 1))
    null = ch02_classifier.network_null(cells, two, form, words.n_tokens, settings=quick, n_refits=1)

    assert outcome.predicted.groupby(["split", "seed"]).size().tolist() == [60] * 4
    assert set(null["split"]) <= {"cell", "donor"}
    summary = evaluate.summary(baselines.run(small, label, folds, beside=outcome.predicted), n_boot=20)
    found = ch02_classifier.words(summary)
    ours = summary[summary["method"] == "network"].set_index("split")["auroc"]
    assert found["fall.network"] == pytest.approx(ours["cell"] - ours["donor"])
    drawn = ch02_classifier.main_figure(summary, ch02_classifier.null_range(null))
    assert set(drawn.table["split"]) == {"cell", "donor"}


@pytest.mark.parametrize(
    ("network", "simple", "beats", "interpretable"),
    [
        (0.9, 0.8, "better than", "may"),
        (0.8, 0.81, "about as well as", "should not"),
        (0.55, 0.5, "better than", "should not"),
    ],
)
def test_words_follow_the_data(network, simple, beats, interpretable):
    rows = [("network", "cell", 0.95), ("network", "donor", network), ("logistic regression", "cell", 0.9),
            ("logistic regression", "donor", simple)]  # fmt: skip
    found = ch02_classifier.words(pd.DataFrame(rows, columns=["method", "split", "auroc"]))

    assert (found["beats.word"], found["interpretable.word"]) == (beats, interpretable)


def test_a_checkpoint_that_is_too_small_is_refused(tmp_path):
    from reread.depression.models.classifier import Form

    Form(8, 1, 1, 16).make(50, 0).save(tmp_path / "model")

    with pytest.raises(ParameterError, match="takes 16 of 50 tokens"):
        Form(8, 1, 1, 32, str(tmp_path / "model")).make(50, 0)
