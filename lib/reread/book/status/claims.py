"""The claims ledger: every claim and every check, judged by the runs at hand.

A claim is answered by the highest profile whose run can answer it: paper, then real, then demo.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from reread.book.status.staleness import Status, scope_of
from reread.core import verdicts
from reread.core.verdicts import Verdict
from reread.pages import PageRef, pages
from reread.studies import PROFILES, Answer, Check, Claim, Profile, Study, every, find

OUTDATED = "outdated"


@dataclass(frozen=True)
class Row:
    """A claim, its verdict, and the page that answers it, if one has run."""

    study: Study
    claim: Claim
    verdict: Verdict
    page: PageRef | None = None


@dataclass(frozen=True)
class CheckRow:
    """A check, what came out, and whether it holds."""

    study: Study
    check: Check
    outcome: str
    ours: float | None = None
    page: PageRef | None = None


def ledger(study: str = "", status: Status | None = None) -> list[Row]:
    """Judge every claim, in the order of the records, by the finished runs of all profiles."""
    status = status or Status()
    return [judge_claim(record, claim, status) for record in _studies(study) for claim in record.claims]


def checks(study: str = "", status: Status | None = None) -> list[CheckRow]:
    """Outcome of every check; a stale run says so in place of an outcome."""
    status = status or Status()
    return [judge_check(record, check, status) for record in _studies(study) for check in record.checks]


def as_text(rows: list[Row]) -> str:
    """Two lines for each claim: verdict, number, what it says; and the reason. Then counts by maker."""
    lines = []
    for row in rows:
        where = f"  [{row.page.name}, {row.page.profile}]" if row.page else ""
        lines += [
            f"{row.verdict.word:<22} {row.study.key} {row.claim.id}: {row.claim.says} ({row.claim.protocol})",
            f"{'':<22} {row.verdict.reason}{where}",
        ]
    for maker in dict.fromkeys([*(row.claim.made_by for row in rows), "all"]):
        words = [row.verdict.word for row in rows if maker in (row.claim.made_by, "all")]
        counts = ", ".join(f"{words.count(word)} {word}" for word in verdicts.VERDICTS if word in words)
        lines.append(f"{maker + ':':<14}{len(words):>4} claims: {counts}")
    return "\n".join(lines)


def as_json(rows: list[Row]) -> str:
    """The ledger for machines: a list with one object for each claim."""
    return json.dumps([_object(row) for row in rows], indent=1, ensure_ascii=False)


def _object(row: Row) -> dict[str, Any]:
    return {
        "study": row.study.key,
        "id": row.claim.id,
        "says": row.claim.says,
        "made_by": row.claim.made_by,
        "quote": row.claim.quote,
        "locator": row.claim.locator,
        "metric": row.claim.published.metric,
        "published": row.claim.published.value,
        "why_not_published": row.claim.published.why_null,
        "protocol": row.claim.protocol,
        "tolerance": row.claim.tolerance.model_dump() if row.claim.tolerance else None,
        "ours": row.verdict.ours,
        "verdict": row.verdict.word,
        "reason": row.verdict.reason,
        "page": row.page.name if row.page else None,
        "profile": row.page.profile if row.page else None,
    }


def judge_claim(
    study: Study, claim: Claim, status: Status, profiles: tuple[Profile, ...] = PROFILES[::-1]
) -> Row:
    """The verdict of a claim by the first of ``profiles`` whose run can answer it."""
    rows = [_by_run(claim, ref, status) for ref in _pages(study, claim.answered_by, profiles)]
    measured = [row for row in rows if row.page]
    given = [row for row in measured if row.verdict.word not in verdicts.UNANSWERED]
    outdated = [row for row in measured if row.verdict.word == OUTDATED]
    nobody = Row(study, claim, verdicts.judge(claim, None, scope="simulated"))
    unread = [row for row in rows if row.page is None and row.verdict != nobody.verdict]
    return next(iter([*given, *outdated, *unread, *measured, nobody]))


def judge_check(
    study: Study, check: Check, status: Status, profiles: tuple[Profile, ...] = PROFILES
) -> CheckRow:
    """The outcome of a check by the first of ``profiles`` that ran on data of the scope of the check."""
    rows = [_outcome(check, ref, status) for ref in _pages(study, check.answered_by, profiles)]
    return next((row for row in rows if row.page), CheckRow(study, check, verdicts.outcome(None, None, None)))


def _by_run(claim: Claim, ref: PageRef, status: Status) -> Row:
    """The verdict by the run of one page; its scope is worked out anew, and an altered run is never read."""
    record, state = status.record(ref), status.state(ref)
    ours = record.measured(claim.answered_by.key) if record else None
    if record is None or ours is None or isinstance(ours, str):
        verdict = verdicts.judge(claim, ours, scope="simulated")
        if state.word == "altered" and not claim.blocked_by:
            verdict = Verdict(verdict.word, f"the run of {ref.name} is {state}. Run it again")
        return Row(ref.study, claim, verdict)
    verdict = verdicts.judge(claim, ours, scope=scope_of(ref, record), is_stale=state.word != "fresh")
    return Row(ref.study, claim, verdict, ref)


def _outcome(check: Check, ref: PageRef, status: Status) -> CheckRow:
    """The outcome by the run of one page; a run on data of another scope has none."""
    record = status.record(ref)
    ours = record.measured(check.answered_by.key) if record else None
    is_asked = record is not None and scope_of(ref, record) == check.scope
    if not is_asked or ours is None or isinstance(ours, str):
        return CheckRow(ref.study, check, verdicts.outcome(None, None, None))
    word = verdicts.outcome(ours, check.min, check.max)
    return CheckRow(ref.study, check, word if status.state(ref).word == "fresh" else OUTDATED, ours, ref)


def _studies(study: str) -> list[Study]:
    return [find(study)] if study else every()


def _pages(study: Study, wanted: Answer | None, profiles: tuple[Profile, ...]) -> Iterator[PageRef]:
    """The page that answers, in each of the profiles that have it."""
    for ref in [ref for profile in profiles for ref in pages(profile, study.key)]:
        if wanted and (ref.chapter.key, ref.page) == (wanted.chapter, wanted.page):
            yield ref
