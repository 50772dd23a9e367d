"""Generated sections of a chapter page: boxes at the top, verdicts, commands and provenance at the end."""

import re
from pathlib import Path
from typing import Any

from reread.book.site import claim_tables as judged
from reread.book.site import markup as myst
from reread.book.status.claims import CheckRow, Row
from reread.book.status.run_record import RunRecord
from reread.book.status.staleness import Shelf
from reread.book.texts import cited_address
from reread.core.data import registry
from reread.core.errors import ParameterError
from reread.pages import PageRef, builds_on, shared_parameters
from reread.studies import PROFILES, Claim, Value

_SCOPES = {
    "simulated": "The data are simulated, so their ground truth is known. They answer no published claim.",
    "subset": "The data are real, and a part of what the paper used.",
    "full": "The data are real, and all that the paper used.",
    "own": "The data are your own. They answer no published claim.",
}
_PAPERMILL = (  # it reads a file of the run, which a recorded run does not leave in its place
    "{whose}papermill chapters/{ref.study.key}/{ref.chapter.key}.ipynb out.ipynb \\\n"
    "  -f runs/{ref.profile}/{ref.name}/parameters.yml -p {name} {value}\n",
    "The second command is plain papermill, which takes a name and its value as two words. Start it at the "
    "top of the checkout. ",
)
_WHOSE = "Its variable names the profile whose runs it builds on. "

# where a repository that is public can be opened; a page links to them only if CITATION.cff has its address
_BINDER, _COLAB = "https://mybinder.org/v2/gh", "https://colab.research.google.com/github"


def head(ref: PageRef, shelf: Shelf, asked: list[Row], checks: list[CheckRow], answer: str) -> str:
    """Title, data, what has changed since the run; then the question, its answer and the verdicts."""
    record, about = shelf.record(ref), [ref.study.title, myst.ON[ref.profile]]
    about += [f"{record.scope} data"] if record.scope in ("subset", "full") else []
    about += [f"recorded run of {record.made['started'][:10]}"] if shelf.is_recorded(ref) else []
    about += [f"imported from {record.imported}"] if record.imported else []
    others = [one for one in shelf.pages if one.notebook == ref.notebook and one != ref]
    links = " · ".join(myst.page_link(one) for one in others)
    words = [f"[{judged.claim_link(row)} {myst.badge(row.verdict.word)}]{{.pair}}" for row in asked]
    moved = shelf.moved(ref)
    named = ", ".join([*map(myst.code, moved[:6]), *([f"{len(moved) - 6} more"] if moved[6:] else [])])
    said = "This run is outdated, and so are its verdicts. Since it was recorded, these have changed: "
    banner = myst.box("warning", "", f"{said}{named}.") if moved else ""
    outcomes = [row.outcome for row in checks if row.page == ref]
    count = f"{outcomes.count('passed')} of {len(outcomes)} checks passed." if outcomes else ""
    parts = [
        f"# {myst.plain(ref.title)}\n",
        f"[{myst.plain(' · '.join(about))}]{{.kicker}}\n",
        f"[The same chapter: {links}]{{.siblings}}\n" if links else "",
        banner,
        myst.box("container", "question", myst.plain(ref.chapter.question)),
        myst.box("container", "answer", answer) if answer else "",
        myst.box("container", "badges", " ".join([*words, count])) if words or count else "",
    ]
    return "\n".join(filter(None, parts))


def context(ref: PageRef, record: RunRecord, rows: list[Row]) -> str:
    """What the paper says, and which data the page reads."""
    asked = [row.claim for row in rows if row.study.key == ref.study.key and row.claim.answered_by]
    claims = [claim for claim in asked if claim.answered_by.chapter == ref.chapter.key]
    said = []
    for claim in claims:
        place = f" Judged on the page {myst.code(claim.answered_by.page)}." if not _asks(claim, ref) else ""
        words = f"- {judged.claim_id(claim.id)} {judged.claim_words(claim)}{'' if claim.quote else '.'}"
        said.append(f"{words} Published: {judged.published(claim)}. Protocol: {claim.protocol}.{place}")
    said = said or ["This chapter judges no single claim of the paper."]
    body = "\n".join([judged.cited(ref.study.paper), "", *said])
    box = myst.box("admonition", "Claims of the paper", body, **{"class": "claim-box"})
    values = values_today(ref, record)
    names = list(dict.fromkeys(ref.chapter.sources(values)))
    lines = [f"- {myst.code(name)}: {myst.plain(ref.study.sources[name].holds)}." for name in names]
    lines += ["", _SCOPES.get(record.scope, "") if names else "This page reads no data.", ""]
    if keys := ref.datasets(values):
        cells = []
        for name, files in registry.by_series(keys).items():
            count = f" ({len(files)} files)" if len(files) > 1 else ""
            size = myst.n_bytes(sum(file.bytes for file in files))
            words = map(myst.plain, (files[0].licence, files[0].cite, files[0].caveat))
            cells.append([myst.code(name) + count, size, *words])
        table = myst.table(["file", "size>", "licence", "cite", "caveat"], cells, "files")
        lines += [myst.box("dropdown", f"Data files ({len(keys)}), verified by SHA-256", table)]
    card = myst.box("admonition", "The data", "\n".join(lines), **{"class": "data-card"})
    return f"{box}\n{card}"


