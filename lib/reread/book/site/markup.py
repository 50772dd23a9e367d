"""Small pieces of MyST text: what a generated page is made of."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import PurePosixPath
from typing import Any

SPECIAL = re.compile(r"([\\`*_{}\[\]<>$|#~])")


def plain(text: Any) -> str:
    """Text as it is, on one line: nothing in it is read as markup."""
    return SPECIAL.sub(r"\\\1", " ".join(str(text).split()))


def code(text: Any) -> str:
    """Text in the typeface of code; nothing for nothing."""
    return f"`{text}`" if str(text) else ""


def table(head: Sequence[str], rows: Iterable[Sequence[str]], css: str = "") -> str:
    """Write a table of MyST cells; ``head`` ending in ``>`` aligns its column to the right.

    On a phone a row of a ``ledger`` becomes a card, so each of its cells carries the head of its column.
    """
    rules = [" ---: " if name.endswith(">") else " --- " for name in head]
    if "ledger" in css.split():
        rows = [[row[0], *map(_labelled, head[1:], row[1:])] for row in rows]
    lines = ["| " + " | ".join(name.rstrip(">") for name in head) + " |", "|" + "|".join(rules) + "|"]
    lines += ["| " + " | ".join(cell or " " for cell in row) + " |" for row in rows]
    body = "\n".join(lines)
    return box("container", f"tabular {css}".strip(), body)


def box(kind: str, argument: str, body: str, **options: str) -> str:
    """Write a directive with colons; boxes inside have fewer of them, so that they nest."""
    inner = max((len(colons) for colons in re.findall(r"^(:{3,})", body, re.MULTILINE)), default=2)
    fence = ":" * (inner + 1)
    lines = [f":{name.replace('_', '-')}: {value}" for name, value in options.items()]
    return "\n".join([f"{fence}{{{kind}}} {argument}".rstrip(), *lines, "", body.strip(), fence, ""])


def badge(word: str) -> str:
    """Write a verdict as a badge: colour, sign and word, so that no one of them is needed alone."""
    return f"[{word}]{{.verdict .verdict-{word.replace(' ', '-')}}}"


def link(text: str, document: PurePosixPath | str) -> str:
    """Link to a page of the book by its path in the stage, without ending."""
    return f"{{doc}}`{text} </{document}>`"


def outside(text: str, url: str) -> str:
    """Link to a page elsewhere; the text alone where there is no address."""
    return f"[{plain(text)}]({url})" if url else plain(text)


def doi(name: str) -> str:
    """Link a DOI."""
    return outside(f"doi:{name}", f"https://doi.org/{name}")


def _labelled(name: str, cell: str) -> str:
    return f"[{name.rstrip('>')}]{{.cell-label}} {cell}" if cell else cell
