"""Executed notebooks: what ran, what failed, and the parts that differ between equal runs taken out."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from reread.core.files import write_text

ANSI = re.compile(r"\x1b\[[0-9;]*m")


def first_lines(path: Path) -> list[str]:
    """For each cell, in papermill's count (an injected cell comes after the parameters), what it is about."""
    import nbformat

    lines = []
    for cell in nbformat.read(path, as_version=4).cells:
        lines.append(_about(cell))
        if "parameters" in cell.metadata.get("tags", []):
            lines.append("the parameters of this page")
    return lines


class Failure(NamedTuple):
    """The first error of an executed notebook: its cell, its name, its message."""

    cell: str
    error: str
    message: str


def failure_of(path: Path) -> Failure | None:
    """Where an executed notebook failed; None if it did not, or if there is no notebook to tell."""
    import nbformat

    try:
        cells = nbformat.read(path, as_version=4).cells
    except (OSError, ValueError):
        return None
    for cell in cells:
        for output in cell.get("outputs", []):
            if output.output_type == "error":
                return Failure(_about(cell), output.ename, ANSI.sub("", output.evalue))
    return None


def sources(path: Path) -> list[tuple[str, str]]:
    """Type and source of each cell, without what papermill adds."""
    import nbformat

    cells = nbformat.read(path, as_version=4).cells
    added = ("injected-parameters", "papermill-error-cell-tag", "papermill-error-link-tag")
    return [
        (cell.cell_type, cell.source)
        for cell in cells
        if not any(tag in added for tag in cell.metadata.get("tags", []))
    ]


def _about(cell: Any) -> str:
    """First line of a cell that says something."""
    text = next((line for line in cell.source.splitlines() if line.strip()), "")
    return text.strip()[:60]


def _joined(outputs: Iterable[Any]) -> Iterator[Any]:
    """Outputs with neighbouring pieces of printed text as one: where it is cut is a matter of timing."""
    last = None
    for output in outputs:
        if last is not None and output.output_type == last.output_type == "stream":
            last.text += output.text
            continue
        if last is not None:
            yield last
        last = output
    if last is not None:
        yield last


def last_line(log: str) -> str:
    """Last line of a log that says something."""
    lines = [line.strip() for line in log.splitlines() if line.strip()]
    return ANSI.sub("", lines[-1] if lines else "it said nothing")


def tidy(path: Path) -> None:
    """Take times, paths, random ids and the error stream out of an executed notebook, in place."""
    import nbformat

    found = nbformat.read(path, as_version=4)
    injected = found.metadata.get("papermill", {}).get("parameters", {})
    found.metadata["papermill"] = {"parameters": injected}
    found.cells = [
        cell for cell in found.cells if "papermill-error" not in str(cell.metadata.get("tags", ""))
    ]
    for cell in found.cells:
        if "injected-parameters" in cell.metadata.get("tags", []):
            cell["id"] = "injected-parameters"
        status = cell.metadata.pop("papermill", {}).get("status")
        cell.metadata.pop("execution", None)
        if status:
            cell.metadata["papermill"] = {"status": status}
        if cell.cell_type == "code":
            cell.outputs = list(_joined(out for out in cell.outputs if out.get("name") != "stderr"))
    write_text(path, json.dumps(found, indent=1, sort_keys=True, ensure_ascii=False) + "\n")
