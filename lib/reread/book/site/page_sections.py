"""What every chapter page carries besides its prose: boxes at the top, commands and provenance at the end."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from reread.book.site import cells, numbers
from reread.book.site import markup as myst
from reread.book.status.claims import CheckRow, Row
from reread.core import verdicts
from reread.core.data import registry
from reread.pages import PageRef
from reread.studies import PROFILES, Claim, Parameter

SCOPES = dict(
    zip(
        verdicts.SCOPES,
        (
            "They are the reader's own; they answer no published claim.",
            "They are simulated, so their truth is known; they answer no published claim.",
            "They are real, and a part of what the paper used.",
            "They are real, and all that the paper used.",
        ),
        strict=True,
    )
)
SAID = {"paper": "", "third party": "Others say:", "ours": "We measured before, on the same files:"}


def head(ref: PageRef, record: dict[str, Any], rows: list[Row], checks: list[CheckRow]) -> str:
    """Profile, question and badges, then what the paper says and which data is read."""
    words = [
        f"[{row.claim.id}]{{.claim-id}} {myst.badge(row.verdict.word)}" for row in rows if answers(row, ref)
    ] + [f"[{row.check.id}]{{.claim-id}} {cells.outcome(row.outcome)}" for row in checks if row.page == ref]
    parts = [
        f"[{' · '.join([ref.study.title, ref.profile, *_scope(ref, record)])}]{{.kicker}}",
        myst.box("container", "question", myst.plain(ref.chapter.question)),
        myst.box("container", "badges", " ".join(words)) if words else "",
        _claim_box(ref, [row.claim for row in rows if _asks_chapter(row.claim, ref)]),
        _data_card(ref, record),
    ]
    return "\n".join(filter(None, parts))


def parameter_table(ref: PageRef, record: dict[str, Any]) -> str:
    """Every parameter: its value here, unit, meaning, and its value in the other profiles."""
    others = [profile for profile in PROFILES if profile != ref.profile]
    rows = []
    for name, parameter in ref.chapter.parameters.items():
        there = [myst.code(_elsewhere(ref, name, parameter, profile)) for profile in others]
        value = myst.code(_written(record["parameters"][name]))
        rows.append([myst.code(name), value, myst.plain(parameter.unit), _help(parameter), *there])
    head = ["parameter", "here", "unit", "what it is", *others]
    return myst.box("dropdown", "Parameters of this page", myst.table(head, rows), class_container="quiet")


def verdict(ref: PageRef, rows: list[Row], checks: list[CheckRow]) -> str:
    """The claims that this page answers with number, verdict and reason; then the planted truth."""
    claims = [_claim_cells(row) for row in rows if answers(row, ref)]
    planted = [cells.of_check(row) for row in checks if row.page == ref]
    parts = []
    if claims:
        head = ["claim", "says", "published>", "ours>", "verdict", "because"]
        parts += [myst.table(head, claims, "ledger")]
    if planted:
        parts += ["What was planted in the simulated data, and must be found again:\n"]
        parts += [myst.table(["check", "says", "wanted", "ours>", "outcome"], planted, "ledger")]
    return "\n".join(parts) or "No claim is judged on this page.\n"


def again(ref: PageRef, artifacts: list[str]) -> str:
    """Exact commands that run this page again, with one parameter changed; and the files that it left."""
    name = "seed" if "seed" in ref.chapter.parameters else next(iter(ref.chapter.parameters))
    value = 7 if name == "seed" else _written(ref.parameters[name])
    notebook = f"chapters/{ref.study.key}/{ref.chapter.key}.ipynb"
    page = f"--profile {ref.profile}" if ref.profile != "demo" else ""
    mirror = "It reads the data files named above, and fetches what is missing." if ref.datasets() else ""
    files = ", ".join(f"{{download}}`{Path(name).name} <artifacts/{name}>`" for name in artifacts)
    left = f"\nFiles that this page left behind: {files}.\n" if files else ""
    return f"""## Change this and run again

```bash
reread run {" ".join(filter(None, (ref.name, page)))} -p {name}={value}
papermill {notebook} out.ipynb \\
  -f runs/{ref.profile}/{ref.name}/parameters.yml -p {name} {value}
```

