"""What was judged, as tables and cards: claims, planted truth, reasons, and the numbers of the front page."""

from __future__ import annotations

from collections import Counter
from typing import Any

from reread.book.site import cells, numbers
from reread.book.site import markup as myst
from reread.book.site.addresses import link
from reread.book.status.claims import CheckRow, Row
from reread.book.status.publishable import Shelf
from reread.core import verdicts
from reread.core.data import registry
from reread.studies import Claim, Study, every

PROTOCOLS = ("as published", "corrected")
MEANING = {
    "reproduced": "inside the tolerance that was fixed before the run, on the full data",
    "reproduced on a subset": "inside the tolerance, on a part of the data that the paper used",
    "close": "outside the tolerance, inside twice the tolerance",
    "same direction": "the same sign or order, but another size, or no number was printed to compare with",
    "not reproduced": "none of the above",
    "not tested": "no run has used data that can answer it; simulated data never answer a published claim",
    "outdated": "the run was made with other code, data or parameters than today's",
    "cannot be tested here": "nothing here can answer it; the reason says what is missing",
}
N_SHOWN = 4


def claims_table(rows: list[Row]) -> str:
    """Every claim once, with what came out as published and corrected side by side.

    A claim and its correction are one row: the correction's name is that of the claim with a ``c`` behind it.
    """
    groups: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        groups.setdefault((row.study.key, row.claim.id.removesuffix("c")), []).append(row)
    head = ["claim", "says", "published>", *PROTOCOLS]
    return myst.table(head, [_claim_cells(alike) for alike in groups.values()], "ledger")


def checks_table(rows: list[CheckRow], shelf: Shelf) -> str:
    """Every planted-truth check with its bounds, its outcome and its page."""
    lines = []
    for row in rows:
        is_shown = row.page is not None and row.page in shelf.pages
        lines.append([*cells.of_check(row), link(row.page) if is_shown else ""])
    return myst.table(["check", "says", "wanted", "ours>", "outcome", "page"], lines, "ledger")


def reasons(rows: list[Row], shelf: Shelf) -> str:
    """Why each verdict is what it is: number, tolerance, and the page that measured it."""
    head = ["claim", "verdict", "because", "tolerance, fixed before the run", "published"]
    return myst.table(head, [_reason_cells(row, shelf) for row in rows], "ledger")


def verdict_words() -> str:
    """What each verdict means."""
    return myst.table(["verdict", "means"], [[myst.badge(w), MEANING[w]] for w in verdicts.VERDICTS], "words")


def headline(rows: list[Row], checks: list[CheckRow], shelf: Shelf) -> str:
    """Cards of the front page: what was counted and what was found, all computed."""
    answered = [
        row for row in rows if row.verdict.word not in ("not tested", "outdated", "cannot be tested here")
    ]
    n_held = sum(row.outcome == "passed" for row in checks)
    n_figures = sum(len(shelf.record(ref)["figures"]) for ref in shelf.pages)
    counts = [
        (f"{len(answered)} of {len(rows)}", "claims put to data that can answer them"),
        (f"{n_held} of {len(checks)}", "planted truths found again"),
        (str(len(shelf.pages)), f"pages that ran; figures: {n_figures}"),
        (str(len(registry.datasets())), "data files pinned by SHA-256"),
    ]
    results = _claim_results(answered) or _check_results(checks)
    cards = [
        myst.box("grid-item-card", "", f"[{big}]{{.big}}\n\n{small}", class_card="headline")
        for big, small in [*counts, *results[:N_SHOWN]]
    ]
    return myst.box("grid", "2 2 4 4", "\n".join(cards), gutter="2")


def study_cards(shelf: Shelf, rows: list[Row]) -> str:
    """One card for each study: its question, its paper, its verdicts."""
    cards = []
    for study in every():
        words = [myst.badge(w) for w in verdicts.VERDICTS if any(_is(row, study, w) for row in rows)]
        body = f"{myst.plain(study.paper.title)}\n\n{' '.join(words)}"
        cards.append(
            myst.box(
                "grid-item-card",
                myst.plain(study.title),
                body,
                link=f"/{study.key}/index",
                link_type="doc",
                class_card="study-card",
            )
        )
    return myst.box("grid", "1 1 2 2" if len(cards) > 1 else "1", "\n".join(cards), gutter="3")


def _claim_results(answered: list[Row]) -> list[tuple[str, str]]:
    """Value and meaning of answered claims, our own first: those have both numbers."""
    found = _in_turn(sorted(answered, key=lambda row: row.claim.made_by != "ours"))
    says = [f"{myst.plain(row.claim.says)} {myst.badge(row.verdict.word)}" for row in found]
    return [(numbers.number(row.verdict.ours), text) for row, text in zip(found, says, strict=True)]


def _check_results(checks: list[CheckRow]) -> list[tuple[str, str]]:
    """Value and meaning of planted truths, for a book without real data."""
    found = _in_turn([row for row in checks if row.ours is not None])
    return [(numbers.number(r.ours), f"{myst.plain(r.check.says)} {cells.outcome(r.outcome)}") for r in found]


def _in_turn(rows: list[Any]) -> list[Any]:
    """The first of each study, then the second of each: no study fills the front page alone."""
    seen: Counter[str] = Counter()
    places = []
    for row in rows:
        places.append(seen[row.study.key])
        seen[row.study.key] += 1
    return [row for _, row in sorted(zip(places, rows, strict=True), key=lambda pair: pair[0])]


def _is(row: Row, study: Study, word: str) -> bool:
    return row.study.key == study.key and row.verdict.word == word


def _reason_cells(row: Row, shelf: Shelf) -> list[str]:
    claim, tolerance = row.claim, row.claim.tolerance
    value = claim.published.value
    printed = claim.published.why_null if value is None else f"{claim.published.metric} {value:g}"
    is_shown = row.page is not None and row.page in shelf.pages
    because = myst.plain(row.verdict.reason) + (f". {link(row.page)}" if is_shown else "")
    return [
        f"[{claim.id}]{{.claim-id}} [{claim.protocol}]{{.locator}}",
        myst.badge(row.verdict.word),
        because,
        myst.plain(f"{tolerance.rule} {tolerance.value:g}: {tolerance.why}") if tolerance else "",
        myst.plain(printed),
    ]


def _claim_cells(alike: list[Row]) -> list[str]:
    """One row of the ledger: a claim, and the same asked again under the corrected protocol."""
    first = alike[0].claim
    sides = [" ".join(_side(row, first) for row in alike if row.claim.protocol == p) for p in PROTOCOLS]
    says = cells.MADE_BY[first.made_by] + myst.plain(first.says)
    says += f" [{myst.plain(first.locator)}]{{.locator}}"
    return [f"[{first.id}]{{.claim-id}}", says, numbers.printed(first.published.value), *sides]


def _side(row: Row, first: Claim) -> str:
    ours = f"**{numbers.number(row.verdict.ours)}** " if cells.answer(row) is not None else ""
    other = (
        "" if row.claim.says == first.says else f" [{row.claim.id}]{{.claim-id}} {myst.plain(row.claim.says)}"
    )
    return ours + myst.badge(row.verdict.word) + other
