"""MyST text of generated pages: escaping, tables, boxes, links and numbers."""

import json
import re
from collections.abc import Iterable, Sequence
from pathlib import PurePosixPath
from typing import Any

from reread.core.show import plain
from reread.pages import PageRef
from reread.studies import Paper

# what the data of a profile are called in the book
ON = {"demo": "simulated data", "real": "real data", "paper": "full size"}


def replain(text: str) -> str:
    """Escape a text of which some may be escaped already."""
    return plain(re.sub(r"&#(\d{2,3});", lambda found: chr(int(found[1])), text))  # as ``plain`` escapes


def code(text: Any) -> str:
    """Text in the typeface of code; an empty text stays empty."""
    text = " ".join(str(text).split())
    return plain(text) if not text or set(text) & set("`|\\") else f"`{text}`"


def table(head: Sequence[str], rows: Iterable[Sequence[str]], css: str = "") -> str:
    """Write a table of MyST cells; a column whose head ends in ``>`` is aligned to the right.

    On a phone each row of a ``ledger`` becomes a card, so each of its cells repeats the head of its column.
    """
    names, is_ledger = [name.rstrip(">") for name in head], "ledger" in css.split()
    rules = [" ---: " if name.endswith(">") else " --- " for name in head]
    lines = ["| " + " | ".join(names) + " |", "|" + "|".join(rules) + "|"]
    labels = ["", *(f"[{name}]{{.cell-label}} " if is_ledger else "" for name in names[1:])]
    for row in rows:
        cells = [label + cell if cell else " " for label, cell in zip(labels, row, strict=True)]
        lines.append("| " + " | ".join(cells) + " |")
    return box("container", f"tabular {css}".strip(), "\n".join(lines))


def box(kind: str, argument: str, body: str, **options: str) -> str:
    """Write a directive fenced by more colons than any directive inside it."""
    inner = max((len(colons) for colons in re.findall(r"^(:{3,})", body, re.MULTILINE)), default=2)
    fence = ":" * (inner + 1)
    lines = [f":{name.replace('_', '-')}: {value}" for name, value in options.items()]
    inside = ["", body.strip()] if body.strip() else []
    return "\n".join([f"{fence}{{{kind}}} {argument}".rstrip(), *lines, *inside, fence, ""])


def quoted(text: str) -> str:
    """Value of a directive's option: in quotes, because the options are read as YAML."""
    return json.dumps(" ".join(text.split()), ensure_ascii=False)


def badge(word: str) -> str:
    """Write a verdict, or the outcome of a check, as a badge with colour, sign and word."""
    return f"[{word}]{{.verdict .{verdict_class(word)}}}"


def verdict_class(word: str) -> str:
    """CSS class of a verdict or of the outcome of a check: its colour and its sign."""
    word = {"passed": "reproduced", "failed": "not reproduced"}.get(word, word)
    return f"verdict-{word.replace(' ', '-')}"


def link(text: str, document: PurePosixPath | str) -> str:
    """Link to a page of the book by its path in the stage."""
    return f"[{plain(text)}](/{document})"


def page_link(ref: PageRef) -> str:
    """Link to a chapter page by its title and its data."""
    return link(f"{ref.title} ({ON[ref.profile]})", f"{document(ref)}.ipynb")


def document(ref: PageRef) -> PurePosixPath:
    """Where a chapter page lies in the stage, without suffix."""
    return PurePosixPath(ref.study.key, ref.profile, ref.name.partition("/")[2], "index")


def outside(text: str, url: str) -> str:
    """Link to an address on the web; the text alone if the address is missing or of another kind."""
    is_address = re.fullmatch(r"https?://[^\s<>()`|\\]+", url or "")
    return f"[{plain(text)}](<{url}>)" if is_address else plain(text)


def journal(paper: Paper) -> str:
    """Journal, year and, where there is one, the DOI of a paper as a link."""
    doi = outside(f"doi:{paper.doi}", f"https://doi.org/{paper.doi}") if paper.doi.startswith("10.") else ""
    return f"*{plain(paper.journal)}*, {paper.year}. {doi}".strip()


def number(value: Any) -> str:
    """A measured value with three decimals, a count as a count, a dash for a missing value."""
    if value is None or value != value:
        return "–"
    if isinstance(value, float) and value.is_integer():
        return f"{value:,.0f}"
    if isinstance(value, float):
        size = abs(value)
        return f"{value:.2g}" if size < 0.001 else f"{value:.3f}" if size < 1000 else f"{value:,.0f}"
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else plain(value)


def n_bytes(count: int) -> str:
    """A file size with its unit."""
    for unit, size in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if count >= size:
            return f"{count / size:.1f} {unit}"
    return f"{count} B"
