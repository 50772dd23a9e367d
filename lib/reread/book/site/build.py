"""Build the site: check the runs, lay out the sources, run Jupyter Book, swap the result in."""

import os
import re
import shutil
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory

import typer

from reread.book.running.atomic_folder import swap
from reread.book.running.stopping import running, stoppable, tied_command
from reread.book.status import claims as ledger
from reread.book.status.staleness import SHOWN, Status, admit
from reread.book.texts import PACKAGE, files_below, home
from reread.book.transfer import adopt_recorded
from reread.book.workflow import alone
from reread.core import paths
from reread.core.errors import ExitCode, RunError
from reread.core.files import digest, sha256, write_text
from reread.pages import pages
from reread.studies import Profile

_TOOLS = ("jupyter-book", "sphinx", "myst-nb", "sphinx-book-theme", "sphinx-design", "sphinxcontrib-bibtex")
JUPYTER_BOOK = "jupyter_book.cli.main:main"
_STRICT = ("-W", "-n", "--keep-going")
_PROSE = ("book", "CITATION.cff", "_config.yml", "_toc.yml", "chapters", "data/datasets.yml")
_TRIES = 3

# of the theme, which has no option for them
_EDITS: tuple[tuple[str, str], ...] = (
    (r'\s*<script src="[^"]*fontawesome\.js[^"]*"></script>', ""),
    (r'(<meta name="viewport"[^>]*>)\s*<meta name="viewport"[^>]*>', r"\1"),
    (r'<meta name="viewport" content="width=device-width, initial-scale=1"/>\s*', ""),
    (r'<summary aria-label="Toggle hidden content">', "<summary>"),
    (r'(class="btn search-button-field[^>]*?) aria-label="Search"', r"\1"),
    (r'(<i class="theme-switch[^>]*?) title="[^"]*"', r"\1"),
    (r'(<img[^>]*class="logo__image[^>]*?alt=")[^"]*"', r'\1"'),
    (r'(<div id="pst-primary-sidebar") class="', r'\1 role="navigation" aria-label="Book" class="'),
    (r' role="doc-biblioentry"', ' role="listitem"'),
    (r'<i class="fa-solid', '<i aria-hidden="true" class="fa-solid'),
)
# never asked for by a page: icons of the theme, translations, maps of scripts, listings of a service
_UNUSED = (
    *("_static/scripts/fontawesome*", "_static/vendor/fontawesome", "_static/**/*.map", "_static/locales"),
    *("_static/images/logo_*", "_static/*webpack-macros.html", ".buildinfo", "objects.inv"),
)


def build_site(
    profile: Profile,
    study: str = "",
    *,
    app: typer.Typer,
    say: Callable[[str], None] = print,
    status: Status | None = None,
) -> Path:
    """Build the book from finished runs, all fresh, and return its first page; nothing if nothing changed."""
    top = Path(os.environ.get("REREAD_SITE") or paths.root() / "_build")
    index, done = top / "site/index.html", top / "site.key"
    with alone():
        for left in range(_TRIES)[::-1]:
            looked, status = status or Status(), None
            key = _inputs(looked)
            is_current = index.is_file() and done.is_file() and done.read_text(encoding="utf-8") == key
            if is_current and not looked.not_fresh(pages(profile, study)):
                return index  # recorded runs are not even unpacked
            shutil.rmtree(top / "recorded", ignore_errors=True)
            adopt_recorded(looked, top / "recorded")
            shelf = admit(profile, study, looked)
            if is_current:
                return index
            rows, checks = ledger.ledger(status=looked), ledger.checks(status=looked)
            from reread.book.site.chapter_page import ReplacedRunError
            from reread.book.site.stage import Stage

            try:
                Stage(shelf, rows, checks, app).write(top / "stage")
                break
            except ReplacedRunError:
                if not left:
                    raise
        for line in shelf.left_out:
            say(line)
        done.unlink(missing_ok=True)
        make(top / "stage", top / "site")
        write_text(done, key)
    return index


def _inputs(status: Status) -> str:
    """Digest of everything that the site is made from: runs, also recorded ones, code, prose, tools."""
    shown = [(ref, status.state(ref), status.record(ref)) for profile in SHOWN for ref in pages(profile)]
    # a record holds the digest of every file of its run, and the gate has compared them
    runs = [(r.profile, r.name, status.key(r), str(s), one and one.model_dump_json()) for r, s, one in shown]
    paths_read = [path for name in _PROSE for path in files_below(home(name))] + files_below(PACKAGE, "*.py")
    texts = [(str(path), sha256(path)) for path in paths_read]
    return digest([runs, texts, [version(name) for name in _TOOLS]])


def make(stage: Path, site: Path) -> None:
    """Run Jupyter Book on a stage and swap the result in; if it fails or warns, the old site stays."""
    for left in site.parent.glob(".site.*.part"):  # of a build that was killed
        shutil.rmtree(left, ignore_errors=True)
    env = os.environ | {"PYTHONHASHSEED": "0", "REREAD_HOME": str(paths.root())}
    log = site.parent / "site.log"
    with TemporaryDirectory(dir=site.parent, prefix=".site.", suffix=".part") as part:
        command = tied_command(JUPYTER_BOOK, "build", str(stage), "--path-output", part, *_STRICT)
        try:
            with stoppable(), running(command, log, env, stage) as process:
                code = process.wait()
        except KeyboardInterrupt:
            text = "The build of the site was interrupted; the old site stays."
            raise RunError(text, ExitCode.INTERRUPTED) from None
        html = Path(part, "_build/html")
        if code or not (html / "index.html").is_file():
            text = log.read_text(encoding="utf-8", errors="replace")
            lines = [line for line in text.splitlines() if line.strip()]
            found = [line for line in lines if "WARNING" in line or "ERROR" in line]
            said = "\n".join(["Jupyter Book did not build the site:", *(found or lines)[-30:], f"See {log}"])
            raise RunError(said, ExitCode.NOTEBOOK)
        _finish(html, stage)
        swap(html, site)


def _finish(html: Path, stage: Path) -> None:
    """Mend the pages of a rendered site, and refuse one that holds a file from outside its stage."""
    for path in html.rglob("*.html"):
        text = path.read_text(encoding="utf-8")
        for pattern, new in _EDITS:
            text = re.sub(pattern, new, text)
        path.write_text(text, encoding="utf-8")
    for path in [path for pattern in _UNUSED for path in html.glob(pattern)]:
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    index = html / "searchindex.js"
    if index.is_file():  # the search page writes titles as HTML
        write_text(index, index.read_text(encoding="utf-8").replace("<", "&lt;"))
    known = {sha256(path) for path in files_below(stage)}
    copied = [path for name in ("_downloads", "_images") for path in files_below(html / name)]
    strange = [path for path in copied if sha256(path) not in known]
    if strange:
        names = ", ".join(path.name for path in strange)
        raise RunError(f"The site holds files from outside the book: {names}.", ExitCode.NOTEBOOK)
