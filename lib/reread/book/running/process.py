"""The process that executes a notebook: started apart, watched cell by cell, ended with all it started."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import IO

from reread.book.running import environment, kernel, stopping, warm
from reread.book.running import executed_notebook as notebook
from reread.core.errors import ExitCode, RunError
from reread.pages import PageRef

POLL_S = 0.1
PATIENCE_S = 3.0
CELL = re.compile(r"Executing Cell (\d+)-")


def execute(
    ref: PageRef,
    part: Path,
    *,
    key: str = "",
    timeout_s: float | None = None,
    threads: int = 1,
    say: Callable[[str], None] = print,
) -> int:
    """Execute the notebook of a page with ``part/parameters.yml`` into ``part``; return papermill's code."""
    part = part.resolve()
    (part / environment.HOME).mkdir(exist_ok=True)
    with (part / "log").open("w", encoding="utf-8") as log:
        child = _start(ref, part, log, environment.of_page(ref, part, key, threads), threads)
        try:
            return _watch(child, part / "log", ref, timeout_s, say)
        finally:
            _end(child, part)


def _start(
    ref: PageRef, part: Path, log: IO[str], env: dict[str, str], threads: int
) -> subprocess.Popen | warm.Asked:
    """The process of a page: forked from the server of this build where there is one, else a fresh one."""
    arguments = [str(ref.notebook), str(part)]
    asked = warm.ask(arguments, log.fileno(), env, ref, threads)
    return asked or subprocess.Popen(
        [sys.executable, *environment.SEALED_PYTHON, "-u", "-m", kernel.__name__, *arguments],
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=subprocess.STDOUT,
        env=env,
        cwd=part,
        start_new_session=True,
    )


def _watch(
    child: subprocess.Popen | warm.Asked,
    log: Path,
    ref: PageRef,
    timeout_s: float | None,
    say: Callable[[str], None],
) -> int:
    """Say each cell as it starts, until the process ends or its time is over."""
    titles = notebook.first_lines(ref.notebook)
    deadline = time.monotonic() + timeout_s if timeout_s else None
    rest = ""
    with log.open(encoding="utf-8", errors="replace") as lines:
        while True:
            # asked before the last look, so that what happens in between is still said
            code = child.poll()
            whole, _, rest = (rest + lines.read()).rpartition("\n")
            for number in map(int, CELL.findall(whole)):
                say(f"  cell {number:>2}/{len(titles)}  {titles[min(number, len(titles)) - 1]}")
            if code is not None:
                return code
            if deadline and time.monotonic() > deadline:
                raise RunError(
                    f"{ref.name} ran longer than {timeout_s:g} s and was stopped.", ExitCode.TIMEOUT
                )
            time.sleep(POLL_S)


def _end(child: subprocess.Popen | warm.Asked, part: Path) -> None:
    """Leave no process behind: first a word to papermill, then no more words to anybody."""
    if child.poll() is None:
        child.terminate()
        with suppress(subprocess.TimeoutExpired):
            child.wait(PATIENCE_S)
    stopping.end_all_of(part)
    child.wait()
