from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from reread.core.errors import DataError, ParameterError
from reread.networks.data.splits import split_pairs
from reread.networks.data.tables import Expression, GRNDataset, Pairs
from reread.networks.models.cross_validate import cross_validate, nearest, prepare

N_CELLS, N_GENES, N_PAIRS = 40, 17, 120


@pytest.fixture(scope="module")
def dataset():
    rng = np.random.default_rng(0)
    genes = tuple(f"g{k}" for k in range(N_GENES))
    pairs = Pairs(
        rng.integers(0, 6, N_PAIRS), rng.integers(0, N_GENES, N_PAIRS), rng.integers(0, 2, N_PAIRS), genes
    )
    values = rng.gamma(2, size=(N_CELLS, N_GENES)).astype(np.float32)
    return GRNDataset(Expression(values, genes), pairs, np.arange(6), np.zeros((6, N_GENES), dtype=bool))


@pytest.fixture(scope="module")
def folds(dataset):
    return split_pairs(dataset.pairs, "pair", n_folds=3)


@pytest.mark.parametrize(
    ("kind", "settings"), [("corrected", {"batch_size": 16}), ("published", {"latent": 16})]
)
def test_every_row_is_scored_by_the_model_that_has_not_seen_it(dataset, folds, kind, settings):
    trained = cross_validate(kind, dataset, folds, epochs=2, device="cpu", **settings)

    assert np.isfinite(trained.scores).all()
    for model, fold in zip(trained.models, folds, strict=True):
        expected = model.predict(dataset.pairs.tf[fold.test], dataset.pairs.gene[fold.test])
        assert trained.scores[fold.test].tolist() == expected.astype(float).tolist()
    assert trained.curves[["fold", "epoch"]].to_numpy().tolist() == [
        [0, 1], [0, 2], [1, 1], [1, 2], [2, 1], [2, 2],
    ]  # fmt: skip


def test_rows_of_folds_that_were_not_run_have_no_score(dataset, folds):
    trained = cross_validate("corrected", dataset, folds, epochs=1, folds_run=1, device="cpu")

    assert np.flatnonzero(np.isfinite(trained.scores)).tolist() == sorted(folds[0].test)


def test_finished_folds_are_read_back_bit_identical(dataset, folds, tmp_path, monkeypatch):
    arguments = {"epochs": 2, "checkpoint_folder": tmp_path, "device": "cpu"}
    first = cross_validate("corrected", dataset, folds, **arguments)
    monkeypatch.setattr("reread.core.training.loop.fit", None)  # reading back must not train

    second = cross_validate("corrected", dataset, folds, **arguments)

    np.testing.assert_array_equal(first.scores, second.scores)
    pd.testing.assert_frame_equal(first.curves, second.curves)
    assert len(list(tmp_path.iterdir())) == 3


@pytest.mark.parametrize("change", [{"seed": 1}, {"epochs": 3}, {"batch_size": 8}])
def test_a_changed_parameter_never_meets_an_old_checkpoint(dataset, folds, tmp_path, change):
    arguments = {"epochs": 2, "folds_run": 1, "checkpoint_folder": tmp_path, "device": "cpu"}
    first = cross_validate("corrected", dataset, folds, **arguments)

    second = cross_validate("corrected", dataset, folds, **{**arguments, **change})

    assert not np.array_equal(first.scores, second.scores, equal_nan=True)
    assert len(list(tmp_path.iterdir())) == 2


def test_nearest_agrees_with_sorting_each_genes_correlations():
    values = np.random.default_rng(1).normal(size=(9, 6))

    slow = []
    for gene in range(6):
        closeness = [
            (-abs(np.corrcoef(values[:, gene], values[:, o])[0, 1]), o) for o in range(6) if o != gene
        ]
        slow.append([other for _, other in sorted(closeness)[:3]])

    assert nearest(values, 3).tolist() == slow


def test_too_few_genes_for_their_neighbours_are_refused():
    with pytest.raises(DataError, match="4 neighbours need more genes than the 4 given"):
        nearest(np.ones((9, 4)))


def test_an_unknown_network_is_refused_with_the_nearest_name(dataset):
    with pytest.raises(ParameterError, match="Did you mean 'corrected'"):
        prepare("correct", dataset)


def test_an_unknown_setting_is_refused_before_anything_is_trained(dataset, folds):
    with pytest.raises(ParameterError, match=r"no setting 'latnt'\. Did you mean 'latent'"):
        cross_validate("published", dataset, folds, epochs=1, latnt=3)


def test_no_pass_at_all_is_refused(dataset, folds):
    with pytest.raises(ParameterError, match="epochs=0"):
        cross_validate("corrected", dataset, folds, epochs=0)
