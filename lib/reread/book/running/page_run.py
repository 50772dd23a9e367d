"""Run one page: one papermill process, a temporary folder, and a rename when it is whole."""

import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from reread.book.running import environment, extras, kernel, process, progress
from reread.book.running.atomic_folder import landing
from reread.book.running.stopping import SESSION, stoppable
from reread.book.status import staleness as stale
from reread.book.status.run_record import FOLDERS, RunRecord
from reread.core import paths as places
from reread.core.data import registry
from reread.core.errors import DataError, ExitCode, RereadError, RunError
from reread.core.files import digest, read_json, sha256, write_text
from reread.pages import PageRef

# what an error of a cell means for the exit code; anything else is an error of the notebook
_EXIT_CODES = {
    "ParameterError": ExitCode.PARAMETER,
    "DataError": ExitCode.DATA,
    "MissingExtra": ExitCode.ENVIRONMENT,
    "MemoryError": ExitCode.KILLED,
    "OutOfMemoryError": ExitCode.KILLED,
    "KeyboardInterrupt": ExitCode.INTERRUPTED,
    "RunError": ExitCode.STALE,
    "SystemExit": ExitCode.STALE,
}


def run_page(
    ref: PageRef,
    *,
    overrides: dict[str, Any] | None = None,
    timeout_s: float | None = None,
    threads: int = 1,
    say: Callable[[str], None] = print,
) -> Path:
    """Run a page and return the folder of the finished run."""
    parameters = ref.chapter.fitting({**ref.parameters, **(overrides or {})})
    for key in ref.datasets(parameters):
        registry.fetch(key)  # in a kernel nobody would see the licence and the progress of a download
    fields = _fields(ref, parameters, say)
    custom = f"{ref.name}-{digest([ref.profile, parameters])[:8]}"
    target = places.runs() / "custom" / custom if overrides else ref.folder
    kept = places.runs() / "failed" / target.relative_to(places.runs())
    try:
        with stoppable(), landing(target) as part:
            try:
                write_text(part / "parameters.yml", yaml.safe_dump(parameters, sort_keys=True))
                started, key = time.time(), stale.key(fields)
                usual = None if overrides else progress.usual_s(ref)
                options = {"timeout_s": timeout_s, "threads": threads, "say": say, "usual": usual}
                code = process.execute(ref, part, key=key, **options)
                _finish(ref, part, parameters, fields, code, started)
            except (RereadError, KeyboardInterrupt) as error:
                raise _kept(error, part, kept) from None
    except KeyboardInterrupt:
        said = f"{ref.name} was interrupted; what was there before stays."
        raise RunError(said, ExitCode.INTERRUPTED) from None
    shutil.rmtree(kept, ignore_errors=True)
    return target


def _fields(ref: PageRef, parameters: dict[str, Any], say: Callable[[str], None]) -> dict[str, str]:
    """Fields of the stale key; a page upstream counts as it was run, not as it would be run today."""
    fields = stale.Status().fields(ref, parameters)
    for up in ref.upstream:
        name = f"upstream {up.name}"
        try:
            key = RunRecord.read(up.folder).stale["key"]
        except RunError:  # there is no run at hand, or none that is as it was when it ended
            if parameters != ref.parameters:
                del fields[name]
                continue
            again = f"Run:  reread run {up.name} --profile {up.profile}"
            said = f"{ref.name} needs {up.name}, which has not run.\n{again}"
            raise RunError(said, ExitCode.STALE) from None
        if key != fields[name]:
            say(f"note: {up.name} is stale, so this page will be too. Run it first, or:  reread build")
        fields[name] = key
    return fields


