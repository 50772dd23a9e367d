from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest
from reread.genomes.models.enformer import Architecture

RACE = Path(__file__).parents[3] / "benchmarks/chunks.py"


@pytest.fixture(scope="module")
def benchmark():
    spec = importlib.util.spec_from_file_location("race_of_chunks", RACE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_both_ways_agree_on_tiny_input(benchmark):
    size = Architecture(dim=48, depth=1, heads=2, key_dim=16, divisible_by=8, n_tracks=5, tf_gamma=False)
    found = benchmark.race(4, 24 * 128, size, "simulated")

    assert found["stock_s"] > 0 and found["ours_s"] > 0


def test_flops_of_a_matrix_product_are_two_for_each_product_of_numbers(benchmark):
    import torch

    left, right = torch.empty(3, 4, device="meta"), torch.empty(4, 5, device="meta")

    assert benchmark.flops(lambda: left @ right) == 2 * 3 * 4 * 5
