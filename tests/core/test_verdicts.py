"""A verdict is computed; the order of the questions is the order of honesty."""

from __future__ import annotations

import math
from itertools import product

import pytest
from reread.core.verdicts import SCOPE_ORDER, VERDICTS, Verdict, holds, judge
from reread.studies import SCOPES, Claim


def claim(value: float | None = 0.8, rule: str = "absolute", room: float = 0.1, **changes) -> Claim:
    given = {
        "id": "M1",
        "says": "plants grow",
        "kind": "value",
        "locator": "table 1",
        "published": {
            "metric": "auroc",
            "value": value,
            "why_null": "" if value is not None else "no number",
        },
        "answered_by": {"chapter": "01-cells", "key": "auroc"},
        "protocol": "as published",
        "tolerance": {"rule": rule, "value": room, "why": "fixed before the run"},
        "data_scope": "subset",
    }
    return Claim.model_validate(given | changes)


def word(made: Claim, ours: float | None, scope: str = "full", **more) -> str:
    return judge(made, ours, scope=scope, **more).word


BY_DISTANCE = [
    (0.8, "reproduced"),
    (0.89, "reproduced"),
    (0.71, "reproduced"),
    (0.95, "close"),
    (0.61, "close"),
    (1.01, "not reproduced"),
    (0.59, "not reproduced"),
    (-0.8, "not reproduced"),
    (math.inf, "not reproduced"),
]


@pytest.mark.parametrize(("ours", "wanted"), BY_DISTANCE)
def test_inside_the_tolerance_is_reproduced_and_inside_twice_of_it_close(ours, wanted):
    assert word(claim(), ours) == wanted


def test_the_bounds_belong_to_the_better_word():
    """Powers of two, so that the sums are exact."""
    exact = claim(0.5, room=0.125)

    assert [word(exact, ours) for ours in (0.375, 0.625, 0.25, 0.75)] == ["reproduced"] * 2 + ["close"] * 2


@pytest.mark.parametrize(
    ("published", "ours", "wanted"),
    [(200.0, 219.0, "reproduced"), (200.0, 239.0, "close"), (-200.0, -219.0, "reproduced")],
)
def test_a_relative_tolerance_grows_with_the_published_value(published, ours, wanted):
    assert word(claim(published, "relative", 0.1), ours) == wanted


@pytest.mark.parametrize(
    ("published", "ours", "wanted"),
    [
        (0.8, 0.2, "direction only"),
        (-0.8, -0.2, "direction only"),
        (0.8, -0.2, "not reproduced"),
        (0.8, 0.0, "not reproduced"),
    ],
)
def test_a_claim_of_direction_may_hold_in_its_sign_alone(published, ours, wanted):
    assert word(claim(published, kind="direction"), ours) == wanted


BY_SIDE = [
    ("above", "ranking", 0.6, "reproduced"),
    ("above", "ranking", 0.4, "not reproduced"),
    ("above", "ranking", 0.5, "not reproduced"),
    ("below", "direction", 0.4, "reproduced"),
    ("below", "direction", 0.6, "not reproduced"),
    ("above", "value", 0.6, "direction only"),
    ("above", "value", 0.4, "not reproduced"),
]


@pytest.mark.parametrize(("rule", "kind", "ours", "wanted"), BY_SIDE)
def test_without_a_number_a_claim_holds_on_its_side_of_a_bound(rule, kind, ours, wanted):
    assert word(claim(None, rule, 0.5, kind=kind), ours) == wanted


def test_success_on_a_part_of_the_data_says_so():
    assert word(claim(), 0.8, "subset") == "reproduced on a subset"
    assert word(claim(None, "above", 0.5, kind="ranking"), 0.8, "subset") == "reproduced on a subset"


@pytest.mark.parametrize(("asked", "scope"), [*product(SCOPES, SCOPES)])
def test_narrower_data_never_answer_a_claim(asked, scope):
    verdict = judge(claim(data_scope=asked), 0.8, scope=scope)

    is_enough = SCOPES.index(scope) >= SCOPES.index(asked)
    assert (verdict.word == "not asked") is not is_enough
    assert is_enough or scope in verdict.reason


@pytest.mark.parametrize("ours", [0.8, 0.1, math.nan])
def test_simulated_data_never_answer_what_a_paper_claims(ours):
    for asked in ("subset", "full"):
        assert word(claim(data_scope=asked), ours, "simulated") == "not asked"


def test_the_order_of_honesty():
    """Blocked, then not measured, then out of scope, then stale, then the number."""
    blocked = claim(blocked_by="no expression data")

    assert word(blocked, None, "simulated", is_stale=True) == "blocked"
    assert word(claim(), None, "simulated", is_stale=True) == "not asked"
    assert judge(claim(), None, scope="full").reason == "no run has measured it yet"
    assert word(claim(), 0.8, "simulated", is_stale=True) == "not asked"
    assert word(claim(), 0.8, is_stale=True) == "stale"
    assert word(claim(), 0.8) == "reproduced"


@pytest.mark.parametrize(
    ("kind", "rule"), [("value", "absolute"), ("direction", "absolute"), ("ranking", "above")]
)
def test_what_is_no_number_is_never_a_success(kind, rule):
    value = 0.8 if rule == "absolute" else None

    assert word(claim(value, rule, kind=kind), math.nan) == "not reproduced"


def test_the_reason_holds_both_numbers_and_what_was_allowed():
    assert judge(claim(), 0.95, scope="full") == Verdict(
        "close", "0.950 against 0.8: off by 0.150, allowed 0.1", 0.95
    )


def test_every_word_can_come_out_and_no_other():
    made = [
        *(judge(claim(), ours, scope="full") for ours in (0.8, 0.95, 2.0, None)),
        judge(claim(), 0.8, scope="subset"),
        judge(claim(kind="direction"), 0.1, scope="full"),
        judge(claim(), 0.8, scope="full", is_stale=True),
        judge(claim(blocked_by="no data"), 0.8, scope="full"),
    ]

    assert {verdict.word for verdict in made} == set(VERDICTS)


def test_scopes_of_records_and_verdicts_are_the_same():
    assert tuple(SCOPE_ORDER) == tuple(SCOPES)


@pytest.mark.parametrize(
    ("value", "low", "high", "wanted"),
    [
        (0.5, 0.4, 0.6, True),
        (0.4, 0.4, 0.6, True),
        (0.6, 0.4, 0.6, True),
        (0.3, 0.4, None, False),
        (0.3, None, 0.4, True),
        (0.5, None, 0.4, False),
        (0.0, 0.0, 0.0, True),
        (math.nan, 0.4, None, False),
        (math.nan, None, 0.4, False),
        (None, 0.4, 0.6, None),
        ("high", 0.4, 0.6, None),
    ],
)
def test_planted_truth_keeps_its_bounds_or_was_not_measured(value, low, high, wanted):
    assert holds(value, low, high) is wanted


def test_a_word_answers_no_claim_about_a_number():
    verdict = judge(claim(0.8, "absolute"), "high", scope="full")

    assert verdict.word == "not asked"
    assert verdict.reason == "it came out as 'high', which is no number"