def _finish(
    ref: PageRef, part: Path, parameters: dict[str, Any], fields: dict[str, str], code: int, started: float
) -> None:
    """Turn what an executed notebook left into a finished run."""
    _check(ref, part, code)
    measured, ran = read_json(part / kernel.MEASURED), read_json(part / kernel.REPORT)
    _check_unchanged(ref, part, fields, _fields(ref, parameters, lambda _: None), ran)
    read = {f"data {one['key']}": one["sha256"] for one in measured["data"]}
    if undeclared := sorted(read.keys() - fields.keys()):
        raise DataError(
            f"{ref.name} read {', '.join(undeclared).replace('data ', '')}, which its source does not list: "
            "the page would look fresh when that file changes.\n"
            f"Add it to `datasets` of the source in chapters/{ref.study.key}/study.yml."
        )
    fields = fields | read  # a file that nobody had seen before has its hash only now
    process.tidy(part / "notebook.ipynb")
    for name in (kernel.MEASURED, kernel.REPORT, SESSION, "log"):
        (part / name).unlink(missing_ok=True)
    shutil.rmtree(part / environment.HOME, ignore_errors=True)
    for name in FOLDERS:
        (part / name).mkdir(exist_ok=True)
    made = environment.made(started) | {k: v for k, v in ran.items() if k not in ("read", "executable")}
    stamp = {"stale": {"key": stale.key(fields), "fields": fields}, "made": made}
    RunRecord.seal(part, measured | stamp)


def _check_unchanged(
    ref: PageRef, part: Path, before: dict[str, str], now: dict[str, str], ran: dict[str, Any]
) -> None:
    """Refuse a run whose code was edited while it ran, also when the edit was taken back since."""
    moves = stale.moved(before, now)
    read = {Path(path): text for path, text in ran["read"].items()}
    moves += [f"code of {path}" for path in read if not path.is_file() or sha256(path) != read[path]]
    if process.sources(part / "notebook.ipynb") != process.sources(ref.notebook):
        moves.append("the cells of the notebook")
    if ran["executable"] != sys.executable:
        said = f"{ref.name} was run by {ran['executable']}, not by {sys.executable}."
        raise RunError(said, ExitCode.ENVIRONMENT)
    if moves:
        said = f"{ref.name} was edited while it ran: {', '.join(dict.fromkeys(moves))}. Its values belong to "
        again = f"Run it again:  reread run {ref.name} --profile {ref.profile}"
        raise RunError(f"{said}no state of the code.\n{again}", ExitCode.STALE)


def _check(ref: PageRef, part: Path, code: int) -> None:
    """Say why there is no result, if there is none."""
    if failure := process.failure_of(part / "notebook.ipynb"):
        cell, *what = failure
        error, message = extras.explain(*what, ref.study.key)
        text = f"{error}: {message}".rstrip(": ")
        exit_code = _EXIT_CODES.get(error, ExitCode.NOTEBOOK)
        raise RunError(f"{ref.name} failed in the cell `{cell}`\n{text}", exit_code)
    if code < 0 or code > 128:  # by a signal; 138 is what papermill says of a dead kernel
        raise RunError(f"{ref.name} failed: its kernel was killed, or ran out of memory.", ExitCode.KILLED)
    if code:
        said = process.last_lines(part / "log", 1)
        raise RunError(f"{ref.name} could not be executed: {said}", ExitCode.ENVIRONMENT)
    if not stale.is_finished(part / "notebook.ipynb"):
        raise RunError(f"{ref.name} is hollow: a cell did not run.", ExitCode.STALE)
    if not (part / kernel.MEASURED).is_file() or not (part / kernel.REPORT).is_file():
        raise RunError(f"{ref.name} is hollow: its last cell must be page.close().", ExitCode.STALE)


def _kept(error: BaseException, part: Path, kept: Path) -> BaseException:
    """Keep notebook and log of a failed run where the book never looks; return the error that says where."""
    shutil.rmtree(kept, ignore_errors=True)
    found = [part / name for name in ("notebook.ipynb", "log") if (part / name).is_file()]
    for path in found:
        kept.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, kept / path.name)
    if not found or not isinstance(error, RereadError):
        return error
    error.args = (f"{error}\nSee {kept / found[0].name}",)
    return error
