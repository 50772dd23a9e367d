"""One page as a job of the graph: run it, and say how it went.

``python -m reread.book.running.job PROFILE STUDY/CHAPTER.PAGE THREADS``, on this machine or on a node of a
cluster; or forked from the server of a build.
"""

import os
import signal
import sys
import time
import traceback
from dataclasses import asdict, dataclass
from pathlib import Path

from reread.book.running.stopping import stoppable, tie
from reread.core import paths as places
from reread.core.errors import ExitCode, RereadError
from reread.core.files import read_json, write_json
from reread.pages import page


@dataclass(frozen=True)
class Result:
    """How a job went: ``exit_code`` is None while it runs, and for ever if it was killed."""

    pid: int
    exit_code: int | None = None
    seconds: float = 0.0
    error: str = ""


def marker(profile: str, name: str) -> Path:
    """The empty file that says to Snakemake, which makes it, that a page is done."""
    return places.state() / "done" / profile / name


def result_file(profile: str, name: str) -> Path:
    """Where a job says how it went."""
    return places.state() / "jobs" / profile / f"{name}.json"


def result(profile: str, name: str) -> Result | None:
    """How a job went, or None if it has not started."""
    path = result_file(profile, name)
    return Result(**read_json(path)) if path.is_file() else None


def main(arguments: list[str]) -> int:
    """Run the page that the arguments name, and write its result."""
    profile, name, threads = arguments
    ref, started, code, error = page(name, profile), time.monotonic(), 0, ""
    path = result_file(profile, ref.name)
    with stoppable():
        try:
            write_json(path, asdict(Result(os.getpid())))
            from reread.book.running.page_run import run_page

            run_page(ref, overrides={}, timeout_s=None, threads=int(threads), say=print)
        except KeyboardInterrupt:
            code, error = ExitCode.INTERRUPTED, "interrupted"
        except RereadError as failure:
            print(failure)
            code, error = failure.exit_code, str(failure)
        except Exception as fault:  # of ours: the log gets the traceback, the build its last line
            traceback.print_exc(file=sys.stdout)
            code, error = 1, f"{type(fault).__name__}: {fault}"
        write_json(path, asdict(Result(os.getpid(), int(code), round(time.monotonic() - started, 1), error)))
    return code


if __name__ == "__main__":
    tie(signal.SIGTERM)
    sys.exit(main(sys.argv[1:]))
