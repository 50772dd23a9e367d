from __future__ import annotations

import numpy as np
import pytest
from reread.core.errors import DataError, ParameterError
from reread.genomes.chapters import ch04_prs_and_stacking as figures
from reread.genomes.data.panel import load_panel
from reread.genomes.methods import genotype_models, stacking


@pytest.fixture(scope="module")
def panel():
    return load_panel("simulated", n_genes=6, n_people=90, heritability=0.5, seed=2)


@pytest.fixture(scope="module")
def found(panel):
    return figures.compare_models(panel, ["top-variant", "clumping"], n_folds=5, seed=0)


def test_models_that_the_page_needs_are_fitted_even_if_others_are_chosen(found):
    assert list(found[False][1]) == ["top-variant", "clumping", "elastic-net", "blup", "stack"]


def test_slope_and_p_value_are_those_of_a_regression():
    from scipy.stats import linregress

    rng = np.random.default_rng(0)
    dosage, y = rng.integers(0, 3, (30, 4)).astype(float), rng.normal(size=30)
    slope, p = genotype_models.marginal(dosage, y)
    reference = [linregress(one, y) for one in dosage.T]

    np.testing.assert_allclose(slope, [one.slope for one in reference])
    np.testing.assert_allclose(p, [one.pvalue for one in reference])


def test_clumping_keeps_the_best_of_correlated_variants():
    squared = np.array([[1, 0.9, 0.0, 0], [0.9, 1, 0.3, 0], [0.0, 0.3, 1, 0], [0, 0, 0, 0]])
    p = np.array([0.02, 0.01, 0.5, 0.001])

    assert genotype_models.clump(squared, p, 0.5).tolist() == [1, 2]
    assert genotype_models.clump(squared, p, 0.1).tolist() == [1]


def test_every_model_predicts_what_one_variant_determines():
    rng = np.random.default_rng(1)
    dosage = rng.integers(0, 3, (80, 12)).astype(float)
    y = 2.0 * dosage[:, 3] + rng.normal(size=80)
    new = rng.integers(0, 3, (40, 12)).astype(float)

    for name, model in genotype_models.MODELS.items():
        assert np.corrcoef(model(dosage, y)(new), new[:, 3])[0, 1] > 0.9, name


def test_held_out_people_change_no_prediction(panel):
    """The target of the test people never reaches the fit: another value there leaves their predictions."""
    is_test = genotype_models.fold_masks(90, 5, seed=0)[0]
    values = panel.expression.values.copy()
    changed = load_panel("simulated", n_genes=6, n_people=90, heritability=0.5, seed=2)
    changed.expression.values[:, is_test] += 5.0 * np.random.default_rng(0).normal(size=(6, is_test.sum()))

    before = genotype_models.cross_validate(panel, ["blup", "clumping"])[1]
    after = genotype_models.cross_validate(changed, ["blup", "clumping"])[1]
    assert (values == panel.expression.values).all()
    for name in before:
        np.testing.assert_allclose(before[name][:, is_test], after[name][:, is_test])


def test_the_published_design_finds_something_in_permuted_expression_and_the_corrected_one_does_not(panel):
    compared = figures.compare_designs(panel, n_splits=4, seed=0).groupby(["protocol", "data"])["r"].mean()

    assert compared["as published", "permuted"] > 0.12
    assert abs(compared["corrected", "permuted"]) < 0.2
    assert compared["as published", "measured"] > compared["corrected", "measured"]


def test_models_predict_measured_and_not_permuted_expression(found):
    table = figures.model_table(found, seed=0).set_index(["method", "data"])["mean_r"]

    assert table["blup", "measured"] > 0.3 and table["stack", "measured"] > 0.3
    assert abs(table["blup", "permuted"]) < 0.2


def test_a_model_without_variants_predicts_nothing_and_not_the_rounding_of_a_mean(panel):
    _, made = genotype_models.cross_validate(panel, ["elastic-net"], is_null=True)
    sizes = np.abs(made["elastic-net"])

    assert (sizes == 0).any() and not ((sizes > 0) & (sizes < 1e-9)).any()


def test_the_stack_of_four_people_depends_on_who_they_are(found):
    draws = figures.published_stack(found, n_draws=5, seed=0)
    measured = draws.query("data == 'measured'")["r"]

    assert measured.std() > 0.1
    with pytest.raises(DataError, match="4 people and one to test"):
        stacking.published_stack(np.ones((3, 4)), np.ones((3, 4)))


def test_covariates_are_fitted_on_the_training_people_only():
    covariate = np.arange(10.0)[:, None]
    values = 3.0 * covariate.T + 1.0
    values[0, -1] = 100.0
    is_train = np.arange(10) < 8

    residual = genotype_models.regress_out(values, covariate, is_train)
    np.testing.assert_allclose(residual[0, :9], 0, atol=1e-9)
    assert residual[0, 9] == pytest.approx(72.0)


def test_unknown_names_are_refused(panel):
    with pytest.raises(ParameterError, match=r"no model .blub.. Did you mean"):
        genotype_models.cross_validate(panel, ["blub"])
    with pytest.raises(ParameterError, match="no panel 'gtex'"):
        load_panel("gtex")


def test_every_figure_is_drawn(panel, found):
    draws = figures.published_stack(found, n_draws=5, seed=0)
    table = figures.model_table(found, seed=0)
    shown = [
        figures.designs(figures.compare_designs(panel, n_splits=1, seed=0)), figures.models(table),
        figures.gene_strips(found), figures.stack_draws(draws), figures.protocol_flow(),
    ]  # fmt: skip

    assert all(one.figure is not None and 40 <= len(one.alt) <= 250 for one in shown)
    assert figures.readable(table).shape == (10, 5)
    assert 0.5 < figures.heritability_ceiling(panel) < 0.9
    assert [figures.signal_word(*one) for one in ((0.1, 0.2), (-0.1, 0.2), (-0.3, -0.1))] == [
        "above zero", "not distinguishable from zero", "below zero",
    ]  # fmt: skip


def test_the_panel_of_geuvadis_has_the_sizes_of_its_files(mirror, monkeypatch):
    files = {
        "expression": "GEUVADIS_cqn.tsv", "genes": "GEUVADIS_phenotype_metadata.tsv",
        "people": "GEUVADIS_sample_metadata.tsv", "covariates": "GEUVADIS_test_ge.covariates.txt",
        "dosages": "LCL.dose.tsv.gz",
    }  # fmt: skip
    where = lambda key: mirror / "genomes" / files[key.removeprefix("genomes/geuvadis-")]  # noqa: E731
    monkeypatch.setattr("reread.genomes.data.panel.registry.fetch", where)
    panel = load_panel("geuvadis")

    assert panel.expression.values.shape == (80, 89)
    assert (len(panel.dosage), panel.covariates.shape) == (80, (89, 12))
    assert panel.expression.genes["tss"].iloc[0] == 35_258_345
