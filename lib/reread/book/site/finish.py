"""What is left to do when Jupyter Book has rendered the site: accessible names, weight, addresses, safety."""

from __future__ import annotations

import re
import shutil
from hashlib import sha256
from pathlib import Path

from reread.core.errors import ExitCode, RunError
from reread.core.files import write_text

# of the theme, which has no option for them
EDITS: tuple[tuple[str, str], ...] = (
    (r'\s*<script src="[^"]*fontawesome\.js[^"]*"></script>', ""),
    (r'(<meta name="viewport"[^>]*>)\s*<meta name="viewport"[^>]*>', r"\1"),
    (r'<meta name="viewport" content="width=device-width, initial-scale=1"/>\s*', ""),
    (r'<summary aria-label="Toggle hidden content">', "<summary>"),
    (r'(class="btn search-button-field[^>]*?) aria-label="Search"', r"\1"),
    (r'(<i class="theme-switch[^>]*?) title="[^"]*"', r"\1"),
    (r'(<img[^>]*class="logo__image[^>]*?alt=")[^"]*"', r'\1"'),
    (
        r'<div id="pst-primary-sidebar" class="',
        '<div id="pst-primary-sidebar" role="navigation" aria-label="Book" class="',
    ),
    (r' role="doc-biblioentry"', ' role="listitem"'),
    (r'<i class="fa-solid', '<i aria-hidden="true" class="fa-solid'),
)
# never asked for by a page: icons of the theme, translations, maps of scripts, listings of a service
UNUSED = (
    "_static/scripts/fontawesome*",
    "_static/vendor/fontawesome",
    "_static/**/*.map",
    "_static/locales",
    "_static/images/logo_*",
    "_static/webpack-macros.html",
    "_static/sbt-webpack-macros.html",
    ".buildinfo",
    "objects.inv",
)


def finish(html: Path, stage: Path) -> None:
    """Mend the pages of a rendered site, and refuse one that holds a file from outside its stage."""
    for path in html.rglob("*.html"):
        text = path.read_text(encoding="utf-8")
        for pattern, new in EDITS:
            text = re.sub(pattern, new, text)
        path.write_text(text, encoding="utf-8")
    for path in [path for pattern in UNUSED for path in html.glob(pattern)]:
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    index = html / "searchindex.js"
    if index.is_file():  # the search page writes titles as HTML
        write_text(index, index.read_text(encoding="utf-8").replace("<", "&lt;"))
    known = {sha256(path.read_bytes()).digest() for path in files_below(stage)}
    copied = [path for name in ("_downloads", "_images") for path in files_below(html / name)]
    strange = [path for path in copied if sha256(path.read_bytes()).digest() not in known]
    if strange:
        names = ", ".join(path.name for path in strange)
        raise RunError(f"The site holds files from outside the book: {names}.", ExitCode.NOTEBOOK)


def files_below(folder: Path, pattern: str = "*") -> list[Path]:
    """Files below a folder, sorted; the path itself if it is a file."""
    if folder.is_file():
        return [folder]
    return sorted(path for path in folder.rglob(pattern) if path.is_file())
