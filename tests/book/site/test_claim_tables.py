from __future__ import annotations

import re

import pytest
from reread.book.site import claim_tables
from reread.book.status import claims
from reread.core.verdicts import Verdict
from reread.studies import Tolerance


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("0.967 against 0.91: off by 0.057, allowed 0.05", "Our value 0.967 against 0.91: off by 0.057"),
        ("-0.063 is not above 0", "Our value -0.063 is not above 0."),
        ("no run has measured it", "No run has measured it."),
        ("the weights are not public.", "The weights are not public."),
    ],
)
def test_the_reason_of_a_verdict_is_a_sentence(said, shown):
    row = claims.ledger()[0]

    assert claim_tables.reason(row._replace(verdict=Verdict("close", said))).startswith(shown)


def test_the_ledger_says_how_far_a_value_may_be_off():
    words = {
        "absolute": "±0.05 (two standard errors)",
        "relative": "±5 % of the published value (two standard errors)",
        "above": "above 0.05 (two standard errors)",
    }
    for rule, said in words.items():
        tolerance = Tolerance(rule=rule, value=0.05, why="two standard errors")
        assert claim_tables._allowed(tolerance) == f" Tolerance: {said}."
    assert claim_tables._allowed(None) == ""


def test_every_reason_of_the_ledger_ends_as_a_sentence():
    said = [claim_tables.reason(row) for row in claims.ledger()]

    assert len(said) > 50
    assert [one for one in said if not re.match(r"[A-Z].*[^.]\.$", one)] == []
