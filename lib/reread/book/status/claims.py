"""The claims ledger: every claim and every planted-truth check, judged by the runs at hand.

A claim is answered by the highest profile whose run can answer it: paper, then real, then demo.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from reread.book.status import staleness as stale
from reread.core import verdicts
from reread.core.files import read_json
from reread.core.verdicts import Verdict
from reread.pages import PageRef, pages
from reread.studies import PROFILES, SCOPES, Answer, Check, Claim, Profile, Study, every, find


@dataclass(frozen=True)
class Row:
    """A claim, its verdict, and the page that answers it, if one has run."""

    study: Study
    claim: Claim
    verdict: Verdict
    page: PageRef | None = None


@dataclass(frozen=True)
class CheckRow:
    """A planted-truth check, what came out, and whether it holds."""

    study: Study
    check: Check
    outcome: str
    ours: float | None = None
    page: PageRef | None = None


@dataclass(frozen=True)
class _Run:
    """A finished run: its page, its record, and whether it is of today."""

    ref: PageRef
    record: dict[str, Any]

    @cached_property
    def is_stale(self) -> bool:
        return stale.state(self.ref).word != "fresh"


def ledger(study: str = "") -> list[Row]:
    """Judge every claim, in the order of the records.

    Parameters
    ----------
    study : str
        One study only; all when empty.
    """
    records = [find(study)] if study else every()
    return [row for record in records for row in _claims(record, _runs(record))]


def checks(study: str = "") -> list[CheckRow]:
    """Outcome of every planted-truth check; a stale run says so in place of an outcome."""
    rows = []
    for record in [find(study)] if study else every():
        runs = _runs(record, ("demo",))
        for check in record.checks:
            run = next(_answering(check.answered_by, runs), None)
            ours = run.record["values"][check.answered_by.key] if run else None
            found = verdicts.outcome(ours, check.min, check.max)
            outcome = "outdated" if run and run.is_stale else found
            rows.append(CheckRow(record, check, outcome, ours, run.ref if run else None))
    return rows


def as_text(rows: list[Row]) -> str:
    """Two lines for each claim: verdict, number, what it says; and the reason."""
    lines = []
    for row in rows:
        where = f"  [{row.page.name}, {row.page.profile}]" if row.page else ""
        lines += [
            f"{row.verdict.word:<22} {row.study.key} {row.claim.id}: {row.claim.says} ({row.claim.protocol})",
            f"{'':<22} {row.verdict.reason}{where}",
        ]
    counts = [f"{sum(row.verdict.word == word for row in rows)} {word}" for word in verdicts.VERDICTS]
    return "\n".join([*lines, ", ".join(text for text in counts if not text.startswith("0 "))])


def as_json(rows: list[Row]) -> str:
    """The ledger for machines: a list with one object for each claim."""
    return json.dumps([_object(row) for row in rows], indent=1, ensure_ascii=False)


def _object(row: Row) -> dict[str, Any]:
    return {
        "study": row.study.key,
        "id": row.claim.id,
        "says": row.claim.says,
        "made_by": row.claim.made_by,
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


def _claims(study: Study, runs: list[_Run]) -> Iterator[Row]:
    for claim in study.claims:
        answered = [_judged(study, claim, run) for run in _answering(claim.answered_by, runs)]
        given = [row for row in answered if row.verdict.word not in verdicts.UNANSWERED]
        stale_ones = [row for row in answered if row.verdict.word == "outdated"]
        nobody = Row(study, claim, verdicts.judge(claim, None, scope="simulated"))
        yield next(iter([*given, *stale_ones, *answered, nobody]))


def _judged(study: Study, claim: Claim, run: _Run) -> Row:
    ours = run.record["values"][claim.answered_by.key]
    verdict = verdicts.judge(claim, ours, scope=run.record["scope"], is_stale=run.is_stale)
    return Row(study, claim, verdict, run.ref)


def _answering(wanted: Answer | None, runs: list[_Run]) -> Iterator[_Run]:
    """Runs that measured what is asked for, highest profile first; a value that is no number is none."""
    for run in runs:
        is_page = wanted and (run.ref.chapter.key, run.ref.page) == (wanted.chapter, wanted.page)
        value = run.record["values"].get(wanted.key) if is_page else None
        if isinstance(value, (int, float)) and value == value:
            yield run


def _runs(study: Study, profiles: tuple[Profile, ...] = PROFILES[::-1]) -> list[_Run]:
    """Finished runs of a study, highest profile first; a folder without a whole record is passed over."""
    found = []
    for ref in [ref for profile in profiles for ref in pages(profile, study.key)]:
        with suppress(OSError, ValueError, KeyError, TypeError):
            record = read_json(ref.folder / "record.json")
            if isinstance(record["values"], dict) and record["scope"] in SCOPES:
                found.append(_Run(ref, record))
    return found
