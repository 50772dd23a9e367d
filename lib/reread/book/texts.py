"""Texts of the book: of this checkout, else of the one that the package comes from."""

import re
from pathlib import Path

import reread
from reread.core import paths

PACKAGE = Path(reread.__file__).resolve().parent


def home(name: str) -> Path:
    """A file or folder of the book's prose: of this checkout, else of the one the package comes from."""
    here = paths.root() / name
    return here if here.exists() else PACKAGE.parents[1] / name


def cited_address(key: str) -> str:
    """An address in ``CITATION.cff``: ``url`` of the book, ``repository-code``; empty where it gives none."""
    text = home("CITATION.cff").read_text(encoding="utf-8")
    found = re.search(rf"^{key}: *[\"']?(https://[^\s\"']+)", text, re.MULTILINE)
    return found[1].rstrip("/") if found else ""


def files_below(folder: Path, pattern: str = "*") -> list[Path]:
    """Files below a folder, sorted; the path itself if it is a file."""
    if folder.is_file():
        return [folder]
    return sorted(path for path in folder.rglob(pattern) if path.is_file())
