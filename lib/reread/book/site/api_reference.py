"""Reference pages: the command line from its own help, the library from its docstrings."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import reread
from reread.book.site import markup as myst
from reread.core.paths import STUDIES

PACKAGE = Path(reread.__file__).resolve().parent
# what each page of the library reference holds: what it says, and modules or packages of ours
SHARED = {
    "core": ("what at least two studies need", ("core",)),
    "records": (
        "the record of a study, its pages, and what a notebook calls",
        ("studies", "pages", "chapter"),
    ),
    "book": ("runner, staleness, ledger, site", ("book",)),
}


def commands() -> Iterator[tuple[str, Any]]:
    """Every command with its full name, ``data get`` say, as click objects."""
    import typer

    main = typer.main.get_command(import_module("reread.cli").app)
    yield from _below(main, "")


def command_page() -> str:
    """A section for each command: what it does, how it is called, its options."""
    parts = []
    for name, command in commands():
        arguments = [p for p in command.params if p.param_type_name == "argument"]
        options = [p for p in command.params if p.param_type_name == "option" and p.name != "help"]
        usage = " ".join(["reread", name, *(["[OPTIONS]"] if options else []), *map(_metavar, arguments)])
        parts += [f"## reread {name}\n", f"{myst.plain(command.help)}\n", f"```text\n{usage}\n```\n"]
        if options:
            rows = [[myst.code(", ".join(p.opts)), myst.plain(p.help or ""), _default(p)] for p in options]
            parts += [myst.table(["option", "meaning", "default"], rows)]
    return "\n".join(parts)


def library() -> dict[str, tuple[str, tuple[str, ...]]]:
    """Page name to what it says and to the parts of the package that it holds."""
    studies = {
        key: (f"the methods of the study {key}", (key,)) for key in STUDIES if (PACKAGE / key).is_dir()
    }
    return studies | SHARED


def library_index() -> str:
    """Links to the pages of the library."""
    lines = [
        f"- {myst.link(_names(parts), f'library/{name}')}: {says}"
        for name, (says, parts) in library().items()
    ]
    return "\n".join(lines)


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


def _below(group: Any, prefix: str) -> Iterator[tuple[str, Any]]:
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from _below(command, f"{prefix}{name} ")
        else:
            yield f"{prefix}{name}", command


def _metavar(argument: Any) -> str:
    shown = (argument.metavar or argument.name).upper() + ("..." if argument.nargs == -1 else "")
    return shown if argument.required else f"[{shown}]"


def _default(option: Any) -> str:
    value = getattr(option.default, "value", option.default)
    is_empty = value is None or value is False or value in ("", [], ())
    return "" if is_empty or callable(value) else myst.code(value)


def _names(parts: tuple[str, ...]) -> str:
    return f"reread.{', '.join(parts)}"


def _section(module: str) -> str:
    lines = [f".. automodule:: {module}", "   :members:", "   :member-order: bysource"]
    text = "\n".join(lines)
    return f"## {module.removeprefix('reread.')}\n\n```{{eval-rst}}\n{text}\n```\n"