def parameter_table(ref: PageRef, record: RunRecord) -> str:
    """Every parameter: its value here, unit, meaning, and its value in the other profiles."""
    others = [profile for profile in PROFILES if profile != ref.profile]
    page, rows = ref.chapter.pages.get(ref.page), []
    values = {p: ref.chapter.values(p, ref.page) for p in others if page is None or p in page.profiles}
    for name, parameter in ref.chapter.parameters.items():
        there = [values[p][name] if p in values else getattr(parameter, p) for p in others]
        choices = f" ({', '.join(parameter.choices)})" if parameter.choices else ""
        here, *there = (myst.code(_written(v)) for v in [record.parameters.get(name, ""), *there])
        words = [myst.plain(parameter.unit), myst.plain(parameter.help + choices)]
        rows.append([myst.code(name), here, *words, *there])
    head = ["parameter", "here", "unit", "meaning", *others]
    return myst.box("dropdown", "Parameters of this page", myst.table(head, rows), class_container="quiet")


def verdict(ref: PageRef, asked: list[Row], checks: list[CheckRow]) -> str:
    """The claims that this page answers; in a table of their own, the checks on simulated data."""
    claims = [judged.claim_cells(row, judged.reason(row)) for row in asked]
    tables = [("Verdicts on the claims", judged.CLAIM_HEAD, claims)]
    for kind, (title, _) in judged.CHECKED.items():
        own = [judged.check_cells(row) for row in judged.checks_on(kind, checks) if row.page == ref]
        tables.append((title, judged.CHECK_HEAD, own))
    parts = []
    for title, head, cells in tables:
        parts += [myst.box("rubric", title, ""), myst.table(head, cells, "ledger")] if cells else []
    return "\n".join(parts) or "This page judges no claim.\n"


def again(ref: PageRef, artifacts: list[str], *, is_recorded: bool) -> str:
    """Exact commands that run this page again with one parameter changed, its notebook and its files."""
    name, value = _changed(ref)
    profile = [f"--profile {ref.profile}"] if ref.profile != "demo" else []
    whose = f"REREAD_PROFILE={ref.profile} " if profile else ""
    papermill, plainly = ("", "") if is_recorded else _PAPERMILL
    plainly += _WHOSE if plainly and whose else ""
    papermill = papermill.format(ref=ref, name=name, value=value, whose=whose)
    fetched = "The run fetches the data files named above if they are missing." if ref.datasets() else ""
    files = ", ".join(f"{{download}}`{Path(name).name} <artifacts/{name}>`" for name in artifacts)
    extra = ref.study.key
    left = f"\nFiles that this page saved: {files}.\n" if files else ""
    return f"""## Change this and run again

```bash
reread run {" ".join([ref.name, *profile])} -p {name}={value}
{papermill}```

The first command keeps its record, figures and tables in `runs/custom`. {plainly}An unknown name or value is
refused before any data is read. {fetched}

The page needs the packages of the extra `{extra}`. Run `pip install -e '.[{extra}]'` at the top of a
checkout, or `pip install 'reread[{extra}]'` where the wheel of the book is installed.

The notebook with the parameters of this page is {{download}}`{notebook_name(ref)}`. It runs in the checkout.
{left}"""


def _changed(ref: PageRef) -> tuple[str, str]:
    """Another value of a parameter: the seed, unless what the page builds on must then be run with it too.

    In its place then stands the first whole number that the page has for itself, one up or one down.
    """
    built_on = [key for key in ref.chapter.needs if builds_on(ref, key)]
    shared = {name for key in built_on for name in shared_parameters(ref, key)}
    values = {name: value for name, value in ref.parameters.items() if name not in shared}
    if "seed" in values:
        return "seed", "7"
    for name, here in values.items():
        if type(here) is int:
            highest = ref.chapter.parameters[name].max
            return name, str(here + 1 if highest is None or here < highest else here - 1)
    name = next(iter(values or ref.parameters))
    return name, _written(ref.parameters[name])