The first line keeps record, figures and tables in `runs/custom`; the second is plain papermill, started at
the top of the checkout. A name or a value that cannot be is refused before any data is read. {mirror}
{left}"""


def footer(record: dict[str, Any]) -> str:
    """Where the page comes from: commit, stale key, data digests, versions, cost, machine."""
    made, cost = record["made"], record["cost"]
    commit = f"`{made['commit'][:10]}`" if made["commit"] else "no commit"
    dirty = " with local changes" if made["is_dirty"] else ""
    versions = ", ".join(f"{name} {version}" for name, version in sorted(made["packages"].items()))
    rows = [
        [
            "run",
            f"{made['started']}, {made['wall_s']:.1f} s wall, {cost['cpu_s']:.1f} s of CPU, "
            f"{cost['peak_mb']:,.0f} MB at most",
        ],
        ["commit", commit + dirty],
        *([["imported from", myst.plain(record["imported"])]] if record["imported"] else []),
        ["stale key", myst.code(record["stale"]["key"])],
        [
            "machine",
            f"{myst.plain(record['device'])}, {myst.plain(made['platform'])}, Python {made['python']}",
        ],
        *([f"data {myst.code(d['key'])}", _digest(d)] for d in record["data"]),
        ["packages", myst.plain(versions)],
    ]
    summary = f"Made from {commit}{dirty} on {myst.plain(record['device'])} in {made['wall_s']:.0f} s"
    body = myst.table(["field", "value"], rows)
    return myst.box("dropdown", f"Provenance. {summary}", body, class_container="quiet provenance")


def answers(row: Row, ref: PageRef) -> bool:
    """Whether the verdict of a row is to be shown on a page: it comes from it, or nobody's run gave one."""
    return row.page == ref or (_asks(row.claim, ref) and row.page is None)


def _claim_cells(row: Row) -> list[str]:
    return [
        f"[{row.claim.id}]{{.claim-id}}",
        myst.plain(row.claim.says),
        numbers.printed(row.claim.published.value),
        numbers.number(cells.answer(row)),
        myst.badge(row.verdict.word),
        myst.plain(row.verdict.reason),
    ]


def _asks(claim: Claim, ref: PageRef) -> bool:
    wanted = claim.answered_by
    return wanted is not None and (wanted.chapter, wanted.page) == (ref.chapter.key, ref.page)


def _asks_chapter(claim: Claim, ref: PageRef) -> bool:
    return claim.answered_by is not None and claim.answered_by.chapter == ref.chapter.key


def _claim_box(ref: PageRef, claims: list[Claim]) -> str:
    paper = ref.study.paper
    lines = [
        f"{myst.plain(paper.title)}. *{myst.plain(paper.journal)}*, {paper.year}. {myst.doi(paper.doi)}",
        "",
    ]
    for made_by, heading in SAID.items():
        said = [_claim_line(claim, ref) for claim in claims if claim.made_by == made_by]
        lines += [heading, "", *said, ""] if said else []
    if not claims:
        lines += ["No single claim of the paper is judged by this chapter."]
    return myst.box("admonition", "What the paper says", "\n".join(lines), **{"class": "claim-box"})


def _claim_line(claim: Claim, ref: PageRef) -> str:
    value = claim.published.value
    printed = f"{myst.plain(claim.published.metric)} **{value:g}**" if value is not None else ""
    place = f" Judged on the page {myst.code(claim.answered_by.page)}." if not _asks(claim, ref) else ""
    return (
        f"- [{claim.id}]{{.claim-id}} {myst.plain(claim.says)} [{myst.plain(claim.locator)}]{{.locator}}. "
        f"Published: {printed or myst.plain(claim.published.why_null)}. Protocol: {claim.protocol}.{place}"
    )


def _data_card(ref: PageRef, record: dict[str, Any]) -> str:
    names = list(dict.fromkeys(ref.chapter.sources(record["parameters"])))
    lines = [f"- {myst.code(name)}: {myst.plain(ref.study.sources[name].holds)}." for name in names]
    lines += ["", SCOPES[record["scope"]] if names else "This page reads no data.", ""]
    keys = ref.datasets(record["parameters"])
    if keys:
        rows = [_file_cells(name, files) for name, files in registry.by_series(keys).items()]
        table = myst.table(["file", "size>", "licence", "cite", "beware"], rows)
        lines += [myst.box("dropdown", f"{len(keys)} files, each verified by its SHA-256", table)]
    return myst.box("admonition", "The data", "\n".join(lines), **{"class": "data-card"})


def _scope(ref: PageRef, record: dict[str, Any]) -> list[str]:
    scope = [f"{record['scope']} data"] if ref.chapter.sources(record["parameters"]) else []
    return scope + ([f"imported from {myst.plain(record['imported'])}"] if record["imported"] else [])


def _file_cells(name: str, files: list[registry.Dataset]) -> list[str]:
    """A row of the data card: one file, or a series of them."""
    count = f" ({len(files)} files)" if len(files) > 1 else ""
    words = (files[0].licence, files[0].cite, files[0].caveat)
    size = numbers.n_bytes(sum(file.bytes for file in files))
    return [myst.code(name) + count, size, *map(myst.plain, words)]


def _digest(entry: dict[str, Any]) -> str:
    first = ", pinned on first use" if entry["pinned_on_first_use"] else ""
    return f"`{entry['sha256']}`, {numbers.n_bytes(entry['bytes'])}{first}"


def _written(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _elsewhere(ref: PageRef, name: str, parameter: Parameter, profile: str) -> str:
    page = ref.chapter.pages.get(ref.page)
    if page is None or profile in page.profiles:
        return _written(ref.chapter.values(profile, ref.page)[name])
    return _written(getattr(parameter, profile))


def _help(parameter: Parameter) -> str:
    choices = f" ({', '.join(parameter.choices)})" if parameter.choices else ""
    return myst.plain(parameter.help + choices)
