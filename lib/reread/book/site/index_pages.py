"""Pages generated from records and runs: the front page, studies, profiles, figures, data."""

import re
from pathlib import PurePosixPath

from reread.book.site import chapter_page, claim_tables
from reread.book.site import markup as myst
from reread.book.status.claims import CheckRow, Row
from reread.book.status.staleness import SHOWN, Shelf
from reread.book.texts import home
from reread.core.data import registry
from reread.pages import PageRef
from reread.studies import Profile, Study, every

_QUESTION = re.compile(r"^:::\{container\} question\n(.+?)\n:::$", re.MULTILINE | re.DOTALL)
_SENTENCE = re.compile(r"(?<=[\w)%`*}\]]\.)\s+(?=[A-Z*_`{\[])")
_NO_FINDING = "This copy of the book has no recorded run on real data, so there is no finding yet."

_LANDING = {
    "demo": (
        "On simulated data",
        "A simulator of ours makes these data, so the ground truth is known and no network is needed. They "
        "answer no published claim; they show whether a method can be trusted. A page that uses other data "
        "says so.",
    ),
    "real": (
        "On real data",
        "These pages read small public files, each verified by its SHA-256. They answer the published claims "
        "that such files can answer.",
    ),
    "paper": ("At full size", "These pages read the published data at full size, on a GPU or a cluster."),
}


def figures(shelf: Shelf) -> str:
    """Every figure of the book with its number, caption and alt text."""
    parts = []
    for ref in shelf.pages:
        cards = []
        for entry in chapter_page.figures(shelf, ref):
            text = f"{entry['caption']}\n\n[Alt text]{{.alt-label}} {myst.plain(entry['alt'])}"
            picture = _picture(ref, entry, text)
            cards.append(myst.box("grid-item-card", "", picture, class_card="figure-card"))
        if cards:
            parts.append(f"## {myst.plain(ref.title)} ({myst.ON[ref.profile]})\n")
            parts.append(f"On {myst.page_link(ref)}.\n")
            parts.append(myst.box("grid", "1 1 2 2", "\n".join(cards), gutter="3"))
    return "\n".join(parts)


def findings(shelf: Shelf) -> str:
    """One card for each study: its question, its finding on real data in one sentence, its paper."""
    cards = []
    for study in every():
        ref = _headline(study, shelf)
        said = chapter_page.answer(shelf, ref) if ref else []
        read = myst.link("Read the page", _path(ref)) if ref else ""
        found = f"{first_sentence(said[0])} {read}." if said else _NO_FINDING
        title = myst.link(study.title, f"{study.key}/index.md")
        cited = f"[{claim_tables.cited(study.paper)}]{{.note}}"
        # as the box ``question`` of its first page asks it
        page = home(f"book/{study.key}/index.md")
        asked = _QUESTION.search(page.read_text(encoding="utf-8")) if page.is_file() else None
        question = " ".join(asked[1].split()) if asked else myst.plain(study.chapters[0].question)
        body = f"*{question}*\n\n**What came out.** {found}\n\n{cited}"
        cards.append(myst.box("grid-item-card", title, body, class_card="finding"))
    return myst.box("grid", "1", "\n".join(cards), gutter="3")


def headline_figure(shelf: Shelf) -> str:
    """The figure that the first study with a figure of its finding names, with caption and page."""
    for study in every():
        ref = _headline(study, shelf)
        shown = chapter_page.figures(shelf, ref) if ref else []
        for entry in (entry for entry in shown if entry["id"] == study.headline_figure):
            return _picture(ref, entry, f"{entry['caption']} From {myst.page_link(ref)}.")
    return "No run on real data is recorded in this copy of the book, so no figure of one is shown here."


def study_page(study: Study) -> str:
    """Paper, code and sources of a study."""
    paper = study.paper
    code = myst.outside(paper.code, paper.code) + (f" at {myst.code(paper.commit)}" if paper.commit else "")
    about = [
        ["paper", f"{myst.plain(paper.authors)}. {myst.plain(paper.title)}"],
        ["published", myst.journal(paper)],
        ["code", f"{code}. Licence: {myst.plain(paper.licence or 'not recorded')}" if code else "none"],
    ]
    sources = [[myst.code(key), myst.plain(s.holds), s.scope] for key, s in study.sources.items()]
    return f"""## The paper

{myst.table(["field", "value"], about, "dataset")}
## Data sources

{myst.table(["source", "content", "scope"], sources)}
Every file, with its licence and caveat: {myst.link("the data", "data.md")}.
"""


