"""Tables of what was judged: claims by study, checks on simulated data, and counts of verdicts."""

from __future__ import annotations

import re

from reread.book.site import markup as myst
from reread.book.site.build import home
from reread.book.status.claims import CheckRow, Row
from reread.book.status.publishable import Shelf
from reread.studies import Study, every

QUESTION = re.compile(r"^:::\{container\} question\n(.+?)\n:::$", re.MULTILINE | re.DOTALL)
MEANING = {
    "reproduced": "Our value lies within the tolerance, on the full data.",
    "reproduced on a subset": "Our value lies within the tolerance, on a part of the paper's data.",
    "close": "Our value lies outside the tolerance, but within twice the tolerance.",
    "same direction": "Our value has the published sign or order, but another size.",
    "not reproduced": "Our value meets none of the conditions above.",
    "not tested": "No run has tested the claim on data that can answer it. Simulated data answer no claim.",
    "outdated": "The code, the data or the parameters have changed since the run.",
    "cannot be tested here": "Something that the test needs is not public; the reason names it.",
}
ANSWERED = tuple(MEANING)[:5]
MADE_BY = {"paper": "", "third party": "(third party) ", "ours": "(our own earlier measurement) "}


def claims_table(rows: list[Row], shelf: Shelf) -> str:
    """Every claim by study: statement, protocol, both values and verdict; then the reasons, folded."""
    parts = []
    for study in every():
        own = [row for row in rows if row.study.key == study.key]
        head = ["claim", "statement", "protocol", "published>", "ours>", "verdict"]
        parts += [f"(claims-{study.key})=", f"## Claims on {study.key}: {myst.plain(study.title)}\n"]
        parts += [myst.table(head, map(_claim_cells, own), "ledger claims")]
        head = ["claim", "reason for the verdict", "tolerance, fixed before the run", "published"]
        reasons = myst.table(head, [_reason_cells(row, shelf) for row in own], "ledger")
        parts += [myst.box("dropdown", f"Reasons and tolerances of {study.key}", reasons)]
    return "\n".join(parts)


def checks_table(rows: list[CheckRow], shelf: Shelf) -> str:
    """Every check on simulated data by study, with its bounds, its outcome and its page."""
    parts = []
    for study in every():
        own = [row for row in rows if row.study.key == study.key]
        cells = [[*of_check(row), _page(row, shelf)] for row in own]
        head = ["check", "statement", "expected", "ours>", "outcome", "page"]
        parts += [f"### Checks of {study.key}\n", myst.table(head, cells, "ledger")] if own else []
    return "\n".join(parts)


def verdict_words() -> str:
    """What each verdict means."""
    return myst.table(["verdict", "meaning"], [[myst.badge(w), text] for w, text in MEANING.items()], "words")


def verdict_counts(rows: list[Row], checks: list[CheckRow]) -> str:
    """Number of claims by study and verdict, and of passed checks; verdicts that nobody has are left out."""
    words = [word for word in MEANING if any(row.verdict.word == word for row in rows)]
    lines = []
    for study in every():
        own = [row.verdict.word for row in rows if row.study.key == study.key]
        outcomes = [row.outcome for row in checks if row.study.key == study.key]
        counts = [str(own.count(word)) for word in words]
        lines.append(
            [
                myst.link(study.key.capitalize(), f"{study.key}/index.md"),
                *counts,
                f"{outcomes.count('passed')} of {len(outcomes)}",
            ]
        )
    tested = sum(row.verdict.word in ANSWERED for row in rows)
    table = myst.table(["study", *(f"{myst.badge(w)}>" for w in words), "checks passed>"], lines, "counts")
    return f"{tested} of {len(rows)} claims were tested on data that can answer them.\n\n{table}"


def study_cards() -> str:
    """One card for each study: its question and its paper."""
    cards = []
    for study in every():
        paper = study.paper
        cited = f"{myst.plain(paper.title)} [{myst.plain(paper.journal)}, {paper.year}]{{.locator}}"
        body = f"{question(study)}\n\n{cited}"
        options = {"link": f"/{study.key}/index", "link_type": "doc", "class_card": "study-card"}
        cards.append(myst.box("grid-item-card", myst.plain(study.title), body, **options))
    return myst.box("grid", "1 1 3 3", "\n".join(cards), gutter="3")


def question(study: Study) -> str:
    """The question of a study, as the box ``question`` of its first page asks it."""
    page = home(f"book/{study.key}/index.md")
    found = QUESTION.search(page.read_text(encoding="utf-8")) if page.is_file() else None
    return " ".join(found[1].split()) if found else myst.plain(study.chapters[0].question)


def answer(row: Row) -> float | None:
    """Our value if it answers the claim: a value from simulated data is not shown beside a published one."""
    return row.verdict.ours if row.verdict.word in ANSWERED else None


def of_check(row: CheckRow) -> list[str]:
    """A check on simulated data as cells of a table."""
    low, high = row.check.min, row.check.max
    bounds = [f"at least {low:g}"] if low is not None else []
    bounds += [f"at most {high:g}"] if high is not None else []
    ours = myst.number(row.ours)
    expected, word = " and ".join(bounds), myst.badge(row.outcome)
    return [claim_id(row.check.id), myst.plain(row.check.says), expected, ours, word]


def claim_id(name: str, anchor: str = "") -> str:
    """The short name of a claim or a check, with an anchor to link to if wanted."""
    return f"[{myst.plain(name)}]{{{f'#{anchor} ' if anchor else ''}.claim-id}}"


def _page(row: Row | CheckRow, shelf: Shelf) -> str:
    return myst.page_link(row.page) if row.page is not None and row.page in shelf.pages else ""


def _claim_cells(row: Row) -> list[str]:
    claim = row.claim
    anchor = f"claim-{row.study.key}-{claim.id}".lower()
    locator = f" [{myst.plain(claim.locator)}]{{.locator}}"
    return [
        claim_id(claim.id, anchor),
        MADE_BY[claim.made_by] + myst.plain(claim.says) + locator,
        claim.protocol,
        myst.printed(claim.published.value),
        myst.number(answer(row)),
        myst.badge(row.verdict.word),
    ]


def _reason_cells(row: Row, shelf: Shelf) -> list[str]:
    claim, tolerance, value = row.claim, row.claim.tolerance, row.claim.published.value
    page = _page(row, shelf)
    return [
        claim_id(claim.id),
        myst.plain(row.verdict.reason) + (f". {page}" if page else ""),
        myst.plain(f"{tolerance.rule} {tolerance.value:g}: {tolerance.why}") if tolerance else "",
        myst.plain(claim.published.why_null if value is None else f"{claim.published.metric} {value:g}"),
    ]