def notebook_name(ref: PageRef) -> str:
    """File name of the notebook that a page offers."""
    return f"{ref.name.replace('/', '-')}-{ref.profile}.ipynb"


def citation(ref: PageRef, record: RunRecord) -> str:
    """BibTeX of the page and of its paper, the file to edit, and where to report an error: folded."""
    paper, commit = ref.study.paper, record.made["commit"][:10]
    key = re.sub(r"[^a-z0-9]+", "-", f"reread-{ref.name}-{ref.profile}")
    note = f"Page {ref.name} on {myst.ON[ref.profile]}, run of {record.made['started'][:10]}"
    note += f", commit {commit}" if commit else ""
    entries = [
        ("misc", key, {"title": f"Reread: {ref.title}", "author": "{The Reread authors}",
                       "year": record.made["started"][:4], "note": note}),
        ("article", f"{ref.study.key}{paper.year}", {"title": paper.title, "author": paper.authors,
                    "journal": paper.journal, "year": paper.year, "doi": paper.doi}),
    ]  # fmt: skip
    source = f"chapters/{ref.study.key}/{ref.chapter.key}.ipynb"
    address = cited_address("repository-code")
    links = [
        myst.outside("repository", address),
        myst.outside("edit this chapter", f"{address}/edit/main/{source}"),
        myst.outside("report an error", f"{address}/issues/new"),
    ]
    if at_github := re.fullmatch(r"https://github\.com/([\w.-]+/[\w.-]+)", address):
        links += [
            myst.outside("open in Binder", f"{_BINDER}/{at_github[1]}/main?labpath={source}"),
            myst.outside("open in Colab", f"{_COLAB}/{at_github[1]}/blob/main/{source}"),
        ]
    where = f"Source of this page: {myst.code(source)}." + (f" {' · '.join(links)}" if address else "")
    text = ""
    for kind, key, fields in entries:
        words = {name: " ".join(str(value).replace("`", "'").split()) for name, value in fields.items()}
        lines = ",\n".join(f"  {name} = {{{word}}}" for name, word in words.items())
        text += f"@{kind}{{{key},\n{lines}\n}}\n"
    text = f"````bibtex\n{text}````\n\n{where}"
    return _folded("Cite or correct this page", text, "quiet")


def provenance(record: RunRecord) -> str:
    """Commit, stale key, data digests, versions, cost and machine: folded, and not in the search index."""
    made, cost = record.made, record.cost
    commit = myst.code(made["commit"][:10]) if made["commit"] else "no commit"
    dirty = " with local changes" if made["is_dirty"] else ""
    versions = ", ".join(f"{name} {version}" for name, version in sorted(made["packages"].items()))
    seconds = f"{made['wall_s']:.1f} s wall, {cost['cpu_s']:.1f} s of CPU, {cost['peak_mb']:,.0f} MB at most"
    machine = f"{record.device}, {made['platform']}, Python {made['python']}"
    data = []
    for one in record.data:
        first = ", recorded at the first download" if one["pinned_on_first_use"] else ""
        said = f"{myst.code(one['sha256'])}, {myst.n_bytes(one['bytes'])}{first}"
        data.append([f"data {myst.code(one['key'])}", said])
    rows = [
        ["run", f"{myst.plain(made['started'])}, {seconds}"],
        ["commit", commit + dirty],
        ["stale key", myst.code(record.stale["key"])],
        ["machine", myst.plain(machine)],
        *([["imported from", myst.plain(record.imported)]] if record.imported else []),
        *data,
        ["packages", myst.plain(versions)],
    ]
    summary = f"Provenance. Run from {commit}{dirty} on {myst.plain(record.device)}"
    return _folded(summary, myst.table(["field", "value"], rows), "quiet provenance")


def _folded(title: str, body: str, css: str) -> str:
    """A folded box that the search passes over."""
    return myst.box("unsearched", "", myst.box("dropdown", title, body, class_container=css))


def answers(row: Row, ref: PageRef) -> bool:
    """Whether a page shows the verdict: its run gave it, or no run has and this page could."""
    return row.page == ref or (_asks(row.claim, ref) and row.page is None)


def _asks(claim: Claim, ref: PageRef) -> bool:
    wanted = claim.answered_by
    return wanted is not None and (wanted.chapter, wanted.page) == (ref.chapter.key, ref.page)


def values_today(ref: PageRef, record: RunRecord) -> dict[str, Value]:
    """Values of the run under the parameters of today, which may be others than those of a recorded run."""
    here = {name: value for name, value in record.parameters.items() if name in ref.chapter.parameters}
    try:
        return ref.parameters | ref.chapter.fitting(here)
    except ParameterError:
        return ref.parameters


def _written(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
