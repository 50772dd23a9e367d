"""One page as a job of the graph: run it, say how it went, leave its marker.

``python -m reread.book.running.job PROFILE STUDY/CHAPTER.PAGE THREADS``, on this machine or on a node of a
cluster; or forked from the server of a build.
"""

from __future__ import annotations

import os
import signal
import sys
import time
import traceback
from dataclasses import asdict, dataclass
from pathlib import Path

from reread.book.running.stopping import stoppable, tie
from reread.book.status.run_record import RunRecord
from reread.core import paths as places
from reread.core.errors import ExitCode, RereadError
from reread.core.files import read_json, write_json, write_text
from reread.pages import PageRef, page


@dataclass(frozen=True)
class Result:
    """How a job went: ``exit_code`` is None while it runs, and for ever if it was killed."""

    pid: int
    exit_code: int | None = None
    seconds: float = 0.0
    error: str = ""


def marker(profile: str, name: str) -> Path:
    """The file that says that a page is done; it holds the stale key."""
    return places.state() / "done" / profile / name


def result_file(profile: str, name: str) -> Path:
    """Where a job says how it went."""
    return places.state() / "jobs" / profile / f"{name}.json"


def result(profile: str, name: str) -> Result | None:
    """How a job went, or None if it has not started."""
    path = result_file(profile, name)
    return Result(**read_json(path)) if path.is_file() else None


def run_job(ref: PageRef, threads: int) -> int:
    """Run one page and write its result and, if it ended well, its marker. Returns the exit code."""
    path, started = result_file(ref.profile, ref.name), time.monotonic()
    with stoppable():
        try:
            write_json(path, asdict(Result(os.getpid())))
            code, error = _run(ref, threads)
            if code == 0:
                key = RunRecord.read(ref.folder).stale["key"]
                write_text(marker(ref.profile, ref.name), f"{key}\n")
        except KeyboardInterrupt:
            code, error = ExitCode.INTERRUPTED, "interrupted"
        write_json(path, asdict(Result(os.getpid(), int(code), round(time.monotonic() - started, 1), error)))
    return code


def _run(ref: PageRef, threads: int) -> tuple[int, str]:
    """Exit code and message; the log holds the whole story."""
    from reread.book.running.page_run import run_page

    try:
        run_page(ref, overrides={}, timeout_s=None, threads=threads, say=print)
    except RereadError as error:
        print(error)
        return error.exit_code, str(error)
    except Exception as error:  # a fault of ours: the log gets the traceback, the build its last line
        traceback.print_exc(file=sys.stdout)
        return 1, f"{type(error).__name__}: {error}"
    return 0, ""


def main(arguments: list[str]) -> int:
    """Run the page that the arguments name."""
    profile, name, threads = arguments
    return run_job(page(name, profile), int(threads))


if __name__ == "__main__":
    tie(signal.SIGTERM)
    sys.exit(main(sys.argv[1:]))
