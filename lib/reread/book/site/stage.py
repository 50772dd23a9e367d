"""Lay out the sources of the site: prose, chapter pages, generated pages, the library, contents, style."""

import ast
import re
import shutil
from collections import defaultdict
from collections.abc import Callable, Iterator
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import typer
import yaml

from reread.book.site import chapter_page, index_pages
from reread.book.site import claim_tables as judged
from reread.book.site import markup as myst
from reread.book.status import claims as ledger
from reread.book.status.claims import CheckRow, Row
from reread.book.status.fingerprint import cells_of
from reread.book.status.staleness import SHOWN, Shelf
from reread.book.texts import cited_address, files_below, home
from reread.book.workshop.content import course_plans
from reread.core import paths
from reread.core.errors import ParameterError, did_you_mean, require
from reread.core.files import write_text
from reread.studies import Study, every

_MARKER = re.compile(r"^<!-- generated: ([a-z-]+) -->$", re.MULTILINE)
# docutils reads no file into a page and passes no raw text on, whatever a page asks for
_DOCUTILS = "[general]\nraw_enabled: no\nfile_insertion_enabled: no\n"
_Members = dict[str, list[str]]
# what the cell of the guard gives to every notebook
_GUARD: _Members = {"reread.chapter": ["open_page", "Page", "Upstream"]}


class Stage:
    """Sources of the site for the pages that may be published."""

    def __init__(self, shelf: Shelf, rows: list[Row], checks: list[CheckRow], app: typer.Typer):
        self.shelf, self.rows, self.checks = shelf, rows, checks
        self.generated: dict[str, Callable[[], str]] = {
            "findings": partial(index_pages.findings, shelf),
            "headline-figure": partial(index_pages.headline_figure, shelf),
            "claim-matrix": partial(judged.matrix, rows),
            "verdict-words": judged.verdict_words,
            "claims": partial(judged.claims_table, rows, shelf),
            "checks": partial(judged.checks_table, checks, shelf),
            "figures": partial(index_pages.figures, shelf),
            "data": index_pages.data_page,
            "commands": partial(command_page, app),
            "course-plans": course_plans,
            "library": lambda: "\n".join(f"- [{s}](/library/{n}.md)" for n, (s, _) in library().items()),
            **{s.key: partial(index_pages.study_page, s) for s in every()},
        }

    def write(self, folder: Path) -> None:
        """Write everything into ``folder``, which is made anew."""
        shutil.rmtree(folder, ignore_errors=True)
        self._write_prose(folder)
        for name, (says, members) in library().items():
            write_text(folder / "library" / f"{name}.md", _library_page(says, members))
        for study in every():
            self._write_study(folder, study)
        for ref in self.shelf.pages:
            target = folder / myst.document(ref).parent
            chapter_page.write_page(self.shelf, ref, self.rows, self.checks, target)
        write_text(folder / "claims.json", ledger.as_json(self.rows) + "\n")
        write_text(folder / "_config.yml", configuration())
        write_text(folder / "_toc.yml", _contents(self.shelf))
        write_text(folder / "docutils.conf", _DOCUTILS)
        _copy_mathjax(folder / "static")

    def _write_prose(self, folder: Path) -> None:
        source, absent = home("book"), set(paths.STUDIES) - {study.key for study in every()}
        for path in files_below(source):
            name = path.relative_to(source)
            if name.parts[0] not in absent and path.suffix == ".md":
                text = path.read_text(encoding="utf-8")
                write_text(folder / name, _MARKER.sub(partial(self._fill, path), text))
            elif name.parts[0] not in absent:
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, folder / name)

    def _write_study(self, folder: Path, study: Study) -> None:
        index, judged_rows = folder / study.key / "index.md", [*self.rows, *self.checks]
        bare = f"# {myst.plain(study.title)}\n\n{self.generated[study.key]()}"
        text = index.read_text(encoding="utf-8") if index.is_file() else bare
        write_text(index, index_pages.with_answers(text, study, self.shelf, judged_rows))
        for profile in (profile for profile in SHOWN if self.shelf.of(study.key, profile)):
            text = index_pages.landing(study, profile, self.shelf, judged_rows)
            write_text(folder / study.key / profile / "index.md", text)

    def _fill(self, path: Path, marker: re.Match) -> str:
        """What stands in place of a line ``<!-- generated: name -->``."""
        if marker[1] not in self.generated:
            near = did_you_mean(marker[1], self.generated)
            raise ParameterError(f"{path} asks for {marker[1]!r}, which nothing generates. {near}")
        return self.generated[marker[1]]()


