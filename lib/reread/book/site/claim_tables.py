"""What was judged, as tables: the ledger of claims, checks, the matrix of the front page."""

import re
from collections import Counter

from reread.book.site import markup as myst
from reread.book.status.claims import CheckRow, Row
from reread.book.status.staleness import Shelf
from reread.core.verdicts import UNANSWERED
from reread.studies import Claim, Paper, Tolerance, every

_MEANING = {
    "reproduced": "Our value lies within the tolerance, on the full data.",
    "reproduced on a subset": "Our value lies within the tolerance, on a part of the paper's data.",
    "close": "Our value lies outside the tolerance, but within twice the tolerance.",
    "same direction": "Our value has the published sign or order, but another size.",
    "not reproduced": "Our value meets none of the conditions above.",
    "not tested": "No run has tested the claim on data that can answer it. Simulated data answer no claim.",
    "outdated": "The code, the data or the parameters have changed since the run.",
    "cannot be tested here": "Something that the test needs is not public; the reason names it.",
}
CHECKED = {
    "simulated": (
        "Checks on simulated data",
        "The ground truth of simulated data is known. These checks test whether the methods recover it, and "
        "whether they find nothing where there is nothing.",
    ),
    "real": (
        "Checks on real data",
        "Values that we measured on the same public files before this book was written. A check fails where "
        "the code of the book no longer gives them.",
    ),
}
CLAIM_HEAD = ("claim", "the authors' words", "published", "ours>", "verdict and reason")
CHECK_HEAD = ("check", "statement", "expected", "ours>", "outcome")


def claims_table(rows: list[Row], shelf: Shelf) -> str:
    """Every claim by study: the authors' words, both values, the verdict with its reason and its page."""
    parts = []
    for study in every():
        own = [_ledger_cells(row, shelf) for row in rows if row.study.key == study.key]
        parts += [f"(claims-{study.key})=", f"## Claims on {study.key}\n", f"{cited(study.paper)}\n"]
        parts += [myst.table(CLAIM_HEAD, own, "ledger wide claims")]
    return "\n".join(parts)


def checks_table(rows: list[CheckRow], shelf: Shelf) -> str:
    """Every check by the kind of its data and by study, with its bounds, its outcome and its page."""
    parts = []
    for kind, (title, text) in CHECKED.items():
        of_kind = checks_on(kind, rows)
        parts += [f"## {title}\n", f"{text} No paper makes them, and no count of claims includes them.\n"]
        for study in every():
            own = [row for row in of_kind if row.study.key == study.key]
            cells = [[*check_cells(row), _page(row, shelf)] for row in own]
            table = myst.table([*CHECK_HEAD, "page"], cells, "ledger")
            parts += [f"### {title} of {study.key}\n", table] if own else []
        parts += [] if of_kind else ["No study has such a check.\n"]
    return "\n".join(parts)


def checks_on(kind: str, rows: list[CheckRow]) -> list[CheckRow]:
    """Checks on simulated data, or those on real data."""
    return [row for row in rows if (row.check.scope == "simulated") == (kind == "simulated")]


def verdict_words() -> str:
    """What each verdict means."""
    rows = [[myst.badge(word), text] for word, text in _MEANING.items()]
    return myst.table(["verdict", "meaning"], rows, "words")


def matrix(rows: list[Row]) -> str:
    """One sign for each claim of each study, in the order of the verdicts; below it what the signs mean."""
    words, counts = list(_MEANING), Counter(row.verdict.word for row in rows)
    n_tested = sum(row.verdict.word not in UNANSWERED for row in rows)
    lines = []
    for study in every():
        signs = []
        own = [row for row in rows if row.study.key == study.key]
        for row in sorted(own, key=lambda row: words.index(row.verdict.word)):
            said = f"[: {row.verdict.word}]{{.visually-hidden}}"
            signs.append(f"[{claim_link(row)}{said}]{{.verdict .{myst.verdict_class(row.verdict.word)}}}")
        name = myst.link(study.key.capitalize(), f"{study.key}/index.md")
        lines.append([name, " ".join(signs) or "no claim"])
    legend = " ".join(f"{myst.badge(word)} {counts[word]}" for word in words if counts[word])
    said = f"{n_tested} of {len(rows)} claims were tested on data that can answer them."
    table = myst.table(["study", "claims"], lines, "matrix")
    said += " Each sign is one claim and leads to its line in the ledger."
    return f"{said}\n\n{table}\n{myst.box('container', 'badges', legend)}"


