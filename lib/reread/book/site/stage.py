"""Lay out the sources of the site: prose, chapter pages, generated pages, contents, style."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from reread.book.site import api_reference as reference
from reread.book.site import chapter_page, index_pages
from reread.book.site import claim_tables as judged
from reread.book.site import markup as myst
from reread.book.site.build import cited_address, home
from reread.book.status import claims as ledger
from reread.book.status.claims import CheckRow, Row
from reread.book.status.publishable import SHOWN, Shelf
from reread.core import paths
from reread.core.errors import MissingExtra, ParameterError, did_you_mean
from reread.core.files import write_text
from reread.studies import every, find

if TYPE_CHECKING:
    import typer

MARKER = re.compile(r"^<!-- generated: ([a-z-]+) -->$", re.MULTILINE)
STATIC = "static"
# docutils reads no file into a page and passes no raw text on, whatever a page asks for
DOCUTILS = "[general]\nraw_enabled: no\nfile_insertion_enabled: no\n"


class Stage:
    """Sources of the site for the pages that may be published."""

    def __init__(self, shelf: Shelf, rows: list[Row], checks: list[CheckRow], app: typer.Typer):
        self.shelf, self.rows, self.checks = shelf, rows, checks
        every_row: list[Row | CheckRow] = [*rows, *checks]
        self.generated: dict[str, Callable[[], str]] = {
            "findings": partial(index_pages.findings, shelf),
            "headline-figure": partial(index_pages.headline_figure, shelf),
            "claim-matrix": partial(judged.matrix, rows),
            "verdict-words": judged.verdict_words,
            "claims": partial(judged.claims_table, rows, shelf),
            "checks": partial(judged.checks_table, checks, shelf),
            "figures": partial(index_pages.figures, shelf),
            "data": index_pages.data_page,
            "commands": partial(reference.command_page, app),
            "library": reference.library_index,
            **{s.key: partial(index_pages.study_page, s) for s in every()},
        }
        self.every_row = every_row

    def write(self, folder: Path) -> None:
        """Write everything into ``folder``, which is made anew."""
        shutil.rmtree(folder, ignore_errors=True)
        self._write_prose(folder)
        for name in reference.library():
            write_text(folder / "library" / f"{name}.md", reference.library_page(name))
        for study in every():
            self._write_study(folder, study.key)
        for ref in self.shelf.pages:
            target = folder / myst.document(ref).parent
            chapter_page.write_page(self.shelf, ref, self.rows, self.checks, target)
        write_text(folder / "claims.json", ledger.as_json(self.rows) + "\n")
        write_text(folder / "_config.yml", configuration())
        write_text(folder / "_toc.yml", contents(self.shelf))
        write_text(folder / "docutils.conf", DOCUTILS)
        copy_mathjax(folder / STATIC)

    def _write_prose(self, folder: Path) -> None:
        source, absent = home("book"), set(paths.STUDIES) - {study.key for study in every()}
        for path in sorted(path for path in source.rglob("*") if path.is_file()):
            if path.relative_to(source).parts[0] in absent:
                continue
            target = folder / path.relative_to(source)
            if path.suffix == ".md":
                write_text(target, self._filled(path))
            else:
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, target)

    def _write_study(self, folder: Path, key: str) -> None:
        study, index = find(key), folder / key / "index.md"
        bare = f"# {myst.plain(study.title)}\n\n{self.generated[key]()}"
        text = index.read_text(encoding="utf-8") if index.is_file() else bare
        write_text(index, index_pages.with_answers(text, study, self.shelf, self.every_row))
        for profile in SHOWN:
            if self.shelf.of(key, profile):
                text = index_pages.landing(study, profile, self.shelf, self.every_row)
                write_text(folder / key / profile / "index.md", text)

    def _filled(self, path: Path) -> str:
        """Prose with each line ``<!-- generated: name -->`` replaced by what it names."""

        def fill(match: re.Match) -> str:
            if match[1] not in self.generated:
                near = did_you_mean(match[1], self.generated)
                raise ParameterError(f"{path} asks for {match[1]!r}, which nothing generates. {near}")
            return self.generated[match[1]]()

        return MARKER.sub(fill, path.read_text(encoding="utf-8"))


def configuration() -> str:
    """The configuration of Jupyter Book, with the addresses of ``CITATION.cff`` where it gives them."""
    whole = yaml.safe_load(home("_config.yml").read_text(encoding="utf-8"))
    config = whole["sphinx"]["config"]
    config["html_baseurl"] = cited_address("url")
    if address := cited_address("repository-code"):
        buttons = {"repository_url": address, "use_repository_button": True, "use_issues_button": True}
        config.setdefault("html_theme_options", {}).update(buttons)
    return yaml.safe_dump(whole, sort_keys=False, allow_unicode=True)


def contents(shelf: Shelf) -> str:
    """Table of contents: the skeleton, with a part for each study in place of ``studies: every``."""
    skeleton = yaml.safe_load(home("_toc.yml").read_text(encoding="utf-8"))
    parts = []
    for part in skeleton["parts"]:
        parts += _study_parts(shelf) if "studies" in part else [_with_library(part)]
    skeleton["parts"] = parts
    return yaml.safe_dump(skeleton, sort_keys=False, allow_unicode=True)


def copy_mathjax(folder: Path) -> None:
    """Copy MathJax from its wheel into the site, so that no page needs the network."""
    spec = find_spec("sphinx-mathjax-offline")
    if spec is None:
        raise MissingExtra("The book needs sphinx-mathjax-offline.\nRun:  pip install -e '.[book]'")
    source = Path(next(iter(spec.submodule_search_locations))) / "static/mathjax/tex-svg.js"
    (folder / "vendor").mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, folder / "vendor/tex-svg.js")


def _with_library(part: dict[str, Any]) -> dict[str, Any]:
    """Put the pages of the library below its first one."""
    sections = [{"file": f"library/{name}"} for name in reference.library()]
    chapters = [c | {"sections": sections} if c["file"] == "library/index" else c for c in part["chapters"]]
    return part | {"chapters": chapters}


def _study_parts(shelf: Shelf) -> list[dict[str, Any]]:
    parts = []
    for study in every():
        chapters: list[dict[str, Any]] = [{"file": f"{study.key}/index"}]
        for profile in SHOWN:
            pages = [{"file": str(myst.document(ref))} for ref in shelf.of(study.key, profile)]
            chapters += [{"file": f"{study.key}/{profile}/index", "sections": pages}] if pages else []
        parts.append({"caption": study.key.capitalize(), "chapters": chapters})
    return parts
