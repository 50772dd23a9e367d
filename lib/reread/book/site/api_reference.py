"""Reference pages: the command line as typer documents it, and the functions that notebooks call."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from importlib.util import find_spec
from pathlib import Path

import typer

from reread.core import paths
from reread.core.files import read_json

Members = dict[str, list[str]]
# what the cell of the guard gives to every notebook
GUARD: Members = {"reread.chapter": ["open_page", "Page", "Upstream"]}


def command_page(app: typer.Typer) -> str:
    """A section for each command: what it does, how it is called, its arguments and options."""
    from typer.cli import get_docs_for_click

    main = typer.main.get_command(app)
    text = get_docs_for_click(obj=main, ctx=typer.Context(main), name="reread")
    sections = text[text.index("\n## ") :].replace("```console\n$ ", "```text\n")
    # commands of a group (`reread data get`) are sections of the page like the others
    return re.sub(r"^#+ `(reread [^`]+)`", r"## \1", sections, flags=re.MULTILINE)


def library() -> dict[str, tuple[str, Members]]:
    """Pages of the library reference: what each holds, and the names that notebooks call, by module."""
    called: dict[str, Members] = defaultdict(dict)
    for path in sorted(paths.root().glob("chapters/*/*.ipynb")):
        for module, names in called_in(path).items():
            part = module.split(".")[1]
            called[part][module] = sorted({*called[part].get(module, []), *names})
    studies = {
        key: (f"What the notebooks of {key} call", called.pop(key)) for key in paths.STUDIES if key in called
    }
    shared = {module: names for members in called.values() for module, names in members.items()}
    return studies | {
        "shared": (
            "What notebooks of all studies call",
            GUARD | {m: n for m, n in sorted(shared.items()) if m not in GUARD},
        )
    }


def called_in(notebook: Path) -> Members:
    """Names that a notebook takes from modules of ours, by module."""
    cells = (cell for cell in read_json(notebook)["cells"] if cell["cell_type"] == "code")
    tree = ast.parse("\n".join("".join(cell["source"]) for cell in cells))
    bound, members = {}, defaultdict(set)
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "reread":
            for alias in node.names:
                if find_spec(node.module).submodule_search_locations and find_spec(
                    f"{node.module}.{alias.name}"
                ):
                    bound[alias.asname or alias.name] = f"{node.module}.{alias.name}"
                else:
                    members[node.module].add(alias.name)
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in bound:
            members[bound[node.value.id]].add(node.attr)
    return {module: sorted(names) for module, names in members.items()}


def library_index() -> str:
    """Links to the pages of the library."""
    return "\n".join(f"- [{says}](/library/{name}.md)" for name, (says, _) in library().items())


def library_page(name: str) -> str:
    """One section for each module, filled from the docstrings of what is called by Sphinx."""
    says, members = library()[name]
    sections = [_section(module, names) for module, names in members.items()]
    return f"# {says}\n\n" + "\n".join(sections)


def _section(module: str, names: list[str]) -> str:
    lines = [f".. automodule:: {module}", f"   :members: {', '.join(names)}", "   :member-order: bysource"]
    text = "\n".join(lines)
    return f"## {module.removeprefix('reread.')}\n\n```{{eval-rst}}\n{text}\n```\n"
