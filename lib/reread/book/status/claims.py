"""The claims ledger: every claim and every check, judged by the runs at hand.

A claim is answered by the highest profile whose run can answer it: paper, then real, then demo.
"""

import json
from typing import NamedTuple

from reread.book.status.staleness import Status, scope_of
from reread.core import verdicts
from reread.core.verdicts import Verdict
from reread.pages import PageRef, pages
from reread.studies import PROFILES, Answer, Check, Claim, Profile, Study, every, find

_OUTDATED = "outdated"


class Row(NamedTuple):
    """A claim, its verdict, and the page that answers it, if one has run."""

    study: Study
    claim: Claim
    verdict: Verdict
    page: PageRef | None = None


class CheckRow(NamedTuple):
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
    objects = [
        {
            "study": study.key,
            **{name: getattr(claim, name) for name in ("id", "says", "made_by", "quote", "locator")},
            "metric": claim.published.metric,
            "published": claim.published.value,
            "why_not_published": claim.published.why_null,
            **claim.model_dump(include={"protocol", "tolerance"}),
            "ours": verdict.ours,
            "verdict": verdict.word,
            "reason": verdict.reason,
            "page": page.name if page else None,
            "profile": page.profile if page else None,
        }
        for study, claim, verdict, page in rows
    ]
    return json.dumps(objects, indent=1, ensure_ascii=False)


def judge_claim(
    study: Study, claim: Claim, status: Status, profiles: tuple[Profile, ...] = PROFILES[::-1]
) -> Row:
    """The verdict of a claim by the first of ``profiles`` whose run can answer it."""
    rows = [_by_run(claim, ref, status) for ref in _pages(study, claim.answered_by, profiles)]
    measured = [row for row in rows if row.page]
    given = [row for row in measured if row.verdict.word not in verdicts.UNANSWERED]
    outdated = [row for row in measured if row.verdict.word == _OUTDATED]
    nobody = Row(study, claim, verdicts.judge(claim, None, scope="simulated"))
    unread = [row for row in rows if row.page is None and row.verdict != nobody.verdict]
    return next(iter([*given, *outdated, *unread, *measured, nobody]))


def judge_check(
    study: Study, check: Check, status: Status, profiles: tuple[Profile, ...] = PROFILES
) -> CheckRow:
    """The outcome of a check by the first of ``profiles`` that ran on data of the scope of the check."""
    for ref in _pages(study, check.answered_by, profiles):
        record = status.record(ref)
        ours = record.measured(check.answered_by.key) if record else None
        if ours is not None and not isinstance(ours, str) and scope_of(ref, record) == check.scope:
            word = verdicts.outcome(ours, check.min, check.max)
            word = word if status.state(ref).word == "fresh" else _OUTDATED
            return CheckRow(study, check, word, ours, ref)
    return CheckRow(study, check, verdicts.outcome(None, None, None))


def _by_run(claim: Claim, ref: PageRef, status: Status) -> Row:
    """The verdict by the run of one page; its scope is worked out anew, and an altered run is never read."""
    record, state = status.record(ref), status.state(ref)
    ours = record.measured(claim.answered_by.key) if record else None
    if ours is not None and not isinstance(ours, str):
        scope, is_stale = scope_of(ref, record), state.word != "fresh"
        return Row(ref.study, claim, verdicts.judge(claim, ours, scope=scope, is_stale=is_stale), ref)
    verdict = verdicts.judge(claim, ours, scope="simulated")
    if state.word == "altered" and not claim.blocked_by:
        verdict = Verdict(verdict.word, f"the run of {ref.name} is {state}. Run it again")
    return Row(ref.study, claim, verdict)


def _studies(study: str) -> list[Study]:
    return [find(study)] if study else every()


def _pages(study: Study, wanted: Answer | None, profiles: tuple[Profile, ...]) -> list[PageRef]:
    """The page that answers, in each of the profiles that have it."""
    place = (wanted.chapter, wanted.page) if wanted else None
    refs = (ref for profile in profiles for ref in pages(profile, study.key))
    return [ref for ref in refs if (ref.chapter.key, ref.page) == place]