def cited(paper: Paper) -> str:
    """Title, journal, year and DOI of a paper."""
    return f"{myst.plain(paper.title)}. {myst.journal(paper)}"


def claim_words(claim: Claim) -> str:
    """The authors' words with their place; what we test, where that is said in other words."""
    origin = "" if claim.made_by == "paper" else f" ({claim.made_by})"
    says = myst.plain(claim.says)
    words = f"“{myst.plain(claim.quote)}”" if claim.quote else says
    place = f"[{myst.plain(claim.locator)}]{{.locator}}"
    tested = f"[Tested: {says}.]{{.note}}" if claim.quote else ""
    return f"{words}{origin} {place} {tested}".strip()


def published(claim: Claim) -> str:
    """The published value with its metric, or why there is none."""
    value, metric = claim.published.value, myst.plain(claim.published.metric)
    return f"{metric} **{value:,g}**" if value is not None else myst.plain(claim.published.why_null)


def claim_cells(row: Row, notes: str, anchor: str = "") -> list[str]:
    """A claim as cells of a table; a value from simulated data is not shown beside a published one."""
    ours = None if row.verdict.word in UNANSWERED else row.verdict.ours
    verdict = f"{myst.badge(row.verdict.word)} [{notes}]{{.note}}"
    claim = row.claim
    return [claim_id(claim.id, anchor), claim_words(claim), published(claim), myst.number(ours), verdict]


def check_cells(row: CheckRow) -> list[str]:
    """A check as cells of a table: name, statement, bounds, our value, outcome."""
    low, high = row.check.min, row.check.max
    bounds = [f"at least {low:g}"] if low is not None else []
    bounds += [f"at most {high:g}"] if high is not None else []
    ours, word = myst.number(row.ours), myst.badge(row.outcome)
    return [claim_id(row.check.id), myst.plain(row.check.says), " and ".join(bounds), ours, word]


def claim_id(name: str, anchor: str = "") -> str:
    """The short name of a claim or a check, with an anchor to link to if wanted."""
    return f"[{myst.plain(name)}]{{{f'#{anchor} ' if anchor else ''}.claim-id}}"


def claim_link(row: Row) -> str:
    """The short name of a claim as a link to its line in the ledger."""
    return f"{{claim}}`{row.claim.id} <{_anchor(row)}>`"


def _anchor(row: Row) -> str:
    return re.sub(r"[^a-z0-9-]", "-", f"claim-{row.study.key}-{row.claim.id}".lower())


def _page(row: Row | CheckRow, shelf: Shelf) -> str:
    return myst.page_link(row.page) if row.page is not None and row.page in shelf.pages else ""


def reason(row: Row) -> str:
    """Why the verdict is what it is, as a sentence."""
    said = row.verdict.reason.rstrip(".")
    is_number = said[0].isdigit() or said[0] == "-"
    return myst.plain(f"Our value {said}." if is_number else f"{said[0].upper()}{said[1:]}.")


def _allowed(tolerance: Tolerance | None) -> str:
    """How far our value may be from the published one, and why."""
    if tolerance is None:
        return ""
    rule, value = tolerance.rule, tolerance.value
    words = {"absolute": f"±{value:g}", "relative": f"±{100 * value:.3g} % of the published value"}
    return f" Tolerance: {words.get(rule, f'{rule} {value:g}')} ({tolerance.why})."


def _ledger_cells(row: Row, shelf: Shelf) -> list[str]:
    page = _page(row, shelf)
    notes = f"{reason(row)} {myst.plain(f'Protocol: {row.claim.protocol}.{_allowed(row.claim.tolerance)}')}"
    notes += f" Page: {page}." if page and row.verdict.ours is not None else ""
    return claim_cells(row, notes, _anchor(row))
