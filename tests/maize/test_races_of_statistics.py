from __future__ import annotations

import runpy
import sys
from pathlib import Path

import pytest
from reread.maize.methods import gene_sets as nulls

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"


def race(name, monkeypatch):
    monkeypatch.setattr(sys, "argv", [name, "--small"])
    return runpy.run_path(str(BENCHMARKS / name))["main"]()


def test_tau_of_all_genes_at_once_agrees_with_the_loop(monkeypatch):
    found = race("tau.py", monkeypatch)

    assert found["difference"] < 1e-5
    assert found["ratio"] > 0


def test_batched_clusters_agree_with_the_loop_on_average(monkeypatch):
    """Four sets in place of a hundred: only the agreement is tested."""
    few = nulls.random_sets
    monkeypatch.setattr(nulls, "random_sets", lambda n, size, n_sets, seed=0: few(n, size, 4, seed))

    found = race("null_sets.py", monkeypatch)

    assert len(found) == 3
    assert max(one["v_difference"] for one in found.values()) == pytest.approx(0, abs=0.1)
