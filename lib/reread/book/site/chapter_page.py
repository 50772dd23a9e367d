"""One chapter page of the site: merged notebook, generated sections, and the files of the run."""

import json
import re
from functools import partial
from hashlib import sha256
from pathlib import Path

from reread.book.site import merge_cells as merge
from reread.book.site import page_sections as sections
from reread.book.site.merge_cells import Cell, Entry, text_of
from reread.book.status.claims import CheckRow, Row
from reread.book.status.run_record import NOTEBOOK
from reread.book.status.staleness import Shelf
from reread.book.sync import KERNEL, parameter_cell
from reread.book.transfer import is_left_out
from reread.book.workshop.content import lesson
from reread.book.workshop.notebooks import for_jupyter, quiz_for_site
from reread.core.errors import RunError
from reread.core.files import read_json, write_text
from reread.pages import PageRef

_LARGEST_FILE = 2_000_000  # bytes; larger files stay with the run
_WHOSE_NUMBERS = "\n\nNumbers in the text are those of the run that the book shows."
_FILE_NAME = re.compile(r"[A-Za-z0-9][\w.+-]*(/[A-Za-z0-9][\w.+-]*)*")
_ACTIVE_SVG = re.compile(rb"<script|<foreignobject|javascript:|<[^>]*\son[a-z]+\s*=", re.IGNORECASE)


class ReplacedRunError(RunError):
    """A run that was replaced while its page was written."""


def write_page(shelf: Shelf, ref: PageRef, rows: list[Row], checks: list[CheckRow], folder: Path) -> None:
    """Write the notebook of one chapter page, with figures, tables and small artifacts beside it."""
    record = shelf.record(ref)
    kept = () if shelf.is_recorded(ref) else record.artifacts
    artifacts = [name for name in kept if _is_offered(shelf, ref, name)]
    merged = _merged(shelf, ref)
    asked = [row for row in rows if sections.answers(row, ref)]
    generated = {
        "head": sections.head(ref, shelf, asked, checks, "\n\n".join(_answer(merged))),
        "claims-and-data": sections.context(ref, record, rows),
        "parameter-table": sections.parameter_table(ref, record),
        "verdicts": sections.verdict(ref, asked, checks),
        "quiz": quiz_for_site(lesson(ref)),
        "again": sections.again(ref, artifacts, is_recorded=shelf.is_recorded(ref)),
        "provenance": sections.citation(ref, record) + "\n" + sections.provenance(record),
    }
    bare = {"cell_type": "markdown", "metadata": {}}
    *parts, again, footer = ({**bare, "id": key, "source": text} for key, text in generated.items())
    cells = _with([cell for cell in merged if cell["id"] != "answer"], *parts)
    _write_notebook(folder / "index.ipynb", [*cells, again, footer])
    # the chapter without outputs, with the parameter values of this page and prose that any notebook shows
    parameters = parameter_cell(ref.chapter, sections.values_today(ref, record))
    cells = [dict(cell) for cell in _notebooks(shelf, ref)[0]]
    code = _code_of(cells)
    for cell in cells:
        if cell["cell_type"] == "code":
            is_given = "parameters" in cell["metadata"].get("tags", ())
            text, rest = parameters if is_given else cell["source"], {"outputs": [], "execution_count": None}
        else:
            text, rest = for_jupyter(_words(shelf, ref, code, text_of(cell))), {}
        cell.update({"source": text, **rest})
    cells[0]["source"] += _WHOSE_NUMBERS
    _write_notebook(folder / sections.notebook_name(ref), cells)
    _copy_files(shelf, ref, artifacts, folder)


def _write_notebook(path: Path, cells: list[Cell]) -> None:
    whole = {"cells": cells, "metadata": {"kernelspec": KERNEL}, "nbformat": 4, "nbformat_minor": 5}
    write_text(path, json.dumps(whole, indent=1, sort_keys=True, ensure_ascii=False))


def answer(shelf: Shelf, ref: PageRef) -> list[str]:
    """Paragraphs of the answer of a page, with the numbers of its run; none where the page gives none."""
    return _answer(_merged(shelf, ref))


def _answer(cells: list[Cell]) -> list[str]:
    texts = [text_of(cell).strip() for cell in cells if cell["id"] == "answer"]
    return [" ".join(part.split()) for text in texts for part in text.split("\n\n")]


def figures(shelf: Shelf, ref: PageRef) -> list[Entry]:
    """Figures of a page with their captions and alt texts of today."""
    entries = _entries(shelf, ref, *_notebooks(shelf, ref))
    return [entries[entry["label"]] for entry in shelf.record(ref).figures]


