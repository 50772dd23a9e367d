"""Run what is stale, upstream first, through Snakemake; what is fresh costs nothing.

Before Snakemake starts, the marker of each page that is not fresh is dropped, and it is asked to make these
markers alone. No clock decides: a fresh clone, a touched file and a deleted run all come out right.
"""

import os
import shlex
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from subprocess import Popen
from typing import NamedTuple

import reread
from reread.book.columns import columns
from reread.book.running import client, job, progress, stopping, warm
from reread.book.running.atomic_folder import locked
from reread.book.running.process import last_lines
from reread.book.status.staleness import Status
from reread.core import paths as places
from reread.core.errors import ExitCode, ParameterError, RunError
from reread.pages import PageRef, page, pages
from reread.studies import Profile, Resources


class Row(NamedTuple):
    """What a build did with one page."""

    page: str
    word: str
    seconds: float = 0.0
    exit_code: int = 0
    note: str = ""


@dataclass(frozen=True)
class Report:
    """What a build did with every page."""

    rows: tuple[Row, ...]
    status: Status | None = None  # what was found out of the pages, if nothing ran since

    @property
    def exit_code(self) -> int:
        """That of the first page that failed, else 0."""
        return next((row.exit_code for row in self.rows if row.exit_code), 0)

    def text(self) -> str:
        """A line for each page, and one that counts them."""
        width = max((len(row.page) for row in self.rows), default=0)
        lines = []
        for row in self.rows:
            took = f"{row.seconds:.1f} s" if row.seconds else ""
            lines.append(f"{row.word:<8} {row.page:<{width}} {took:>9}  {row.note}".rstrip())
        words = Counter(row.word for row in self.rows)
        counts = [f"{words[word]} {word}" for word in ("ran", "fresh", "failed", "skipped")]
        return "\n".join([*lines, ", ".join(counts)])


def build(
    profile: Profile,
    study: str = "",
    cores: int = 2,
    *,
    threads: int = 1,
    workflow_profile: str = "",
    say: Callable[[str], None] = print,
) -> Report:
    """Run every stale page of a profile, independent ones at the same time."""
    refs, status = pages(profile, study), Status()
    with stopping.stoppable(), alone():
        due = prepare(refs, status)
        if due:
            line = command(due, cores, threads, workflow_profile)
            log = places.state() / "logs/server.log"
            # jobs on this machine fork from a server; on a cluster each starts afresh
            started = nullcontext("") if workflow_profile else warm.started(due, threads, log)
            try:
                with started as server:
                    run(line, Pace(due, 0 if workflow_profile else cores), server, say)
            except KeyboardInterrupt:
                text = "Interrupted. Finished pages are kept; reread build goes on from there."
                raise RunError(text, ExitCode.INTERRUPTED) from None
    return Report(tuple(_rows(refs, {ref.name for ref in due})), None if due else status)


def plan(profile: Profile, study: str = "", cores: int = 2) -> str:
    """What a build would run, why, and how long each page took last time; nothing is run or dropped."""
    refs = pages(profile, study)
    states = Status().states(refs)
    due = [ref for ref in refs if states[ref.name].word != "fresh"]
    pace, rows = Pace(due, cores), []
    for ref in due:
        seconds = pace.usual[ref.name]
        took = "time unknown" if seconds is None else progress.duration(seconds)
        rows.append((ref.name, took, str(states[ref.name])))
    lines = columns(rows, slice(1, 2)) if rows else []
    said = f"{len(due)} of {len(refs)} pages would run"
    return "\n".join([*lines, f"{said}: {pace.left()}." if due and pace.left() else f"{said}."])


def prepare(refs: list[PageRef], status: Status | None = None) -> list[PageRef]:
    """Drop marker and result of each page that is not fresh: these pages, which must run."""
    states = (status or Status()).states(refs)
    due = [ref for ref in refs if states[ref.name].word != "fresh"]
    for ref in due:
        job.marker(ref.profile, ref.name).unlink(missing_ok=True)
        job.result_file(ref.profile, ref.name).unlink(missing_ok=True)
    return due


def job_command() -> str:
    """The command of a job for the shell: ask the server of this build, or start afresh."""
    how = ["-I", "-S", client.__file__] if os.environ.get(warm.VARIABLE) else ["-u", "-m", job.__name__]
    return shlex.join([sys.executable, *how])


def upstream_markers(profile: Profile, name: str, due: list[str]) -> list[str]:
    """Markers, as the Snakefile names them, of the pages that one page has to wait for."""
    wanted = [f"done/{profile}/{ref.name}" for ref in page(name, profile).upstream]
    return [marker for marker in wanted if marker in due]


def resources(profile: Profile, name: str, attempt: int = 1) -> Resources:
    """What the job of a page asks of a cluster; each new attempt asks for as much memory again."""
    asked = page(name, profile).chapter.resources.get(profile, Resources())
    return asked.model_copy(update={"memory_gb": attempt * asked.memory_gb})


