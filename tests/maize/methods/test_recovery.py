from __future__ import annotations

import numpy as np
import pytest
from reread.core.errors import DataError
from reread.maize.data.tables import Truth
from reread.maize.methods.ranking_tables import recovery
from sklearn.metrics import roc_auc_score

N_TISSUES, N_GENES = 3, 40


@pytest.fixture
def truth():
    tissue_of, is_decoy = np.full(N_GENES, -1), np.zeros(N_GENES, dtype=bool)
    tissue_of[:4], tissue_of[4:8], is_decoy[8:14] = 0, 2, True
    return Truth(tissue_of, is_decoy)


def perfect(truth):
    return np.where(truth.tissue_of == np.arange(N_TISSUES)[:, None], 1.0, 0.0)


def test_a_perfect_ranking_finds_all(truth):
    found = recovery(perfect(truth), truth, k=4)

    assert found == {"precision": 1, "auroc": 1, "false_positive_share": 0, "chance": 0.1}


def test_scores_agree_with_scikit_learn_and_with_counting(truth):
    scores = np.random.default_rng(0).normal(size=(N_TISSUES, N_GENES))

    found = recovery(scores, truth, k=5)

    areas = [roc_auc_score(truth.tissue_of == t, scores[t]) for t in (0, 2)]
    tops = {t: np.argsort(-scores[t])[:5] for t in (0, 2)}
    assert found["auroc"] == pytest.approx(np.mean(areas))
    assert found["precision"] == pytest.approx(
        np.mean([(truth.tissue_of[tops[t]] == t).mean() for t in tops])
    )
    assert found["false_positive_share"] == pytest.approx(
        np.mean([truth.is_decoy[tops[t]].mean() for t in tops])
    )


def test_a_tissue_that_was_not_scored_found_nothing(truth):
    scores = perfect(truth)
    scores[2] = np.nan

    found = recovery(scores, truth, k=4)

    assert (found["precision"], found["auroc"]) == (0.5, 0.75)


def test_without_planted_genes_recovery_is_undefined(truth):
    nothing = Truth(np.full(N_GENES, -1), truth.is_decoy)

    with pytest.raises(DataError, match="planted"):
        recovery(perfect(truth), nothing)
