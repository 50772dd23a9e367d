"""Pages generated from records alone: figures, studies, profiles, data."""

from __future__ import annotations

from pathlib import PurePosixPath

from reread.book.site import chapter_page
from reread.book.site import markup as myst
from reread.book.status.claims import CheckRow, Row
from reread.book.status.publishable import SHOWN, Shelf
from reread.core.data import registry
from reread.pages import PageRef
from reread.studies import Profile, Study

LANDING = {
    "demo": (
        "On simulated data",
        "A simulator of ours makes these data, so the ground truth is known and no network is needed. They "
        "answer no published claim; they show whether a method can be trusted.",
    ),
    "real": (
        "On real data",
        "These pages read small public files, each verified by its SHA-256. They answer the published claims "
        "that such files can answer.",
    ),
    "paper": (
        "At full size",
        "These pages read the published data at full size, on a GPU or a cluster.",
    ),
}


def figures(shelf: Shelf) -> str:
    """Every figure of the book with its number, caption and alt text."""
    parts = []
    for ref in shelf.pages:
        shown = chapter_page.figures(shelf, ref)
        if shown:
            parts += [
                f"## {myst.plain(ref.title)} ({myst.ON[ref.profile]})\n",
                f"On {myst.page_link(ref)}.\n",
            ]
            cards = [_figure_card(ref, entry) for entry in shown]
            parts += [myst.box("grid", "1 1 2 2", "\n".join(cards), gutter="3")]
    return "\n".join(parts)


def study_page(study: Study, shelf: Shelf, judged: list[Row | CheckRow]) -> str:
    """Paper, code, chapters and sources of a study, with a link to each page."""
    paper = study.paper
    code = myst.outside(paper.code, paper.code) + (f" at {myst.code(paper.commit)}" if paper.commit else "")
    about = [
        ["paper", myst.plain(paper.title)],
        ["published", f"{myst.plain(paper.journal)}, {paper.year}. {myst.doi(paper.doi)}"],
        ["code", f"{code}. Licence: {myst.plain(paper.licence or 'not recorded')}" if code else "none"],
    ]
    sources = [[myst.code(key), myst.plain(s.holds), s.scope] for key, s in study.sources.items()]
    parts = [
        "## The paper\n",
        myst.table(["field", "value"], about, "dataset"),
        "## Chapters\n",
        *(_chapter(study, chapter.key, shelf, judged) for chapter in study.chapters),
        "## Data sources\n",
        myst.table(["source", "content", "scope"], sources),
        f"Every file, with its licence and caveat: {myst.link('the data', 'data.md')}.\n",
    ]
    return "\n".join(parts)


def landing(study: Study, profile: Profile, shelf: Shelf, judged: list[Row | CheckRow]) -> str:
    """First page of a study in one profile: which data it uses, and its pages."""
    title, text = LANDING[profile]
    pages = shelf.of(study.key, profile)
    lines = [[myst.page_link(ref), myst.plain(ref.chapter.question), _badges(ref, judged)] for ref in pages]
    return f"# {title}\n\n{text}\n\n" + myst.table(["page", "question", "verdicts"], lines, "chapters")


def data_page() -> str:
    """Every file that a chapter may read: address, size, licence, caveat."""
    parts = []
    for key, files in registry.by_series(registry.datasets()).items():
        first = files[0]
        rows = [
            ["content", myst.plain(first.holds)],
            ["caveat", myst.plain(first.caveat)],
            ["licence", myst.plain(first.licence)],
            ["citation", myst.plain(first.cite)],
            *(_of_series(files) if first.series else _of_one(key, first)),
        ]
        parts += [f"## {myst.plain(first.title)}\n", f"{myst.code(key)}\n"]
        parts += [myst.table(["field", "value"], [row for row in rows if row[1]], "dataset")]
        parts += [_members(files)] if first.series else []
    return "\n".join(parts)


def _of_one(key: str, dataset: registry.Dataset) -> list[list[str]]:
    return [
        ["size", f"{dataset.bytes:,} bytes"],
        ["SHA-256", myst.code(registry.pinned(key)) or "recorded at the first download"],
        ["address", myst.outside(dataset.url, dataset.url)],
    ]


def _of_series(files: list[registry.Dataset]) -> list[list[str]]:
    return [["files", f"{len(files)}"], ["size", f"{sum(file.bytes for file in files):,} bytes in all"]]


def _members(files: list[registry.Dataset]) -> str:
    """Folded table of every file of a series."""
    rows = [
        [myst.outside(PurePosixPath(one.file).name, one.url), f"{one.bytes:,}", myst.code(one.sha256)]
        for one in files
    ]
    return myst.box(
        "dropdown", f"The {len(files)} files", myst.table(["file", "bytes>", "SHA-256"], rows, "files")
    )


def _badges(ref: PageRef, judged: list[Row | CheckRow]) -> str:
    """Verdicts of the claims that a page answers, and how many of its checks passed."""
    here = [row for row in judged if row.page == ref]
    words = [myst.badge(row.verdict.word) for row in here if isinstance(row, Row)]
    outcomes = [row.outcome for row in here if isinstance(row, CheckRow)]
    count = f"{outcomes.count('passed')} of {len(outcomes)} checks passed" if outcomes else ""
    return " ".join(filter(None, [*words, count]))


def _chapter(study: Study, key: str, shelf: Shelf, judged: list[Row | CheckRow]) -> str:
    chapter = study.chapter(key)
    pages = [ref for p in SHOWN for ref in shelf.of(study.key, p) if ref.chapter.key == key]
    lines = [f"- {myst.page_link(ref)} {_badges(ref, judged)}" for ref in pages]
    question = myst.plain(chapter.question)
    text = "\n".join(lines or ["- This copy of the book has no page of this chapter."])
    return f"### {myst.plain(chapter.title)}\n\n*{question}*\n\n{text}\n"


def _figure_card(ref: PageRef, entry: dict[str, str]) -> str:
    lines = [
        f"```{{image}} /{myst.document(ref).parent}/figures/{entry['id']}.svg",
        f":alt: {myst.quoted(entry['alt'])}",
        ":loading: lazy",
        "```",
        "",
        f"**{{numref}}`{entry['label']}`** {entry['caption']}",
        "",
        f"[Alt text]{{.alt-label}} {myst.plain(entry['alt'])}",
    ]
    return myst.box("grid-item-card", "", "\n".join(lines), class_card="figure-card")
