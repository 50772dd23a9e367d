"""Statistics of shifts: the published one as Geneformer computes it, ours on null and on planted shifts."""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from reread.core.errors import DataError
from reread.depression.methods import shift_statistics as stats
from scipy.stats import false_discovery_control

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "benchmarks"))
from oracles import geneformer_perturbation as oracle

N_GENES, N_CELLS = 60, 12


def simulated(n_refits=20, effect=0.0, n_planted=6, seed=0):
    """Shifts of models that each add their own gene effects; ``effect`` moves the first genes of model 0."""
    rng = np.random.default_rng(seed)
    tables = []
    for model in range(n_refits + 1):
        gene_effect = rng.normal(size=N_GENES)
        gene_effect[:n_planted] += effect if model == 0 else 0
        cell, gene = np.divmod(np.arange(N_CELLS * N_GENES), N_GENES)
        start = np.where(cell % 2, "case", "control")
        value = gene_effect[gene] + 0.3 * rng.normal(size=len(cell))
        sign = np.where(start == "control", 1, -1)
        table = {"model": model, "cell": cell, "unit": cell, "gene": gene, "rank": gene, "start": start}
        tables.append(pd.DataFrame({**table, "shift": sign * value / 2, "from_start": -sign * value / 2}))
    return pd.concat(tables, ignore_index=True).assign(change="delete")


@pytest.mark.parametrize("n_rows", [500, 120_000])
def test_published_statistics_equal_those_of_the_reference(n_rows):
    rng = np.random.default_rng(1)
    gene = rng.integers(0, 12, n_rows)
    shifts = pd.DataFrame({"gene": gene, "shift": np.round(rng.normal(size=n_rows) + 0.05 * gene, 2)})
    ours = stats.published(shifts).sort_values("gene", ignore_index=True)
    theirs = oracle.published_statistics(shifts)
    for column in ("shift", "p", "fdr"):
        np.testing.assert_allclose(ours[column], theirs[column], rtol=1e-9, atol=1e-12)
    assert ours["n_cells"].tolist() == np.bincount(gene).tolist()


def test_published_statistics_list_called_genes_first_and_the_largest_shift_first():
    shifts = pd.DataFrame({"gene": np.repeat([1, 2, 3], 200), "shift": np.repeat([0.0, 2.0, 1.0], 200)})
    shifts["shift"] += np.random.default_rng(0).normal(size=600)
    found = stats.published(shifts)
    assert found["is_called"].tolist() == sorted(found["is_called"], reverse=True)
    called = found[found["is_called"]]
    assert called["shift"].is_monotonic_decreasing and called["gene"].iloc[0] == 2


def test_the_published_test_calls_genes_of_models_without_a_signal_and_ours_does_not():
    shifts = simulated()
    one_run = shifts[(shifts["model"] == 0) & (shifts["start"] == "control")]
    assert stats.published(one_run)["is_called"].mean() > 0.2
    assert not stats.against_refits(shifts, "delete")["is_called"].any()


def test_planted_genes_are_called_against_refits():
    found = stats.against_refits(simulated(effect=8.0), "delete").set_index("gene")
    measured = stats.calibrate(found["is_called"], found.index < 6)
    assert measured["power"] == 1 and measured["false_share"] <= 0.2
    assert (found["toward_case"][:6] > found["high"][:6]).all()


def test_the_share_of_false_calls_stays_below_the_level_on_average():
    found = [stats.against_refits(simulated(effect=5.0, seed=k), "delete", level=0.1) for k in range(10)]
    counted = pd.DataFrame([stats.calibrate(one["is_called"], one["gene"] < 6) for one in found])
    assert counted["false_share"].fillna(0).mean() <= 0.1, "a test without a call has no false ones"
    assert counted["power"].mean() >= 0.5


def test_the_false_discovery_rate_is_that_for_dependent_tests():
    found = stats.against_refits(simulated(effect=5.0), "delete")
    np.testing.assert_allclose(found["fdr"], false_discovery_control(found["p"], method="by"))


