"""A verdict is computed from claim, value and scope, by rules in a fixed order."""

from __future__ import annotations

import math
from itertools import product

import pytest
from reread import studies
from reread.core.errors import DataError
from reread.core.verdicts import SCOPES, VERDICTS, Verdict, holds, judge, outcome
from reread.studies import Claim


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


@pytest.mark.parametrize("places", [1, 2, 3])
def test_a_value_exactly_at_its_tolerance_is_within_it(places):
    """Every decimal case: published, tolerance and ours with the same number of places."""
    unit = 10**places
    for published, room in product(range(0, unit + 1, unit // 10), range(1, unit // 10 + 1, 1)):
        made = claim(published / unit, room=room / unit)
        for sign in (-1, 1):
            assert word(made, (published + sign * room) / unit) == "reproduced"
            assert word(made, published / unit + sign * room / unit) == "reproduced"
            assert word(made, (published + sign * 2 * room) / unit) == "close"
            assert word(made, (published + sign * (2 * room + 1)) / unit) == "not reproduced"


def test_values_are_compared_at_the_printed_precision():
    assert word(claim(0.843, room=0.005), 0.84849) == "reproduced"
    assert word(claim(0.843, room=0.005), 0.8486) == "close"
    assert word(claim(0.0, room=1e-12), 3e-13) == "reproduced"
    assert word(claim(0.0, room=1e-12), 3e-4) == "not reproduced"


@pytest.mark.parametrize("ours", [0.75, 1.2, 0.999])
def test_a_count_is_compared_without_rounding(ours):
    assert word(claim(1, room=0, kind="set overlap"), ours) == "not reproduced"


@pytest.mark.parametrize(
    ("rule", "bound", "ours", "reason"),
    [
        ("below", 0.05, 0.0501, "0.0501 is not below 0.05"),
        ("below", 0.05, 0.05, "0.05 is not below 0.05"),
        ("below", 0.05, 0.01, "0.010 is below 0.05"),
        ("above", 0, 0.00004, "0.00004 is above 0"),
        ("above", 0, -0.2, "-0.200 is not above 0"),
    ],
)
def test_a_reason_shows_enough_digits_to_be_true(rule, bound, ours, reason):
    assert judge(claim(None, rule, bound, kind="direction"), ours, scope="full").reason == reason


def test_a_value_has_a_direction_only_where_the_record_names_its_neutral_value():
    assert word(claim(0.8, room=0.01), 0.6) == "not reproduced"
    assert word(claim(0.8, room=0.01, neutral=0.5), 0.6) == "same direction"
    assert word(claim(0.8, room=0.01, neutral=0.5), 0.4) == "not reproduced"
    assert word(claim(None, "above", 0.8, neutral=0.5), 0.9) == "same direction"


def test_an_unknown_scope_is_refused_by_name():
    with pytest.raises(DataError, match="Did you mean 'full'"):
        judge(claim(), 0.8, scope="fulll")


@pytest.mark.parametrize("ours", [math.nan, math.inf])
def test_a_value_that_is_not_finite_is_not_reproduced_and_says_so(ours):
    assert judge(claim(), ours, scope="full").reason == f"the measured value is {ours}, not a finite number"


@pytest.mark.parametrize(
    ("published", "ours", "wanted"),
    [(200.0, 219.0, "reproduced"), (200.0, 239.0, "close"), (-200.0, -219.0, "reproduced")],
)
def test_a_relative_tolerance_grows_with_the_published_value(published, ours, wanted):
    assert word(claim(published, "relative", 0.1), ours) == wanted


@pytest.mark.parametrize(
    ("published", "ours", "wanted"),
    [
        (0.8, 0.2, "same direction"),
        (-0.8, -0.2, "same direction"),
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
    ("above", "direction", math.inf, "not reproduced"),
    ("below", "direction", -math.inf, "not reproduced"),
]


@pytest.mark.parametrize(("rule", "kind", "ours", "wanted"), BY_SIDE)
def test_without_a_number_a_claim_holds_on_its_side_of_a_bound(rule, kind, ours, wanted):
    assert word(claim(None, rule, 0.5, kind=kind), ours) == wanted


def test_success_on_a_part_of_the_data_says_so():
    assert word(claim(), 0.8, "subset") == "reproduced on a subset"
    assert word(claim(None, "above", 0.5, kind="ranking"), 0.8, "subset") == "reproduced on a subset"


@pytest.mark.parametrize(("asked", "scope"), [*product(SCOPES[1:], SCOPES)])
def test_narrower_data_never_answer_a_claim(asked, scope):
    verdict = judge(claim(data_scope=asked), 0.8, scope=scope)

    is_enough = SCOPES.index(scope) >= SCOPES.index(asked)
    assert (verdict.word == "not tested") is not is_enough
    assert is_enough or scope in verdict.reason


@pytest.mark.parametrize("ours", [0.8, 0.1, math.nan])
def test_simulated_data_never_answer_what_a_paper_claims(ours):
    for asked in ("subset", "full"):
        assert word(claim(data_scope=asked), ours, "simulated") == "not tested"


def test_rules_are_applied_in_their_order():
    """Cannot be tested, not measured, out of scope, outdated, then the number."""
    blocked = claim(blocked_by="no expression data")

    assert word(blocked, None, "simulated", is_stale=True) == "cannot be tested here"
    assert word(claim(), None, "simulated", is_stale=True) == "not tested"
    assert judge(claim(), None, scope="full").reason == "no run has measured it"
    assert word(claim(), 0.8, "simulated", is_stale=True) == "not tested"
    assert word(claim(), 0.8, is_stale=True) == "outdated"
    assert word(claim(), 0.8) == "reproduced"


@pytest.mark.parametrize(
    ("kind", "rule"), [("value", "absolute"), ("direction", "absolute"), ("ranking", "above")]
)
def test_what_is_no_number_is_never_a_success(kind, rule):
    value = 0.8 if rule == "absolute" else None

    assert word(claim(value, rule, kind=kind), math.nan) == "not reproduced"


def test_the_reason_holds_both_numbers_and_what_was_allowed():
    assert judge(claim(), 0.95, scope="full") == Verdict(
        "close", "0.95 against 0.8: off by 0.15, allowed 0.1", 0.95
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
    assert studies.SCOPES == SCOPES


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
        (math.inf, 0.4, None, False),
        (None, 0.4, 0.6, None),
        ("high", 0.4, 0.6, None),
    ],
)
def test_a_check_is_passed_within_its_bounds_and_failed_by_what_is_not_finite(value, low, high, wanted):
    assert holds(value, low, high) is wanted
    assert outcome(value, low, high) == {True: "passed", False: "failed", None: "not measured"}[wanted]


def test_a_word_answers_no_claim_about_a_number():
    verdict = judge(claim(0.8, "absolute"), "high", scope="full")

    assert verdict.word == "not tested"
    assert verdict.reason == "the measured value 'high' is not a number"