def _notebooks(shelf: Shelf, ref: PageRef) -> tuple[list[Cell], list[Cell]]:
    """Cells of the source and cells of the run; a run of other code is shown with its own source."""
    run = json.loads(_content(shelf, ref, NOTEBOOK))["cells"]
    if shelf.moved(ref):
        return [cell for cell in run if cell["id"] != "injected-parameters"], run
    return read_json(ref.notebook)["cells"], run


def _merged(shelf: Shelf, ref: PageRef) -> list[Cell]:
    source, executed = _notebooks(shelf, ref)
    code = _code_of(source)
    output = partial(merge.shown_output, entries=_entries(shelf, ref, source, executed))
    return merge.merge_cells(source, executed, partial(_words, shelf, ref, code), output)


def _code_of(cells: list[Cell]) -> str:
    return "\n".join(text_of(cell) for cell in cells if cell["cell_type"] == "code")


def _entries(shelf: Shelf, ref: PageRef, source: list[Cell], executed: list[Cell]) -> dict[str, Entry]:
    """Label to figure or table, with caption and alt text of today."""
    record = shelf.record(ref)
    entries = [*record.figures, *record.tables]
    wording = merge.captions(source, executed, entries)
    files = {"files": "csv svg"} if shelf.is_recorded(ref) else {}
    return {entry["label"]: entry | wording[entry["id"]] | files for entry in entries}


def _words(shelf: Shelf, ref: PageRef, code: str, text: str) -> str:
    """Prose with its numbers filled in; a key that another page of the notebook measures is a dash."""
    record = shelf.record(ref)
    same = [other for other in shelf.pages if other.notebook == ref.notebook]
    elsewhere = {key for other in same for key in shelf.record(other).values}

    def may_lack(key: str) -> bool:
        return bool(shelf.moved(ref)) or key in elsewhere or f'"{key.partition(".")[0]}"' in code

    labels = {entry["id"]: entry["label"] for entry in [*record.figures, *record.tables]}
    return merge.refer(merge.quote(text, record.values, may_lack, ref.name), labels)


def _copy_files(shelf: Shelf, ref: PageRef, artifacts: list[str], folder: Path) -> None:
    """Copy the files that the record names, and no other."""
    shown = [name for name in shelf.record(ref).named() if name.startswith(("figures/", "tables/"))]
    shown = [name for name in shown if not (shelf.is_recorded(ref) and is_left_out(name))]
    for name in [*shown, *(f"artifacts/{name}" for name in artifacts)]:
        content = _content(shelf, ref, name)
        if name.endswith(".svg") and _ACTIVE_SVG.search(content):
            raise RunError(f"{shelf.folder(ref) / name} holds a script; a figure must not.", merge.STALE)
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)


def _content(shelf: Shelf, ref: PageRef, name: str) -> bytes:
    """A file of the run as its record describes it: no page is half of one run and half of another."""
    try:
        content = (shelf.folder(ref) / name).read_bytes()
    except FileNotFoundError:
        content = b""
    if sha256(content).hexdigest() != shelf.record(ref).files[name]:
        raise ReplacedRunError(f"{ref.name} was run again while its page was written.", merge.STALE)
    return content


def _is_offered(shelf: Shelf, ref: PageRef, name: str) -> bool:
    """Whether an artifact is small enough for the site; its name must be one that a link can hold."""
    if not _FILE_NAME.fullmatch(name):
        raise RunError(f"{ref.name} saved the file {name!r}, whose name a page cannot link to.", merge.STALE)
    return len(_content(shelf, ref, f"artifacts/{name}")) <= _LARGEST_FILE


def _with(
    cells: list[Cell], head: Cell, context: Cell, parameters: Cell, verdict: Cell, quiz: Cell
) -> list[Cell]:
    """Put in what is generated: title and answer, claims and data, parameter table, verdicts, quiz.

    Claims and data come before the first heading below the first figure or table, so that a reader sees the
    result first; the verdicts and the quiz come before the exercises.
    """
    last = max(i for i, cell in enumerate(cells) if cell["cell_type"] == "code")
    body, is_shown, waiting = [head], False, [context]
    for i, cell in enumerate(cells):
        is_end = i == last or text_of(cell).startswith("## Exercise")
        if is_end or (is_shown and cell["cell_type"] == "markdown" and text_of(cell).startswith("## ")):
            body += waiting
            waiting = []
        if is_end and verdict not in body:
            body += [verdict, *([quiz] if quiz["source"] else [])]
        if "parameters" in cell["metadata"].get("tags", ()):
            body.append(parameters)
        elif i == 0:
            rest = re.sub(r"\A# .*\n*", "", text_of(cell).strip()).strip()  # the title is in the head
            body += [{**cell, "source": rest}] if rest else []
        elif i != last:
            body.append(cell)
        is_shown = is_shown or any(out["output_type"] == "display_data" for out in cell.get("outputs", ()))
    return body
