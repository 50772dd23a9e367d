"""Build the site: check the runs, lay out the sources, run Jupyter Book, swap the result in."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
from collections.abc import Callable
from contextlib import suppress
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import reread
from reread.book.running.stopping import stoppable, tied_command
from reread.book.site.finish import files_below, finish
from reread.book.status import claims as ledger
from reread.book.status import publishable
from reread.book.status.staleness import Status
from reread.book.transfer.recorded import adopt_recorded
from reread.book.workflow import snakemake as engine
from reread.core import paths
from reread.core.errors import ExitCode, RunError
from reread.core.files import digest, write_text
from reread.studies import Profile

if TYPE_CHECKING:
    import typer

    from reread.book.status.publishable import Shelf

PACKAGE = Path(reread.__file__).resolve().parent
BUILDERS = ("jupyter-book", "sphinx", "myst-nb", "sphinx-book-theme", "sphinx-design", "sphinxcontrib-bibtex")
JUPYTER_BOOK = "jupyter_book.cli.main:main"
STRICT = ("-W", "-n", "--keep-going")
PROSE = ("book", "CITATION.cff", "_config.yml", "_toc.yml", "chapters", "data/datasets.yml")
N_LINES = 30
N_TRIES = 3
PATIENCE_S = 5.0


def build_site(
    profile: Profile,
    study: str = "",
    *,
    app: typer.Typer,
    say: Callable[[str], None] = print,
    status: Status | None = None,
) -> Path:
    """Build the book from finished runs and return its first page; do nothing if nothing changed.

    All pages of ``profile`` (of one ``study``) must be fresh, else the exit code is 9. Fresh pages of other
    profiles and recorded runs are shown too, and ``say`` names those left out. The old site stays until
    the new one is done. ``app`` is the command line, which has a page of its own; ``status`` is what is known
    of the pages.
    """
    top = paths.root() / "_build"
    index, done = top / "site/index.html", top / "site.key"
    with engine.alone():
        for left in range(N_TRIES)[::-1]:
            shutil.rmtree(top / "recorded", ignore_errors=True)
            looked, status = status or Status(), None
            shelf = publishable.admit(profile, study, looked, adopt_recorded(looked, top / "recorded"))
            rows, checks = ledger.ledger(status=shelf.status), ledger.checks(status=shelf.status)
            key = inputs(shelf, [ledger.as_json(rows), [(row.study.key, str(row.outcome)) for row in checks]])
            if index.is_file() and done.is_file() and done.read_text(encoding="utf-8") == key:
                return index
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


def inputs(shelf: Shelf, judged: list) -> str:
    """Digest of everything that the site is made from: runs, verdicts, prose, docstrings, tools."""
    # a record holds the digest of every file of its run, and the gate has compared them
    runs = {
        f"{ref.profile}/{ref.name}": [shelf.record(ref).model_dump_json(), shelf.moved(ref)]
        for ref in shelf.pages
    }
    prose = [path for name in PROSE for path in files_below(home(name))]
    texts = {
        str(path): sha256(path.read_bytes()).hexdigest() for path in [*prose, *files_below(PACKAGE, "*.py")]
    }
    return digest([runs, judged, texts, {name: version(name) for name in BUILDERS}])


def home(name: str) -> Path:
    """A file or folder of the book's prose: of this checkout, else of the one the package comes from."""
    here = paths.root() / name
    return here if here.exists() else PACKAGE.parents[1] / name


def cited_address(key: str) -> str:
    """An address in ``CITATION.cff``: ``url`` of the book, ``repository-code``; empty where it gives none."""
    text = home("CITATION.cff").read_text(encoding="utf-8")
    found = re.search(rf"^{key}: *[\"']?(https://[^\s\"']+)", text, re.MULTILINE)
    return found[1].rstrip("/") if found else ""


def make(stage: Path, site: Path) -> None:
    """Run Jupyter Book on a stage and swap the result in; if it fails or warns, the old site stays."""
    for left in site.parent.glob(".site.*.part"):  # of a build that was killed
        shutil.rmtree(left, ignore_errors=True)
    part = site.parent / f".site.{uuid4().hex[:8]}.part"
    command = tied_command(JUPYTER_BOOK, "build", str(stage), "--path-output", str(part), *STRICT)
    log, html = site.parent / "site.log", part / "_build/html"
    try:
        code = _run(command, log, stage)
        if code or not (html / "index.html").is_file():
            raise RunError(
                f"Jupyter Book did not build the site:\n{_complaints(log)}\nSee {log}", ExitCode.NOTEBOOK
            )
        finish(html, stage)
        _swap(html, site)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _run(command: list[str], log: Path, stage: Path) -> int:
    """Run a command to its end, or end it with its children when a signal stops this process."""
    env = os.environ | {"PYTHONHASHSEED": "0", "REREAD_HOME": str(paths.root())}
    with log.open("w", encoding="utf-8") as stream, stoppable():
        process = subprocess.Popen(
            command, stdout=stream, stderr=stream, env=env, cwd=stage, start_new_session=True
        )
        try:
            return process.wait()
        except KeyboardInterrupt:
            text = "The build of the site was interrupted; the old site stays."
            raise RunError(text, ExitCode.INTERRUPTED) from None
        finally:
            if process.poll() is None:
                _end(process)


def _end(process: subprocess.Popen) -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with suppress(subprocess.TimeoutExpired):
            process.wait(PATIENCE_S)
            return


def _swap(new: Path, site: Path) -> None:
    old = site.with_name(".site.old")
    shutil.rmtree(old, ignore_errors=True)
    if site.exists():
        site.rename(old)
    new.rename(site)
    shutil.rmtree(old, ignore_errors=True)


def _complaints(log: Path) -> str:
    """Warnings and errors of the build; its last lines if there are none."""
    lines = [line for line in log.read_text(encoding="utf-8", errors="replace").splitlines() if line.strip()]
    found = [line for line in lines if "WARNING" in line or "ERROR" in line]
    return "\n".join((found or lines)[-N_LINES:])
