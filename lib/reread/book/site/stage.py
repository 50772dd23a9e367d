"""Lay out the sources of the site: prose, woven pages, generated pages, contents, style."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import yaml

import reread
from reread.book.site import api_reference as reference
from reread.book.site import chapter_page as woven
from reread.book.site import claim_tables as judged
from reread.book.site import index_pages as catalogue
from reread.book.site import markup as myst
from reread.book.site.addresses import document
from reread.book.status import claims as ledger
from reread.book.status.claims import CheckRow, Row
from reread.book.status.publishable import Shelf
from reread.core import paths as places
from reread.core.errors import MissingExtra, ParameterError, did_you_mean
from reread.core.files import write_text
from reread.studies import PROFILES, every

MARKER = re.compile(r"^<!-- generated: ([a-z-]+) -->$", re.MULTILINE)
STATIC = "static"


class Stage:
    """Sources of the site for the pages that may be published.

    Attributes
    ----------
    shelf : Shelf
        Pages and their records.
    rows, checks : list
        The claims ledger and the planted-truth checks.
    """

    def __init__(self, shelf: Shelf):
        self.shelf = shelf
        self.rows: list[Row] = ledger.ledger(status=shelf.status)
        self.checks: list[CheckRow] = ledger.checks(status=shelf.status)
        self.judged: list[Row | CheckRow] = [*self.rows, *self.checks]

    def write(self, folder: Path) -> None:
        """Write everything into ``folder``, which is made anew."""
        shutil.rmtree(folder, ignore_errors=True)
        self._write_prose(folder)
        for name in reference.library():
            write_text(folder / "library" / f"{name}.md", reference.library_page(name))
        for study in every():
            self._write_study(folder, study.key)
        for ref in self.shelf.pages:
            woven.write_page(self.shelf, ref, self.rows, self.checks, folder / document(ref).parent)
        write_text(folder / "claims.json", ledger.as_json(self.rows) + "\n")
        write_text(folder / "_config.yml", (home("_config.yml")).read_text(encoding="utf-8"))
        write_text(folder / "_toc.yml", contents(self.shelf))
        copy_mathjax(folder / STATIC)

    def generated(self) -> dict[str, Callable[[], str]]:
        """What a line ``<!-- generated: name -->`` in prose stands for, by name."""
        return {
            "headline": partial(judged.headline, self.rows, self.checks, self.shelf),
            "study-cards": partial(judged.study_cards, self.shelf, self.rows),
            "verdict-words": judged.verdict_words,
            "claims": partial(judged.claims_table, self.rows),
            "checks": partial(judged.checks_table, self.checks, self.shelf),
            "reasons": partial(judged.reasons, self.rows, self.shelf),
            "figures": partial(catalogue.figures, self.shelf),
            "data": catalogue.data_page,
            "commands": reference.command_page,
            "library": reference.library_index,
            **{s.key: partial(catalogue.study_page, s, self.shelf, self.judged) for s in every()},
        }

    def _write_prose(self, folder: Path) -> None:
        source, absent = home("book"), set(places.STUDIES) - {study.key for study in every()}
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
        if not (folder / key / "index.md").is_file():
            study = next(study for study in every() if study.key == key)
            text = catalogue.study_page(study, self.shelf, self.judged)
            write_text(folder / key / "index.md", f"# {myst.plain(study.title)}\n\n{text}")
        for profile in PROFILES:
            if self.shelf.of(key, profile):
                study = self.shelf.of(key, profile)[0].study
                text = catalogue.landing(study, profile, self.shelf, self.judged)
                write_text(folder / key / profile / "index.md", text)

    def _filled(self, path: Path) -> str:
        generated = self.generated()

        def fill(match: re.Match) -> str:
            if match[1] not in generated:
                near = did_you_mean(match[1], generated)
                raise ParameterError(f"{path} asks for {match[1]!r}, which nothing generates. {near}")
            return generated[match[1]]()

        return MARKER.sub(fill, path.read_text(encoding="utf-8"))


def contents(shelf: Shelf) -> str:
    """Table of contents: the skeleton, with a part for each study in place of ``studies: every``."""
    skeleton = yaml.safe_load(home("_toc.yml").read_text(encoding="utf-8"))
    parts = []
    for part in skeleton["parts"]:
        parts += _study_parts(shelf) if "studies" in part else [_with_library(part)]
    skeleton["parts"] = parts
    return yaml.safe_dump(skeleton, sort_keys=False, allow_unicode=True)


def copy_mathjax(folder: Path) -> None:
    """Put MathJax into the site, from the wheel that carries it, so that no page asks the network.

    Raises
    ------
    MissingExtra
        If the wheel is not installed.
    """
    spec = find_spec("sphinx-mathjax-offline")
    if spec is None:
        raise MissingExtra("The book needs sphinx-mathjax-offline.\nRun:  pip install 'reread[book]'")
    source = Path(next(iter(spec.submodule_search_locations))) / "static/mathjax/tex-svg.js"
    (folder / "vendor").mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, folder / "vendor/tex-svg.js")


def home(name: str) -> Path:
    """A file or folder of the book's words: of this checkout, else of the one the package comes from."""
    here = places.root() / name
    return here if here.exists() else Path(reread.__file__).resolve().parents[2] / name


def _with_library(part: dict[str, Any]) -> dict[str, Any]:
    """Hang the pages of the library below its first one."""
    sections = [{"file": f"library/{name}"} for name in reference.library()]
    chapters = [c | {"sections": sections} if c["file"] == "library/index" else c for c in part["chapters"]]
    return part | {"chapters": chapters}


def _study_parts(shelf: Shelf) -> list[dict[str, Any]]:
    parts = []
    for study in every():
        chapters: list[dict[str, Any]] = [{"file": f"{study.key}/index"}]
        for profile in PROFILES:
            pages = [{"file": str(document(ref))} for ref in shelf.of(study.key, profile)]
            chapters += [{"file": f"{study.key}/{profile}/index", "sections": pages}] if pages else []
        parts.append({"caption": study.key.capitalize(), "chapters": chapters})
    return parts