def _rows(refs: list[PageRef], due: set[str]) -> Iterator[Row]:
    """What became of each page; a page whose job never started waited for one that failed."""
    lost, status = set(), Status()
    for ref in refs:
        result = job.result(ref.profile, ref.name)
        if ref.name not in due:
            yield Row(ref.name, "fresh")
        elif result is None:
            lost.add(ref.name)
            # a page that waits for one that failed has that one's exit code; else Snakemake was ended
            if blame := ", ".join(up.name for up in ref.upstream if up.name in lost):
                yield Row(ref.name, "skipped", note=f"needs {blame}")
            else:
                yield Row(ref.name, "skipped", exit_code=ExitCode.KILLED, note="not started")
        elif result.exit_code == 0 and (state := status.state(ref)).word == "fresh":
            yield Row(ref.name, "ran", result.seconds)
        elif result.exit_code == 0:
            note = f"stale again, changed meanwhile: {', '.join(state.moved or [state.word])}"
            yield Row(ref.name, "ran", result.seconds, ExitCode.STALE, note)
        else:
            lost.add(ref.name)
            code = ExitCode.KILLED if result.exit_code is None else result.exit_code
            yield Row(ref.name, "failed", result.seconds, code, f"exit {code}, log: {_log_file(ref)}")


def alone() -> AbstractContextManager[None]:
    """Hold the build lock of this checkout."""
    return locked("build", "Another build is at work in this checkout")


def command(due: list[PageRef], cores: int, threads: int, profile: str) -> list[str]:
    """The command line that runs ``due``."""
    tops = (places.root(), Path(reread.__file__).resolve().parents[2])  # this checkout, else the package's
    folder = next((top / "workflow" for top in tops if (top / "workflow/Snakefile").is_file()), None)
    if folder is None:
        said = f"There is no workflow/Snakefile in {places.root()}.\nRun from a checkout."
        raise RunError(said, ExitCode.ENVIRONMENT)
    settings = Path(profile).resolve() if profile else folder / "profiles/local"
    if not (settings / "config.yaml").is_file():
        raise ParameterError(f"{settings} is no workflow profile: it holds no config.yaml.")
    wanted = " ".join(f"done/{ref.profile}/{ref.name}" for ref in due)
    return [
        *stopping.tied_command("snakemake", "--snakefile", str(folder / "Snakefile")),
        *("--directory", str(places.state()), "--workflow-profile", str(settings)),
        *("--keep-going", *([] if profile else ["--cores", str(cores)])),
        *("--config", f"threads={threads}", f"due={wanted}"),
    ]


def run(command: list[str], pace: "Pace", server: str, say: Callable[[str], None]) -> None:
    """Run Snakemake to its end and say which page starts and ends; ``server`` is where its jobs fork from."""
    log = places.state() / "logs/snakemake.log"
    # absolute, because jobs run in a folder of their own
    env = os.environ | places.surroundings() | {warm.VARIABLE: server}
    with stopping.running(command, log, env) as process:
        _watch(process, pace, say)
    if process.returncode and not any(job.result(ref.profile, ref.name) for ref in pace.due):
        code = ExitCode.KILLED if process.returncode < 0 else ExitCode.ENVIRONMENT
        raise RunError(f"Snakemake failed before any page ran; see {log}\n{last_lines(log, 4)}", code)


class Pace:
    """How many pages of a build have ended, and how long the others will take by their last runs.

    A page that never ran is counted with the mean of the others. ``cores`` is 0 where nobody knows how many
    pages run at once, as on a cluster; then nothing is said of time.
    """

    def __init__(self, due: list[PageRef], cores: int):
        self.due, self._cores = due, cores
        self.usual = {ref.name: progress.usual_s(ref) for ref in due}
        self.started: dict[str, float] = {}
        self.ended: dict[str, float] = {}

    def left(self) -> str:
        """Time until the last page has ended, as words; empty where nobody can know it."""
        known = [s for s in self.usual.values() if s is not None] or list(self.ended.values())
        if not known or not self._cores:
            return ""
        mean, now, rest = sum(known) / len(known), time.monotonic(), [0.0]
        for name, seconds in self.usual.items():
            if name not in self.ended:
                spent = now - self.started.get(name, now)
                rest.append(max((mean if seconds is None else seconds) - spent, 0))
        return f"about {progress.duration(max(*rest, sum(rest) / self._cores))}"

    def __str__(self) -> str:
        left = self.left()
        return f"{len(self.ended)} of {len(self.due)} pages" + (f", {left} left" if left else "")

    def so_far(self) -> str:
        """The same, and where each page is that runs now."""
        running = [ref for ref in self.due if ref.name in self.started.keys() - self.ended]
        lines = (f"{ref.name}: {last_lines(_log_file(ref), 1).strip()}" for ref in running)
        return "; ".join([str(self), *lines])


def _watch(process: Popen, pace: Pace, say: Callable[[str], None]) -> None:
    """Say a line for each page that starts and for each that ends, until Snakemake has ended."""
    ticker, is_over = progress.Ticker(say), False
    while not is_over:
        # asked before the last look, so that what happens in between is still seen
        is_over = process.poll() is not None
        for ref in (ref for ref in pace.due if ref.name not in pace.ended):
            result, log = job.result(ref.profile, ref.name), _log_file(ref)
            if result and ref.name not in pace.started:
                pace.started[ref.name] = time.monotonic()
                ticker.say(f"start    {ref.name}")
            if result and result.exit_code is not None:
                pace.ended[ref.name] = result.seconds
                word = "failed" if result.exit_code else "ran"
                ticker.say(f"{word:<8} {ref.name}  {result.seconds:.1f} s  ({pace})")
                if result.exit_code:
                    said = f"log: {log}\n{result.error or last_lines(log, 4)}"
                    ticker.say("  " + said.replace("\n", "\n  "))
        if not is_over:
            ticker.tick(pace.so_far)
            time.sleep(0.2)
    ticker.wipe()


def _log_file(ref: PageRef) -> Path:
    """What the job of a page printed."""
    return places.state() / "logs" / ref.profile / f"{ref.name}.log"