def test_the_variance_of_a_gene_over_refits_is_shrunk_towards_that_of_all_genes():
    shifts = simulated(effect=5.0)
    found = stats.against_refits(shifts, "delete").set_index("gene")
    values, _ = stats.gene_matrix(shifts, "delete")
    centred = values.sub(values.median(axis=1), axis=0)
    z = centred.div(1.4826 * centred.abs().median(axis=1), axis=0)
    refits = z.drop(index=0)
    shrunk = (found["z"] - refits.mean()) ** 2 / (found["t"] ** 2 * (1 + 1 / len(refits)))
    raw = refits.var()
    assert shrunk.std() < 0.6 * raw.std()
    assert raw.min() < shrunk.min() and shrunk.max() < raw.max()


def test_scale_of_a_model_does_not_change_its_test():
    shifts = simulated(effect=8.0)
    scaled = shifts.copy()
    scaled.loc[scaled["model"] == 0, ["shift", "from_start"]] *= 100
    left, right = (stats.against_refits(one, "delete") for one in (shifts, scaled))
    np.testing.assert_allclose(left["p"], right["p"])


def test_a_cell_that_moves_far_counts_as_any_other():
    shifts = simulated(effect=5.0)
    far = shifts.copy()
    far.loc[far["cell"] == 3, "shift"] = 100 * far["shift"] + 7
    far.loc[far["cell"] == 3, "from_start"] *= 100
    left, right = (stats.against_refits(one, "delete") for one in (shifts, far))
    np.testing.assert_allclose(left["p"], right["p"])


def test_what_moves_away_from_both_states_cancels():
    shifts = pd.DataFrame({"shift": [-1.0, -1.0], "from_start": [-1.0, -1.0], "start": ["control", "case"]})
    assert stats.toward_case(shifts).tolist() == [0, 0]
    shifts = pd.DataFrame({"shift": [1.0, 1.0], "from_start": [-1.0, 0.0], "start": ["control", "case"]})
    assert stats.toward_case(shifts).tolist() == [2, -1]


def test_without_refits_there_is_no_test():
    with pytest.raises(DataError, match="at least 2 refits"):
        stats.against_refits(simulated(n_refits=1), "delete")


@pytest.mark.parametrize("n_genes", [1, 2])
def test_one_or_two_genes_have_no_spread_to_be_measured_by(n_genes):
    shifts = simulated()
    with pytest.raises(DataError, match=f"3 genes are needed.* {n_genes} genes are here"):
        stats.against_refits(shifts[shifts["gene"] < n_genes], "delete")


def test_genes_of_few_cells_are_not_tested():
    shifts = simulated()
    rare = shifts[(shifts["gene"] != 7) | (shifts["cell"] < 2)]
    assert 7 not in stats.against_refits(rare, "delete")["gene"].tolist()


def test_noise_floor_is_that_of_the_refits_alone():
    shifts = simulated(effect=50.0)
    floor = stats.noise_floor(shifts, "delete")
    assert 1.5 < floor < 2.5
    assert floor == stats.noise_floor(shifts[shifts["model"] > 0], "delete")


def test_controls_have_a_similar_rank_and_the_planted_genes_exceed_them():
    shifts = simulated(effect=9.0)
    found = stats.against_controls(shifts, "delete").set_index("gene")
    near = [gene for gene in range(N_GENES) if gene != 30 and abs(np.log((gene + 1) / 31)) <= np.log(1.3)]
    assert found["n_controls"][30] == len(near)
    values, _ = stats.gene_matrix(shifts, "delete")
    assert found["excess"][30] == pytest.approx(values.loc[0, 30] - values.loc[0, near].mean())
    assert np.isnan(found["excess"][0]) and found["n_controls"][0] == 0


def test_calibration_counts_calls():
    found = stats.calibrate([True, True, False, False, True], [True, False, True, False, False])
    assert found == {"n_called": 3, "power": 0.5, "false_share": pytest.approx(2 / 3), "type_1": 2 / 3}
    none = stats.calibrate([False] * 3, [True, False, False])
    assert none["power"] == 0 and np.isnan(none["false_share"])


def test_shifts_are_interpreted_only_above_the_baseline_and_with_20_refits():
    assert stats.interpretation(0.9, 0.8, 20) == ""
    assert "below logistic regression" in stats.interpretation(0.7, 0.8, 20)
    assert "only 7 refits" in stats.interpretation(0.9, 0.8, 7)