def with_answers(text: str, study: Study, shelf: Shelf, judged: list[Row | CheckRow]) -> str:
    """Text of the first page of a study with "What came out" under its title and its question."""
    title = _QUESTION.search(text) or re.match(r"# .+\n", text)
    place = title.end() if title else 0
    parts = []
    for profile in (profile for profile in SHOWN if shelf.of(study.key, profile)):
        name, table = _LANDING[profile][0], _answers(study, profile, shelf, judged)
        folded = myst.box("dropdown", name, table, class_container="quiet")
        parts.append(folded if parts else f"**{name}**\n\n{table}")
    came_out = "\n".join(parts or ["This copy of the book has no page of this study.\n"])
    rest = text[place:].strip()
    heading = "" if rest.startswith("## ") else "## The study\n\n"
    return f"{text[:place]}\n## What came out\n\n{came_out}\n{heading}{rest}\n"


def landing(study: Study, profile: Profile, shelf: Shelf, judged: list[Row | CheckRow]) -> str:
    """First page of a study in one profile: which data it uses, and the answer of each page."""
    title, text = _LANDING[profile]
    return f"# {title}\n\n{text}\n\n{_answers(study, profile, shelf, judged)}"


def first_sentence(text: str) -> str:
    """The first sentence of a paragraph."""
    return _SENTENCE.split(text, maxsplit=1)[0]


def data_page() -> str:
    """Every file that a chapter may read: address, size, licence, caveat."""
    parts = []
    for key, files in registry.by_series(registry.datasets()).items():
        first, count = files[0], f" in {len(files)} files" if len(files) > 1 else ""
        texts = {"content": first.holds, "caveat": first.caveat, "licence": first.licence}
        texts["citation"] = first.cite
        about = [[name, myst.plain(text)] for name, text in texts.items() if text]
        about.append(["size", f"{sum(file.bytes for file in files):,} bytes{count}"])
        lines = []
        for file in files:
            pinned = myst.code(file.sha256 or registry.pinned(key)) or "recorded at the first download"
            name = myst.outside(PurePosixPath(file.file).name, file.url)
            lines.append([name, f"{file.bytes:,}", pinned])
        listed = myst.table(["file", "bytes>", "SHA-256"], lines, "files")
        folded = myst.box("dropdown", f"The {len(files)} files", listed) if count else listed
        parts += [f"## {myst.plain(first.title)}\n", f"{myst.code(key)}\n"]
        parts += [myst.table(["field", "value"], about, "dataset"), folded]
    return "\n".join(parts)


def _answers(study: Study, profile: Profile, shelf: Shelf, judged: list[Row | CheckRow]) -> str:
    """Question, answer and verdicts of each page of a study in one profile."""
    entries = []
    for ref in shelf.of(study.key, profile):
        said = chapter_page.answer(shelf, ref)[:1]
        here = [row for row in judged if row.page == ref]
        tested = [row for row in here if isinstance(row, Row) and row.verdict.word != "not tested"]
        badges = [f"{row.claim.id} {myst.badge(row.verdict.word)}" for row in tested]
        outcomes = [row.outcome for row in here if isinstance(row, CheckRow)]
        badges += [f"{outcomes.count('passed')} of {len(outcomes)} checks passed"] if outcomes else []
        words = [f"*{myst.plain(ref.chapter.question)}*", *said, " ".join(badges)]
        lines = [myst.link(ref.title, _path(ref)), *(f": {text}\n" for text in words if text)]
        entries.append("\n".join(lines))
    return myst.box("container", "answers", "\n".join(entries))


def _headline(study: Study, shelf: Shelf) -> PageRef | None:
    """The page on real data that answers the question of a study, if the book shows it."""
    chapter, _, page = study.headline.partition(".")
    own = [ref for profile in ("real", "paper") for ref in shelf.of(study.key, profile)]
    return next((ref for ref in own if (ref.chapter.key, ref.page) == (chapter, page)), None)


def _path(ref: PageRef) -> str:
    return f"{myst.document(ref)}.ipynb"


def _picture(ref: PageRef, entry: dict[str, str], text: str) -> str:
    """A figure of a page, shown on another one with a text below it."""
    source = f"/{myst.document(ref).parent}/figures/{entry['id']}.svg"
    return f"```{{image}} {source}\n:alt: {myst.quoted(entry['alt'])}\n:loading: lazy\n```\n\n{text}\n"
