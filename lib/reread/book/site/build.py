"""Build the site: gate, stage, Jupyter Book, and a swap when everything went well."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from uuid import uuid4

from reread.book.running import tied
from reread.book.running.landing import runs_held
from reread.book.site.api_reference import PACKAGE
from reread.book.site.stage import Stage
from reread.book.status import publishable as gate
from reread.book.workflow import snakemake as engine
from reread.core import paths as places
from reread.core.errors import RunError
from reread.core.files import digest, sha256, write_text
from reread.studies import Profile

BUILDERS = ("jupyter-book", "sphinx", "myst-nb", "sphinx-book-theme", "sphinx-design", "sphinxcontrib-bibtex")
JUPYTER_BOOK = "jupyter_book.cli.main:main"
STRICT = ("-W", "-n", "--keep-going")
BROKEN = 5
N_LINES = 30


def build_site(profile: Profile, study: str = "", *, say: Callable[[str], None] = print) -> Path:
    """Build the book from finished runs and return its first page.

    Nothing is built when nothing changed. The site that was there stays until the new one is whole.

    Parameters
    ----------
    profile : str
        All of its pages must be fresh; pages of other profiles are shown when they are.
    study : str
        Ask that of one study only; all when empty.
    say : callable
        Takes a line for each page that is left out.

    Raises
    ------
    RunError
        With exit code 9 if a page must not be published, 5 if Jupyter Book warns of anything.
    """
    top = places.root() / "_build"
    with engine.alone():
        with runs_held():  # a run that ends meanwhile waits: pages are of one moment
            shelf = gate.admit(profile, study)
            Stage(shelf).write(top / "stage")
        for line in shelf.left_out:
            say(line)
        key, done = inputs(top / "stage"), top / "site.key"
        index = top / "site/index.html"
        if not (index.is_file() and done.is_file() and done.read_text(encoding="utf-8") == key):
            done.unlink(missing_ok=True)
            make(top / "stage", top / "site")
            write_text(done, key)
    return index


def make(stage: Path, site: Path) -> None:
    """Run Jupyter Book from nothing on a stage and swap the result in.

    Raises
    ------
    RunError
        If it warns of anything or fails; the site that was there stays.
    """
    for left in site.parent.glob(".site.*.part"):
        shutil.rmtree(left, ignore_errors=True)  # of a build that was killed
    part = site.parent / f".site.{uuid4().hex[:8]}.part"
    command = tied.command(JUPYTER_BOOK, "build", str(stage), "--path-output", str(part), *STRICT)
    env = os.environ | {"PYTHONHASHSEED": "0", "REREAD_HOME": str(places.root())}
    try:
        done = subprocess.run(command, capture_output=True, text=True, env=env, cwd=stage, check=False)
        html = part / "_build/html"
        log = write_text(site.parent / "site.log", done.stdout + done.stderr)
        if done.returncode or not (html / "index.html").is_file():
            raise RunError(f"Jupyter Book did not build the site:\n{_complaints(log)}\nSee {log}", BROKEN)
        _swap(html, site)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def inputs(stage: Path) -> str:
    """One digest of everything the site is made from: the stage, the library's docstrings, the tools."""
    files = {
        str(path.relative_to(stage)): sha256(path) for path in sorted(stage.rglob("*")) if path.is_file()
    }
    code = {str(path.relative_to(PACKAGE)): sha256(path) for path in sorted(PACKAGE.rglob("*.py"))}
    return digest([files, code, {name: version(name) for name in BUILDERS}])


def _swap(new: Path, site: Path) -> None:
    old = site.with_name(".site.old")
    shutil.rmtree(old, ignore_errors=True)
    if site.exists():
        site.rename(old)
    new.rename(site)
    shutil.rmtree(old, ignore_errors=True)


def _complaints(log: Path) -> str:
    """Warnings and errors of the build; its last lines where there are none."""
    lines = [line for line in log.read_text(encoding="utf-8").splitlines() if line.strip()]
    found = [line for line in lines if "WARNING" in line or "ERROR" in line]
    return "\n".join((found or lines)[-N_LINES:])
