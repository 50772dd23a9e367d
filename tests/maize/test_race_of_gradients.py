from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

RACE = Path(__file__).parents[2] / "benchmarks/expected_gradients.py"


@pytest.fixture(scope="module")
def benchmark():
    spec = importlib.util.spec_from_file_location("race_of_gradients", RACE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.filterwarnings("ignore:The structure of `inputs`:UserWarning")
def test_the_race_runs_on_tiny_input(benchmark, monkeypatch):
    """All three ways estimate the same maps; of 40 points no more than that is asked."""
    monkeypatch.setattr(benchmark, "POINTS", 40)

    measured = benchmark.race("simulated", 60, "4", 2, 2)

    assert list(measured) == ["shap, every class", "shap, predicted class", "ours, predicted class"]
    for name, row in measured.items():
        assert row["cpu_s"] > 0, name
        assert 0 < row["mean_error"] <= row["largest_error"] < 1, name
        assert row["r"] > 0.8, name


def test_the_race_fails_where_ours_errs_more_than_shap(benchmark):
    errors = {"shap, every class": 0.03, "shap, predicted class": 0.04, "ours, predicted class": 0.02}
    measured = {name: {"mean_error": error} for name, error in errors.items()}

    assert benchmark.checked(measured) is measured
    measured["ours, predicted class"]["mean_error"] = 0.035
    with pytest.raises(AssertionError, match=r"0\.0350 is larger than shap's 0\.0300"):
        benchmark.checked(measured)
