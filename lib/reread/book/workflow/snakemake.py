"""Run Snakemake on some pages: alone in the checkout, quietly, and to an end that leaves nothing behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import reread
from reread.book.running import job
from reread.core import paths as places
from reread.core.errors import ParameterError, RunError
from reread.pages import PageRef

POLL_S = 0.2
PATIENCE_S = 15.0
TAIL = 4


@contextmanager
def alone() -> Iterator[int]:
    """Hold the lock of this checkout. Snakemake inherits it, so one left over by a killed build counts."""
    import fcntl

    path = job.folder() / "build.lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise RunError(
                f"Another build holds {path}.\nWait until it has ended, then run this again.", exit_code=4
            ) from None
        yield stream.fileno()


def command(due: list[PageRef], cores: int, keep_going: bool, threads: int, profile: str) -> list[str]:
    """The command line that runs ``due``.

    Raises
    ------
    ParameterError
        If the workflow profile is not a folder with a ``config.yaml``.
    """
    settings = Path(profile).resolve() if profile else _workflow() / "profiles/local"
    if not (settings / "config.yaml").is_file():
        raise ParameterError(f"{settings} is no workflow profile: it holds no config.yaml.")
    wanted = " ".join(f"done/{ref.profile}/{ref.name}" for ref in due)
    return [
        *(sys.executable, "-m", "snakemake", "--snakefile", str(_workflow() / "Snakefile")),
        *("--directory", str(job.folder()), "--workflow-profile", str(settings)),
        *(["--keep-going"] if keep_going else []),
        *([] if profile else ["--cores", str(cores)]),
        *(
            "--config",
            f"threads={threads}",
            f"due={wanted}",
        ),
    ]


def _workflow() -> Path:
    """Folder of the Snakefile: of this checkout, else of the one that the package comes from."""
    for top in (places.root(), Path(reread.__file__).resolve().parents[2]):
        if (top / "workflow/Snakefile").is_file():
            return top / "workflow"
    raise RunError(f"There is no workflow/Snakefile in {places.root()}.\nRun from a checkout.", exit_code=4)


def run(command: list[str], due: list[PageRef], lock: int, say: Callable[[str], None]) -> None:
    """Run Snakemake to its end and say which page starts and ends.

    Raises
    ------
    RunError
        If interrupted (8), or if Snakemake fails before any page has started (4).
    """
    log = job.folder() / "logs/snakemake.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    # absolute, because jobs run in a folder of their own
    env = os.environ | places.surroundings()
    with log.open("w") as stream, _terminated_as_interrupted():
        process = subprocess.Popen(
            command, stdout=stream, stderr=stream, env=env, start_new_session=True, pass_fds=[lock]
        )
        try:
            _watch(process, due, say)
        except KeyboardInterrupt:
            _stop(process)
            raise RunError(
                "Interrupted. Finished pages are kept; reread build goes on from there.", exit_code=8
            ) from None
    if process.returncode and not any(job.result(ref.profile, ref.name) for ref in due):
        raise RunError(f"Snakemake failed before any page ran; see {log}\n{_tail(log)}", exit_code=4)


def _watch(process: subprocess.Popen, due: list[PageRef], say: Callable[[str], None]) -> None:
    """Say a line for each page that starts and for each that ends, until Snakemake has ended."""
    said: dict[str, str] = {}
    has_ended = False
    while not has_ended:
        # asked before the last look, so that what happens in between is still seen
        has_ended = process.poll() is not None
        for ref in due:
            for line in _news(ref, said):
                say(line)
        if not has_ended:
            time.sleep(POLL_S)


def _news(ref: PageRef, said: dict[str, str]) -> Iterator[str]:
    result = job.result(ref.profile, ref.name)
    if result and ref.name not in said:
        said[ref.name] = "start"
        yield f"start    {ref.name}"
    if result and result.exit_code is not None and said[ref.name] != "end":
        said[ref.name] = "end"
        yield f"{'failed' if result.exit_code else 'ran':<8} {ref.name}  {result.seconds:.1f} s"
        if result.exit_code:
            log = log_file(ref)
            yield f"  log: {log}\n  " + (result.error or _tail(log)).replace("\n", "\n  ")


def log_file(ref: PageRef) -> Path:
    """What the job of a page printed."""
    return job.folder() / "logs" / ref.profile / f"{ref.name}.log"


def _tail(log: Path) -> str:
    """The last lines of a log that say something."""
    text = log.read_text(encoding="utf-8", errors="replace") if log.is_file() else "(no log)"
    return "\n".join([line for line in text.splitlines() if line.strip()][-TAIL:])


@contextmanager
def _terminated_as_interrupted() -> Iterator[None]:
    """Treat SIGTERM like Ctrl-C: both must leave no kernel behind."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _stop(process: subprocess.Popen) -> None:
    """Ask the whole group to end, ever less politely: Snakemake, its shells, the jobs and their runners."""
    for kind in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, kind)
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            # a job may still be clearing up after Snakemake itself has gone
            if process.poll() is not None and not _is_group_alive(process.pid):
                return
            time.sleep(POLL_S)


def _is_group_alive(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True
