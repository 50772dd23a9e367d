"""The process that executes a notebook: started apart, watched cell by cell, ended with all it started."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from reread.book.running import executed_notebook as notebook
from reread.core import paths as places
from reread.core.errors import RunError
from reread.pages import PageRef

TIMED_OUT = 6
POLL_S = 0.1
PATIENCE_S = 3.0
START_S = 180
CAPS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMEXPR_NUM_THREADS")
CELL = re.compile(r"Executing Cell (\d+)-")
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def execute(
    ref: PageRef,
    part: Path,
    *,
    key: str = "",
    timeout_s: float | None = None,
    threads: int = 1,
    say: Callable[[str], None] = print,
) -> int:
    """Execute the notebook of a page with ``part/parameters.yml`` into ``part``; return papermill's code.

    Parameters
    ----------
    ref : PageRef
        The page.
    part : Path
        Folder that takes ``notebook.ipynb`` and ``log``.
    key : str
        The stale key, which names the checkpoints of the run.
    timeout_s : float, optional
        Seconds after which everything is stopped.
    threads : int
        Threads of the kernel; set before it starts, because inside it is too late.
    say : callable
        Takes a line for each cell as it starts.

    Raises
    ------
    RunError
        If time ran out (exit code 6).
    """
    command = [sys.executable, "-m", "papermill", str(ref.notebook), str(part / "notebook.ipynb")]
    command += ["-f", str(part / "parameters.yml"), "-k", "python3", "--cwd", str(places.root())]
    command += ["--log-output", "--no-progress-bar", "--start-timeout", str(START_S)]
    with (part / "log").open("w", encoding="utf-8") as log:
        child = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env=environment(ref, part, key, threads),
            start_new_session=True,
        )
        try:
            return _watch(child, part / "log", ref, timeout_s, say)
        finally:
            _end(child, part)


def environment(ref: PageRef, part: Path, key: str, threads: int) -> dict[str, str]:
    """What the kernel finds in its environment: places, seeds of hashing, and caps on threads."""
    return {
        **os.environ,
        **dict.fromkeys(CAPS, str(threads)),
        "OMP_WAIT_POLICY": "passive",
        "PYTHONHASHSEED": "0",
        "CUBLAS_WORKSPACE_CONFIG": ":4096:8",
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
        **places.surroundings(),
        "REREAD_RUN": str(part.resolve()),
        "REREAD_PROFILE": ref.profile,
        "REREAD_PAGE": ref.page,
        "REREAD_KEY": key,
    }


def end_all_of(part: Path) -> None:
    """Kill every process that was started for a run, whoever its parent is now.

    It looks until it has found nobody twice: a process that is just being born is not seen at first.
    """
    n_clean = 0
    while n_clean < 2:
        n_clean = 0 if _kill_marked(str(part.resolve())) else n_clean + 1
        time.sleep(POLL_S / 2)


def _kill_marked(mark: str) -> bool:
    """Kill what has ``mark`` as its REREAD_RUN; whether there was any."""
    import psutil

    n_killed = 0
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            is_marked = process.pid != os.getpid() and process.environ().get("REREAD_RUN") == mark
            if is_marked and process.status() != psutil.STATUS_ZOMBIE:
                process.kill()
                n_killed += 1
    return n_killed > 0


@contextmanager
def stoppable() -> Iterator[None]:
    """Let SIGTERM and a closed terminal stop a run as Ctrl-C does, once: cleaning up is not to be disturbed.

    Signals are heard in the main thread only; elsewhere this does nothing.
    """

    def stop(*_: object) -> None:
        for number in before:
            signal.signal(number, signal.SIG_IGN)
        raise KeyboardInterrupt

    before: dict[int, object] = {}
    try:
        for number in SIGNALS:
            # whoever ignores a signal (nohup) keeps ignoring it
            if signal.getsignal(number) is not signal.SIG_IGN:
                before[number] = signal.signal(number, stop)
    except ValueError:
        before.clear()
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _watch(
    child: subprocess.Popen, log: Path, ref: PageRef, timeout_s: float | None, say: Callable[[str], None]
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
                raise RunError(f"{ref.name} ran longer than {timeout_s:g} s and was stopped.", TIMED_OUT)
            time.sleep(POLL_S)


def _end(child: subprocess.Popen, part: Path) -> None:
    """Leave no process behind: first a word to papermill, then no more words to anybody."""
    import psutil

    family: list[psutil.Process] = []
    if child.poll() is None:
        with suppress(psutil.NoSuchProcess):
            # the kernel lives in a session of its own, out of reach of a signal to a group
            family = psutil.Process(child.pid).children(recursive=True)
        child.terminate()
        with suppress(subprocess.TimeoutExpired):
            child.wait(PATIENCE_S)
    for process in family:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    end_all_of(part)
    child.wait()
    end_all_of(part)  # and what papermill started in its last moment
