"""The rules by which a fast number format may stand for fp32."""

from __future__ import annotations

import numpy as np
import pytest
from reread.core import precision

rng = np.random.default_rng(0)


def test_half_precision_is_accepted_by_ranks_and_by_the_top_20():
    exact = rng.normal(size=200)
    assert precision.accepts_ranks(exact, exact + 1e-4 * rng.normal(size=200))["accepted"]
    noisy = precision.accepts_ranks(exact, exact + 0.5 * rng.normal(size=200))
    assert not noisy["accepted"] and noisy["rank_correlation"] < 0.98
    swapped = exact.copy()
    order = np.argsort(-exact)
    swapped[order[15:20]], swapped[order[20:25]] = exact[order[20:25]], exact[order[15:20]]
    found = precision.accepts_ranks(exact, swapped)
    assert found["rank_correlation"] > 0.98 and found["top_20"] == 15 and not found["accepted"]


def test_ranks_with_a_value_that_overflowed_are_refused():
    exact = rng.normal(size=200)
    broken = exact.copy()
    broken[np.argmin(exact)] = np.nan

    assert precision.accepts_ranks(exact, exact)["accepted"]
    assert not precision.accepts_ranks(exact, broken)["accepted"]


def test_deviations_are_compared_inside_rows_not_the_values():
    level, people = 10 * rng.normal(size=(6, 1)), 0.01 * rng.normal(size=(6, 40))
    exact = level + people
    rounded = level + people + 0.01 * rng.normal(size=exact.shape)
    found = precision.accepts_deviations(exact, rounded)

    assert np.corrcoef(exact.ravel(), rounded.ravel())[0, 1] > 0.9999
    assert not found["accepted"] and 0.3 < found["correlation"] < 0.9
    assert found["error"] == pytest.approx(1.4, abs=0.5)
    assert precision.accepts_deviations(exact, exact + 5 + 1e-5 * rng.normal(size=exact.shape))["accepted"]


def test_one_row_of_mere_rounding_is_enough_to_refuse_and_a_row_without_differences_says_nothing():
    exact = rng.normal(size=(5, 40))
    exact[4] = 3.0
    assert precision.accepts_deviations(exact, exact)["accepted"]
    rounded = exact.copy()
    exact[2] *= 1e-3
    rounded[2] = exact[2] + 1e-3 * rng.normal(size=40)

    found = precision.accepts_deviations(exact, rounded)
    whole = np.corrcoef(
        (exact - exact.mean(1, keepdims=True)).ravel(), (rounded - rounded.mean(1, keepdims=True)).ravel()
    )
    assert whole[0, 1] > 0.999 and not found["accepted"]


@pytest.mark.parametrize("fast", [np.zeros((2, 3)), np.full((2, 3), np.nan), np.ones((2, 4))])
def test_deviations_that_cannot_be_compared_are_refused(fast):
    exact = np.arange(6.0).reshape(2, 3)

    assert not precision.accepts_deviations(exact, fast)["accepted"]
    assert not precision.accepts_deviations(np.ones((2, 3)), np.ones((2, 3)))["accepted"]


@pytest.mark.parametrize(
    ("noise", "chosen", "tried"),
    [
        ({"bfloat16": 0.0, "tf32": 0.0}, "bfloat16", ["bfloat16"]),
        ({"bfloat16": 1.0, "tf32": 0.0}, "tf32", ["bfloat16", "tf32"]),
        ({"bfloat16": 1.0, "tf32": 1.0}, "float32", ["bfloat16", "tf32", "float32"]),
    ],
)
def test_the_fastest_format_that_is_accepted_is_chosen(noise, chosen, tried):
    exact = rng.normal(size=(4, 30))
    ways = {name: exact + size * rng.normal(size=exact.shape) for name, size in noise.items()}
    name, table = precision.choose(ways | {"float32": exact}, lambda way: way, precision.accepts_deviations)

    assert name == chosen
    assert table["format"].tolist() == tried
    assert table["accepted"].tolist() == [False] * (len(tried) - 1) + [True]


def test_one_format_alone_is_taken_without_a_measurement():
    name, table = precision.choose({"float32": 1.0}, lambda way: 1 / 0, precision.accepts_ranks)

    assert (name, table.to_dict("list")) == ("float32", {"format": ["float32"], "accepted": [True]})
