"""Run one page: one papermill process, a temporary folder, and a rename when it is whole."""

from __future__ import annotations

import shutil
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from reread.book.running import executed_notebook as notebook
from reread.book.running import process, provenance
from reread.book.running.atomic_folder import landing
from reread.book.status import staleness as stale
from reread.book.status.run_record import RunRecord
from reread.core import paths as places
from reread.core.data import registry
from reread.core.errors import DataError, RereadError, RunError
from reread.core.files import digest, read_json, write_text
from reread.pages import PageRef

ENVIRONMENT, FAILED, KILLED, INTERRUPTED, HOLLOW = 4, 5, 7, 8, 9
# papermill's own word for a dead kernel, then what shells and Python say of a process that was killed
KILLED_CODES = (138, 137, 139, -signal.SIGKILL, -signal.SIGSEGV, -signal.SIGBUS)
# what an error of a cell means for the exit code; anything else is an error of the notebook
EXIT_CODES = {
    "ParameterError": 2,
    "DataError": 3,
    "MissingExtra": ENVIRONMENT,
    "MemoryError": KILLED,
    "OutOfMemoryError": KILLED,
    "KeyboardInterrupt": INTERRUPTED,
    "RunError": HOLLOW,
    "SystemExit": HOLLOW,
}
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
    DataError
        If the notebook read a file that no source of its record lists.
    RunError
        If a page upstream is missing (9), a cell failed (5, or as its error says: 2, 3, 4), time ran out (6),
        the kernel was killed (7), the run was interrupted (8) or is hollow (9). What was there before stays;
        the notebook that failed is kept under ``runs/failed``.
    """
    parameters = ref.chapter.fitting({**ref.parameters, **(overrides or {})})
    for key in ref.datasets(parameters):
        registry.fetch(
            key
        )  # here the licence and the progress of a download are seen; in a kernel they are not
    fields = _fields(ref, parameters, say)
    target = _custom(ref, parameters) if overrides else ref.folder
    kept = places.runs() / "failed" / target.relative_to(places.runs())
    try:
        with process.stoppable(), landing(target) as part:
            try:
                write_text(part / "parameters.yml", yaml.safe_dump(parameters, sort_keys=True))
                _make(ref, part, fields, timeout_s, threads, say)
            except (RereadError, KeyboardInterrupt) as error:
                raise _kept(error, part, kept) from None
    except KeyboardInterrupt:
        raise RunError(f"{ref.name} was interrupted; what was there before stays.", INTERRUPTED) from None
    shutil.rmtree(kept, ignore_errors=True)
    return target


def _fields(ref: PageRef, parameters: dict[str, Any], say: Callable[[str], None]) -> dict[str, str]:
    """Fields of the stale key, where a page upstream counts as it was run, not as it would be run today.

    Else a page made from an old run would look fresh once that run is made anew.
    """
    fields = stale.Status().fields(ref, parameters)
    for up in ref.upstream:
        name, key = f"upstream {up.name}", _key_of_run(up)
        if not key:
            raise RunError(
                f"{ref.name} needs {up.name}, which has not run.\n"
                f"Run:  reread run {up.name} --profile {up.profile}",
                HOLLOW,
            )
        if key != fields[name]:
            say(f"note: {up.name} is stale, so this page will be too. Run it first, or:  reread build")
        fields[name] = key
    return fields


def _key_of_run(ref: PageRef) -> str:
    """Stale key of the run at hand; empty if there is none, or none that is as it was when it ended."""
    try:
        return RunRecord.read(ref.folder).stale["key"]
    except RunError:
        return ""


def _make(
    ref: PageRef,
    part: Path,
    fields: dict[str, str],
    timeout_s: float | None,
    threads: int,
    say: Callable[[str], None],
) -> None:
    """Execute the notebook and turn what it left into a finished run."""
    started = time.time()
    code = process.execute(ref, part, key=stale.key(fields), timeout_s=timeout_s, threads=threads, say=say)
    _check(ref, part, code)
    notebook.tidy(part / "notebook.ipynb")
    measured = read_json(part / "measured.json")
    fields = _with_data(ref, fields, measured["data"])
    for name in ("measured.json", "log"):
        (part / name).unlink()
    for name in FOLDERS:
        (part / name).mkdir(exist_ok=True)
    stamp = {"stale": {"key": stale.key(fields), "fields": fields}, "made": provenance.made(started)}
    RunRecord.seal(part, measured | stamp)


def _check(ref: PageRef, part: Path, code: int) -> None:
    """Say why there is no result, if there is none."""
    failure = notebook.failure_of(part / "notebook.ipynb")
    if failure:
        exit_code = EXIT_CODES.get(failure.error, FAILED)
        text = f"{failure.error}: {failure.message}".rstrip(": ")
        raise RunError(f"{ref.name} failed in the cell `{failure.cell}`\n{text}", exit_code)
    if code in KILLED_CODES:
        raise RunError(f"{ref.name} failed: its kernel was killed, or ran out of memory.", KILLED)
    if code:
        said = notebook.last_line((part / "log").read_text(encoding="utf-8", errors="replace"))
        raise RunError(f"{ref.name} could not be executed: {said}", ENVIRONMENT)
    if not stale.is_finished(part / "notebook.ipynb"):
        raise RunError(f"{ref.name} is hollow: a cell did not run.", HOLLOW)
    if not (part / "measured.json").is_file():
        raise RunError(f"{ref.name} is hollow: its last cell must be page.close().", HOLLOW)


def _with_data(ref: PageRef, fields: dict[str, str], used: list[dict[str, Any]]) -> dict[str, str]:
    """Fields with the hash of every file as it was read; one nobody had seen before has it only now."""
    read = {f"data {one['key']}": one["sha256"] for one in used}
    if undeclared := sorted(read.keys() - fields.keys()):
        raise DataError(
            f"{ref.name} read {', '.join(undeclared).replace('data ', '')}, which its source does not list: "
            "the page would look fresh when that file changes.\n"
            f"Add it to `datasets` of the source in chapters/{ref.study.key}/study.yml."
        )
    return fields | read


def _kept(error: BaseException, part: Path, kept: Path) -> BaseException:
    """Keep notebook and log of a failed run where the book never looks; return the error that says where."""
    shutil.rmtree(kept, ignore_errors=True)
    found = [part / name for name in ("notebook.ipynb", "log") if (part / name).is_file()]
    for path in found:
        kept.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, kept / path.name)
    if not found or not isinstance(error, RereadError):
        return error
    text = f"{error}\nSee {kept / found[0].name}"
    return RunError(text, error.exit_code) if isinstance(error, RunError) else type(error)(text)


def _custom(ref: PageRef, parameters: dict[str, Any]) -> Path:
    return places.runs() / "custom" / f"{ref.name}-{digest([ref.profile, parameters])[:8]}"
