"""Notebooks of a workshop: MyST as Markdown and HTML, solutions left out or folded, checks."""

from __future__ import annotations

import re
from functools import partial
from typing import Any

from reread.book.site import markup as myst
from reread.book.site.merge_cells import quote, text_of
from reread.book.status.regression import Reference, reference_path
from reread.book.sync import KERNEL
from reread.book.texts import home
from reread.book.workshop.content import Lesson, Quiz, first_page, task
from reread.core.files import read_json
from reread.core.records import read_record
from reread.pages import PageRef

Cell = dict[str, Any]
_BOX = re.compile(r"^(`{3,}|:{3,})\{([a-z]+)\} *([^\n]*)\n(.*?)^\1 *$", re.MULTILINE | re.DOTALL)
_ROLE = re.compile(r"\{(?:term|numref|doc|ref)\}`([^`<]*?)(?:\s*<[^`]*>)?`")
_CITE = re.compile(r"\{cite:([pt])\}`([^`]+)`")
_ENTRY = re.compile(r"^@\w+\{([^,]+),(.*?)^\}", re.MULTILINE | re.DOTALL)
# the sentence that announces the cell of solutions, to the end of its paragraph
_ANNOUNCED = re.compile(r"The next cell computes.*?(?=\n\n|\Z)", re.DOTALL)
_LETTERS = "ABCD"


def notebook(ref: PageRef, lesson: Lesson, *, is_solved: bool) -> Cell:
    """The notebook of a chapter for students, or with its solutions (``is_solved``) for the instructor."""
    name = f"{ref.study.key}/{ref.chapter.key}"
    about = f"**{lesson.minutes} minutes.** You will learn {lesson.learn}."
    start = f'from reread import workshop\n\nworkshop.start("{name}")'
    title, *cells = [cell for cell in map(_cell(ref, is_solved), read_json(ref.notebook)["cells"]) if cell]
    added = [_text("workshop", about), _code("workshop-start", start)]
    exercises = [cell for number in range(1, len(lesson.exercises) + 1)
                 for cell in _exercise(name, number, is_solved)]  # fmt: skip
    quiz = _text("quiz", quiz_text(lesson.quiz, _folded))
    metadata = {"kernelspec": KERNEL, "language_info": {"name": "python"}}
    return {"cells": [title, *added, *cells, *exercises, quiz], "metadata": metadata,
            "nbformat": 4, "nbformat_minor": 5}  # fmt: skip


def quiz_for_site(lesson: Lesson | None) -> str:
    """The quiz of a chapter in MyST, its answers folded; empty where there is no lesson."""

    def folded(title: str, body: str) -> str:
        return myst.box("dropdown", title, body, class_container="quiet")

    return quiz_text(lesson.quiz, folded, myst.plain) if lesson else ""


def quiz_text(quiz: tuple[Quiz, ...], folded: Any, plain: Any = str) -> str:
    """Questions with lettered choices; ``folded`` makes the folded answer, ``plain`` escapes a text."""
    parts = ["## Quiz"]
    for number, one in enumerate(quiz, start=1):
        lettered = list(zip(_LETTERS, one.choices, strict=False))
        choices = "\n".join(f"- {letter}: {plain(choice)}" for letter, choice in lettered)
        letter = _LETTERS[one.choices.index(one.answer)]
        answer = folded("Answer", f"**{letter}: {plain(one.answer)}** {plain(one.why)}")
        parts.append(f"**Question {number}.** {plain(one.ask)}\n\n{choices}\n\n{answer}")
    return "\n\n".join(parts)


def for_jupyter(text: str) -> str:
    """Write MyST text as Markdown: boxes fold or become quotations, terms italics, citations names."""
    text = _ROLE.sub(r"*\1*", _BOX.sub(_boxed, text))
    return _CITE.sub(partial(_names, _cited()), text) if _CITE.search(text) else text


def _names(cited: dict[str, str], role: re.Match) -> str:
    """Authors and years of a citation, in parentheses; ``{cite:t}`` has only its year in them."""
    found = [cited[key.strip()] for key in role[2].split(",")]
    if role[1] == "t":
        return "; ".join(re.sub(r", (?=[^,]*$)", " (", one) + ")" for one in found)
    return f"({'; '.join(found)})"


def _cell(ref: PageRef, is_solved: bool) -> Any:
    """Function of a source cell that gives the cell of the workshop, or None where it is left out."""
    path = reference_path(ref.study, ref.profile)
    values = read_record(path, Reference).pages[ref.name.partition("/")[2]]

    def cell(source: Cell) -> Cell | None:
        text = text_of(source)
        if source["cell_type"] == "code":
            is_solution = source["id"] == "solutions"
            folded = {"jupyter": {"source_hidden": True}} if is_solution else {}
            return None if is_solution and not is_solved else _code(source["id"], text, source, folded)
        if not is_solved:
            text = _ANNOUNCED.sub("", _BOX.sub(lambda m: "" if m[2] == "dropdown" else m[0], text)).strip()
        text = for_jupyter(quote(text, values, lambda key: True, ref.name))
        return _text(source["id"], text) if text.strip() else None

    return cell


def _exercise(name: str, number: int, is_solved: bool) -> list[Cell]:
    """A question with its command, and the cell that checks the answer."""
    one = task(name, number)
    text = f"## Exercise {number} with a check\n\n{one.exercise.ask}\n\n```\n{one.command}\n```\n\n"
    text += (
        "Predict first. Then run the command in a terminal, or in a cell after a `!`, and check your answer."
    )
    text += f"\n\n{_folded('Reason', one.exercise.why)}" if is_solved else ""
    check = f'workshop.check("{name}", {number}, answer="")  # rises, falls or stays'
    return [_text(f"exercise-{number}", text), _code(f"check-{number}", check)]


def _boxed(box: re.Match) -> str:
    """A directive as HTML that folds, or as a block quotation."""
    if box[2] == "dropdown":
        return _folded(box[3], box[4])
    lines = [f"**{box[3] or box[2].capitalize()}.**", *box[4].strip().splitlines()]
    return "\n".join(f"> {line}".rstrip() for line in lines)


def _folded(title: str, body: str) -> str:
    return f"<details><summary>{title}</summary>\n\n{body.strip()}\n\n</details>"


def _cited() -> dict[str, str]:
    """Author and year of every entry of the bibliography."""
    found = {}
    for key, body in _ENTRY.findall(home("book/references.bib").read_text(encoding="utf-8")):
        fields = dict(re.findall(r"^\s*(author|year)\s*=\s*\{(.*)\},?$", body, re.MULTILINE))
        names = re.sub(r"[{}\\]|\\.", "", fields.get("author", key)).split(" and ")
        who = names[0].partition(",")[0] + (" and others" if len(names) > 1 else "")
        found[key] = f"{who}, {fields.get('year', 'no year')}"
    return found


def _text(key: str, text: str) -> Cell:
    return {"cell_type": "markdown", "id": key, "metadata": {}, "source": text.strip()}


def _code(key: str, text: str, like: Cell | None = None, metadata: Cell | None = None) -> Cell:
    kept = (like or {}).get("metadata", {}) | (metadata or {})
    return {"cell_type": "code", "id": key, "metadata": kept, "source": text, "outputs": [],
            "execution_count": None}  # fmt: skip


def of_study(study: str, lessons: dict[str, Lesson], *, is_solved: bool) -> dict[str, Cell]:
    """Notebooks of all lessons, by file name."""
    return {f"{key}.ipynb": notebook(first_page(study, key), one, is_solved=is_solved)
            for key, one in lessons.items()}  # fmt: skip
