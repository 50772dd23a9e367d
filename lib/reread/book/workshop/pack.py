"""One archive for a room without network: notebooks, wheels, the site, a plan and a script that installs."""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from reread.book.site.markup import n_bytes
from reread.book.texts import files_below
from reread.book.transfer import write_zip
from reread.book.workshop import notebooks, slides
from reread.book.workshop.content import course_plan, find, tasks
from reread.core import paths
from reread.core.errors import ExitCode, RunError
from reread.core.files import written_whole
from reread.studies import Study
from reread.studies import find as find_study

_BUILD = "import setuptools.build_meta as made, sys; made.build_wheel(sys.argv[1])"
_TREE = ("lib", "chapters", "book", "workflow", "data/datasets.yml", "setup.py", "pyproject.toml",
         "_config.yml", "_toc.yml", "requirements.lock", "CITATION.cff", "CHANGELOG.md", "LICENSE",
         "README.md")  # fmt: skip
_LEFT_OUT = shutil.ignore_patterns("__pycache__", ".ipynb_checkpoints", "*.egg-info")
_INSTALL = """#!/bin/sh
# Make the environment of the workshop. With all wheels in the archive it needs no network.
set -eu
cd "$(dirname "$0")"
python=${{PYTHON:-python3}}
from="-c requirements.lock"
if ls wheels/jupyterlab-*.whl >/dev/null 2>&1; then
    from="--isolated --no-index"
    "$python" -c 'import sys; sys.exit(sys.version_info[:2] != ({version}))' || {{
        echo "The wheels are for Python {dotted}. Name one:  PYTHON=python{dotted} sh install.sh" >&2
        exit 1
    }}
fi
"$python" -m venv .venv
.venv/bin/python -m pip install --quiet --disable-pip-version-check $from --find-links wheels \\
    "reread[{study}]" jupyterlab
echo "Done. Start with:  . .venv/bin/activate && jupyter lab student"
"""
_README = """# Workshop: {title}

1. Run `sh install.sh`. {needs}
2. Run `. .venv/bin/activate && jupyter lab student`, or open the folder in VS Code with the environment
   `.venv`.
3. Work through the notebooks of `student` in their order. The last cells of each check your answers.

`plan.md` has the minutes of each chapter, and its exercises. `instructor` has the same notebooks with
their solutions folded. `slides` has the slides of each chapter for a browser: the space bar shows the next
one, and they can be printed.{site} Runs are kept in the folder `runs`. All pages use simulated or bundled
data, so that nothing is downloaded.

In Colab, upload the wheel of the folder `wheels` whose name begins with `reread`, install it with
`!pip install`, and open a notebook of `student`.
"""


def pack(study: str, out: Path, *, with_wheels: bool, say: Callable[[str], None] = print) -> Path:
    """Write the archive of a study to ``out``; equal bytes for equal content, but for the wheels."""
    record, top = find_study(study), f"reread-workshop-{study}"
    with TemporaryDirectory() as folder:
        wheels = Path(folder, "wheels")
        say("Build the wheel of the book.")
        built = build_wheel(wheels)
        if with_wheels:
            say("Download the wheels of the study and of JupyterLab.")
            _download(built, study, wheels)
        site = Path(os.environ.get("REREAD_SITE") or paths.root() / "_build", "site")
        if not (has_site := (site / "index.html").is_file()):
            say(f"There is no book in {site}, so none is added. Make one with:  make book")
        texts = _texts(record, say, has_wheels=with_wheels, has_site=has_site)
        files = {f"wheels/{path.name}": path for path in files_below(wheels)}
        files["requirements.lock"] = paths.root() / "requirements.lock"
        files |= {f"site/{path.relative_to(site).as_posix()}": path for path in files_below(site)}
        with written_whole(out) as part:
            n_files = write_zip(part, {f"{top}/{name}": one for name, one in (files | texts).items()})
    say(f"{out}: {n_files} files, {n_bytes(out.stat().st_size)}")
    return out


def _texts(study: Study, say: Callable[[str], None], *, has_wheels: bool, has_site: bool) -> dict[str, str]:
    """Files that are made from the record: notebooks, plan, script and readme."""
    lessons, texts = find(study.key).chapters, {}
    for folder, is_solved in (("student", False), ("instructor", True)):
        for name, cells in notebooks.of_study(study.key, lessons, is_solved=is_solved).items():
            texts[f"{folder}/{name}"] = json.dumps(cells, indent=1, ensure_ascii=False, sort_keys=True) + "\n"
    texts |= {f"slides/{name}": text for name, text in slides.of_study(study.key, say).items()}
    version = sys.version_info[:2]
    dotted = ".".join(map(str, version))
    texts["install.sh"] = _INSTALL.format(
        study=study.key, version=", ".join(map(str, version)), dotted=dotted
    )
    here = f"{platform.system()} on {platform.machine()}"
    needs = f"It needs Python {dotted} on {here}, and no network." if has_wheels else "It needs the network."
    site = " `site/index.html` opens the book." if has_site else ""
    texts["README.md"] = _README.format(title=study.title, needs=needs, site=site)
    texts["plan.md"] = (
        f"# Plan: {study.title}\n\n{course_plan(study)}\n\n## Exercises\n{_exercises(study.key)}\n"
    )
    return texts


def _exercises(study: str) -> str:
    lines = [f"\n- {one.ref.chapter.title}: {one.exercise.ask}\n  `{one.command}`" for one in tasks(study)]
    return "".join(lines)


def build_wheel(into: Path) -> Path:
    """Build the wheel of the book from a clean copy of this checkout."""
    root = paths.root()
    if not (root / "setup.py").is_file():
        said = f"A pack is made from a checkout, and {root} is none.\nGo to one, or name it with REREAD_HOME."
        raise RunError(said, ExitCode.ENVIRONMENT)
    into.mkdir(parents=True)
    with TemporaryDirectory() as folder:
        for name in _TREE:
            source, target = root / name, Path(folder, name)
            target.parent.mkdir(parents=True, exist_ok=True)
            if source.is_dir():
                shutil.copytree(source, target, ignore=_LEFT_OUT)
            else:
                shutil.copyfile(source, target)
        _run([sys.executable, "-c", _BUILD, str(into)], "The wheel could not be built", cwd=folder)
    return next(into.glob("*.whl"))


def _download(wheel: Path, study: str, into: Path) -> None:
    """Wheels of what the study needs, at the versions of the lock, and of JupyterLab."""
    command = [
        sys.executable,
        "-m",
        "pip",
        "download",
        "--quiet",
        "--only-binary",
        ":all:",
        "--dest",
        str(into),
    ]
    lock = str(paths.root() / "requirements.lock")
    _run([*command, "-c", lock, f"{wheel}[{study}]", "jupyterlab"], "The wheels could not be downloaded")


def _run(command: list[str], problem: str, cwd: str | None = None) -> None:
    env = os.environ | {"SOURCE_DATE_EPOCH": "315532800"}
    done = subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RunError(f"{problem}:\n{(done.stderr or done.stdout).strip()[-1500:]}", ExitCode.ENVIRONMENT)
