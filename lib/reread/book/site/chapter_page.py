"""One chapter page of the site: the run's outputs, the source's words, and the furniture around them."""

from __future__ import annotations

import json
import shutil
from functools import partial
from pathlib import Path
from typing import Any

from reread.book.site import markup as myst
from reread.book.site import merge_cells as prose
from reread.book.site import page_sections as furniture
from reread.book.site.merge_cells import Cell, text_of
from reread.book.status.claims import CheckRow, Row
from reread.book.status.publishable import Shelf
from reread.core.files import read_json, write_text
from reread.pages import PageRef

KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}
EXERCISES = "## Exercise"
LARGEST_FILE = 2_000_000  # bytes; what is larger stays with the run


def write_page(shelf: Shelf, ref: PageRef, rows: list[Row], checks: list[CheckRow], folder: Path) -> None:
    """Write one chapter page: its notebook, with figures, tables and small artifacts beside it.

    Raises
    ------
    RunError
        If prose quotes a number that was not measured, or the run has other code cells than the source.
    """
    record = shelf.record(ref)
    artifacts = [name for name in record["artifacts"] if _size(ref, name) <= LARGEST_FILE]
    head = f"# {myst.plain(ref.title)}\n\n{furniture.head(ref, record, rows, checks)}"
    knobs = _markdown("knobs", furniture.parameter_table(ref, record))
    verdict = _markdown("verdicts", furniture.verdict(ref, rows, checks))
    body, exercises = _without_exercises(_with(_woven(shelf, ref), head, knobs, verdict))
    again = _markdown("again", furniture.again(ref, artifacts))
    footer = _markdown("provenance", furniture.footer(record))
    notebook = {
        "cells": [*body, again, *exercises, footer],
        "metadata": {"kernelspec": KERNEL},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    write_text(folder / "index.ipynb", json.dumps(notebook, indent=1, sort_keys=True, ensure_ascii=False))
    _copy_files(ref, artifacts, folder)


def figures(shelf: Shelf, ref: PageRef) -> list[dict[str, str]]:
    """Figures of a page with today's captions and alt texts."""
    shown = _shown(shelf.record(ref), read_json(ref.notebook)["cells"])
    return [shown[entry["label"]] for entry in shelf.record(ref)["figures"]]


def _woven(shelf: Shelf, ref: PageRef) -> list[Cell]:
    """Cells of the source with the outputs of the run, today's words and today's captions."""
    source, executed = (read_json(path)["cells"] for path in (ref.notebook, ref.folder / "notebook.ipynb"))
    code = "\n".join(text_of(cell) for cell in source if cell["cell_type"] == "code")
    shown = _shown(shelf.record(ref), source)
    cells = prose.weave(source, executed, words=partial(_words, shelf, ref, code))
    return [_recaptioned(cell, shown) for cell in cells]


def _copy_files(ref: PageRef, artifacts: list[str], folder: Path) -> None:
    for name in ("figures", "tables"):
        if (ref.folder / name).is_dir():
            shutil.copytree(ref.folder / name, folder / name, dirs_exist_ok=True)
    for name in artifacts:
        (folder / "artifacts" / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ref.folder / "artifacts" / name, folder / "artifacts" / name)


def _size(ref: PageRef, artifact: str) -> int:
    return (ref.folder / "artifacts" / artifact).stat().st_size


def _shown(record: dict[str, Any], source: list[Cell]) -> dict[str, dict[str, str]]:
    """Label to figure or table, worded as the source words it today."""
    wording = prose.captions(source)
    entries = [*record["figures"], *record["tables"]]
    return {entry["label"]: entry | wording.get(entry["id"], {}) for entry in entries}


def _words(shelf: Shelf, ref: PageRef, code: str, text: str) -> str:
    """Prose of a page with measured numbers and the book's labels.

    A number may be absent if another page measured it, or if the code names the first part of its key:
    pages of one notebook, and profiles of one page, do not all measure the same.
    """
    record = shelf.record(ref)
    twins = [other for other in shelf.pages if other.notebook == ref.notebook]
    elsewhere = {key for other in twins for key in shelf.record(other)["values"]}

    def may_lack(key: str) -> bool:
        return key in elsewhere or f'"{key.partition(".")[0]}"' in code

    labels = {entry["id"]: entry["label"] for entry in [*record["figures"], *record["tables"]]}
    return prose.refer(prose.quote(text, record["values"], may_lack, ref.name), labels)


def _recaptioned(cell: Cell, shown: dict[str, dict[str, str]]) -> Cell:
    outputs = []
    for output in cell.get("outputs", ()):
        found = prose.placed(output)
        is_known = found is not None and found[1] in shown
        outputs.append(prose.recaption(output, shown[found[1]]) if is_known else output)
    return {**cell, "outputs": outputs} if cell["cell_type"] == "code" else cell


def _with(cells: list[Cell], head: str, knobs: Cell, verdict: Cell) -> list[Cell]:
    """Put boxes under the title, the table of parameters for their cell, verdicts for that of close()."""
    last = max(i for i, cell in enumerate(cells) if cell["cell_type"] == "code")
    body: list[Cell] = [_markdown("head", head)]
    for i, cell in enumerate(cells):
        if "parameters" in cell["metadata"].get("tags", ()):
            body.append(knobs)
        elif i == last:
            body.append(verdict)
        elif i == 0:
            body += [{**cell, "source": rest}] if (rest := _without_title(text_of(cell))) else []
        else:
            body.append(cell)
    return body


def _without_title(text: str) -> str:
    first, _, rest = text.strip().partition("\n")
    return rest.strip() if first.startswith("# ") else text


def _without_exercises(cells: list[Cell]) -> tuple[list[Cell], list[Cell]]:
    """Cells of the page, and the prose from the heading of the exercises to the next heading or code."""
    body: list[Cell] = []
    exercises: list[Cell] = []
    is_exercise = False
    for cell in cells:
        text = text_of(cell)
        goes_on = is_exercise and cell["cell_type"] == "markdown" and not text.startswith("## ")
        is_exercise = goes_on or text.startswith(EXERCISES)
        (exercises if is_exercise else body).append(cell)
    return body, exercises


def _markdown(key: str, text: str) -> Cell:
    return {"cell_type": "markdown", "id": key, "metadata": {}, "source": text}
