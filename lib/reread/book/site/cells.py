"""What a claim or a check looks like in a cell of a table."""

from __future__ import annotations

from reread.book.site import markup as myst
from reread.book.site import numbers
from reread.book.status.claims import CheckRow, Row

MADE_BY = {"paper": "", "third party": "(said by others) ", "ours": "(said by us) "}
OUTCOME_WORDS = {"passed": "reproduced", "failed": "not-reproduced"}


def answer(row: Row) -> float | None:
    """Our value, where it answers the claim: one on simulated data is no answer and is not shown as one."""
    return None if row.verdict.word == "not tested" else row.verdict.ours


def of_check(row: CheckRow) -> list[str]:
    """A planted-truth check as cells of a table."""
    low, high = row.check.min, row.check.max
    bounds = [f"at least {low:g}"] if low is not None else []
    bounds += [f"at most {high:g}"] if high is not None else []
    wanted, ours = " and ".join(bounds), numbers.number(row.ours)
    return [f"[{row.check.id}]{{.claim-id}}", myst.plain(row.check.says), wanted, ours, outcome(row.outcome)]


def outcome(word: str) -> str:
    """Outcome of a check as a badge, in the colours of the verdicts."""
    return f"[{word}]{{.verdict .verdict-{OUTCOME_WORDS.get(word, 'not-tested')}}}"