def configuration() -> str:
    """The configuration of Jupyter Book, with the addresses of ``CITATION.cff`` where it gives them."""
    whole = yaml.safe_load(home("_config.yml").read_text(encoding="utf-8"))
    config = whole["sphinx"]["config"]
    config["html_baseurl"] = cited_address("url")
    if address := cited_address("repository-code"):
        buttons = {"repository_url": address, "use_repository_button": True, "use_issues_button": True}
        config.setdefault("html_theme_options", {}).update(buttons)
    return yaml.safe_dump(whole, sort_keys=False, allow_unicode=True)


def _contents(shelf: Shelf) -> str:
    """Table of contents: the skeleton, with a part for each study in place of ``studies: every``."""
    skeleton = yaml.safe_load(home("_toc.yml").read_text(encoding="utf-8"))
    parts, below = [], [{"file": f"library/{name}"} for name in library()]
    of_studies = []
    for study in every():
        chapters: list[dict[str, Any]] = [{"file": f"{study.key}/index"}]
        for profile in SHOWN:
            pages = [{"file": str(myst.document(ref))} for ref in shelf.of(study.key, profile)]
            chapters += [{"file": f"{study.key}/{profile}/index", "sections": pages}] if pages else []
        of_studies.append({"caption": study.key.capitalize(), "chapters": chapters})
    for part in skeleton["parts"]:
        parts += of_studies if "studies" in part else [part]
        for chapter in part.get("chapters", ()):
            if chapter["file"] == "library/index":
                chapter["sections"] = below
    skeleton["parts"] = parts
    return yaml.safe_dump(skeleton, sort_keys=False, allow_unicode=True)


def _copy_mathjax(folder: Path) -> None:
    """Copy MathJax from its wheel into the site, so that no page needs the network."""
    require("sphinx-mathjax-offline", "book")
    spec = find_spec("sphinx-mathjax-offline")
    source = Path(next(iter(spec.submodule_search_locations))) / "static/mathjax/tex-svg.js"
    (folder / "vendor").mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, folder / "vendor/tex-svg.js")


def command_page(app: typer.Typer) -> str:
    """A section for each command: what it does, how it is called, its arguments and options."""
    from typer.cli import get_docs_for_click

    main = typer.main.get_command(app)
    text = get_docs_for_click(obj=main, ctx=typer.Context(main), name="reread")
    sections = text[text.index("\n## ") :].replace("```console\n$ ", "```text\n")
    # commands of a group (`reread data get`) are sections of the page like the others
    return re.sub(r"^#+ `(reread [^`]+)`", r"## \1", sections, flags=re.MULTILINE)


def library() -> dict[str, tuple[str, _Members]]:
    """Pages of the library reference: what each holds, and the names that notebooks call, by module."""
    called: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for path in sorted(paths.root().glob("chapters/*/*.ipynb")):
        for module, name in _called_in(path):
            called[module.split(".")[1]][module].add(name)
    found = {part: {m: sorted(names) for m, names in members.items()} for part, members in called.items()}
    studies = {k: (f"What the notebooks of {k} call", found.pop(k)) for k in paths.STUDIES if k in found}
    shared = sorted((module, names) for members in found.values() for module, names in members.items())
    shared = _GUARD | {module: names for module, names in shared if module not in _GUARD}
    return studies | {"shared": ("What notebooks of all studies call", shared)}


def _called_in(notebook: Path) -> Iterator[tuple[str, str]]:
    """Modules of ours from which a notebook takes names, each with the name."""
    code = "\n".join(cell["source"] for cell in cells_of(notebook) if cell["cell_type"] == "code")
    nodes, bound = list(ast.walk(ast.parse(code))), {}
    for node in nodes:
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "reread":
            is_package = find_spec(node.module).submodule_search_locations
            for alias in node.names:
                name = f"{node.module}.{alias.name}"
                if is_package and find_spec(name):
                    bound[alias.asname or alias.name] = name
                else:
                    yield node.module, alias.name
    for node in nodes:
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in bound:
            yield bound[node.value.id], node.attr


def _library_page(says: str, members: _Members) -> str:
    """One section for each module, filled from the docstrings of what is called by Sphinx."""
    text = f"# {says}\n"
    for module, names in members.items():
        text += f"\n## {module.removeprefix('reread.')}\n\n```{{eval-rst}}\n.. automodule:: {module}\n"
        text += f"   :members: {', '.join(names)}\n   :member-order: bysource\n```\n"
    return text
