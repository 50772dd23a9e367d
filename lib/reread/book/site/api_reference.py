"""Reference pages: the command line as typer documents it, the library from its docstrings."""

from __future__ import annotations

import re
from pathlib import Path

import typer

import reread
from reread.core.paths import STUDIES

PACKAGE = Path(reread.__file__).resolve().parent
# page of the library reference: what it holds, and the modules or packages on it
SHARED = {
    "core": ("what at least two studies need", ("core",)),
    "records": ("study records, their pages, and what a notebook calls", ("studies", "pages", "chapter")),
    "book": ("running, status and site", ("book",)),
}


def command_page(app: typer.Typer) -> str:
    """A section for each command: what it does, how it is called, its arguments and options."""
    from typer.cli import get_docs_for_click

    main = typer.main.get_command(app)
    text = get_docs_for_click(obj=main, ctx=typer.Context(main), name="reread")
    sections = text[text.index("\n## ") :].replace("```console\n$ ", "```text\n")
    # commands of a group (`reread data get`) are sections of the page like the others
    return re.sub(r"^#+ `(reread [^`]+)`", r"## \1", sections, flags=re.MULTILINE)


def library() -> dict[str, tuple[str, tuple[str, ...]]]:
    """Pages of the library reference: what each holds, and its parts of the package."""
    studies = {key: (f"methods of the study {key}", (key,)) for key in STUDIES if (PACKAGE / key).is_dir()}
    return studies | SHARED


def library_index() -> str:
    """Links to the pages of the library."""
    pages = library().items()
    return "\n".join(f"- [{_names(parts)}](/library/{name}.md): {says}" for name, (says, parts) in pages)


def library_page(name: str) -> str:
    """One section for each module, filled from its docstrings by Sphinx."""
    says, parts = library()[name]
    sections = [_section(module) for part in parts for module in modules(part)]
    return f"# {_names(parts)}\n\n{says.capitalize()}.\n\n" + "\n".join(sections)


def modules(part: str) -> list[str]:
    """Dotted names of the modules in a part of the package, without those that hold only a docstring."""
    top = PACKAGE / part
    paths = sorted(top.rglob("*.py")) if top.is_dir() else [top.with_suffix(".py")]
    dotted = [".".join(("reread", *path.relative_to(PACKAGE).with_suffix("").parts)) for path in paths]
    return [name for name in dotted if not name.endswith("__init__")]


def _names(parts: tuple[str, ...]) -> str:
    return f"reread.{', '.join(parts)}"


def _section(module: str) -> str:
    lines = [f".. automodule:: {module}", "   :members:", "   :member-order: bysource"]
    text = "\n".join(lines)
    return f"## {module.removeprefix('reread.')}\n\n```{{eval-rst}}\n{text}\n```\n"
