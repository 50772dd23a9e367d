from __future__ import annotations

import numpy as np
import pytest
from reread.genomes.chapters import ch05_evaluation as figures
from reread.genomes.data import cohort as cohorts


@pytest.fixture(scope="module")
def cohort():
    return cohorts.load_cohort("simulated", n_genes=6, n_people=40, n_train=5, seed=3)


@pytest.fixture(scope="module")
def predicted(cohort, tmp_path_factory):
    """A network that knows genes and not people, one that knows nothing, and a real elastic net."""
    path = tmp_path_factory.mktemp("made") / "predictions.npz"
    rng, values = np.random.default_rng(0), cohort.expression.values
    gene_only = values.mean(axis=1, keepdims=True) + 0.001 * rng.normal(size=values.shape)
    np.savez(path, reference=gene_only[:, 0], corrected=gene_only, published=rng.normal(size=values.shape))
    return figures.collect(cohort, path, n_folds=4, seed=0)


def test_the_two_correlations_are_kept_apart(cohort, predicted):
    table = figures.both_correlations(predicted, cohort.expression.values)
    medians = table.groupby(["kind", "method"])["r"].median()

    assert medians[figures.ACROSS_GENES, "enformer"] > 0.8
    assert abs(medians[figures.ACROSS_PEOPLE, "enformer"]) < 0.3
    assert (figures.ACROSS_GENES, "elastic-net") not in medians.index
    assert table.groupby(["kind", "method"]).size()[figures.ACROSS_GENES, "enformer"] == 40


def test_every_figure_is_drawn(cohort, predicted):
    measured = cohort.expression.values
    shown = [
        figures.both(figures.both_correlations(predicted, measured)), figures.two_questions(),
        figures.signs(figures.sign_table(predicted, measured, n=19, seed=0)),
        figures.groups(figures.by_group(predicted, cohort)),
        figures.ceilings(figures.ceiling(predicted, cohort)),
    ]  # fmt: skip

    assert all(one.figure is not None and 40 <= len(one.alt) <= 250 for one in shown)
    assert [figures.gap_word(*pair) for pair in ((0.3, 0.1), (0.1, 0.12), (0.0, 0.2))] == [
        "above",
        "near",
        "below",
    ]
