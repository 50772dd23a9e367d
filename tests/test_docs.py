"""What the words say about commands, places and links is held against the tree."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml
from reread import pages, studies
from reread.book.site import page_sections, stage
from reread.book.workshop import content
from reread.cli import app

ROOT = Path(__file__).resolve().parents[1]


def commands(group: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Every command with its full name, ``data get`` say, as click objects."""
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, f"{prefix}{name} ")
        else:
            yield f"{prefix}{name}", command


COMMANDS = dict(commands(typer.main.get_command(app)))


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_and_is_on_the_page(name):
    assert COMMANDS[name].help
    assert f"## reread {name}\n" in stage.command_page(app)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_says_what_it_means(name):
    options = [p for p in COMMANDS[name].params if p.param_type_name == "option"]

    assert [p.name for p in options if not p.help] == []


def test_the_readme_says_where_things_are_and_they_are_there():
    table = (ROOT / "README.md").read_text().partition("## Where is it?")[2].partition("## ")[0]
    places = re.findall(r"\| `([^`]+)` \|$", table, re.MULTILINE)

    assert len(places) > 8
    assert [place for place in places if not (ROOT / place).exists()] == []


def test_every_link_of_the_readme_leads_somewhere():
    links = re.findall(r"\]\(([^)]+)\)", (ROOT / "README.md").read_text())

    assert [link for link in links if "://" not in link and not (ROOT / link).exists()] == []


def test_whatever_a_notebook_calls_is_in_the_reference_with_a_docstring():
    members = {module: names for _, listed in stage.library().values() for module, names in listed.items()}
    missing = [
        f"{module}.{name}"
        for module, names in members.items()
        for name in names
        if not documented(module, name)
    ]

    assert len(members) > 30
    assert missing == []


def test_the_reference_can_read_every_module_without_the_packages_that_it_does_not_load():
    config = yaml.safe_load(stage.home("_config.yml").read_text())["sphinx"]["config"]
    modules = [name for _, listed in stage.library().values() for name in listed]
    code = (
        "from importlib import import_module; from sphinx.ext.autodoc.mock import mock\n"
        f"with mock({config['autodoc_mock_imports']!r}):\n    list(map(import_module, {modules!r}))\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)


def called() -> Iterator[tuple[str, ast.FunctionDef | ast.ClassDef, str]]:
    """Module, node and docstring of every function and class that a notebook calls."""
    for _, listed in stage.library().values():
        for module, names in listed.items():
            for node in parsed(module).body:
                if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and node.name in names:
                    yield module, node, ast.get_docstring(node) or ""


def test_whatever_a_notebook_calls_names_the_errors_that_it_raises():
    silent = [
        f"{module}.{node.name}: {error}"
        for module, node, text in called()
        if isinstance(node, ast.FunctionDef)
        for error in set(re.findall(r"raise (\w+Error)", ast.unparse(node)))
        if error not in text
    ]

    assert silent == []


def test_a_method_that_a_notebook_calls_says_more_than_one_line():
    """What one notebook alone needs (``chapters``) may say all in one; a method has axes, units, source."""
    found = [(f"{module}.{node.name}", text) for module, node, text in called() if ".chapters." not in module]

    assert len(found) > 200
    assert [name for name, text in found if len(text.splitlines()) < 3] == []


def parsed(module: str) -> ast.Module:
    """The tree of a module."""
    return ast.parse((ROOT / "lib" / Path(*module.split("."))).with_suffix(".py").read_text())


def documented(module: str, name: str) -> bool:
    """Whether a module defines ``name``: a constant, or a function or class with a docstring."""
    tree = parsed(module)
    for node in tree.body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and node.name == name:
            return ast.get_docstring(node) is not None
    return any(isinstance(n, (ast.Assign, ast.AnnAssign)) and name in ast.unparse(n) for n in tree.body)


def test_every_citation_has_an_entry_and_every_entry_is_cited():
    entries = set(re.findall(r"^@\w+\{([^,]+),", (ROOT / "book/references.bib").read_text(), re.MULTILINE))
    texts = [
        *(ROOT / "book").rglob("*.md"),
        *(ROOT / "chapters").rglob("*.ipynb"),
        *(ROOT / "lib").rglob("*.py"),
    ]
    cited = {
        key.strip()
        for path in texts
        for keys in re.findall(r"\{?:?cite:[pt]\}?:?`([^`]+)`", path.read_text())
        for key in keys.split(",")
    }

    assert cited == entries


def test_the_course_plans_hold_every_chapter_with_the_minutes_that_its_notebook_prints():
    for study in studies.every():
        lessons = content.find(study.key).chapters
        assert list(lessons) == [chapter.key for chapter in study.chapters]
        for key, lesson in lessons.items():
            text = (ROOT / "chapters" / study.key / f"{key}.ipynb").read_text()
            printed = re.findall(r"(?:goals\*\* \(|Time: |\. \()(\d+) minutes", text)
            assert [int(minutes) for minutes in printed] in ([], [lesson.minutes]), key


def test_the_contents_name_every_text_of_the_book_once():
    skeleton = yaml.safe_load(stage.home("_toc.yml").read_text())
    named = [skeleton["root"], *(c["file"] for part in skeleton["parts"] for c in part.get("chapters", ()))]
    book = ROOT / "book"
    texts = {path.relative_to(book).with_suffix("").as_posix() for path in book.rglob("*.md")}

    of_studies = {text for text in texts if (ROOT / "chapters" / text.split("/")[0]).is_dir()}
    assert sorted(named) == sorted(texts - of_studies)


def test_no_file_holds_the_marks_of_a_merge_that_was_not_finished():
    marks = r"^(<{7}|>{7}) "
    found = subprocess.run(
        ["git", "grep", "-InE", marks], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert found.returncode == 1, found.stdout  # 1: nothing found


def test_no_page_has_two_headings_of_the_same_words():
    ref = pages.pages("demo")[0]
    generated = set(re.findall(r"^#+ (.+)$", page_sections.again(ref, [], is_recorded=False), re.MULTILINE))
    assert generated
    for path in sorted((ROOT / "chapters").glob("*/*.ipynb")):
        cells = json.loads(path.read_text())["cells"]
        text = "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown")
        found = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
        assert len(found) == len({*found}), path
        assert not generated & {*found}, path


def test_every_column_of_a_table_in_the_prose_has_a_name():
    found = [
        f"{path.name}: {line}"
        for path in [
            *(ROOT / "chapters").glob("*/*.ipynb"),
            *(ROOT / "book").rglob("*.md"),
            ROOT / "README.md",
        ]
        for line in re.findall(r"^\s*\"?(\|.*?)(?:\\n\",)?\n\s*\"?\|[ :-]+\|", path.read_text(), re.MULTILINE)
    ]

    assert len(found) > 10
    assert [line for line in found if re.search(r"\|\s*\|", line)] == []
