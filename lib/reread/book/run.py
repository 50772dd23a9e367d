"""Run one page: one papermill process, a temporary folder, and a rename when it is whole."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from uuid import uuid4

import nbformat
import yaml

from reread.book import notebook, provenance, stale
from reread.core import places
from reread.core.errors import ParameterError, RunError
from reread.core.files import digest, read_json, write_json, write_text
from reread.pages import PageRef

RUNNER_VERSION = "1"
KILLED, TIMED_OUT, INTERRUPTED, HOLLOW = 7, 6, 8, 9
POLL_S = 0.1
PATIENCE_S = 5.0
# what an error of a cell means for the exit code; anything else is an error of the notebook
EXIT_CODES = {"ParameterError": 2, "DataError": 3, "MissingExtra": 4, "MemoryError": 7}
FOLDERS = ("figures", "tables", "artifacts")


def run_page(
    ref: PageRef,
    *,
    overrides: dict[str, Any] | None = None,
    timeout_s: float | None = None,
    threads: int = 1,
    say: Callable[[str], None] = print,
) -> Path:
    """Run a page and return the folder of the finished run.

    Parameters
    ----------
    ref : PageRef
        The page.
    overrides : dict, optional
        Other parameter values. Such a run lands in ``runs/custom`` and answers no claim.
    timeout_s : float, optional
        Seconds after which the page is stopped.
    threads : int
        Threads of the kernel; set before it starts, because inside it is too late.
    say : callable
        Takes a line for each cell.

    Raises
    ------
    ParameterError
        If a parameter is wrong; no kernel was started.
    RunError
        If a page upstream is missing (9), a cell failed (5, or as its error says: 2, 3, 4), time ran out (6),
        the kernel was killed (7), the run was interrupted (8) or is hollow (9). What was there before stays.
    """
    parameters = ref.chapter.fitting({**ref.parameters, **(overrides or {})})
    _need_upstream(ref)
    target = _custom(ref, parameters) if overrides else ref.folder
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.parent / f".{target.name}.{uuid4().hex[:8]}.part"
    part.mkdir()
    fields = stale.fields(ref, parameters)
    started = time.time()
    try:
        write_text(part / "parameters.yml", yaml.safe_dump(parameters, sort_keys=True))
        with _stoppable():
            code = _papermill(ref, part, stale.key(fields), timeout_s, threads, say)
        _finish(ref, part, code, fields, started)
        _swap_in(part, target)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return target


def _papermill(
    ref: PageRef, part: Path, key: str, timeout_s: float | None, threads: int, say: Callable[[str], None]
) -> int:
    """Execute the notebook in a process group of its own. Returns its exit code."""
    command = [sys.executable, "-m", "papermill", str(ref.notebook), str(part / "notebook.ipynb")]
    command += ["-f", str(part / "parameters.yml"), "-k", "python3", "--cwd", str(places.root())]
    command += ["--log-output", "--no-progress-bar"]
    log = (part / "log").open("w+", encoding="utf-8")
    child = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=subprocess.STDOUT,
        env=_environment(ref, part, key, threads),
        start_new_session=True,
    )
    try:
        return _watch(child, part / "log", ref, timeout_s, say)
    except KeyboardInterrupt:
        raise RunError(f"{ref.name} was interrupted; what was there before stays.", INTERRUPTED) from None
    finally:
        _end(child)
        log.close()


def _environment(ref: PageRef, part: Path, key: str, threads: int) -> dict[str, str]:
    caps = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMEXPR_NUM_THREADS")
    return {
        **os.environ,
        **dict.fromkeys(caps, str(threads)),
        "OMP_WAIT_POLICY": "passive",
        "PYTHONHASHSEED": "0",
        "CUBLAS_WORKSPACE_CONFIG": ":4096:8",
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
        "REREAD_HOME": str(places.root()),
        "REREAD_RUN": str(part.resolve()),
        "REREAD_PROFILE": ref.profile,
        "REREAD_PAGE": ref.page,
        "REREAD_KEY": key,
    }


def _watch(
    child: subprocess.Popen, log: Path, ref: PageRef, timeout_s: float | None, say: Callable[[str], None]
) -> int:
    """Say each cell as it starts, until the process ends or its time is over."""
    titles = notebook.first_lines(ref.notebook)
    deadline = time.monotonic() + timeout_s if timeout_s else None
    said = 0
    while True:
        code = child.poll()
        started = notebook.cells_started(log.read_text(encoding="utf-8", errors="replace"))
        for number in started[said:]:
            say(f"  cell {number:>2}/{len(titles)}  {titles[min(number, len(titles)) - 1]}")
        said = len(started)
        if code is not None:
            return code
        if deadline and time.monotonic() > deadline:
            raise RunError(f"{ref.name} ran longer than {timeout_s:g} s and was stopped.", TIMED_OUT)
        time.sleep(POLL_S)


def _end(child: subprocess.Popen) -> None:
    """Leave no process behind: the kernel lives in a session of its own and is ended by name."""
    import psutil

    try:
        family = psutil.Process(child.pid).children(recursive=True)
    except psutil.NoSuchProcess:
        family = []
    if child.poll() is None:
        child.send_signal(signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            child.wait(PATIENCE_S if not family else 1)
    for process in [*family, *([] if child.poll() is not None else [child])]:
        with suppress(psutil.NoSuchProcess, ProcessLookupError):
            process.kill()
    child.wait()


def _finish(ref: PageRef, part: Path, code: int, fields: dict[str, str], started: float) -> None:
    """Turn what the kernel left into a record, or say why there is none."""
    executed = part / "notebook.ipynb"
    error = notebook.error_of(executed)
    if code or error:
        kept = _keep_failed(ref, part)
        name, text = error or ("", notebook.last_line(part / "log"))
        exit_code = EXIT_CODES.get(name, 9 if name == "RunError" else 5)
        if not error and (code < 0 or code in (137, 138, 139)):
            exit_code, text = KILLED, "its kernel was killed, or ran out of memory"
        raise RunError(f"{ref.name} failed: {name + ': ' if name else ''}{text}\nSee {kept}", exit_code)
    notebook.tidy(executed)
    if not (part / "measured.json").is_file() or not stale.is_finished(executed):
        kept = _keep_failed(ref, part)
        raise RunError(
            f"{ref.name} is hollow: a cell did not run, or close() was not called.\nSee {kept}", HOLLOW
        )
    measured = read_json(part / "measured.json")
    # a file that nobody had seen before has its hash only now that it was read
    read = {f"data {one['key']}": one["sha256"] for one in measured["data"]}
    fields = fields | {name: text for name, text in read.items() if name in fields}
    record = measured | {
        "stale": {"key": stale.key(fields), "fields": fields},
        "made": provenance.made(started),
    }
    (part / "measured.json").unlink()
    (part / "log").unlink()
    for name in FOLDERS:
        (part / name).mkdir(exist_ok=True)
    write_json(part / "record.json", record)


def _keep_failed(ref: PageRef, part: Path) -> Path:
    """Keep notebook and log of a failed run where the book never looks; return what to open."""
    kept = places.runs() / "failed" / ref.profile / ref.name
    shutil.rmtree(kept, ignore_errors=True)
    kept.mkdir(parents=True)
    for name in ("notebook.ipynb", "log"):
        if (part / name).is_file():
            shutil.copy(part / name, kept / name)
    return kept / ("notebook.ipynb" if (kept / "notebook.ipynb").is_file() else "log")


def _swap_in(part: Path, target: Path) -> None:
    """Put the finished folder in place; the one before is gone only once the new one is there."""
    old = part.with_suffix(".old")
    if target.exists():
        target.rename(old)
    part.rename(target)
    shutil.rmtree(old, ignore_errors=True)


def _custom(ref: PageRef, parameters: dict[str, Any]) -> Path:
    return places.runs() / "custom" / f"{ref.name}-{digest([ref.profile, parameters])[:8]}"


def _need_upstream(ref: PageRef) -> None:
    for up in ref.upstream:
        if not (up.folder / "record.json").is_file():
            raise RunError(
                f"{ref.name} needs {up.name}, which has not run.\n"
                f"Run:  reread run {up.name} --profile {up.profile}",
                HOLLOW,
            )
    if not ref.notebook.is_file():
        raise ParameterError(f"{ref.name} has no notebook {ref.notebook}.")
    nbformat.read(ref.notebook, as_version=4)


@contextmanager
def _stoppable() -> Iterator[None]:
    """Let SIGTERM stop a page as Ctrl-C does, where signals can be heard (the main thread)."""

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    try:
        before = signal.signal(signal.SIGTERM, stop)
    except ValueError:
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
