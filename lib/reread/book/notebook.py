"""Executed notebooks: what ran, what failed, and the parts that differ between equal runs taken out."""

from __future__ import annotations

import json
import re
from pathlib import Path

import nbformat

from reread.core.files import write_text

ANSI = re.compile(r"\x1b\[[0-9;]*m")


def first_lines(path: Path) -> list[str]:
    """For each cell, in papermill's count (an injected cell comes after the parameters), what it is about."""
    lines = []
    for cell in nbformat.read(path, as_version=4).cells:
        text = next((line for line in cell.source.splitlines() if line.strip()), "")
        lines.append(text.strip()[:60])
        if "parameters" in cell.metadata.get("tags", []):
            lines.append("the parameters of this page")
    return lines


def cells_started(log: str) -> list[int]:
    """Numbers of the cells that papermill's log says were started, from 1."""
    return [int(number) for number in re.findall(r"Executing Cell (\d+)-", log)]


def error_of(path: Path) -> tuple[str, str] | None:
    """Name and message of the first error in an executed notebook; None if it has none."""
    if not path.is_file() or not path.stat().st_size:
        return None
    for cell in nbformat.read(path, as_version=4).cells:
        for output in cell.get("outputs", []):
            if output.output_type == "error":
                return output.ename, ANSI.sub("", output.evalue)
    return None


def last_line(path: Path) -> str:
    """Last line of a log that says something."""
    lines = [line.strip() for line in path.read_text(encoding="utf-8", errors="replace").splitlines()]
    return ANSI.sub("", next((line for line in reversed(lines) if line), "it said nothing"))


def tidy(path: Path) -> None:
    """Take times, paths, random ids and the error stream out of an executed notebook, in place.

    Two runs of one page then give equal bytes. What went to the error stream (progress, warnings with paths)
    is in the log of the run.
    """
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
            cell.outputs = [out for out in cell.outputs if out.get("name") != "stderr"]
    write_text(path, json.dumps(found, indent=1, sort_keys=True, ensure_ascii=False) + "\n")
